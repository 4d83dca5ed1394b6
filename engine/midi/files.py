"""Controller moves out of standard MIDI files, for rehearsals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import mido

from engine.errors import MidiError

_MOVES: Final = ("control_change", "note_on", "note_off")
_DEFAULT_TEMPO: Final = 500_000
_HEADER: Final = 14  # bytes
"""Microseconds a quarter note until a file says otherwise (Standard MIDI Files 1.0)."""

_BROKEN: Final = (EOFError, OSError, ValueError, TypeError, LookupError, OverflowError, AttributeError)
"""What mido raises for files that are none, are cut off, or hold impossible bytes."""


@dataclass(frozen=True, slots=True)
class TimedMessage:
    """A message (mido.Message) and when it is due, in seconds from the file's start."""

    seconds: float
    message: Any


def file_moves(path: Path | str) -> list[TimedMessage]:
    """The control changes and notes of all tracks of a standard MIDI file, in order of time; the tempo map is followed.

    Raises:
        MidiError: if the file is missing, is not a MIDI file, is cut off, or holds no moves.
    """
    path = Path(path)
    if not path.is_file():
        raise MidiError(f"there is no MIDI file {path}", "give the path of a .mid file")
    try:
        file = mido.MidiFile(path)
        moves = _timed(file)
    except _BROKEN as error:
        what = "is cut off" if isinstance(error, EOFError) and path.stat().st_size >= _HEADER else "is not a standard MIDI file"
        raise MidiError(f"{path} {what}", "export it again as a standard MIDI file (.mid)") from error
    if not moves:
        raise MidiError(f"{path} holds no control changes and no notes", "record some controller moves into it")
    return moves


def _timed(file: Any) -> list[TimedMessage]:
    """Merged messages with seconds. Ticks are counted from the last tempo change, so that rounding does not add up."""
    per_quarter, per_second = _division(file.ticks_per_beat)
    tempo, since_s, since_tick, tick = _DEFAULT_TEMPO, 0.0, 0, 0
    moves: list[TimedMessage] = []
    for message in mido.merge_tracks(file.tracks):
        tick += message.time
        seconds = since_s + (tick - since_tick) * (1 / per_second if per_second else tempo / (per_quarter * 1e6))
        if message.type == "set_tempo":
            tempo, since_s, since_tick = message.tempo, seconds, tick
        elif message.type in _MOVES:
            moves.append(TimedMessage(seconds, message.copy(time=0)))
    return moves


def _division(division: int) -> tuple[int, float]:
    """(ticks a quarter note, 0) or, for SMPTE time, (0, ticks a second): the header's high byte is minus the frame rate."""
    if division > 0:
        return division, 0.0
    frame_rate = {-24: 24.0, -25: 25.0, -29: 30_000 / 1001, -30: 30.0}[division >> 8]
    ticks = division & 0xFF
    if not ticks:
        raise ValueError("no ticks in a frame")
    return 0, frame_rate * ticks
