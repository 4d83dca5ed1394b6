"""The DJ filter: one knob, a low-pass to the left of its middle and a high-pass to the right, 24 dB per octave.

Two state-variable filters in series (topology-preserving transform, Zavalishin, "The Art of VA Filter Design", 2012,
chapter 4). Their states mean the same at every cutoff, so the knob may jump: both settings run from the same state
for one quantum and are cross-faded.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from engine.player.rendering.filters import BlockFilter, StateSpace
from engine.player.rendering.ramps import DOWN, UP, Bus, approach

DEAD: Final = 0.006
"""Around the middle the filter is off; a 7-bit controller's two middle values lie inside."""

_LOW: Final = (18_000.0, 80.0)
_HIGH: Final = (20.0, 6_000.0)


def _stage(cutoff: float, q: float, high: bool, rate: int) -> StateSpace:
    """One second-order state-variable filter; its states are the two integrators, whose scale hardly moves with the cutoff."""
    g, k = math.tan(math.pi * min(cutoff, 0.45 * rate) / rate), 1.0 / q
    a1 = 1.0 / (1.0 + g * (g + k))
    a2, a3 = g * a1, g * g * a1
    transition = np.array([[2 * a1 - 1, -2 * a2], [2 * a2, 1 - 2 * a3]])
    inputs = np.array([2 * a2, 2 * a3])
    outputs = np.array([-k * a1 - a2, k * a2 - 1 + a3]) if high else np.array([a2, 1 - a3])
    return StateSpace(transition, inputs, outputs, 1 - k * a2 - a3 if high else a3)


class DjFilter:
    """``value`` runs 0..1 with 0.5 neutral."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._value = self._target = 0.5
        self._filter: BlockFilter | None = None
        self._state = np.zeros((2, 4))

    def set(self, value: float, bpm: float) -> None:
        """Where the knob is on its way to."""
        self._target = value

    def process(self, bus: Bus) -> Bus:
        """Filter a quantum."""
        before, old, target = self._value, self._filter, self._target
        if target != before or (old is None and abs(before - 0.5) > DEAD):
            value = approach(before, target)
            self._value = 0.5 if (value - 0.5) * (before - 0.5) < 0 else value
            self._filter = self._design(self._value)
        new = self._filter
        if old is new:
            return self._run(old, bus)
        state = np.zeros((2, 4)) if old is None else self._state
        left = self._run(old, bus)
        self._state = state
        return left * DOWN + self._run(new, bus) * UP

    def clear(self) -> None:
        """Nothing to cut: the filter has no tail."""

    def _run(self, filter_: BlockFilter | None, bus: Bus) -> Bus:
        if filter_ is not None:
            bus, self._state = filter_.run(bus, self._state)
        return bus

    def _design(self, value: float) -> BlockFilter | None:
        """Two stages: Butterworth when barely open, the second more resonant (about 4 dB) towards the ends."""
        depth = abs(value - 0.5) * 2
        if depth <= 2 * DEAD:
            return None
        high = value > 0.5
        first, last = _HIGH if high else _LOW
        cutoff = first * (last / first) ** depth
        gentle, sharp = (_stage(cutoff, q, high, self._rate) for q in (0.5412, 1.3066 + 0.8 * depth))
        return BlockFilter(gentle.then(sharp))
