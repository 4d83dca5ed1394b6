"""Reading tables: straight through, or along a glide."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg.blas import saxpy
from torch import Tensor

from engine.generators.pocket.spectra import RATE
from engine.generators.pocket.voices import CHUNK

_SLIDE_S: Final = 0.07
"""Seconds in which a glide arrives."""
_VIBRATO_HZ: Final = 5.4
_VIBRATO_AFTER_S, _VIBRATO_SWELL_S = 0.18, 0.5
_TAPE: Final = ((58.0, 0.43), (14.0, 1.13), (1.2, 7.3))
"""(frames, Hz) of a tape's wow and flutter."""


def read(
    loops: list[tuple[Tensor, float]], since: int, seed: int, bend: tuple[float, float], wide: bool, out: NDArray[np.float32]
) -> None:
    """Put the sum of some loops from ``since`` frames after the onset into ``out``, (channels, frames).

    Args:
        loops: (channels, loop + CHUNK) each, and its weight.
        since, seed: frames since the onset, and from where in its loop a wide voice starts.
        bend: the interval in semitones from which the pitch glides, and the depth of its vibrato in cents.
        wide: whether notes start anywhere in the loop.
        out: where the sound is put.
    """
    count = out.shape[1]
    for number, (loop, weight) in enumerate(loops):
        size = loop.shape[1] - CHUNK
        begin = (since + (((seed + 7919 * number) * 2654435761) % size if wide else 0)) % size
        if bend[1] or (bend[0] and since < _SLIDE_S * RATE * 4):
            heard = _bent(loop, size, begin, since, count, bend).numpy()
        else:
            heard = loop.numpy()[:, begin : begin + count]
        if number:
            add_scaled(out, heard, (weight, weight))
        else:
            np.multiply(heard, np.float32(weight), out=out)


_BLAS: Final = 8192
"""Frames added at once, which is too little for BLAS to wake other threads for."""


def add_scaled(out: NDArray[np.float32], sound: NDArray[np.float32], gains: tuple[float, float]) -> None:
    """Add a sound to ``out`` with a gain for each channel.

    Both (1 or 2, frames) float32, the frames of a channel in one piece; a sound of one channel is added to both.
    """
    for channel, own in enumerate(out):
        other = sound[min(channel, len(sound) - 1)]
        for first in range(0, len(own), _BLAS):
            saxpy(other[first : first + _BLAS], own[first : first + _BLAS], a=gains[channel])


def _bent(loop: Tensor, size: int, begin: int, since: int, count: int, bend: tuple[float, float]) -> Tensor:
    """Read a loop while its pitch glides, exponentially in 70 ms, or trembles."""
    return _between(loop, torch.remainder(begin + _ahead(since, count, *bend), size))


@lru_cache(maxsize=4)
def _ahead(since: int, count: int, slide: float, cents: float) -> Tensor:
    """Frames by which a bent pitch is ahead of a steady one, less the note's start: (count,), the frames themselves included."""
    frames = torch.arange(count, dtype=torch.float64)
    t = (since + frames) / RATE
    ahead = frames
    if slide:
        # The phase ahead is the integral of 2^(slide/12 * e^(-t/T)) - 1, to first and second order in the exponent.
        a = slide / 12.0 * math.log(2.0)
        tau = _SLIDE_S / 3.0
        fall = 1.0 - torch.exp(-t / tau)
        fall2 = 1.0 - torch.exp(-2.0 * t / tau)
        final = tau * (a + a * a / 4.0) * RATE
        scale = RATE * (round(final) / final if abs(final) > 1.0 else 0.0)
        ahead = ahead + tau * (a * fall + a * a / 4.0 * fall2) * scale
    if cents:
        depth = (2.0 ** (cents / 1200.0) - 1.0) * RATE / (2.0 * math.pi * _VIBRATO_HZ)
        swell = ((t - _VIBRATO_AFTER_S) / _VIBRATO_SWELL_S).clamp(0.0, 1.0)
        ahead = ahead + depth * swell * swell * torch.sin(2.0 * math.pi * _VIBRATO_HZ * t)
    return ahead


def _between(sound: Tensor, at: Tensor) -> Tensor:
    """A sound at places between its frames: straight lines."""
    low = at.long()
    return torch.lerp(sound[:, low], sound[:, low + 1], (at - low).float())


def waver(joined: Tensor, frame: int, depth: float) -> Tensor:
    """The later half of two chunks as a tape plays it: slow wow and quick flutter.

    Args:
        joined: (2, 2 * CHUNK), this chunk and the one before.
        frame: the section's frame at which the later one starts.
        depth: 0..1; 1 is a pitch that strays by about 9 cents.
    """
    n = torch.arange(CHUNK, dtype=torch.float64)
    t = (frame + n) / RATE
    late = sum(
        (depth * frames * (1.0 + torch.sin(2.0 * math.pi * hertz * t + 1.7 * hertz)) for frames, hertz in _TAPE),
        torch.zeros_like(t),
    )
    return _between(joined, CHUNK + n - late - 1.0)
