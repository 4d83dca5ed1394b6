"""Two clocks: the headphones' device plays a little faster or slower than the set's, and is followed by resampling. Pure.

How full the ring between them is tells which of them runs ahead. What is read out of it is read so much faster or slower that
the ring stays as full as it should be: 200 ppm are a third of a cent, which nobody hears.
"""

from __future__ import annotations

from typing import Final

from engine.timebase import SAMPLE_RATE

MOST: Final = 0.0009
"""Part of its speed by which the headphones run faster or slower at most: clocks of sound cards differ by a fifth of that."""

CATCH_UP_S: Final = 5.0
"""Seconds in which what is too much in the ring is read off, at the pace that it has at first."""

SMOOTH_S: Final = 1.0
"""Seconds over which the ring is looked at: blocks come and go, which is no drift."""

FULLEST: Final = 4
"""Times as full as it should be: then the reader jumps, for its device stood still."""


class Follower:
    """Decides what is read next.

    Args:
        block: frames that are read at a time.
        target: frames that should lie in the ring before a block is read.
        rate: frames a second.

    Attributes:
        gaps: how often there was nothing to read after there had been, or too much.
    """

    def __init__(self, block: int, target: int, rate: int = SAMPLE_RATE) -> None:
        self._block, self._target, self._rate = block, target, rate
        self._smooth = min(1.0, block / (SMOOTH_S * rate))
        self._place: int | None = None
        self._dry = True
        self._fill = float(target)
        self.gaps = 0

    def next(self, written: int) -> tuple[int, float] | None:
        """The next block's first frame, and the speed to read it at; None for silence, until there is enough to read.

        Args:
            written: frames of the ring so far.
        """
        if self._place is None:
            self._place = written
        fill = written - self._place
        if not self._dry and fill < self._block:
            self.gaps += 1
            self._dry = True
        if self._dry and fill < self._target:
            return None
        if self._dry or fill > FULLEST * self._target:
            self.gaps += not self._dry
            self._dry = False
            self._place, fill = written - self._target, self._target
            self._fill = float(fill)
        self._fill += (fill - self._fill) * self._smooth
        start, self._place = self._place, self._place + self._block
        wanted = (self._fill - self._target) / (CATCH_UP_S * self._rate)
        return start, 1.0 + min(MOST, max(-MOST, wanted))
