"""What a hand-over between two sections does to the ear: loudness step, discontinuity."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.analysis.audio import Audio
from engine.analysis.loudness import mean_lufs

LOOK_S: Final = 3.0
"""Seconds on each side that a loudness step is measured over."""

GAP_S: Final = 0.1
"""Seconds on each side of the seam left out of it."""

NEAR_S: Final = 0.005
AROUND_S: Final = 2.0
"""Seconds around a seam searched for a discontinuity, and those that tell what steps the music has anyway."""


def loudness_step(audio: Audio, rate: int, at: int, look_s: float = LOOK_S) -> float:
    """Loudness after the frame ``at`` less that before it, in LU.

    Args:
        audio: (frames, channels).
        look_s: seconds measured on each side, 0.1 s next to the seam left out; fewer where the audio ends.

    Returns:
        LU; nan if one side is silent or missing.
    """
    gap, look = round(GAP_S * rate), round(look_s * rate)
    before, after = audio[max(0, at - gap - look) : max(0, at - gap)], audio[at + gap : at + gap + look]
    sides = [mean_lufs(side, rate) for side in (before, after)]
    return sides[1] - sides[0] if all(np.isfinite(sides)) else float("nan")


def discontinuity(audio: Audio, rate: int, at: int) -> float:
    """How a jump at the frame ``at`` compares with the music's own: above 1 it is larger than any step around.

    The second difference (which a step and a kink both raise, and low notes hardly) within 5 ms of the seam, its largest value
    over that of the 2 s on both sides.

    Args:
        audio: (frames, channels).

    Returns:
        A ratio, 0 or more; inf if only the seam moves, 0 if nothing does.
    """
    near, around = round(NEAR_S * rate), round(AROUND_S * rate)
    first = max(0, at - around)
    bend = np.abs(np.diff(audio[first : at + around].astype(np.float64), n=2, axis=0)).max(axis=1, initial=0.0)
    middle = at - first
    seam = float(bend[max(0, middle - near) : middle + near].max(initial=0.0))
    music = float(max(bend[: max(0, middle - near)].max(initial=0.0), bend[middle + near :].max(initial=0.0)))
    if music > 0:
        return seam / music
    return float("inf") if seam > 0 else 0.0
