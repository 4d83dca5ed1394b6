"""A value in two halves: controllers 0..31 with their low bits 32 above, whichever half is sent first. No clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.midi.meaning.values import HALF, TOP, position

_CLEAR: Final = 2.0
"""How many times shorter the way from one half to the other must be to say which one is sent first."""


@dataclass(slots=True)
class Pair:
    """The two halves of a control as they arrive.

    MIDI 1.0 sends the high half first, and may leave it out while it stays the same; many controllers send the low one first.
    Which it is shows by the first half that comes, and then by the time from one half to the other.
    """

    high: int | None = None
    low: int | None = None
    low_first: bool = False
    _high_at: float = float("-inf")
    _low_at: float = float("-inf")
    _low_is_new: bool = False
    _low_alone: bool = False
    _to_high: float | None = None
    _to_low: float | None = None

    def take(self, low: bool, value: int, at: float) -> float | None:
        """The position, 0..1, once a half has come; None while it waits for the other one. Never goes back on its way."""
        return self._take_low(value, at) if low else self._take_high(value, at)

    def _take_low(self, value: int, at: float) -> float | None:
        if self.high is None and self.low is None:
            self.low_first = True
        if not self._low_is_new and self.high is not None:
            self._to_low = at - self._high_at
        self._weigh()
        self._low_alone = self._low_alone or self._low_is_new
        wraps = self.low is not None and abs(value - self.low) > HALF
        self.low, self._low_at, self._low_is_new = value, at, True
        waits = self.low_first and (wraps or not self._low_alone)
        return None if self.high is None or waits else self._at()

    def _take_high(self, value: int, at: float) -> float:
        if self._low_is_new:
            self._to_high = at - self._low_at
        self._weigh()
        before, self.high = self.high, value
        self._high_at = at
        if not self.low_first and self.low is not None and before is not None and value != before:
            self.low = 0 if value > before else TOP  # the near end of the step, until its low half comes
        self._low_is_new = False
        return self._at()

    def _weigh(self) -> None:
        if self._to_high is None or self._to_low is None:
            return
        if self._to_high * _CLEAR < self._to_low:
            self.low_first = True
        elif self._to_low * _CLEAR < self._to_high:
            self.low_first = False

    def _at(self) -> float:
        assert self.high is not None
        return position(self.high) if self.low is None else position(self.high << 7 | self.low, 14)
