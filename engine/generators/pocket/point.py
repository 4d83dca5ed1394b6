"""What a mix of prompts amounts to: quantities that several of the musician's parts go by, each without a step."""

from __future__ import annotations

import math
from typing import Final

from engine.dsp.ramps import smoothstep
from engine.prompts.mix import Mix
from engine.prompts.vocabulary import style_table


def drumless(point: Mix) -> float:
    """How far the music goes without drums, 0..1."""
    return 1.0 - smoothstep((point.params["drums"] * point.stems.get("drums", 1.0) - 0.15) / 0.25)


def group_gain(point: Mix, group: str) -> float:
    """Gain of a drum group where prompts leave less of it, 0..1: it gets softer, but is struck as hard and sounds the same."""
    return math.pow(point.stems.get(group, 1.0) * point.stems.get("drums", 1.0), 0.7)


DRUMLESS: Final = 0.5
"""How far music does without drums from which its beat is that of its chords and tunes."""


_TOLD: Final = (0.24, 0.26)
_AIRED: Final = (0.3, 0.24)
"""Weight of drums up to which cymbals neither carry the music nor give it air, and over how much more they come to: their air is
missed sooner than the tune need lead."""


def without_cymbals(point: Mix) -> float:
    """How far no cymbals carry the music, 0..1: where there are no drums, and in styles that have few soft ones, as ambient."""
    return _without(point, _TOLD)


def without_air(point: Mix) -> float:
    """How far no cymbals give the music air, 0..1."""
    return _without(point, _AIRED)


def _without(point: Mix, come: tuple[float, float]) -> float:
    return max(drumless(point), 1.0 - smoothstep((point.params["drums"] - come[0]) / come[1]))


def hiss(point: Mix) -> float:
    """How much of the tape's hiss there is, 0..1: from nothing, as the music gets dirtier."""
    dirt = point.params["dirt"] * point.stems.get("texture", 1.0)
    return min(1.0, max(0.0, (dirt - _HISS[0]) / _HISS[1]))


def crackle(point: Mix) -> float:
    """How much of a record's crackle there is, 0..1: where it is asked for, and where everything is dusty."""
    dusty = smoothstep((point.params["dirt"] - _CRACKLE[0]) / _CRACKLE[1])
    return max(point.voices.get("texture", {}).get("crackle", 0.0), dusty) * point.stems.get("texture", 1.0)


_HISS: Final = (0.05, 0.16)
_CRACKLE: Final = (0.4, 0.25)
"""Dirt at which each begins, and over how much more it comes in."""

_LIT: Final = 0.48
"""Brightness that is left as it is."""
_BRIGHTER: Final = (0.52, 0.6)
_DARKER: Final = (0.26, 0.5)
"""How far it goes at most to both sides of that, and over what: less far down, since the darkest mixes would have no highs."""


def brightness(point: Mix, more: float) -> float:
    """Brightness within 0..1 of the prompts and ``more``: it bends towards its ends, so that no part of a knob's way is dead."""
    wanted = sum(share * style_table(style).params["brightness"] for style, share in point.styles)
    away = wanted + point.moves.get("brightness", 0.0) + more - _LIT
    most, over = _BRIGHTER if away > 0.0 else _DARKER
    return _LIT + most * math.tanh(away / over)
