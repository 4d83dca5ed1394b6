"""Loudness of a section's edges: measured, and corrected to what the section's form asks for."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from engine.dsp.k_weighting import power_lufs
from engine.generators.pocket.instruments.spectra import RATE, k_weighted_bands
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.render.renderer import Renderer

LOUDNESS_S: Final = 3.5
"""Seconds next to the seam over which loudness is measured and corrected in full."""
SETTLE_S: Final = 0.4
"""Seconds over which the tail's correction takes over from the edge's."""
_SKIPPED_S: Final = 0.1
"""Seconds right at the seam that are not measured: a single hit there is no loudness."""
_BLOCKS: Final = 10
"""Blocks in which the measured seconds are transformed, which is faster than all at once."""
_MOST_LU: Final = 2.0
"""Greatest correction in LU."""


def nearness(start: int, count: int, edge: tuple[int, int], closing: bool, flat_s: float) -> Tensor:
    """How strongly to correct each frame from ``start`` on, (count,): 1 within ``flat_s`` seconds of the seam, falling
    smoothly to 0 at the edge's other end.

    Args:
        start, count: the section's frames wanted.
        edge: the edge's first frame and the one after its last.
        closing: whether the seam lies at the edge's end.
        flat_s: seconds of full correction.
    """
    span = edge[1] - edge[0]
    frame = torch.arange(start, start + count, dtype=torch.float32)
    away = (edge[1] - frame if closing else frame - edge[0]).clamp_min(0.0)
    flat = min(flat_s * RATE, 0.9 * span)
    x = (1.0 - (away - flat) / (span - flat)).clamp(0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def edge_gain(renderer: Renderer, chunks: list[Tensor], start: int, edge: tuple[int, int], last: int, closing: bool) -> Tensor:
    """Gain that brings an edge to the loudness its form asks for, (frames,): 1 at the edge's other end.

    Args:
        renderer: the section's renderer.
        chunks: the edge's sound, (stems, 2, CHUNK) each.
        start: the section's frame at which the first chunk starts.
        edge: the edge's first frame and the one after its last.
        last: the frame after the last one to correct; beyond ``edge`` it is the tail, whose loudness is corrected by itself.
        closing: whether this is the section's end.
    """
    skipped = int(_SKIPPED_S * RATE)
    near = min(int(LOUDNESS_S * RATE), edge[1] - edge[0])
    missing = _missing_lu(renderer, chunks, start, edge[1] - near if closing else edge[0] + skipped, near - skipped, closing)
    curve = nearness(start, max(last - start, len(chunks) * CHUNK), edge, closing, LOUDNESS_S) * missing
    after = min(int(LOUDNESS_S * RATE), last - edge[1])
    if after > near // 2:
        frame = torch.arange(start, start + len(curve), dtype=torch.float32)
        settled = ((frame - edge[1]) / (SETTLE_S * RATE)).clamp(0.0, 1.0)
        curve += (_missing_lu(renderer, chunks, start, edge[1] + skipped, after - skipped, closing) - missing) * settled
    return curve.mul_(math.log(10.0) / 20.0).exp_()


def _missing_lu(renderer: Renderer, chunks: list[Tensor], start: int, low: int, count: int, closing: bool) -> float:
    """LU by which ``count`` frames from ``low`` on are too quiet; 0 where the drums pause before a drop, as they should."""
    high = low + count
    grid, bars = renderer.score.grid, renderer.score.bars
    if any(bars[bar].breath for bar in range(grid.bar_at(low), grid.bar_at(high - 1) + 1)):
        return 0.0
    first, last = (low - start) // CHUNK, -(-(high - start) // CHUNK)
    mix = torch.cat([chunk.sum(0) for chunk in chunks[first:last]], 1)[:, low - start - first * CHUNK :]
    size = count // _BLOCKS
    power = torch.fft.rfft(mix[:, : _BLOCKS * size].reshape(2 * _BLOCKS, size))
    power = torch.view_as_real(power).square_().sum((0, 2))
    power *= 2.0 / (_BLOCKS * size**2)
    heard = power_lufs(float(k_weighted_bands(torch.fft.rfftfreq(size, 1 / RATE), power).sum()))
    return max(-_MOST_LU, min(_MOST_LU, renderer.gains.edge_targets[closing] - heard))
