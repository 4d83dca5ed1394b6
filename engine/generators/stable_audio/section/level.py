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

_MOVE_S: Final = 2.0
"""Seconds over which a gain moves two thirds of its way."""

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


def _gain(audio: Audio, rate: int, energy: float) -> float | None:
    """What brings a sound to the loudness of an energy; None for silence."""
    found = loudness(audio, rate)
    if found == -math.inf:
        return None
    gain_db = min(target_lufs(energy) - found, _MOST_DB)
    return min(gain_of(gain_db), CEILING / float(np.abs(audio).max()) * gain_of(_SQUEEZE_DB))


class Levelling:
    """Brings a sound that comes in parts to the loudness of an energy 0..1, and limits it.

    The gain is set by the first part; each time there is twice as much it is measured again, and moves there over some seconds.
    """

    def __init__(self, rate: int, energy: float) -> None:
        self.rate, self.energy = rate, energy
        self._heard: list[Audio] = []
        self._count, self._next = 0, 1
        self._gain: float | None = None
        self._goal = 1.0
        self._held: Audio = np.zeros((0, 2), np.float32)
        self._before = 0
        """Frames of what is held that were handed out, and that the limiter still looks back on."""

    def take(self, part: Audio, over: bool) -> Audio:
        """The next frames (n, 2) in; those out that no peak to come can change, all once the sound is ``over``."""
        self._heard.append(part)
        self._count += len(part)
        if self._count >= self._next and (goal := _gain(np.concatenate(self._heard), self.rate, self.energy)) is not None:
            self._goal, self._next = goal, 2 * self._count
            self._gain = goal if self._gain is None else self._gain
        if self._gain is not None and len(part):
            way = np.exp(-np.arange(1, len(part) + 1) / (_MOVE_S * self.rate))
            gains = self._goal + (self._gain - self._goal) * way
            self._gain = float(gains[-1])
            part = np.asarray(part * gains[:, None].astype(np.float32), np.float32)
        held = np.concatenate((self._held, part))
        context = 3 * round(_HOLD_S * self.rate)
        end = len(held) if over else max(self._before, len(held) - context)
        out = limited(held, self.rate)[self._before : end]
        first = max(0, end - context)
        self._held, self._before = held[first:], end - first
        return out


def levelled(audio: Audio, rate: int, energy: float) -> Audio:
    """The sound at the loudness of an energy 0..1, limited."""
    return Levelling(rate, energy).take(audio, over=True)


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
