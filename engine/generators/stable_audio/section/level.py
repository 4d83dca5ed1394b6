"""How loud a section is: pocket's loudness for its energy, by K-weighted power, and no peak above -1 dBFS."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from engine.dsp.k_weighting import LUFS_OFFSET, k_weight
from engine.dsp.levels import gain_of, power_decibels, power_of
from engine.generators.target import target_lufs

Audio = npt.NDArray[np.float32]

CEILING: Final = gain_of(-1.2)
_GATE_LUFS: Final = -70.0
"""Blocks below it count as silence (BS.1770-4)."""

_MOST_DB: Final = 24.0
"""A piece is made louder by so much at most: what is nearly silent stays so."""

_SQUEEZE_DB: Final = 6.0
"""Peaks are held down by so much at most; beyond it the whole gets quieter instead."""

_BLOCK: Final = 16_384
_HOLD_S: Final = 0.004


def loudness(audio: Audio, rate: int) -> float:
    """LUFS of (frames, 2), gated at -70 and at 10 below the rest as ITU-R BS.1770-4 does; -inf for silence."""
    count = max(1, len(audio) // _BLOCK)
    size = min(_BLOCK, len(audio))
    if not size:
        return -math.inf
    weight = k_weight(np.fft.rfftfreq(size, 1 / rate))
    weight[1:] *= 2
    powers = np.array([_power(audio[i * size : (i + 1) * size], weight) for i in range(count)])
    heard = powers[powers > power_of(_GATE_LUFS - LUFS_OFFSET)]
    if not len(heard):
        return -math.inf
    heard = heard[heard > heard.mean() / 10]
    return float(LUFS_OFFSET + power_decibels(float(heard.mean())))


def _power(block: Audio, weight: npt.NDArray[np.float64]) -> float:
    spectrum = np.abs(np.fft.rfft(block, axis=0)) ** 2
    return float((spectrum.sum(axis=1) * weight).sum()) / len(block) ** 2


def levelled(audio: Audio, rate: int, energy: float) -> Audio:
    """The sound at the loudness of an energy 0..1, limited."""
    found = loudness(audio, rate)
    if found == -math.inf:
        return limited(audio, rate)
    peak = float(np.abs(audio).max())
    gain_db = min(target_lufs(energy) - found, _MOST_DB)
    gain = min(gain_of(gain_db), CEILING / peak * gain_of(_SQUEEZE_DB))
    return limited(np.asarray(audio * np.float32(gain)), rate)


def limited(audio: Audio, rate: int) -> Audio:
    """No peak above -1.2 dBFS: the gain dips a few milliseconds around each, the same in both channels."""
    peaks = np.abs(audio).max(axis=1, initial=0)
    if not len(audio) or peaks.max() <= CEILING:
        return audio
    hold = 2 * round(_HOLD_S * rate) + 1
    gain = np.minimum(1.0, CEILING / np.maximum(peaks, 1e-9))
    held = ndimage.minimum_filter1d(gain, hold, mode="nearest")
    smooth = ndimage.uniform_filter1d(ndimage.uniform_filter1d(held, hold // 2, mode="nearest"), hold // 2, mode="nearest")
    return np.asarray(audio * smooth[:, None], np.float32).clip(-CEILING, CEILING)
