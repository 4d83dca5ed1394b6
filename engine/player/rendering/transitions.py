"""One side of a transition: gains for all of it, for lows and highs apart, or for each stem. No state, no clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.dsp.crossfade import Floats, pair
from engine.protocol import STEMS, Shape
from engine.timebase import QUANTUM, SAMPLE_RATE

BASS_SHARE: Final = 1 / 8
"""Part of a bass swap, around its middle, over which the lows change hands."""

SWAP_SHARE: Final = 1 / 32
"""Part of a transition by stems over which one of them changes hands, before its bar line: half a beat of four bars."""

LEAVE: Final = 264
"""Frames (6 ms) in which the first stem leaves: what comes in its place is whole from its downbeat on, as at a cut."""

CROSSOVER_HZ: Final = 190.0
SWEEP_HZ: Final = (18_000.0, 80.0)
"""Where the split of a filter sweep begins and ends."""

ECHO_HZ: Final = (200.0, 6_000.0)
"""What an echo's first repeat keeps: neither the bass, which the next section has, nor the brightest hats."""

SWEEP_STEPS: Final = 48
"""Filters on the way of a sweep, six or so an octave; between two of them it is mixed."""

REACH: Final = 512
"""Frames the filters reach to each side: 1025 taps, a slope of about 100 Hz."""

_FFT = 1536  # at least QUANTUM + 2 * REACH, and a product of small primes

Gain = Floats | float
Spectrum = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A shape that treats lows and highs apart; without the filter both sides together must be the whole again.

    Attributes:
        gains: of lows and highs at ``x`` (0..1) of the way for two sides with a correlation, of the outgoing side and of
            the incoming one.
        spectrum: the low-pass that makes the lows at ``x`` of the way, as `lows` takes it.
        still: the low-pass is the same all the way.
    """

    gains: Callable[[Floats, float], tuple[tuple[Gain, Gain], tuple[Gain, Gain]]]
    spectrum: Callable[[float], Spectrum]
    still: bool = False


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
    lines: tuple[int, ...] = ()
    """For stems in their order: how many frames after the start each changes hands."""

    @property
    def end(self) -> int:
        """The first frame at which the fade is over."""
        return self.start + self.length if self.hurried is None else self.hurried[1]

    def hurry(self, frame: int, length: int) -> Fade:
        """The same fade up to ``frame``, the rest of it within ``length`` frames from there."""
        if self.end <= frame + length or self.hurried is not None:
            return self
        return replace(self, hurried=(max(frame, self.start), max(frame, self.start) + length))

    @property
    def split(self) -> Split | None:
        """How lows and highs are treated apart, None where they are not."""
        return SPLITS.get(self.shape)

    def agrees(self, other: Fade) -> bool:
        """Whether this fade's lows are also those that another one means."""
        return other is self or other.split is None or (other.split is self.split and other.split.still)

    def way(self, frame: int, ramp: Floats) -> Floats:
        """How far the fade is at ``frame + ramp``, 0..1."""
        x = (ramp + (frame - self.start)) / self.length
        if self.hurried is not None:
            turn, end = self.hurried
            extra = (self.start + self.length - end) / (self.length * (end - turn))
            x += np.maximum(ramp + (frame - turn), 0.0) * extra
        way: Floats = np.clip(x, 0.0, 1.0)
        return way

    def gains(self, frame: int, ramp: Floats) -> tuple[Gain, Gain]:
        """Gains for lows and highs at ``frame + ramp``, where ``ramp`` is 0, 1, 2, ...; plain numbers where constant."""
        if frame >= self.end:
            return (1.0, 1.0) if self.rising else (0.0, 0.0)
        if frame + len(ramp) <= self.start:
            return (0.0, 0.0) if self.rising else (1.0, 1.0)
        if self.shape == "stems":
            return 1.0, 1.0
        x, side = self.way(frame, ramp), 1 if self.rising else 0
        if self.split is not None:
            return self.split.gains(x, self.correlation)[side]
        gain = pair(self.shape, x, self.correlation)[side]
        return gain, gain

    def stem_gains(self, frame: int, count: int, stems: Sequence[str]) -> Floats:
        """Gains of each stem from ``frame`` on, where they change hands one by one: (count, stems)."""
        at = np.arange(count, dtype=np.float64) + (frame - self.start)
        if self.hurried is None:
            return self._stems_at(at, stems)
        turn, end = (each - self.start for each in self.hurried)
        gains = self._stems_at(np.minimum(at, turn), stems)
        share = np.clip((at - turn) / (end - turn), 0.0, 1.0)[:, None]
        arrived: Floats = gains + share * (float(self.rising) - gains)
        return arrived

    def _stems_at(self, at: Floats, stems: Sequence[str]) -> Floats:
        """The same without hurry, at frames that count from the start: (n, stems)."""
        swap, side = SWAP_SHARE * self.length, 1 if self.rising else 0
        gains = np.empty((len(at), len(stems)))
        for column, stem in enumerate(stems):
            number = STEMS.index(stem)
            if number:
                x = np.clip((at - self.lines[number]) / swap + 1.0, 0.0, 1.0)
                gains[:, column] = pair("power", x, self.correlation)[side]
            else:
                gains[:, column] = at >= 0 if self.rising else np.clip(1.0 - at / LEAVE, 0.0, 1.0)
        return gains


