"""How values move within a quantum, so that nothing jumps."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.timebase import QUANTUM

Bus = npt.NDArray[np.float64]
"""A quantum of the mix, (2, 256)."""

UP: Final[Bus] = (np.arange(QUANTUM) + 1.0) / QUANTUM
"""(256,): from just above 0 to 1."""

DOWN: Final[Bus] = 1.0 - UP

STEP: Final = 0.25
"""The furthest an effect's knob moves in a quantum: from end to end in 23 ms."""


def approach(value: float, target: float, step: float = STEP) -> float:
    """``target``, or as near to it as one quantum gets from ``value``."""
    return min(max(target, value - step), value + step)


def between(before: float, after: float) -> Bus | float:
    """A value on its way through a quantum: a ramp (256,), or a plain number where it stands still."""
    return after if before == after else before + (after - before) * UP
