"""Gain curves of transitions: what the player fades by, and what a generator reckons with. No state, no clock."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.protocol import TRANSITION_TABLE, Shape

Floats = npt.NDArray[np.float64]

SHAPES: Final[dict[str, Shape]] = {row.name: row.shape for row in TRANSITION_TABLE if row.shape is not None}
"""The curve of each transition that overlaps; a cut has none."""


def pair(shape: Shape, x: Floats, correlation: float) -> tuple[Floats, Floats]:
    """Gains of the outgoing and the incoming side at ``x`` of the way, 0..1.

    ``power`` is cos/sin over sqrt(1 + 2 rho sin cos): constant power for two sides with correlation rho, which is
    equal power at 0 and adds up to exactly one at 1. Shapes that treat lows and highs apart count as ``power``.
    """
    if shape == "linear":
        return 1.0 - x, x
    angle = x * (np.pi / 2)
    out, into = np.cos(angle), np.sin(angle)
    rho = 0.0 if math.isnan(correlation) else min(max(correlation, 0.0), 1.0)
    if rho:
        norm = 1.0 / np.sqrt(1.0 + 2.0 * rho * out * into)
        out, into = out * norm, into * norm
    return out, into
