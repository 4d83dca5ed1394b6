"""Drive: a soft clipper that adds odd harmonics, levelled so that loud music stays about as loud."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.timebase import QUANTUM

Bus = npt.NDArray[np.float64]

STEP: Final = 0.25
_UP: Final[Bus] = (np.arange(QUANTUM) + 1.0) / QUANTUM


class Drive:
    """``value`` runs 0..1 with 0 neutral; at 1 the clipper is driven 18 dB."""

    def __init__(self) -> None:
        self._value = 0.0

    def process(self, bus: Bus, target: float) -> Bus:
        """Drive a quantum, with the amount on its way to ``target``."""
        before = self._value
        after = self._value = min(max(target, before - STEP), before + STEP)
        if before == 0.0 and after == 0.0:
            return bus
        amount: Bus | float = after if before == after else before + (after - before) * _UP
        gain = 8.0**amount
        wet = np.tanh(bus * gain) * gain**-0.6
        share = np.minimum(np.multiply(amount, 4.0), 1.0)
        result: Bus = bus + (wet - bus) * share
        return result

    def clear(self) -> None:
        """Nothing to cut."""
