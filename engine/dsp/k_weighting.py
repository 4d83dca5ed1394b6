"""How loud frequencies are heard: shared by what generates, what plays and what measures.

Source: Recommendation ITU-R BS.1770-4 (10/2015), annex 1.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

LUFS_OFFSET: Final = -0.691
"""LU added to a K-weighted power in dB, so that a sine of 1 kHz reads its own level."""

_SHELF_HZ, _SHELF_DB, _SHELF_Q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
_SHELF_BAND: Final = 0.4996667741545416
"""Exponent that turns the shelf's high gain into its middle one."""
_PASS_HZ, _PASS_Q = 38.13547087602444, 0.5003270373238773


def k_weighting(rate: int) -> npt.NDArray[np.float64]:
    """The K-weighting filter at ``rate`` Hz: second-order sections (2, 6) of b0 b1 b2 1 a1 a2, a high shelf and a high-pass.

    BS.1770-4 gives coefficients for 48 kHz only; these are its analogue prototypes (B. De Man, "Evaluation of implementations
    of the EBU R128 loudness measurement", AES 145, 2018), which give the same numbers at 48 kHz, through the bilinear transform.
    """
    k, high = math.tan(math.pi * _SHELF_HZ / rate), 10 ** (_SHELF_DB / 20)
    band = high**_SHELF_BAND
    a0 = 1 + k / _SHELF_Q + k * k
    shelf = [
        (high + band * k / _SHELF_Q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / _SHELF_Q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / _SHELF_Q + k * k) / a0,
    ]
    k = math.tan(math.pi * _PASS_HZ / rate)
    a0 = 1 + k / _PASS_Q + k * k
    return np.array([shelf, [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / _PASS_Q + k * k) / a0]])


_AT_48_KHZ: Final = k_weighting(48_000)


def k_weight(frequency: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Power response of the K-weighting filter, as it is at 48 kHz, at frequencies in Hz; same shape."""
    z = np.exp(-2j * np.pi * frequency / 48_000.0)
    response = np.ones_like(z)
    for section in _AT_48_KHZ:
        response *= np.polyval(section[2::-1], z) / np.polyval(section[:2:-1], z)
    return np.asarray(np.abs(response) ** 2, np.float64)


def power_lufs(power: float) -> float:
    """LUFS of a K-weighted mean power summed over channels, not below -120.7."""
    return LUFS_OFFSET + 10 * math.log10(max(power, 1e-12))