def stem_lines(length: int, bar: float) -> tuple[int, ...]:
    """When each stem changes hands in a transition of so many frames: on bar lines, spread over it. Empty for less than a bar.

    Args:
        length: frames.
        bar: frames of a bar.
    """
    bars = int((length + 1) / bar)  # a bar line may be a frame early by rounding
    return tuple(min(length, round(-(-number * bars // len(STEMS)) * bar)) for number in range(len(STEMS))) if bars else ()


def _low_pass(hz: float) -> Spectrum:
    n = np.arange(-REACH, REACH + 1)
    taps = np.sinc(2 * hz / SAMPLE_RATE * n) * np.hanning(2 * REACH + 3)[1:-1]
    spectrum: Spectrum = np.fft.rfft(taps / taps.sum(), _FFT)
    return spectrum


_CROSSOVER: Final = _low_pass(CROSSOVER_HZ)


def _swapped(x: Floats, correlation: float) -> tuple[tuple[Gain, Gain], tuple[Gain, Gain]]:
    """Highs cross-fade all the way, lows around its middle."""
    swap = np.clip((x - 0.5) / BASS_SHARE + 0.5, 0.0, 1.0)
    low, high = pair("power", swap, correlation), pair("power", x, correlation)
    return (low[0], high[0]), (low[1], high[1])


def _swept(_x: Floats, _correlation: float) -> tuple[tuple[Gain, Gain], tuple[Gain, Gain]]:
    """The outgoing side keeps what lies below the split, the incoming one has what lies above: each pitch is heard once."""
    return (1.0, 0.0), (0.0, 1.0)


def _sweep() -> Spectrum:
    """From everything, through ever lower low-passes, to nothing: the spectra of the whole sweep, (50, 769)."""
    first, last = SWEEP_HZ
    cutoffs = [first * (last / first) ** (step / (SWEEP_STEPS - 1)) for step in range(SWEEP_STEPS)]
    delay = np.fft.rfft(np.eye(1, _FFT, REACH)[0])
    return np.stack([delay, *(_low_pass(hz) for hz in cutoffs), np.zeros_like(delay)])


_SWEEP: Final = _sweep()


def _sweep_at(x: float) -> Spectrum:
    step, share = divmod(x * (len(_SWEEP) - 1), 1.0)
    at = int(step)
    spectrum: Spectrum = _SWEEP[at] if not share else _SWEEP[at] * (1 - share) + _SWEEP[at + 1] * share
    return spectrum


def _echoes() -> Spectrum:
    """Band-passes for the first repeats of an echo, each darker and thinner than the one before, none above 0 dB: (12, 769)."""
    bands = [(ECHO_HZ[0] * 1.06**number, ECHO_HZ[1] * 0.86**number) for number in range(12)]
    spectra = np.stack([_low_pass(high) - _low_pass(low) for low, high in bands])
    spectra /= np.maximum(np.abs(spectra).max(axis=1, keepdims=True), 1.0)
    return spectra


ECHOES: Final = _echoes()

SPLITS: Final[dict[Shape, Split]] = {
    "bass": Split(_swapped, lambda _x: _CROSSOVER, still=True),
    "sweep": Split(_swept, _sweep_at),
}
"""The shapes that treat lows and highs apart."""


def lows(context: npt.NDArray[np.floating], spectrum: Spectrum = _CROSSOVER) -> Floats:
    """The lows of a signal (by default below about 190 Hz), without phase shift; what is left over is exactly the highs.

    Args:
        context: (2, n + 2 * REACH) samples, with `REACH` of them before and after the ``n`` (at most 256) wanted.
        spectrum: of a low-pass of 2 * REACH + 1 taps, over 1536 points: (769,).

    Returns:
        (2, n).
    """
    n = context.shape[1] - 2 * REACH
    assert 0 < n <= QUANTUM
    filtered = np.fft.rfft(context.astype(np.float64), _FFT, axis=1)
    filtered *= spectrum
    # Circular wrap-around of 1536 points touches only outputs below index 2 * REACH.
    result: Floats = np.fft.irfft(filtered, _FFT, axis=1)[:, 2 * REACH : 2 * REACH + n]
    return result
