"""The even time of a device behind the uneven one at which it takes blocks. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

BANDWIDTH_HZ: Final = 0.3
"""How quickly it follows a device: what comes more often than that is jitter."""

LOST_S: Final = 0.1
"""A block that comes so many seconds from where it was expected begins anew: the device stood still, or is another."""


@dataclass(slots=True)
class SteadyTime:
    """A delay-locked loop of the second order, after F. Adriaensen, "Using a DLL to filter time" (2005)."""

    _next: float | None = None
    _rate: float = 1.0
    """How many seconds a second of the device's lasts."""

    def hear(self, at: float, seconds: float) -> float:
        """A block was taken at a time; when it would have been by an even device.

        Args:
            at: seconds of a clock that never goes back.
            seconds: of sound that the block has.
        """
        if self._next is None or abs(at - self._next) > LOST_S:
            self._next, self._rate = at + seconds, 1.0
            return at
        omega = 2 * math.pi * BANDWIDTH_HZ * seconds
        error, here = at - self._next, self._next
        self._next = here + seconds * self._rate + math.sqrt(2) * omega * error
        self._rate += omega * omega * error / max(seconds, 1e-6)
        return here
