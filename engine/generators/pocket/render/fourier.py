"""The Fourier transform that every chunk goes through: two channels at once, in two passes over short rows.

Torch plans one long transform anew at every call and runs through the cache many times; rows of a few hundred points avoid
both. The passes are those of Cooley and Tukey ("An Algorithm for the Machine Calculation of Complex Fourier Series", 1965).
Bins stay in the order the passes leave them in: responses are brought into the same order once.

Two channels are packed into one complex signal: left + right is its real part, right - left its imaginary part. A filter for
both channels multiplies its bins; what is sent to a reverb is the real part alone.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from engine.generators.pocket.instruments.voices import CHUNK

SIZE: Final = 2 * CHUNK
"""Transform length: a chunk and the one before."""
BINS: Final = SIZE // 2 + 1
"""Bins from 0 Hz to half the rate."""
ROWS: Final = 128
"""Rows of the two-pass transform."""
COLUMNS: Final = SIZE // ROWS
"""Row r and column c hold bin ``r + ROWS * (c - MIDDLE)``; negative bins are negative frequencies, so columns near the middle
hold the lows."""
MIDDLE: Final = COLUMNS // 2


@lru_cache(maxsize=1)
def _twiddles() -> tuple[Tensor, Tensor]:
    """Twiddle factors between the passes, forward and inverse, each laid out as the pass before leaves its rows."""
    row, column = torch.arange(ROWS)[:, None], torch.arange(COLUMNS)
    # Double precision: the phases reach hundreds of turns. Half a turn per column moves 0 Hz to the middle.
    angle = math.pi * (column.double() - (2.0 / SIZE) * (row * column).double())
    there = torch.polar(torch.ones_like(angle), angle).to(torch.complex64)
    return there.T.contiguous().T, there.conj().resolve_conj()


def pack(sounds: tuple[Tensor | None, ...]) -> Tensor:
    """Pack chunks, one after the other, into one complex signal: (1 or 2, CHUNK) each, None for silence -> (frames,)."""
    out = np.zeros(len(sounds) * CHUNK, np.complex64)
    for i, sound in enumerate(sounds):
        if sound is not None:
            left, right, part = sound[0].numpy(), sound[-1].numpy(), out[i * CHUNK : (i + 1) * CHUNK]
            np.add(left, right, out=part.real)
            np.subtract(right, left, out=part.imag)
    return torch.from_numpy(out)


def unpack(heard: Tensor, width: float, out: Tensor) -> None:
    """Unpack the later half of `to_sound` into ``out``, (2, CHUNK), the difference of the channels times ``width``."""
    later = np.ascontiguousarray(heard[ROWS // 2 :].numpy()).reshape(-1)
    left, right = out.numpy()
    side = later.imag * np.float32(width / 2.0)
    middle = later.real * np.float32(0.5)
    np.subtract(middle, side, out=left)
    np.add(middle, side, out=right)


def to_bins(sound: Tensor) -> Tensor:
    """Transform: (SIZE,) complex64 -> (ROWS, COLUMNS) bins."""
    first = torch.fft.fft(sound.view(ROWS, COLUMNS), dim=0)
    bins: Tensor = torch.fft.fft(first.mul_(_twiddles()[0]), dim=1)
    return bins


def to_sound(bins: Tensor) -> Tensor:
    """The inverse: (ROWS, COLUMNS) bins -> (ROWS, COLUMNS), the signal's frames row by row."""
    sound: Tensor = torch.fft.ifft(torch.fft.ifft(bins, dim=1).mul_(_twiddles()[1]), dim=0)
    return sound


def real_part(bins: Tensor) -> Tensor:
    """Twice the bins of a signal's real part: each bin plus the conjugate of its negative frequency."""
    flat = bins.numpy().reshape(-1)
    out = np.empty_like(flat)
    np.conjugate(flat[: COLUMNS - 1 : -1], out=out[COLUMNS:])
    out[0] = flat[0].conjugate()
    np.conjugate(flat[COLUMNS - 1 : 0 : -1], out=out[1:COLUMNS])
    out += flat
    return torch.from_numpy(out).view(ROWS, COLUMNS)


def in_bin_order(response: Tensor) -> Tensor:
    """A real filter's response from 0 Hz to half the rate, (BINS,), in the order of `to_bins`: (ROWS, COLUMNS)."""
    ends = response[[0, -1]].real.to(response.dtype)  # 0 Hz and half the rate are real
    inner = response[1:-1]
    order = torch.cat([ends[:1], inner, ends[1:], inner.conj().resolve_conj().flip(0)])
    return order.view(COLUMNS, ROWS).roll(MIDDLE, 0).T.contiguous()
