"""The volume of the whole set."""

from __future__ import annotations

from engine.player.rendering.ramps import UP, Bus


class Volume:
    """``value`` is a linear gain 0..1 with 1 neutral."""

    def __init__(self, rate: int) -> None:
        self._value = self._target = 1.0

    def set(self, value: float, bpm: float) -> None:
        """Where it is on its way to."""
        self._target = value

    def process(self, bus: Bus) -> Bus:
        """A quantum at the volume."""
        before, after = self._value, self._target
        self._value = after
        if before == after == 1.0:
            return bus
        return bus * (before + (after - before) * UP)

    def clear(self) -> None:
        """Nothing to cut."""
