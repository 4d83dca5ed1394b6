"""What an effect is."""

from __future__ import annotations

from typing import Protocol

from engine.player.rendering.ramps import Bus


class Effect(Protocol):
    """One effect over the mix, a quantum at a time; it is made with the sample rate in Hz.

    At its macro's neutral value it gives back what it gets, bit for bit, and costs next to nothing.
    """

    def set(self, value: float, bpm: float) -> None:
        """Where its macro stands (0..1) and the set's tempo, from the next quantum on; it gets there by ramps."""

    def process(self, bus: Bus) -> Bus:
        """The effect on a quantum (2, 256); may change the array it is given."""
        ...

    def clear(self) -> None:
        """Cut what still sounds of it, within a quantum."""
