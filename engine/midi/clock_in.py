"""MIDI clock as it is followed: where the other instrument is, and the tempo with which a set comes to be there too. Pure.

Ticks come late by a few milliseconds, each by another part of them. A filter that weighs a tick the less the more it has heard
knows the tempo and the place to well under one. A set can change its tempo on bar lines alone, so once a bar it is asked where
it will be on the next line, and by how much faster or slower it has to go on from there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from engine.midi.clock import CLOCK, CONTINUE, SIXTEENTH, START, STOP, TICKS

SONG_POSITION: Final = 0xF2
PLACE_GAIN: Final = 0.05
PERIOD_GAIN: Final = PLACE_GAIN**2 / 2
"""How much a tick counts for the place and for the tempo, once many were heard: jitter of 2 ms leaves some 0.2 ms."""

GONE_S: Final = 0.5
"""Seconds without a tick after which the clock has stopped: a beat at 20 BPM has eight in them."""

FEWEST: Final = TICKS
"""Ticks that must have come before the clock is followed: a beat."""

BACK: Final = 0.6
"""Part of what the set is off by that it makes up for in a bar: more would swing, since what is heard is a bar old."""

MOST: Final = 0.04
"""Part of its tempo by which a set hurries or waits at most."""

STILL_S: Final = 0.0015
"""Seconds that a set may be off by, and get off by within a bar, before it is corrected: each correction is music made anew."""

PLACES: Final = 3


class Place(NamedTuple):
    """Where a clock is: its tempo, its beats since its start, and whether it has said where that was."""

    bpm: float
    beats: float
    counted: bool


@dataclass(slots=True)
class MasterClock:
    """Hears a clock, and says where it is: `hear` each message with its time in seconds, ask for its `place`.

    Attributes:
        running: it was not stopped.
    """

    running: bool = True
    _tick: int = 0
    _at: float | None = None
    _period: float = 60.0 / 120 / TICKS
    _heard: int = 0
    _counted: bool = False
    _next: int | None = None

    def hear(self, data: bytes, at: float) -> None:
        """Take a message; those that are not a clock's change nothing."""
        if data == CLOCK:
            self._hear_tick(at)
        elif data == START:
            self.running, self._next, self._counted = True, 0, True
        elif data == CONTINUE:
            self.running, self._counted = True, True
        elif data == STOP:
            self.running = False
        elif len(data) == 3 and data[0] == SONG_POSITION:
            self._next, self._counted = SIXTEENTH * (data[1] + (data[2] << 7)), True

    def _hear_tick(self, at: float) -> None:
        known = self._at is not None and self._heard > 0
        tick = self._tick + 1 if self._next is None else self._next
        self._next = None
        if not known or self._at is None or not 0 <= at - self._at < GONE_S:
            self._tick, self._at, self._heard = tick, at, 1
            return
        n = self._heard
        if n == 1:
            self._period = max(at - self._at, 1e-3)
        early = at - (self._at + self._period)
        place = max(PLACE_GAIN, 2 * (2 * n + 1) / ((n + 1) * (n + 2)))
        period = max(PERIOD_GAIN, 6 / ((n + 1) * (n + 2)))
        self._at += self._period + place * early
        self._period = max(1e-3, self._period + period * early)
        self._tick, self._heard = tick, n + 1

    def place(self, at: float) -> Place | None:
        """Where the clock is at a time; None while it is stopped, gone, or hardly heard."""
        if not self.running or self._at is None or self._heard < FEWEST or at - self._at > GONE_S:
            return None
        return Place(60.0 / (self._period * TICKS), (self._tick + (at - self._at) / self._period) / TICKS, self._counted)


def off_by(master: Place, beats: float, beats_per_bar: int) -> float:
    """Beats by which a set is behind a clock (below 0: ahead), to the nearest bar; 0 to one that has not said where it is."""
    if not master.counted:
        return 0.0
    return (master.beats - beats + beats_per_bar / 2) % beats_per_bar - beats_per_bar / 2


def tempo_to(master: Place, bpm: float, beats: float, beats_per_bar: int) -> float | None:
    """The tempo that brings a set to where a clock is, if it takes it on its next bar line; None if it may go on as it is.

    Args:
        master: where the clock is.
        bpm, beats: the set's tempo, and its beats since bar 1, at the same time.
        beats_per_bar: of the set.
    """
    to_line = beats_per_bar - beats % beats_per_bar
    drifts = (master.bpm / bpm - 1) * to_line if master.counted else 0.0
    behind = off_by(master, beats, beats_per_bar) + drifts
    beat_s, bar_drift = 60 / master.bpm, (master.bpm / bpm - 1) * beats_per_bar
    if abs(behind) * beat_s < STILL_S and abs(behind + bar_drift) * beat_s < STILL_S:
        return None
    wanted = master.bpm * (1 + min(MOST, max(-MOST, BACK * behind / beats_per_bar)))
    wanted = round(wanted, PLACES)
    return wanted if math.isfinite(wanted) and wanted != bpm else None
