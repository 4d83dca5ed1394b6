"""The macros, one row each: knobs over the whole sound. A new one is a row (and a word) here, and its effect's file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

Macro = Literal["filter", "echo", "reverb", "drive", "energy", "volume"]


@dataclass(frozen=True, slots=True)
class MacroRow:
    """One macro; its value runs 0..1.

    Attributes:
        name: as commands, presets and the screen write it.
        help: what it does to the music, in a line.
        neutral: the value at which it does nothing.
        key: the key that selects it on the screen; empty for none.
        controls: the MIDI controls it is under without any set-up.
        effect: ``module:Class`` among `engine.player.rendering.effects`; empty for one that steers what is generated.
        place: where the effect stands in the chain; lower comes first.
    """

    name: Macro
    help: str
    neutral: float = 0.0
    key: str = ""
    controls: tuple[str, ...] = ()
    effect: str = ""
    place: int = 0


MACRO_TABLE: Final = (
    MacroRow("filter", "low-pass left of the middle, high-pass right of it", 0.5, "f", ("cc74",), "djfilter:DjFilter", 1),
    MacroRow("echo", "repeats in tempo, from side to side", 0.0, "e", ("cc71",), "echo:Echo", 3),
    MacroRow("reverb", "a larger room", 0.0, "v", ("cc10",), "reverb:Reverb", 4),
    MacroRow("drive", "warm distortion", 0.0, "d", (), "drive:Drive", 2),
    MacroRow("energy", "how much happens in what is generated", 0.5, "", ("cc1",)),
    MacroRow("volume", "level of the whole set", 1.0, "o", ("cc7",), "volume:Volume", 5),
)
"""In the order of the screen. CC 74 is brightness, 71 resonance, 10 pan, 1 the modulation wheel, 7 channel volume."""

MACROS: Final[tuple[Macro, ...]] = tuple(row.name for row in MACRO_TABLE)
MACRO_NEUTRAL: Final[dict[str, float]] = {row.name: row.neutral for row in MACRO_TABLE}
"""Where each macro does nothing."""


def unit(value: float) -> float:
    """The value held within 0..1; what is no number counts as 0."""
    return 0.0 if math.isnan(value) else min(1.0, max(0.0, value))
