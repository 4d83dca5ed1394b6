"""Who plays the drums: the kits of the styles that prompts mix, and how loud each is."""

from __future__ import annotations

from typing import Final

from engine.generators.pocket.styles import Style, load_style, styles_for
from engine.prompts import Mix

VELOCITY: Final = {"X": 1.0, "x": 0.8, "o": 0.56, "g": 0.3}
"""Amplitude of a pattern's marks."""
_LEAST: Final = 0.02
"""Share up to which a style's kit is left out; it comes in from nothing above it."""


def players(point: Mix, group: str) -> list[tuple[str, Style, float]]:
    """Who plays a drum group: (name of the kit, style, level 0..1).

    One style has kick and snare, but where a knob stands between two both play softer; hats and percussion of all styles
    sound together. Their powers add up to that of one where they strike apart, their amplitudes where they strike at once.
    """
    few = group in {"kick", "snare"}
    shared = styles_for(point, group) if few else [(load_style(name), share) for name, share in point.styles]
    playing = [(style, share - _LEAST) for style, share in shared if share - _LEAST > 1e-6]
    if len(playing) <= 1:
        return [(group, playing[0][0] if playing else shared[0][0], 1.0)]
    whole = sum(share for _, share in playing)
    struck = [_struck(style, group) for style, _ in playing]
    found = []
    for number, (style, share) in enumerate(playing):
        others = [(set_of, part) for i, (set_of, (_, part)) in enumerate(zip(struck, playing, strict=True)) if i != number]
        met = sum(part * len(struck[number] & set_of) for set_of, part in others) / (whole - share)
        together = met / max(1, len(struck[number]))
        found.append((f"{group} {style.name}", style, (share / whole) ** (0.5 + 0.5 * together)))
    return found


def _struck(style: Style, group: str) -> set[tuple[int, str]]:
    """Steps of a bar of four at which a style strikes a drum group, and what it strikes."""
    lanes = (lane for lane in style.lanes if lane.group == group)
    return {(step, lane.shot) for lane in lanes for step, mark in enumerate(lane.patterns[0]) if mark in VELOCITY}
