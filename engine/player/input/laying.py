"""Laying what a device gives on the frames of the set that were heard meanwhile: its clock is another one. Pure.

Every block says when its first frame was played in the room. From where the set was heard then, the block is read a little faster
or slower until it lies there: 200 ppm of drift are a third of a cent. Where it is far off, it begins anew.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from engine.player.output.varispeed import HALF
from engine.timebase import SAMPLE_RATE

FAR: Final = SAMPLE_RATE // 20
"""Frames (50 ms) from which on it begins anew: the set was stopped, or the device was."""

WRONG: Final = SAMPLE_RATE // 125
"""Frames (8 ms) from which on it begins anew where it is off by so much for a while: the place that it began at was."""

SMOOTH_S: Final = 0.5
"""Seconds over which the place is looked at: blocks come unevenly."""

CATCH_UP_S: Final = 1.0
"""Seconds in which what it is off is made up for, at the pace that this has at first."""

MOST: Final = 0.004
"""Part of its speed by which it is read faster or slower at most: 7 cents."""


class Laid(NamedTuple):
    """Where a block goes: a frame to begin anew at, None to go on; and the speed to read it at."""

    anew: int | None
    speed: float


class Laying:
    """Decides where each block goes."""

    def __init__(self, rate: int = SAMPLE_RATE) -> None:
        self._rate = rate
        self._at: float | None = None
        self._off = 0.0

    def reset(self) -> None:
        """The set stands still."""
        self._at = None

    def next(self, place: float, count: int, pace: float) -> Laid:
        """Where the next block goes.

        Args:
            place: the set's frame that was heard as its first frame was played.
            count: frames that it has.
            pace: frames of the set that are heard in the time of one.
        """
        if self._at is None or abs(place - self._at) > FAR or abs(self._off) > WRONG:
            anew = max(0, round(place) - HALF)  # what is read at a speed comes so much late
            self._at, self._off = anew + HALF, 0.0
            return Laid(anew, 1.0 / pace)
        self._off += (place - self._at - self._off) * min(1.0, count / (SMOOTH_S * self._rate))
        return Laid(None, 1.0 / (pace + min(MOST, max(-MOST, self._off / (CATCH_UP_S * self._rate)))))

    def wrote(self, count: int) -> None:
        """So many frames came of the block."""
        if self._at is not None:
            self._at += count
