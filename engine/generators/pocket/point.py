"""Quantities derived from the prompts' mix. Each is a continuous function of the prompts' weights: none jumps."""

from __future__ import annotations

import math
from typing import Final

from engine.dsp.ramps import smoothstep
from engine.prompts.mix import Mix
from engine.prompts.vocabulary import style_table
from engine.protocol import unit

DRUMLESS: Final = 0.5
"""Value of `drumless` above which the beat is that of the chords and tunes."""
_CYMBALS: Final = (0.24, 0.26)
"""Weight of drums at which cymbals begin to carry the music, and the width over which they come in."""
_AIR: Final = (0.3, 0.24)
"""The same for the air that cymbals give: it is missed sooner than the tune needs to lead."""
_HISS: Final = (0.05, 0.16)
"""Dirt at which tape hiss begins, and the width over which it comes in."""
_CRACKLE: Final = (0.4, 0.25)
"""The same for the crackle of vinyl."""
_NEUTRAL: Final = 0.48
"""Brightness that is left unchanged."""
_BRIGHTER: Final = (0.52, 0.6)
"""Greatest rise above `_NEUTRAL`, and the scale of the curve towards it."""
_DARKER: Final = (0.26, 0.5)
"""The same below `_NEUTRAL`; less far, since the darkest mixes would have no treble left."""


def drumless(point: Mix) -> float:
    """How far the music goes without drums: 0 with drums, 1 without."""
    return 1.0 - smoothstep((point.params["drums"] * point.stems.get("drums", 1.0) - 0.15) / 0.25)


def group_gain(point: Mix, group: str) -> float:
    """Linear gain 0..1 of a drum group that prompts turn down. Its velocities stay, so its sound does not change."""
    return math.pow(point.stems.get(group, 1.0) * point.stems.get("drums", 1.0), 0.7)


def without_cymbals(point: Mix) -> float:
    """How far the music is not carried by cymbals, 0..1: without drums, and in styles with few and soft ones such as ambient."""
    return _without(point, _CYMBALS)


def without_air(point: Mix) -> float:
    """How far the music lacks the air of cymbals, 0..1."""
    return _without(point, _AIR)


def _without(point: Mix, entry: tuple[float, float]) -> float:
    return max(drumless(point), 1.0 - smoothstep((point.params["drums"] - entry[0]) / entry[1]))


def hiss(point: Mix) -> float:
    """Amount of tape hiss, 0..1: more as the music gets dirtier."""
    dirt = point.params["dirt"] * point.stems.get("texture", 1.0)
    return unit((dirt - _HISS[0]) / _HISS[1])


def crackle(point: Mix) -> float:
    """Amount of vinyl crackle, 0..1: as much as prompts ask for, and some where everything is dusty."""
    dusty = smoothstep((point.params["dirt"] - _CRACKLE[0]) / _CRACKLE[1])
    return max(point.voices.get("texture", {}).get("crackle", 0.0), dusty) * point.stems.get("texture", 1.0)


def brightness(point: Mix, more: float) -> float:
    """Brightness 0..1 of the prompts plus ``more``, bent towards its limits so that no part of a knob's range is dead."""
    wanted = sum(share * style_table(style).params["brightness"] for style, share in point.styles)
    away = wanted + point.moves.get("brightness", 0.0) + more - _NEUTRAL
    most, scale = _BRIGHTER if away > 0.0 else _DARKER
    return _NEUTRAL + most * math.tanh(away / scale)
