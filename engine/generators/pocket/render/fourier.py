"""The transform that every chunk goes through: two channels at once, in two passes over short rows.

One long transform makes its plan anew at every call and runs through the cache many times; rows of some hundred points do
neither. The passes are those of Cooley and Tukey ("An Algorithm for the Machine Calculation of Complex Fourier Series",
1965), and bins stay in the order in which they fall out of them: whatever is multiplied is brought into the same order once.

Two channels make one complex sound, their sum its real part, and right less left its imaginary one. A filter that treats
both channels alike multiplies its bins; what is sent to a room is the real part alone.
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
COLUMNS: Final = SIZE // ROWS
"""Row r and column c hold bin ``r + ROWS * (c - MIDDLE)``, bins under 0 being negative frequencies: columns near the middle
hold the lows."""
MIDDLE: Final = COLUMNS // 2


@lru_cache(maxsize=1)
def _twiddles() -> tuple[Tensor, Tensor]:
    """Factors between the passes, there and back, each in the order in which its pass before leaves its rows."""
    row, column = torch.arange(ROWS)[:, None], torch.arange(COLUMNS)
    # In double precision: the phases reach hundreds of turns. The half turn a column puts 0 Hz in the middle.
    angle = math.pi * (column.double() - (2.0 / SIZE) * (row * column).double())
    there = torch.polar(torch.ones_like(angle), angle).to(torch.complex64)
    return there.T.contiguous().T, there.conj().resolve_conj()


def pack(sounds: tuple[Tensor | None, ...]) -> Tensor:
    """Chunks of two channels one after the other as one complex sound: (1 or 2, CHUNK) each, None is silence -> (frames,)."""
    out = np.zeros(len(sounds) * CHUNK, np.complex64)
    for i, sound in enumerate(sounds):
        if sound is not None:
            left, right, part = sound[0].numpy(), sound[-1].numpy(), out[i * CHUNK : (i + 1) * CHUNK]
            np.add(left, right, out=part.real)
            np.subtract(right, left, out=part.imag)
    return torch.from_numpy(out)


def unpack(heard: Tensor, width: float, out: Tensor) -> None:
    """The later half of `to_sound` as two channels, their difference times ``width``: (ROWS, COLUMNS) -> (2, CHUNK)."""
    later = np.ascontiguousarray(heard[ROWS // 2 :].numpy()).reshape(-1)
    left, right = out.numpy()
    side = later.imag * np.float32(width / 2.0)
    middle = later.real * np.float32(0.5)
    np.subtract(middle, side, out=left)
    np.add(middle, side, out=right)


def to_bins(sound: Tensor) -> Tensor:
    """(SIZE,) complex64 -> (ROWS, COLUMNS)."""
    first = torch.fft.fft(sound.view(ROWS, COLUMNS), dim=0)
    bins: Tensor = torch.fft.fft(first.mul_(_twiddles()[0]), dim=1)
    return bins


def to_sound(bins: Tensor) -> Tensor:
    """Its inverse: (ROWS, COLUMNS) -> (ROWS, COLUMNS), the sound's frames row by row."""
    sound: Tensor = torch.fft.ifft(torch.fft.ifft(bins, dim=1).mul_(_twiddles()[1]), dim=0)
    return sound


def real_part(bins: Tensor) -> Tensor:
    """Twice the bins of a sound's real part: each bin and the conjugate of its opposite."""
    flat = bins.numpy().reshape(-1)
    out = np.empty_like(flat)
    np.conjugate(flat[: COLUMNS - 1 : -1], out=out[COLUMNS:])
    out[0] = flat[0].conjugate()
    np.conjugate(flat[COLUMNS - 1 : 0 : -1], out=out[1:COLUMNS])
    out += flat
    return torch.from_numpy(out).view(ROWS, COLUMNS)


def in_bin_order(response: Tensor) -> Tensor:
    """A filter's response from 0 Hz to half the rate, (BINS,), in the order of `to_bins`: (ROWS, COLUMNS)."""
    ends = response[[0, -1]].real.to(response.dtype)  # a real filter's are real
    inner = response[1:-1]
    order = torch.cat([ends[:1], inner, ends[1:], inner.conj().resolve_conj().flip(0)])
    return order.view(COLUMNS, ROWS).roll(MIDDLE, 0).T.contiguous()
