"""The chain of effects, made of the table of macros."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from engine.player.rendering.effects.effect import Effect
from engine.player.rendering.ramps import Bus
from engine.protocol import MACRO_TABLE, MacroRow

_PACKAGE: Final = __name__.rpartition(".")[0]


def _made(row: MacroRow, rate: int) -> Effect:
    module, _, name = row.effect.partition(":")
    effect: Effect = getattr(import_module(f"{_PACKAGE}.{module}"), name)(rate)
    return effect


class Chain:
    """Every macro's effect, in the order of their places.

    Args:
        rate: frames per second.
        index: where each macro's value stands among those that `set` is given.
    """

    def __init__(self, rate: int, index: Mapping[str, int]) -> None:
        rows = sorted((row for row in MACRO_TABLE if row.effect), key=lambda row: row.place)
        self._effects = [(_made(row, rate), index[row.name]) for row in rows]

    def set(self, values: list[float], bpm: float) -> None:
        """Where the macros stand, 0..1, and the set's tempo."""
        for effect, at in self._effects:
            effect.set(values[at], bpm)

    def process(self, bus: Bus) -> Bus:
        """All effects on a quantum (2, 256)."""
        for effect, _ in self._effects:
            bus = effect.process(bus)
        return bus

    def clear(self) -> None:
        """Cut all tails, within a quantum."""
        for effect, _ in self._effects:
            effect.clear()
