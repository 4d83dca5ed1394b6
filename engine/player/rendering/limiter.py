"""A look-ahead limiter at -1 dBTP.

Every quantum is held back until the next one's true peak is known (4 times oversampled, ITU-R BS.1770-5 annex 2); the gain
at a boundary is what the louder of both neighbours needs, and moves linearly in between, so no sample is ever too loud.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.dsp.levels import gain_of
from engine.player.rendering.ramps import UP, Bus
from engine.timebase import QUANTUM

CEILING_DB: Final = -1.0
MARGIN_DB: Final = 0.25
"""Below the ceiling, for what another meter's filter finds between the samples."""

RELEASE_S: Final = 0.15
HALF: Final = 12
"""Samples the interpolating filters reach to each side."""

LATENCY: Final = QUANTUM + HALF
"""Frames by which the output is late."""

_LIMIT: Final = gain_of(CEILING_DB - MARGIN_DB)
_RECOVERED: Final = 0.9999  # a gain that is as good as 1
_HUGE: Final = 64.0


def _interpolators() -> npt.NDArray[np.float32]:
    """Windowed sincs that give the values 1/4, 1/2 and 3/4 of the way between the middle two of 24 samples: (24, 3)."""
    n = np.arange(1 - HALF, HALF + 1)[:, None] - np.array([0.25, 0.5, 0.75])
    window = np.i0(5.0 * np.sqrt(np.clip(1 - (n / (HALF + 0.25)) ** 2, 0, 1))) / np.i0(5.0)
    taps = np.sinc(n) * window
    return np.asarray(taps / taps.sum(axis=0), dtype=np.float32)


class Limiter:
    """Attributes: ``reduction``: in dB, 0 or negative, as of the last quantum."""

    def __init__(self, rate: int) -> None:
        self.reduction = 0.0
        self._line: Bus = np.zeros((2, 2 * QUANTUM + 2 * HALF))
        self._taps = _interpolators()
        self._bound = float(np.abs(self._taps).sum(axis=0).max())
        self._near = np.zeros((2, QUANTUM + 2 * HALF - 1), dtype=np.float32)
        self._windows = np.lib.stride_tricks.sliding_window_view(self._near, 2 * HALF, axis=1)
        self._copy = np.zeros((2, QUANTUM, 2 * HALF), dtype=np.float32)
        self._between = np.zeros((2 * QUANTUM, 3), dtype=np.float32)
        self._gain = 1.0
        self._wanted = 1.0
        self._release = 1.0 - float(np.exp(-QUANTUM / (rate * RELEASE_S)))

    def process(self, bus: Bus) -> Bus:
        """Take a quantum (2, 256) and give the one `LATENCY` frames earlier, finite whatever came in."""
        peak = max(float(bus.max()), -float(bus.min()))
        if not peak <= _HUGE:
            bus = np.clip(np.nan_to_num(bus, nan=0.0, posinf=_HUGE, neginf=-_HUGE), -_HUGE, _HUGE)
        line = self._line
        line[:, :-QUANTUM] = line[:, QUANTUM:]
        line[:, -QUANTUM:] = bus
        wanted, before = self._needed(), self._gain
        recovered = before + (1.0 - before) * self._release
        gain = min(wanted, self._wanted, 1.0 if recovered > _RECOVERED else recovered)
        self._wanted, self._gain = wanted, gain
        out: Bus = line[:, HALF : HALF + QUANTUM]
        self.reduction = 20.0 * float(np.log10(max(min(gain, before), 1e-9)))
        return out if gain == before == 1.0 else out * (before + (gain - before) * UP)

    def _needed(self) -> float:
        """The gain the newest window (it ends `HALF` samples ago) can bear."""
        self._near[:] = self._line[:, QUANTUM + 1 :]
        peak = max(float(self._near.max()), -float(self._near.min()))
        if peak * self._bound <= _LIMIT:
            return 1.0
        np.copyto(self._copy, self._windows)
        np.matmul(self._copy.reshape(-1, 2 * HALF), self._taps, out=self._between)
        peak = max(peak, float(self._between.max()), -float(self._between.min()))
        return 1.0 if peak <= _LIMIT else _LIMIT / peak
