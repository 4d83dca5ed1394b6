"""Recordings that a crash cut off: the header is set right, and the cue sheet is written from the set's log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import RecordingError
from engine.performances.entries import PLAYED, HeardSection, RecordingCard
from engine.performances.played import MARK_QUANTA
from engine.performances.reading import Stretch, read_stretches
from engine.performances.writing import LogFile
from engine.player.output.cue_sheet import sheet_text, write_sheet
from engine.player.output.recorder import WAV_FRAME, WAV_HEAD, wav_header
from engine.player.output.syncing import sync_file
from engine.processes.layout import cue_sheet
from engine.recovery.flac import finish_flac
from engine.timebase import QUANTUM, SAMPLE_RATE

_DISK: Final = "free some disk space, or see that you may write there"


@dataclass(frozen=True, slots=True)
class Recovered:
    """A recording that was cut off.

    Attributes:
        path: of the file.
        frames: that it has now.
        lost: frames at its end that are missing, at most; 0 where that is not known.
        problem: why it could not be finished; empty if it was.
    """

    path: Path
    frames: int = 0
    lost: int = 0
    problem: str = ""


def recover_session(folder: Path, *, plays: bool = False) -> tuple[Recovered, ...]:
    """Finish every recording of a set that was cut off.

    Args:
        folder: the set's.
        plays: the set still does; what its newest player records is left alone.

    Raises:
        PerformanceError: nothing says what was played.
    """
    stretches = read_stretches(folder)
    finished = frozenset[str]().union(*(stretch.recorded for stretch in stretches))
    over = stretches[:-1] if plays else stretches
    done = [_recover(stretch, card) for stretch in over for card in stretch.recordings if card.path not in finished]
    if done:
        log = LogFile(folder / PLAYED)
        for each in done:
            if not each.problem:
                log.add(q=stretches[-1].quanta, frame=stretches[-1].end, recorded=str(each.path))
        log.close()
    return tuple(done)


def _recover(stretch: Stretch, card: RecordingCard) -> Recovered:
    path = Path(card.path)
    try:
        frames = finish_file(path)
        heard = tracks(stretch.sections, card.start, frames, card.section)
        write_sheet(path, sheet_text(card.title, path.name, heard))
        sync_file(path)
        sync_file(cue_sheet(path))
    except (OSError, RecordingError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.message if isinstance(error, RecordingError) else ""
        return Recovered(path, problem=reason or str(error))
    played = (stretch.quanta + MARK_QUANTA) * QUANTUM - card.start
    return Recovered(path, frames, max(0, played - frames))


def finish_file(path: Path) -> int:
    """Set a recording's header right for what its file has. Returns its frames.

    Raises:
        OSError: it cannot be read or written.
        RecordingError: it holds no sound.
    """
    try:
        frames = _finish_wav(path) if path.suffix.lower() == ".wav" else finish_flac(path)
    except ValueError as error:
        raise RecordingError(f"{path}: {error}", "name another file") from error
    if not frames:
        raise RecordingError(f"{path} holds no sound", "name another file")
    return frames


def _finish_wav(path: Path) -> int:
    with path.open("r+b") as file:
        frames = max(0, file.seek(0, 2) - WAV_HEAD) // WAV_FRAME
        file.seek(0)
        head = file.read(WAV_HEAD)
        if head[:4] not in (b"RIFF", b"RF64") or head[WAV_HEAD - 8 : WAV_HEAD - 4] != b"data":
            raise ValueError("it is no recording of liveset's")
        if head[24:28] != SAMPLE_RATE.to_bytes(4, "little") and head[60:64] != SAMPLE_RATE.to_bytes(4, "little"):
            raise ValueError("it is no recording of liveset's")
        file.seek(0)
        file.write(wav_header(frames))
        file.truncate(WAV_HEAD + frames * WAV_FRAME)
    return frames


def tracks(sections: Sequence[HeardSection], start: int, frames: int, first: str = "") -> list[tuple[int, str]]:
    """The lines of a cue sheet.

    Args:
        sections: that were heard, by the tape's frames.
        start, frames: of the tape that the recording has.
        first: what sounded as it began; the section heard last before, if not given.

    Returns:
        Frames of the recording, and titles.
    """
    before = [section.title for section in sections if section.at <= start]
    opening = first or (before[-1] if before else "")
    found = {0: opening} if opening else {}
    found |= {section.at - start: section.title for section in sections if start <= section.at <= start + frames}
    return sorted(found.items())
