"""Who plays the drums: the kits of the styles in the mix, and how loud each is."""

from __future__ import annotations

import math
from typing import Final

from engine.generators.pocket.parts import MARK_VELOCITY
from engine.generators.pocket.score.players import share_amplitudes
from engine.generators.pocket.styles import Style, load_style, styles_for
from engine.prompts.mix import Mix

_SMALLEST_SHARE: Final = 0.02
"""Kits below this share are dropped; above it they fade in from zero."""


def drum_kits(point: Mix, group: str) -> list[tuple[str, Style, float]]:
    """The kits that play a drum group: (name for `Hit.group`, style, linear gain 0..1).

    Kick and snare come from one style, or from two where a knob stands between them; hats and percussion from every style.
    Gains are in proportion to the shares and make the group as loud as a single kit (`share_amplitudes`).
    """
    few = group in {"kick", "snare"}
    shared = styles_for(point, group) if few else [(load_style(name), share) for name, share in point.styles]
    playing = [(style, share - _SMALLEST_SHARE) for style, share in shared if share - _SMALLEST_SHARE > 1e-6]
    if len(playing) <= 1:
        return [(group, playing[0][0] if playing else shared[0][0], 1.0)]
    whole = sum(share for _, share in playing)
    met = [[_correlation(one, other, group) for other, _ in playing] for one, _ in playing]
    gains = share_amplitudes([share / whole for _, share in playing], met)
    return [(f"{group} {style.name}", style, gain) for (style, _), gain in zip(playing, gains, strict=True)]


_SHOT_CORRELATION: Final = {"kick": 0.1, "rim": 0.0, "perc": 0.1, "perc2": 0.0, "break": 0.0, "shaker": 0.8, "ride": 1.0}
_SHOT_CORRELATION_ELSE: Final = 0.5
"""Correlation 0..1 of two kits' shots of one name, averaged over the styles' kits (`Shots.correlation`): low for kicks, whose
pitch falls differently in each, and for tuned drums; half or more for those made of noise, which is the same in all."""


def _correlation(one: Style, other: Style, group: str) -> float:
    """Correlation 0..1 of two kits in a group: how far their amplitudes add up."""
    mine, its = _struck(one, group), _struck(other, group)
    alike = sum(
        1.0 if one.kit[shot] == other.kit[shot] else _SHOT_CORRELATION.get(shot, _SHOT_CORRELATION_ELSE) for _, shot in mine & its
    )
    return alike / math.sqrt(max(1, len(mine)) * max(1, len(its)))


def _struck(style: Style, group: str) -> set[tuple[int, str]]:
    """(sixteenth, shot) of every hit of a style's drum group in a bar of four beats."""
    lanes = (lane for lane in style.lanes if lane.group == group)
    return {(step, lane.shot) for lane in lanes for step, mark in enumerate(lane.patterns[0]) if mark in MARK_VELOCITY}
