"""MIDI clock as other instruments follow it: start, stop, continue, song position and 24 ticks a beat. Pure.

As MIDI 1.0 has it: the song position counts sixteenths (6 ticks) from the set's bar 1, and the first tick after start or continue
is the moment that it names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from engine.errors import MidiError
from engine.following import Follower
from engine.offsets import OFFSETS, named_offset

TICKS: Final = 24
"""Of a beat."""

SIXTEENTH: Final = 6
"""Ticks in what the song position counts."""

LAST_POSITION: Final = 0x3FFF
"""The last sixteenth that a song position can name; a longer set goes round."""

FOLLOW: Final = 0.02
"""See `Follower`: a look every few milliseconds, each late by another part of a block."""

MOST_LATE: Final = TICKS
"""Ticks that are sent one after the other to make up for; one that is later still goes on from where the set is."""

CLOCK: Final = b"\xf8"
START: Final = b"\xfa"
CONTINUE: Final = b"\xfb"
STOP: Final = b"\xfc"


def song_position(sixteenth: int) -> bytes:
    """The message that names a place, in sixteenths from bar 1."""
    at = sixteenth % (LAST_POSITION + 1)
    return bytes((0xF2, at & 0x7F, at >> 7))


@dataclass(frozen=True, slots=True)
class Target:
    """An output that gets the clock: a part of its name, and by how much earlier (below 0) or later, in milliseconds."""

    name: str
    offset_ms: float = 0.0


def targets(text: str) -> tuple[Target, ...]:
    """Read ``Synth`` or ``Synth=-12, Drums=3.5``.

    Raises:
        MidiError: a name or an offset makes no sense.
    """
    found = []
    for part in text.split(","):
        try:
            found.append(Target(*named_offset(part)))
        except ValueError:
            said = f"--clock {part.strip()[:40]!r}: not an output with {OFFSETS}"
            raise MidiError(said, 'write --clock "Synth" or "Synth=-12"') from None
    return tuple(found)


@dataclass(slots=True)
class Clock:
    """The messages of one output's clock: `hear` where the set is, ask `next_at`, send what is `due`.

    Attributes:
        offset_s: seconds by which it is later than the set.
        tick: the next one to send, counted from bar 1; None while nothing runs.
    """

    offset_s: float = 0.0
    tick: int | None = None
    _bpm: float = 120.0
    _running: bool = False
    _first: bytes = b""
    _follower: Follower = field(default_factory=lambda: Follower(FOLLOW))

    def hear(self, elapsed_s: float, playing: bool, bpm: float, at: float) -> list[bytes]:
        """Take a look at the set; what is to be sent at once: a stop, and where it goes on from.

        Args:
            elapsed_s: seconds since bar 1, as if the set had always been at this tempo.
            playing: whether it moves.
            bpm: its tempo.
            at: when, in seconds of the clock.
        """
        if bpm != self._bpm:
            self._follower.retimed(self._bpm / bpm, at)
        self._bpm = bpm
        elsewhere = self._follower.hear(elapsed_s, playing, at)
        if self._follower.began is None:
            return self._stop()
        return [*self._stop(), *self._begin(elapsed_s - self.offset_s)] if elsewhere else []

    def _stop(self) -> list[bytes]:
        stopped, self._running, self.tick = self._running, False, None
        return [STOP] if stopped else []

    def _begin(self, elapsed_s: float) -> list[bytes]:
        """Where to go on: the next sixteenth, or bar 1 where that is to come."""
        at = max(0, math.ceil(elapsed_s * self._bpm / 60.0 * TICKS / SIXTEENTH - 1e-6))
        self.tick, self._running = at * SIXTEENTH, True
        self._first = START if at == 0 else CONTINUE
        return [song_position(at)]

    def next_at(self) -> float | None:
        """When the next tick is due, in seconds of the clock; None while nothing runs."""
        if self.tick is None or self._follower.began is None:
            return None
        return self._follower.began + self.offset_s + self.tick * 60.0 / (self._bpm * TICKS)

    def due(self, at: float) -> list[bytes]:
        """What is to be sent by now."""
        found: list[bytes] = []
        while (following := self.next_at()) is not None and following <= at and self.tick is not None:
            if self._first:
                found.append(self._first)
                self._first = b""
            found.append(CLOCK)
            self.tick += 1
            if len(found) > MOST_LATE:
                behind = (at - following) * self._bpm / 60.0 * TICKS
                self.tick += math.floor(behind)
        return found

    def close(self) -> list[bytes]:
        """What is to be sent last."""
        return self._stop()
