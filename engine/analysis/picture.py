"""What pictures of sound are drawn from: peaks in columns, and a spectrogram of any length in a fixed size."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.analysis.audio import Audio, level

WINDOW: Final = 4096
LOW_HZ, HIGH_HZ = 30.0, 18_000.0


class PeakColumns:
    """Peaks of audio of a known length, fed in blocks of (frames, channels)."""

    def __init__(self, frames: int, columns: int) -> None:
        self._starts = np.arange(columns) * max(1, frames) // columns
        self._peaks = np.zeros(columns, np.float32)
        self._at = 0

    def feed(self, block: Audio) -> None:
        """Take in the next frames; those beyond the announced length belong to the last column."""
        if not len(block):
            return
        end = self._at + len(block)
        first, last = np.searchsorted(self._starts, (self._at, end))
        if first == len(self._starts) or self._starts[first] > self._at:
            first -= 1
        highest = np.maximum.reduceat(level(block), np.maximum(self._starts[first:last] - self._at, 0))
        self._peaks[first:last] = np.maximum(self._peaks[first:last], highest)
        self._at = end

    def values(self) -> npt.NDArray[np.float32]:
        """(columns,) float32; with fewer frames than columns each shows the frame it lies in."""
        return self._peaks.copy()


class Spectrogram:
    """Mean power in ``bands`` equal steps of pitch and ``columns`` equal stretches of audio of a known length.

    Args:
        rate, frames: of the audio.

    Attributes:
        edges_hz: (bands + 1,), from 30 Hz to 18 kHz or half the rate.
    """

    def __init__(self, rate: int, frames: int, columns: int, bands: int = 128) -> None:
        self._frames = max(1, frames)
        hertz = np.fft.rfftfreq(WINDOW, 1 / rate)
        self.edges_hz = np.asarray(np.geomspace(LOW_HZ, min(HIGH_HZ, rate / 2), bands + 1), np.float64)
        self._mix = _band_weights(np.asarray(hertz, np.float64), self.edges_hz)
        self._window = np.hanning(WINDOW).astype(np.float32)
        self._scale = 2 / float(self._window.sum())
        self._power = np.zeros((columns, bands))
        self._counts = np.zeros(columns)
        self._rest: npt.NDArray[np.float32] = np.zeros(0, np.float32)
        self._at = 0

    def feed(self, block: Audio) -> None:
        """Take in the next frames, (frames, channels)."""
        mono = np.concatenate((self._rest, np.asarray(block, np.float32).mean(axis=1)))
        count = len(mono) // WINDOW
        spectra = np.fft.rfft(mono[: count * WINDOW].reshape(count, WINDOW) * self._window, axis=1) * self._scale
        power = np.square(np.abs(spectra)) @ self._mix
        middles = self._at + WINDOW * np.arange(count) + WINDOW // 2
        columns = np.minimum(middles * len(self._counts) // self._frames, len(self._counts) - 1)
        np.add.at(self._power, columns, power)
        np.add.at(self._counts, columns, 1)
        self._rest = mono[count * WINDOW :]
        self._at += count * WINDOW

    def decibels(self, floor_db: float = -120.0) -> npt.NDArray[np.float64]:
        """(bands, columns) in dB, a full-scale sine at about 0; columns without a reading repeat the one before."""
        filled = np.maximum.accumulate(np.where(self._counts > 0, np.arange(len(self._counts)), 0))
        mean = self._power[filled] / np.maximum(self._counts[filled], 1)[:, None]
        return np.asarray(10 * np.log10(np.maximum(mean, 10 ** (floor_db / 10)))).T


def _band_weights(hertz: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(bins, bands): which bins a band sums up; a band narrower than a bin takes the nearest one."""
    weights = np.zeros((len(hertz), len(edges) - 1))
    for band, (low, high) in enumerate(pairwise(edges)):
        inside = (hertz >= low) & (hertz < high)
        if not inside.any():
            inside[np.abs(hertz - (low * high) ** 0.5).argmin()] = True
        weights[inside, band] = 1.0
    return weights
