"""Controller moves out of standard MIDI files, for rehearsals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import Any, Final

import mido

from engine.errors import MidiError
from engine.midi.standard_file import HEADER, CutOffError, Event, NotMidiError, StandardFile, read_standard_file

_MOVES: Final = {0x80: "note_off", 0x90: "note_on", 0xB0: "control_change"}
_STILL: Final = {0xA0: "pressure", 0xC0: "program", 0xD0: "pressure", 0xE0: "pitch bend"}
"""Kinds of messages that move nothing in a rehearsal."""

_META: Final = 0xFF
_TEMPO: Final = 0x51
_DEFAULT_TEMPO: Final = 500_000
"""Microseconds a quarter note until a file says otherwise (Standard MIDI Files 1.0)."""

_ONE_AFTER_ANOTHER: Final = 2
_LARGEST: Final = 64 * 1024 * 1024  # bytes
_AGAIN: Final = "export it again as a standard MIDI file (.mid)"


@dataclass(frozen=True, slots=True)
class TimedMessage:
    """A message (mido.Message) and when it is due, in seconds from the file's start."""

    seconds: float
    message: Any


@dataclass(frozen=True, slots=True)
class FileMoves:
    """A file's moves in order of time, and what was wrong with the file or moves nothing, for people."""

    moves: tuple[TimedMessage, ...] = ()
    warnings: tuple[str, ...] = ()


def file_moves(path: Path | str) -> FileMoves:
    """The control changes and notes of all tracks of a standard MIDI file; the tempo map is followed.

    What is a little wrong is read as far as it can be, and said in ``warnings``.

    Raises:
        MidiError: if the file is missing, cannot be read, is not a MIDI file, is cut off, or holds no moves.
    """
    path = Path(path)
    if not path.is_file():
        raise MidiError(f"there is no MIDI file {path}", "give the path of a .mid file")
    try:
        if path.stat().st_size > _LARGEST:
            raise MidiError(f"{path} is larger than a MIDI file can be", _AGAIN)
        data = path.read_bytes()
        file = read_standard_file(data)
    except OSError as error:
        raise MidiError(f"{path} cannot be read: {error.strerror}", "look at its permissions") from error
    except (NotMidiError, CutOffError) as error:
        cut = isinstance(error, CutOffError) and len(data) >= HEADER
        raise MidiError(f"{path} {'is cut off' if cut else 'is not a standard MIDI file'}", _AGAIN) from error
    timed = list(_timed(file))
    moves = tuple(TimedMessage(seconds, _message(event)) for seconds, event in timed if event.status & 0xF0 in _MOVES)
    still = Counter(_STILL[event.status & 0xF0] for _, event in timed if event.status & 0xF0 in _STILL)
    idle = f"{_count(still)} that move nothing" if still else ""
    if not moves:
        what = f" ({idle})" if idle else ""
        raise MidiError(f"{path} holds no control changes and no notes{what}", "record some controller moves into it")
    return FileMoves(moves, tuple(f"{path.name}: {each}" for each in (*file.warnings, *([f"it has {idle}"] if idle else []))))


def _count(still: Counter[str]) -> str:
    total = sum(still.values())
    return f"{total} message{'s' if total > 1 else ''} ({', '.join(sorted(still))})"


def _message(event: Event) -> Any:
    return mido.Message.from_bytes(bytes([event.status]) + event.data)


def _timed(file: StandardFile) -> Iterable[tuple[float, Event]]:
    """Events with their seconds: of all tracks together, or of one track after the other."""
    if file.kind != _ONE_AFTER_ANOTHER:
        yield from _seconds(file, merge(*file.tracks, key=lambda event: event.tick))
        return
    start = 0.0
    for track, end in zip(file.tracks, file.ends, strict=True):
        for seconds, event in _seconds(file, [*track, Event(end, _META, b"\x2f")]):
            last = start + seconds
            yield last, event
        start = last


def _seconds(file: StandardFile, events: Iterable[Event]) -> Iterable[tuple[float, Event]]:
    """Ticks are counted from the last tempo change, so that rounding does not add up."""
    tempo, since_s, since_tick = _DEFAULT_TEMPO, 0.0, 0
    for event in events:
        length = 1 / file.per_second if file.per_second else tempo / (file.per_quarter * 1e6)
        seconds = since_s + (event.tick - since_tick) * length
        if event.status == _META and event.data[0] == _TEMPO and len(event.data) == 4:
            tempo = int.from_bytes(event.data[1:], "big") or _DEFAULT_TEMPO
            since_s, since_tick = seconds, event.tick
        yield seconds, event
