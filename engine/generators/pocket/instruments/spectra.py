"""What voices are made of: the partials of each kind of sound, the filter, and K-weighted power in bands."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import torch
from scipy import fft
from torch import Tensor

from engine.dsp.k_weighting import k_weight
from engine.timebase import SAMPLE_RATE

RATE: Final = SAMPLE_RATE
"""Frames per second."""
_TOP: Final = 17_500.0
"""Highest partial in Hz: nothing is made above it, so nothing aliases."""

BAND_EDGES: Final = (0.0, 90.0, 180.0, 350.0, 700.0, 1400.0, 2800.0, 5600.0, 22_050.0)
"""Edges, in Hz, of the bands in which loudness is calculated."""
BAND_CENTERS: Final = (60.0, 127.0, 250.0, 495.0, 990.0, 1980.0, 3960.0, 9000.0)
"""Centre of each band, in Hz."""

Partials = tuple[Tensor, Tensor]
"""(ratios to the fundamental, amplitudes), both (partials,)."""


def to_spectrum(sound: Tensor, size: int | None = None) -> Tensor:
    """Real Fourier transform along the last axis, padded to ``size``: (..., frames) -> (..., size // 2 + 1).

    SciPy caches its plans; torch plans anew at every call, which takes longer than the transform of a chunk.
    """
    return torch.from_numpy(fft.rfft(sound.numpy(), n=size))


def to_sound(spectrum: Tensor, size: int) -> Tensor:
    """The inverse of `to_spectrum`: (..., size // 2 + 1) -> (..., size)."""
    return torch.from_numpy(fft.irfft(spectrum.resolve_conj().numpy(), n=size))


def low_pass(freq: Tensor, cutoff: float, q: float) -> Tensor:
    """Complex response at ``freq`` (Hz) of a three-pole low-pass with a cutoff in Hz, resonant where ``q`` is above 0.7."""
    x = freq / cutoff
    return 1.0 / ((1.0 - x * x + 1j * x / q) * (1.0 + 0.6j * x))


def _harmonics(f0: float, count: int = 400) -> Tensor:
    return torch.arange(1, max(2, min(count, int(_TOP / f0)) + 1), dtype=torch.float32)


def _saw(f0: float) -> Partials:
    n = _harmonics(f0)
    return n, 1.0 / n


def _square(f0: float) -> Partials:
    n = _harmonics(f0)
    return n, torch.where(n % 2 == 1, 1.0 / n, 0.0)


def _pulse(f0: float) -> Partials:
    n = _harmonics(f0)
    return n, torch.sin(math.pi * n * 0.22).abs() / n


def _triangle(f0: float) -> Partials:
    n = _harmonics(f0)
    return n, torch.where(n % 2 == 1, 1.0 / n**2, 0.0)


def _listed(*pairs: tuple[float, float]) -> Callable[[float], Partials]:
    """Partials written out: (ratio, amplitude)."""
    ratios, amplitudes = (torch.tensor(column) for column in zip(*pairs, strict=True))

    def partials(f0: float) -> Partials:
        keep = ratios * f0 < _TOP
        return ratios[keep], amplitudes[keep]

    return partials


def _formants(*peaks: tuple[float, float, float]) -> Callable[[float], Partials]:
    """A saw wave through formants: (Hz, width in Hz, gain)."""

    def partials(f0: float) -> Partials:
        n, a = _saw(f0)
        f = n * f0
        shape = 0.04 + sum((gain * torch.exp(-(((f - hz) / width) ** 2)) for hz, width, gain in peaks), torch.zeros_like(f))
        return n, a * shape

    return partials


def _strings(f0: float) -> Partials:
    n, a = _saw(f0)
    f = n * f0
    body = 0.6 + 0.8 * torch.exp(-(((f - 480) / 260) ** 2)) + 0.7 * torch.exp(-(((f - 2500) / 1400) ** 2))
    return n, a**1.1 * body


def _shaped(wave: Callable[[Tensor], Tensor]) -> Callable[[float], Partials]:
    """The harmonics of one cycle of any shape, band-limited before it sounds: distortion without aliasing."""
    phase = torch.arange(2048) / 2048 * 2 * math.pi
    spectrum = to_spectrum(wave(phase)).abs()[1:400] / 1024

    def partials(f0: float) -> Partials:
        n = _harmonics(f0, 399)
        return n, spectrum[: len(n)]

    return partials


def _piano(f0: float) -> Partials:
    n = _harmonics(f0, 60)
    stretched = n * torch.sqrt(1 + 0.0004 * n * n)
    keep = stretched * f0 < _TOP
    struck = torch.sin(math.pi * n / 8.3).abs() + 0.15
    return stretched[keep], (struck / n**1.15)[keep]


def _plucked(position: float, fall: float) -> Callable[[float], Partials]:
    """A string plucked at a share of its length, where partials with a node are missing; ``fall`` is how fast they get softer."""

    def partials(f0: float) -> Partials:
        n = _harmonics(f0, 60)
        stretched = n * torch.sqrt(1 + 0.0001 * n * n)
        keep = stretched * f0 < _TOP
        return stretched[keep], (torch.sin(math.pi * n * position).abs() / n**fall)[keep]

    return partials


SPECTRA: Final[dict[str, Callable[[float], Partials]]] = {
    "saw": _saw,
    "square": _square,
    "pulse": _pulse,
    "triangle": _triangle,
    "strings": _strings,
    "piano": _piano,
    "guitar": _plucked(0.19, 1.25),
    "clavinet": _plucked(0.08, 0.95),
    "vibes": _listed((1, 1.0), (2, 0.03), (4, 0.26), (10.2, 0.06)),
    "choir": _formants((600, 180, 1.0), (1050, 220, 0.7), (2700, 420, 0.35), (400, 160, 0.5)),
    "brass": _formants((550, 500, 0.9), (1300, 900, 0.7), (2600, 1500, 0.3)),
    "sine": _listed((1, 1.0), (2, 0.05), (3, 0.025)),
    "808": _shaped(lambda p: torch.tanh(2.0 * torch.sin(p)) + 0.15 * torch.sin(2 * p)),
    "organ": _listed((0.5, 0.35), (1, 1.0), (1.5, 0.3), (2, 0.75), (3, 0.5), (4, 0.4), (5, 0.1), (6, 0.22), (8, 0.25)),
    "tine": _listed((1, 1.0), (2, 0.34), (3, 0.11), (4, 0.09), (5, 0.03), (7, 0.03), (14.2, 0.055)),
    "glass": _listed((1, 1.0), (2, 0.5), (3, 0.3), (4, 0.22), (6, 0.16), (8, 0.13), (12, 0.09), (16, 0.06)),
    "bell": _listed((1, 1.0), (2.0, 0.55), (2.756, 0.3), (4.07, 0.28), (5.404, 0.22), (6.8, 0.1), (8.93, 0.12), (11.2, 0.06)),
    "cowbell": _listed((1, 1.0), (1.48, 0.8), (3, 0.3), (4.44, 0.3), (5, 0.15), (7.4, 0.15), (10.4, 0.06)),
    "wood": _listed((1, 1.0), (3.93, 0.35), (9.24, 0.12), (2, 0.06)),
    "flute": _listed((1, 1.0), (2, 0.22), (3, 0.1), (4, 0.04), (5, 0.02), (6, 0.01)),
    "acid": _shaped(lambda p: torch.tanh(2.5 * (p / math.pi - 1.0) + 0.4 * torch.sin(p))),
    "fm": _shaped(lambda p: torch.sin(p + 2.6 * torch.sin(2 * p) + 0.6 * torch.sin(p))),
    "growl": _shaped(lambda p: torch.tanh(3.0 * torch.sin(p + 1.4 * torch.sin(p) + 0.7 * torch.sin(3 * p)))),
    "bleep": _listed((1, 1.0), (2, 0.15), (3, 0.35), (5, 0.18), (7, 0.1), (9, 0.05)),
}
"""Name -> the function that gives its partials at a fundamental in Hz."""


def k_weighted_bands(freq: Tensor, power: Tensor) -> Tensor:
    """K-weighted power in each loudness band.

    Args:
        freq: (lines,) in Hz.
        power: (..., lines).

    Returns:
        (..., bands), see `BAND_EDGES`.
    """
    bands, weights = _ear()
    hertz = freq.round().long().clamp_(0, len(weights) - 1)
    out = torch.zeros(*power.shape[:-1], len(BAND_CENTERS))
    return out.index_add_(-1, bands[hertz], power * weights[hertz])


@lru_cache(maxsize=1)
def _ear() -> tuple[Tensor, Tensor]:
    """Loudness band and K weight of every whole Hz up to half the rate."""
    hertz = torch.arange(RATE // 2 + 1, dtype=torch.float32)
    return torch.bucketize(hertz, torch.tensor(BAND_EDGES[1:-1])), torch.from_numpy(k_weight(hertz.numpy())).float()
