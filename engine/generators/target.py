"""How loud a generated section should be: one target for every generator."""

from __future__ import annotations

import math
from typing import Final

from engine.protocol import unit

FULL_LUFS: Final = -14.0
"""Loudness at full energy, in LUFS."""
RANGE_LU: Final = 8.0
"""How much quieter, in LU, a section with an energy of 0 is than one with an energy of 1."""
_CURVE: Final = 1.1
"""Exponent of the curve from full energy down: a little flatter near the top."""


def target_lufs(energy: float) -> float:
    """Target loudness, in LUFS, of a section with this energy (0..1; values outside are clipped)."""
    return FULL_LUFS - RANGE_LU * math.pow(1.0 - unit(energy), _CURVE)
