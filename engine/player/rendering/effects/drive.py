"""Drive: a soft clipper that adds odd harmonics, levelled so that loud music stays about as loud."""

from __future__ import annotations

import numpy as np

from engine.player.rendering.ramps import Bus, approach, between


class Drive:
    """``value`` runs 0..1 with 0 neutral; at 1 the clipper is driven 18 dB."""

    def __init__(self, rate: int) -> None:
        self._value = self._target = 0.0

    def set(self, value: float, bpm: float) -> None:
        """Where the knob is on its way to."""
        self._target = value

    def process(self, bus: Bus) -> Bus:
        """Drive a quantum."""
        before = self._value
        after = self._value = approach(before, self._target)
        if before == 0.0 and after == 0.0:
            return bus
        amount = between(before, after)
        gain = 8.0**amount
        wet = np.tanh(bus * gain) * gain**-0.6
        share = np.minimum(np.multiply(amount, 4.0), 1.0)
        result: Bus = bus + (wet - bus) * share
        return result

    def clear(self) -> None:
        """Nothing to cut."""
