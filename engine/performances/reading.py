"""Reading a performance log: whatever of it can be read, a damaged line left out."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from engine import protocol
from engine.errors import PerformanceError
from engine.performances.entries import (
    CUES_NOTE,
    CUT_NOTE,
    ENDING_NOTE,
    FILE_NOTE,
    FORMAT,
    KEPT_SECTIONS,
    LOOP_NOTE,
    MADE,
    PARAMS_NOTE,
    PLAYED,
    HeardSection,
    MadeSection,
    Note,
    PlayerCard,
    RecordingCard,
    SetCard,
)
from engine.performances.plain import from_plain
from engine.protocol import Command, Cue, CueStarted, Looped, LoopStem
from engine.timebase import SLACK, TempoMap

_NOTES: Final = (PARAMS_NOTE, CUES_NOTE, FILE_NOTE, CUT_NOTE, LOOP_NOTE, ENDING_NOTE)
_TAIL: Final = 1 << 16
"""Bytes at a file's end in which its last line stands."""


@dataclass(slots=True)
class Stretch:
    """What one player played; another follows where that one ended in the middle.

    Attributes:
        frame: where the transport stood when it began.
        block: frames it rendered at a time.
        notes: what came to count, in order.
        events: cues that began and sections that looped, in order.
        quanta: rendered, as far as that is known.
        end: the transport's frame there.
        finished: it was told to end, and is not cut off.
        tape: its tape's name; sections: that were heard, by the tape's frames.
        breaks: in the sound, counted through the whole set.
        recordings: that it began; recorded: the files that were finished.
    """

    frame: int
    block: int
    notes: list[Note] = field(default_factory=list)
    events: list[CueStarted | Looped] = field(default_factory=list)
    quanta: int = 0
    end: int = 0
    finished: bool = False
    tape: str = ""
    breaks: int = 0
    sections: list[HeardSection] = field(default_factory=list)
    recordings: list[RecordingCard] = field(default_factory=list)
    recorded: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Performance:
    """A set as it was played: its card, the requests of its sections in order, what its players played, and the log's folder."""

    name: str
    card: SetCard
    sections: tuple[MadeSection, ...]
    stretches: tuple[Stretch, ...]
    folder: Path | None = None

    def kept(self, name: str) -> Path | None:
        """The file of a section that is kept, by its name; None where it is not."""
        path = None if self.folder is None else self.folder / KEPT_SECTIONS / name
        return path if path is not None and path.is_file() else None

    @property
    def frames(self) -> int:
        """Where the transport stood at the end."""
        return max((stretch.end for stretch in self.stretches), default=0)

    @property
    def tempo(self) -> TempoMap:
        """The set's bars as they were heard: a cue in another tempo has its own from the bar line on at which it came in."""
        cues = self.cues()
        tempo = TempoMap(next(iter(cues.values())).grid)
        for event in (event for stretch in self.stretches for event in stretch.events):
            if isinstance(event, CueStarted) and event.cue_id in cues:
                tempo = tempo.changed(tempo.last.next_bar(event.frame - SLACK), cues[event.cue_id].grid.bpm)
        return tempo

    def cues(self) -> dict[int, Cue]:
        """Every cue that the player was given, as it was given last, by its id."""
        notes = (note for stretch in self.stretches for note in stretch.notes if note.kind == CUES_NOTE)
        return {cue.cue_id: cue for note in notes for cue in note.value}


def read_card(folder: Path) -> SetCard:
    """What set a log is of.

    Raises:
        PerformanceError: if it does not say, or another version of liveset wrote it.
    """
    for line in _lines(folder / MADE):
        if "set" in line:
            if isinstance(line["set"], dict) and line["set"].get("format") != FORMAT:
                raise PerformanceError(f"another version of liveset wrote {folder.name}", "play it again with that version")
            try:
                return from_plain(SetCard, line["set"])
            except ValueError:
                break
    raise PerformanceError(f"{folder.name} does not say what was played", "remove it, and choose another")


