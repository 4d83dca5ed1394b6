"""Reading tables: straight through, or along a glide."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from engine.generators.pocket.spectra import RATE
from engine.generators.pocket.voices import CHUNK

_SLIDE_S: Final = 0.07
"""Seconds in which a glide arrives."""


def read(
    tables: list[tuple[int, Tensor]],
    pitches: tuple[tuple[int, float], ...],
    position: int,
    since: int,
    count: int,
    seed: int,
    slide: float,
    wide: bool,
) -> Tensor:
    """The sum of some tables at a filter position, from ``since`` frames after the onset: (channels, count)."""
    out: Tensor | None = None
    for number, ((lowest, table), (_, weight)) in enumerate(zip(tables, pitches, strict=True)):
        size = table.shape[2] - CHUNK
        begin = (since + (((seed + 7919 * number) * 2654435761) % size if wide else 0)) % size
        if slide and since < _SLIDE_S * RATE * 4:
            heard = _glide(table[position - lowest], size, begin, since, count, slide)
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


def _glide(loop: Tensor, size: int, begin: int, since: int, count: int, slide: float) -> Tensor:
    """Read a loop while its pitch comes from ``slide`` semitones away, exponentially in 70 ms."""
    t = (since + torch.arange(count, dtype=torch.float64)) / RATE
    # The phase ahead is the integral of 2^(slide/12 * e^(-t/T)) - 1, to first and second order in the exponent.
    a = slide / 12.0 * math.log(2.0)
    tau = _SLIDE_S / 3.0
    fall = 1.0 - torch.exp(-t / tau)
    fall2 = 1.0 - torch.exp(-2.0 * t / tau)
    ahead = tau * (a * fall + a * a / 4.0 * fall2)
    final = tau * (a + a * a / 4.0) * RATE
    ahead = ahead * RATE * (round(final) / final if abs(final) > 1.0 else 0.0)
    at = torch.remainder(begin + torch.arange(count, dtype=torch.float64) + ahead, size)
    low = at.long()
    return torch.lerp(loop[:, low], loop[:, low + 1], (at - low).float())
