"""MIDI clock as it is followed: where the other instrument is, and the tempo with which a set comes to be there too. Pure.

Ticks come late by a few milliseconds, each by another part of them. A filter that weighs a tick the less the more it has heard
knows the tempo and the place to well under one. A set comes to where the clock is by a pull: it runs a little faster or slower,
pitch and all, as a record does. Where the clock's tempo has become another one the set takes it on a bar line, and its music is
made anew in it.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from engine.midi.clock import CLOCK, CONTINUE, SIXTEENTH, START, STOP, TICKS

SONG_POSITION: Final = 0xF2
PLACE_GAIN: Final = 0.05
PERIOD_GAIN: Final = PLACE_GAIN**2 / 2
"""How much a tick counts for the place and for the tempo, once many were heard: jitter of 2 ms leaves some 0.2 ms."""

GONE_S: Final = 0.5
"""Seconds without a tick after which the clock has stopped: a beat at 20 BPM has eight in them."""

SHORTEST_S: Final = 0.001
LATELY: Final = 3 * TICKS
"""Ticks after which another tempo has been noticed."""

UNSURE: Final = 0.7
"""Part of a tick by which one may miss its place and still be the next one: a tempo may change by some percent at once."""

SPAN: Final = 4
"""Ticks over which the first tempo is measured: one may be lost, or two may come at once."""

MOST_STRAY: Final = 0.15
"""Part of a tick by which one counts as late or early at most: what is later was held up by a busy machine."""

ELSEWHERE: Final = 0.2
"""Part of a tick by which ticks miss their places on average where the tempo has become another one."""

FEWEST: Final = TICKS
"""Ticks that must have come before the clock is followed: a beat."""

BACK: Final = 0.6
"""Part of what a set is far off by that it makes up for in a bar: more would swing, since what is heard is a bar old."""

MOST: Final = 0.15
"""Part of its tempo by which a set that is far off hurries or waits at most: half a bar in some five bars. Two instruments
that play past one another sound worse than a few bars in another tempo."""

FAR_S: Final = 0.15
"""Seconds by which a set is so far off that another tempo for a while is better than a pull."""

ANOTHER: Final = 0.004
"""Part of a tempo by which a clock's is another one, in which music is made anew: a pull of a fifteenth of a semitone."""

NEAR_S: Final = 0.5
"""Seconds in which a set would make up for what it is off by at an even pace."""

MOST_PULL: Final = 0.03
"""Part of its speed by which a set runs faster or slower to come to a clock's bars."""

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
    _at: float = 0.0
    _period: float = 60.0 / 120 / TICKS
    _heard: int = 0
    _strays: float = 0.0
    _first: list[float] = field(default_factory=list)
    _slips: deque[int] = field(default_factory=lambda: deque(maxlen=LATELY))
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
        named, self._next = self._next, None
        if not self._heard or abs(at - self._at) > GONE_S:
            passed = max(1, round((at - self._at) / self._period)) if self._heard >= FEWEST else 1
            self._tick, self._at, self._heard, self._first = self._tick + passed if named is None else named, at, 1, [at]
            return
        if self._heard < FEWEST:
            self._tick, self._at = self._tick + 1 if named is None else named, at
            self._heard += 1
            self._first.append(at)
            if self._heard == FEWEST:
                self._reckon()
            return
        # Now it is time that counts: some ticks are lost, others come late and several at once.
        passed_ticks = (at - self._at) / self._period
        count = 1 if abs(passed_ticks - 1) < UNSURE else max(0, round(passed_ticks))
        self._slips.append(count - 1)
        self._tick = self._tick + count if named is None else named
        if not count:
            return
        early = at - (self._at + count * self._period)
        self._strays += PLACE_GAIN * (abs(early) / self._period - self._strays)
        if self._strays > ELSEWHERE:  # another tempo: lately it was the ticks that counted
            self._tick -= sum(self._slips)
            self._at, self._heard, self._first = at, 1, [at]
            return
        most = MOST_STRAY * self._period
        early, n = min(most, max(-most, early)), self._heard
        self._at += count * self._period + max(PLACE_GAIN, 2 * (2 * n + 1) / ((n + 1) * (n + 2))) * early
        self._period += max(PERIOD_GAIN, 6 / ((n + 1) * (n + 2))) * early
        self._heard = n + 1

    def _reckon(self) -> None:
        """Tempo and place from the first ticks: the line that lies nearest to them, those that were lost left out."""
        times = self._first
        rough = statistics.median(after - before for before, after in zip(times, times[SPAN:], strict=False)) / SPAN
        if rough < SHORTEST_S or times[-1] - times[0] < FEWEST * SHORTEST_S:  # held up somewhere, and all sent at once
            self._at, self._heard, self._first = times[-1], 1, times[-1:]
            return
        places = [round((at - times[0]) / rough) for at in times]
        line = statistics.linear_regression(places, times)
        self._period = max(SHORTEST_S, line.slope)
        self._tick += places[-1] - (len(times) - 1)
        self._at = line.intercept + line.slope * places[-1]
        self._strays, self._first = 0.0, []
        self._slips.clear()

    def place(self, at: float) -> Place | None:
        """Where the clock is at a time; None while it is stopped, gone, or hardly heard."""
        if not self.running or self._heard < FEWEST or at - self._at > GONE_S:
            return None
        return Place(60.0 / (self._period * TICKS), (self._tick + (at - self._at) / self._period) / TICKS, self._counted)


def off_by(master: Place, beats: float, beats_per_bar: int) -> float:
    """Beats by which a set is behind a clock (below 0: ahead), to the nearest bar; 0 to one that has not said where it is."""
    if not master.counted:
        return 0.0
    return (master.beats - beats + beats_per_bar / 2) % beats_per_bar - beats_per_bar / 2


def tempo_to(master: Place, bpm: float, beats: float, beats_per_bar: int, hurries: bool = True) -> float | None:
    """The tempo that a set is to take on its next bar line to follow a clock; None if it may go on in its own.

    Args:
        master: where the clock is.
        bpm, beats: the set's tempo, and its beats since bar 1, at the same time.
        beats_per_bar: of the set.
        hurries: its music can be in another tempo for a bar or two; else a pull alone has to bring it to the other's bars.
    """
    behind = off_by(master, beats, beats_per_bar)
    far = hurries and abs(behind) * 60 / master.bpm > FAR_S
    if not far and abs(master.bpm / bpm - 1) < ANOTHER:
        return None
    hurry = min(MOST, max(-MOST, BACK * behind / beats_per_bar)) if far else 0.0
    wanted = round(master.bpm * (1 + hurry), PLACES)
    return wanted if math.isfinite(wanted) and wanted != bpm else None


def pull_to(master: Place, bpm: float, beats: float, beats_per_bar: int) -> float:
    """The part of its speed by which a set is to run faster now (below 0: slower) to be where a clock is; see `tempo_to`."""
    behind_s = off_by(master, beats, beats_per_bar) * 60 / master.bpm
    return master.bpm / bpm - 1 + min(MOST_PULL, max(-MOST_PULL, behind_s / NEAR_S))