def length_frames(folder: Path) -> int:
    """Where the transport stood at the end of a log, read from its last lines alone; 0 where nothing was played."""
    try:
        with (folder / PLAYED).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL))
            lines = file.read().split(b"\n")
    except OSError:
        return 0
    for text in reversed(lines):
        line = _parsed(text)
        if isinstance(line.get("frame"), int):
            return int(line["frame"])
    return 0


def read_performance(folder: Path) -> Performance:
    """A whole log.

    Raises:
        PerformanceError: if it cannot be read, or nothing was played.
    """
    card = read_card(folder)
    sections = []
    for line in _lines(folder / MADE):
        if "section" in line:
            try:
                sections.append(from_plain(MadeSection, line["section"]))
            except ValueError:
                continue
    stretches = read_stretches(folder)
    if not any(stretch.events for stretch in stretches):
        raise PerformanceError(f"nothing was played in {folder.name}", "choose another session")
    return Performance(folder.name, card, tuple(sections), tuple(stretches), folder)


def read_stretches(folder: Path) -> list[Stretch]:
    """What each player of a set played, in order; none where nothing says so.

    Raises:
        PerformanceError: if it cannot be read.
    """
    stretches: list[Stretch] = []
    for line in _lines(folder / PLAYED):
        try:
            _take(stretches, line)
        except (ValueError, TypeError, KeyError):
            continue
    return stretches


def read_commands(folder: Path) -> list[tuple[int, Command]]:
    """What the performer asked for, each with the transport's frame; what cannot be read is left out.

    Raises:
        PerformanceError: if the log cannot be read.
    """
    found: list[tuple[int, Command]] = []
    for line in _lines(folder / MADE):
        asked = line.get("command")
        if isinstance(asked, dict):
            kind: Any = getattr(protocol, str(asked.get("kind")), None)
            with contextlib.suppress(ValueError, TypeError, KeyError):
                if kind in get_args(Command):
                    found.append((int(line["frame"]), from_plain(kind, asked["asked"])))
    return found


def takes_of(performance: Performance) -> dict[str, int]:
    """How often a generator was asked for each section, by its title."""
    return dict(Counter(section.title for section in performance.sections))


def _take(stretches: list[Stretch], line: dict[str, Any]) -> None:
    """Add a line of the player's."""
    if "player" in line:
        card = from_plain(PlayerCard, line["player"])
        stretches.append(Stretch(card.frame, card.block, end=card.frame, tape=card.tape))
        return
    stretch = stretches[-1] if stretches else None
    if stretch is None:
        return
    quantum, frame = int(line["q"]), int(line["frame"])
    for kind in _NOTES:
        if kind in line:
            value = line[kind]
            value = tuple(from_plain(Cue, each) for each in value) if kind == CUES_NOTE else value
            value = from_plain(LoopStem, value) if kind == LOOP_NOTE else value
            stretch.notes.append(Note(quantum, frame, kind, value))
    if "started" in line:
        stretch.events.append(from_plain(CueStarted, line["started"]))
    if "looped" in line:
        stretch.events.append(from_plain(Looped, line["looped"]))
    stretch.breaks = int(line.get("breaks", stretch.breaks))
    if "heard" in line:
        stretch.sections.append(from_plain(HeardSection, line["heard"]))
    if "recording" in line:
        stretch.recordings.append(from_plain(RecordingCard, line["recording"]))
    if "recorded" in line:
        stretch.recorded.add(str(line["recorded"]))
    stretch.quanta, stretch.end = max(stretch.quanta, quantum), max(stretch.end, frame)
    stretch.finished |= "end" in line


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every line that can be read.

    Raises:
        PerformanceError: if the file cannot.
    """
    try:
        with path.open("rb") as file:
            for text in file:
                if line := _parsed(text):
                    yield line
    except OSError as error:
        raise PerformanceError(f"cannot read {path}: {error.strerror}", "choose another session") from error


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return line if isinstance(line, dict) else {}
