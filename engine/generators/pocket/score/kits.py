"""Who plays the drums: the kits of the styles that prompts mix, and how loud each is."""

from __future__ import annotations

import math
from typing import Final

from engine.generators.pocket.parts import MARK_VELOCITY
from engine.generators.pocket.score.players import share_amplitudes
from engine.generators.pocket.styles import Style, load_style, styles_for
from engine.prompts.mix import Mix

_LEAST: Final = 0.02
"""Share up to which a style's kit is left out; it comes in from nothing above it."""


def drum_kits(point: Mix, group: str) -> list[tuple[str, Style, float]]:
    """Who plays a drum group: (name of the kit, style, gain 0..1).

    One style has kick and snare, but where a knob stands between two both play softer; hats and percussion of all styles
    sound together. Gains go as the shares and make the group as loud as one kit would be (`share_amplitudes`).
    """
    few = group in {"kick", "snare"}
    shared = styles_for(point, group) if few else [(load_style(name), share) for name, share in point.styles]
    playing = [(style, share - _LEAST) for style, share in shared if share - _LEAST > 1e-6]
    if len(playing) <= 1:
        return [(group, playing[0][0] if playing else shared[0][0], 1.0)]
    whole = sum(share for _, share in playing)
    met = [[_correlation(one, other, group) for other, _ in playing] for one, _ in playing]
    gains = share_amplitudes([share / whole for _, share in playing], met)
    return [(f"{group} {style.name}", style, gain) for (style, _), gain in zip(playing, gains, strict=True)]


_ALIKE: Final = {"kick": 0.1, "rim": 0.0, "perc": 0.1, "perc2": 0.0, "break": 0.0, "shaker": 0.8, "ride": 1.0}
_ALIKE_ELSE: Final = 0.5
"""How far shots of two kits that are called the same add up as amplitudes (`Shots.correlation`, averaged over the styles' kits):
kicks hardly, since each sweeps in its own way, nor what is tuned; what is made of noise, which is the same in all, by half or
more."""


def _correlation(one: Style, other: Style, group: str) -> float:
    """How far two kits add up as amplitudes in a group, 0..1."""
    mine, its = _struck(one, group), _struck(other, group)
    alike = sum(1.0 if one.kit[shot] == other.kit[shot] else _ALIKE.get(shot, _ALIKE_ELSE) for _, shot in mine & its)
    return alike / math.sqrt(max(1, len(mine)) * max(1, len(its)))


def _struck(style: Style, group: str) -> set[tuple[int, str]]:
    """Steps of a bar of four at which a style strikes a drum group, and what it strikes."""
    lanes = (lane for lane in style.lanes if lane.group == group)
    return {(step, lane.shot) for lane in lanes for step, mark in enumerate(lane.patterns[0]) if mark in MARK_VELOCITY}
