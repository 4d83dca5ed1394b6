"""The last minutes of a set, recorded or not, as a file with a cue sheet.

``python -m engine.recovery.last LOG_FOLDER MINUTES FILE`` does it in a process of its own, which gives way to the set that plays,
and prints the seconds saved or what was wrong as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from engine.errors import LivesetError, RecordingError
from engine.performances.folders import BACKLOG, BACKLOG_MINUTES, BACKLOG_SUFFIX
from engine.performances.reading import read_card, read_stretches
from engine.player.output.cue_sheet import sheet_text, write_sheet
from engine.player.output.recorder import SINKS, WAV_FRAME, WAV_HEAD
from engine.processes.layout import check_audio_name, check_free, cue_sheet
from engine.recovery.recordings import tracks
from engine.timebase import SAMPLE_RATE

NICE: Final = 10


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some of a tape: the file that has it, open, so that its deletion does no harm; the tape's name; its frames."""

    file: BinaryIO
    tape: str
    start: int
    frames: int


def save_last(folder: Path, minutes: float, out: Path, *, force: bool = False) -> int:
    """Write the last minutes of what was heard of a set, all there is if that is less. Returns the frames written.

    Args:
        folder: the set's.
        minutes: above 0.
        out: a .flac or .wav file; its cue sheet lies beside it.
        force: replace what is there.

    Raises:
        LivesetError: nothing is there to be saved, or the file cannot be written.
    """
    if not minutes > 0:
        raise RecordingError("--minutes is a length above 0", f"--minutes {BACKLOG_MINUTES:g} are the last ten")
    check_audio_name(out)
    check_free(out, cue_sheet(out), force=force)
    fresh = out.with_name(f".last-{out.name[-200:]}")
    try:
        with ExitStack() as stack:
            pieces = _cut(_pieces(folder, stack), round(60 * minutes * SAMPLE_RATE))
            if not pieces:
                raise RecordingError(f"there are no last minutes of {folder.name}", "only the two newest sets have them")
            out.parent.mkdir(parents=True, exist_ok=True)
            sink = SINKS[out.suffix.lower()](fresh)
            try:
                for block in _sound(pieces):
                    sink.write(block)
            finally:
                sink.close()
        fresh.replace(out)
        write_sheet(out, sheet_text(read_card(folder).title, out.name, _tracks(folder, pieces)))
    except (OSError, RuntimeError) as error:
        raise RecordingError(f"cannot write {out}: {error}", "free some disk space or name another file") from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
    return sum(piece.frames for piece in pieces)


def _pieces(folder: Path, stack: ExitStack) -> list[_Piece]:
    """All that is there, the oldest first."""
    found = []
    for path in sorted((folder / BACKLOG).glob(f"*/*{BACKLOG_SUFFIX}")):
        with contextlib.suppress(OSError, ValueError):
            file = stack.enter_context(path.open("rb"))
            frames = max(0, os.fstat(file.fileno()).st_size - WAV_HEAD) // WAV_FRAME
            found.append(_Piece(file, path.parent.name, int(path.stem), frames))
    return found


def _cut(pieces: list[_Piece], most: int) -> list[_Piece]:
    """The last so many frames."""
    kept: list[_Piece] = []
    for piece in reversed(pieces):
        frames = min(piece.frames, most)
        if frames:
            kept.insert(0, _Piece(piece.file, piece.tape, piece.start + piece.frames - frames, frames))
            piece.file.seek(WAV_HEAD + (piece.frames - frames) * WAV_FRAME)
        most -= frames
    return kept


def _sound(pieces: list[_Piece]) -> Iterator[npt.NDArray[np.float64]]:
    """(frames, 2) from -1 to 1, a second at a time."""
    for piece in pieces:
        left = piece.frames
        while left:
            count = min(left, SAMPLE_RATE)
            raw = np.frombuffer(piece.file.read(count * WAV_FRAME), np.uint8).reshape(-1, 3)
            whole = np.zeros((len(raw), 4), np.uint8)
            whole[:, 1:] = raw
            yield (whole.view("<i4").reshape(-1, 2) >> 8) / 8_388_607.0
            left -= count


def _tracks(folder: Path, pieces: list[_Piece]) -> list[tuple[int, str]]:
    """The lines of the cue sheet: a section that goes on in the next piece is no new one."""
    stretches = {stretch.tape: stretch for stretch in read_stretches(folder)}
    found: list[tuple[int, str]] = []
    place = 0
    for piece in pieces:
        if (stretch := stretches.get(piece.tape)) is not None:
            for at, title in tracks(stretch.sections, piece.start, piece.frames - 1):
                if not found or at or title != found[-1][1]:
                    found.append((place + at, title))
        place += piece.frames
    return found


def main(argv: list[str]) -> int:
    """Save, and say how it went."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICE)
    try:
        frames = save_last(Path(argv[0]), float(argv[1]), Path(argv[2]))
    except LivesetError as error:
        print(json.dumps({"error": str(error)}))
        return 1
    print(json.dumps({"seconds": frames / SAMPLE_RATE}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
