"""Meters of what is heard: peak, RMS, and loudness after ITU-R BS.1770-5 (momentary, and integrated with both gates)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.dsp.k_weighting import LUFS_OFFSET, k_weighting
from engine.dsp.levels import gain_of
from engine.player.rendering.filters import BlockFilter, transfer
from engine.timebase import QUANTUM

Bus = npt.NDArray[np.float64]

FALL_DB_PER_S: Final = 26.0
"""How fast a peak meter falls, so that a screen that looks 30 times a second misses none."""

RMS_S: Final = 0.3
MOMENTARY_S: Final = 0.4
HOP_S: Final = 0.1
_BIN_LU: Final = 0.1
_GATE: Final = -70.0
_BINS: Final = 800


def weighting_filter(rate: int) -> BlockFilter:
    """The K-weighting filter at a rate in Hz."""
    shelf, high_pass = (transfer(section[:3], section[3:]) for section in k_weighting(rate))
    return BlockFilter(shelf.then(high_pass))


def loudness(mean_square: float) -> float:
    """LUFS of a K-weighted mean square summed over the channels."""
    return LUFS_OFFSET + 10 * math.log10(mean_square) if mean_square > 0 else float("-inf")


class Meters:
    """Attributes: ``peaks``, ``rms``: left and right, linear; ``momentary``, ``integrated``: LUFS, -inf where nothing sounded."""

    def __init__(self, rate: int) -> None:
        self.peaks = [0.0, 0.0]
        self.rms = [0.0, 0.0]
        self.momentary = self.integrated = float("-inf")
        quantum_s = QUANTUM / rate
        self.fall = gain_of(-FALL_DB_PER_S * quantum_s)
        self._keep = math.exp(-quantum_s / RMS_S)
        self._squares = [0.0, 0.0]
        self._weighting = weighting_filter(rate)
        self._state = self._weighting.rest(2)
        self._window = [0.0] * round(MOMENTARY_S / quantum_s)
        self._hop = round(HOP_S / quantum_s)
        self._count = 0
        self._hits = np.zeros(_BINS)
        self._energy = np.zeros(_BINS)
        self._levels = _GATE + _BIN_LU * np.arange(_BINS)

    def process(self, bus: Bus) -> None:
        """Meter a quantum (2, 256)."""
        tops, bottoms = bus.max(axis=1).tolist(), bus.min(axis=1).tolist()
        for channel in (0, 1):
            peak = max(tops[channel], -bottoms[channel])
            self.peaks[channel] = max(peak, self.peaks[channel] * self.fall)
            square = float(np.dot(bus[channel], bus[channel])) / QUANTUM
            self._squares[channel] = square + (self._squares[channel] - square) * self._keep
            self.rms[channel] = math.sqrt(self._squares[channel])
        weighted, self._state = self._weighting.run(bus, self._state)
        flat = weighted.ravel()
        self._window[self._count % len(self._window)] = float(np.dot(flat, flat)) / QUANTUM
        self._count += 1
        if self._count % self._hop == 0 and self._count >= len(self._window):
            self._gate_block(sum(self._window) / len(self._window))

    def _gate_block(self, mean_square: float) -> None:
        """One 400 ms gating block, every 100 ms: the momentary loudness, and both gates of the integrated one."""
        self.momentary = level = loudness(mean_square)
        if not level > _GATE:
            return
        place = min(int((level - _GATE) / _BIN_LU), _BINS - 1)
        self._hits[place] += 1
        self._energy[place] += mean_square
        relative = loudness(float(self._energy.sum() / self._hits.sum())) - 10.0
        above = self._levels >= relative - _BIN_LU / 2
        hits = float(self._hits[above].sum())
        if hits:
            self.integrated = loudness(float(self._energy[above].sum()) / hits)
