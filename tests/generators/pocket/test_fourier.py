"""The two-pass transform of two packed channels, against the plain definition of a filter."""

from __future__ import annotations

import math

import pytest
import torch

from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.render import fourier


def chunk(seed: int) -> torch.Tensor:
    return torch.randn(2, CHUNK, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("late", [0, 1, 700])
def test_delay_reaches_back_into_the_chunk_before(late: int) -> None:
    before, now = chunk(1), chunk(2)
    turn = -2.0 * math.pi * late / fourier.SIZE * torch.arange(fourier.BINS, dtype=torch.float64)
    response = torch.polar(torch.ones_like(turn), turn).to(torch.complex64)
    out = torch.empty(2, CHUNK)
    bins = fourier.to_bins(fourier.pack((before, now)))
    fourier.unpack(fourier.to_sound(bins * fourier.in_bin_order(response)), 1.0, out)
    whole = torch.cat([before, now], 1)
    assert torch.allclose(out, whole[:, CHUNK - late : 2 * CHUNK - late], atol=1e-5)


def test_width_zero_is_mono_after_silence() -> None:
    now, out = chunk(3), torch.empty(2, CHUNK)
    fourier.unpack(fourier.to_sound(fourier.to_bins(fourier.pack((None, now)))), 0.0, out)
    assert torch.allclose(out, now.mean(0).expand(2, -1), atol=1e-5)


def test_real_part_is_the_sum_of_both_channels() -> None:
    before, now = chunk(4), chunk(5)
    both = fourier.to_bins(fourier.pack((before, now)))
    summed = fourier.to_bins(torch.cat([before.sum(0), now.sum(0)]).to(torch.complex64))
    assert torch.allclose(fourier.real_part(both), 2.0 * summed, rtol=1e-3, atol=2e-2)
