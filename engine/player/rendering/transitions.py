"""One side of a transition, and the crossover that splits lows from highs for a bass swap. No state, no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.dsp.crossfade import Floats, Shape, pair
from engine.timebase import QUANTUM, SAMPLE_RATE

BASS_SHARE: Final = 1 / 8
"""Part of a bass swap, around its middle, over which the lows change hands."""

CROSSOVER_HZ: Final = 190.0
REACH: Final = 512
"""Frames the crossover's filter reaches to each side: 1025 taps, a slope of about 100 Hz."""

_FFT = 1536  # at least QUANTUM + 2 * REACH, and a product of small primes


@dataclass(frozen=True, slots=True)
class Fade:
    """One side of a transition: frames ``start`` to ``start + length`` of the transport, rising or falling."""

    start: int
    length: int
    shape: Shape
    rising: bool
    correlation: float = 0.0
    hurried: tuple[int, int] | None = None
    """From the first of these frames on, what is left of the fade happens until the second."""

    @property
    def end(self) -> int:
        """The first frame at which the fade is over."""
        return self.start + self.length if self.hurried is None else self.hurried[1]

    def hurry(self, frame: int, length: int) -> Fade:
        """The same fade up to ``frame``, the rest of it within ``length`` frames from there."""
        if self.end <= frame + length or self.hurried is not None:
            return self
        return replace(self, hurried=(max(frame, self.start), max(frame, self.start) + length))

    def gains(self, frame: int, ramp: Floats) -> tuple[Floats | float, Floats | float]:
        """Gains for lows and highs at ``frame + ramp``, where ``ramp`` is 0, 1, 2, ...; plain numbers where constant."""
        if frame >= self.end:
            return (1.0, 1.0) if self.rising else (0.0, 0.0)
        if frame + len(ramp) <= self.start:
            return (0.0, 0.0) if self.rising else (1.0, 1.0)
        x = (ramp + (frame - self.start)) / self.length
        if self.hurried is not None:
            turn, end = self.hurried
            extra = (self.start + self.length - end) / (self.length * (end - turn))
            x += np.maximum(ramp + (frame - turn), 0.0) * extra
        x = np.clip(x, 0.0, 1.0)
        side = 1 if self.rising else 0
        if self.shape != "bass":
            gain = pair(self.shape, x, self.correlation)[side]
            return gain, gain
        swap = np.clip((x - 0.5) / BASS_SHARE + 0.5, 0.0, 1.0)
        return pair("power", swap, self.correlation)[side], pair("power", x, self.correlation)[side]


def _low_pass_spectrum() -> npt.NDArray[np.complex128]:
    n = np.arange(-REACH, REACH + 1)
    taps = np.sinc(2 * CROSSOVER_HZ / SAMPLE_RATE * n) * np.hanning(2 * REACH + 3)[1:-1]
    spectrum: npt.NDArray[np.complex128] = np.fft.rfft(taps / taps.sum(), _FFT)
    return spectrum


_SPECTRUM: Final = _low_pass_spectrum()


def lows(context: npt.NDArray[np.float32]) -> Floats:
    """The part of a signal below about 190 Hz, without phase shift; what is left over is exactly the highs.

    Args:
        context: (2, n + 2 * REACH) samples, with `REACH` of them before and after the ``n`` (at most 256) wanted.

    Returns:
        (2, n).
    """
    n = context.shape[1] - 2 * REACH
    assert 0 < n <= QUANTUM
    spectrum = np.fft.rfft(context.astype(np.float64), _FFT, axis=1)
    spectrum *= _SPECTRUM
    # Circular wrap-around of 1536 points touches only outputs below index 2 * REACH.
    result: Floats = np.fft.irfft(spectrum, _FFT, axis=1)[:, 2 * REACH : 2 * REACH + n]
    return result
