"""Reading tables: straight through, or along a glide."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import torch
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
    tables: list[tuple[int, Tensor]],
    pitches: tuple[tuple[int, float], ...],
    position: int,
    since: int,
    count: int,
    seed: int,
    bend: tuple[float, float],
    wide: bool,
) -> Tensor:
    """The sum of some tables at a filter position, from ``since`` frames after the onset: (channels, count).

    ``bend`` is the interval in semitones from which the pitch glides, and the depth of its vibrato in cents.
    """
    out: Tensor | None = None
    for number, ((lowest, table), (_, weight)) in enumerate(zip(tables, pitches, strict=True)):
        size = table.shape[2] - CHUNK
        begin = (since + (((seed + 7919 * number) * 2654435761) % size if wide else 0)) % size
        if bend[1] or (bend[0] and since < _SLIDE_S * RATE * 4):
            heard = _bent(table[position - lowest], size, begin, since, count, bend)
        else:
            heard = table[position - lowest, :, begin : begin + count]
        if out is not None:
            out.add_(heard, alpha=weight)
        elif len(tables) > 1 or weight != 1.0:
            out = heard * weight
        else:
            return heard
    if out is None:
        raise ValueError("a note without pitches")
    return out


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
