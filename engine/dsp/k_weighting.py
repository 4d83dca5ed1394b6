"""K weighting and LUFS as ITU-R BS.1770-4 defines them, shared by what generates and what measures."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

LUFS_OFFSET: Final = -0.691
"""LUFS of a K-weighted power of 1, summed over channels (BS.1770-4, annex 1)."""


def k_weight(frequency: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Power response of the K weighting (annex 1, its two filters at 48 kHz) at frequencies in Hz, same shape."""
    z = np.exp(-2j * np.pi * frequency / 48_000.0)
    shelf = np.polyval((1.19839281085285, -2.69169618940638, 1.53512485958697), z)
    shelf /= np.polyval((0.73248077421585, -1.69065929318241, 1.0), z)
    high_pass = np.polyval((1.0, -2.0, 1.0), z) / np.polyval((0.99007225036621, -1.99004745483398, 1.0), z)
    return np.asarray(np.abs(shelf * high_pass) ** 2, np.float64)


def power_lufs(power: float) -> float:
    """LUFS of a K-weighted mean power summed over channels, not below -120.7."""
    return LUFS_OFFSET + 10 * math.log10(max(power, 1e-12))
