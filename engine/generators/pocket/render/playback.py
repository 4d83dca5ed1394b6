"""Playback of loops: at a steady pitch, along a glide, with vibrato, or off a wavering tape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg.blas import saxpy
from torch import Tensor

from engine.generators.pocket.instruments.spectra import RATE
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.render.envelopes import STEP, polyline

_SLIDE_S: Final = 0.07
"""Seconds after which 5% of a glide is left."""
_ARRIVED_S: Final = 4.0 * _SLIDE_S
"""Seconds after which a glide has arrived; what remains is the frames it is ahead by."""
_VIBRATO_HZ: Final = 5.4
"""Rate of the vibrato in Hz."""
_VIBRATO_AFTER_S: Final = 0.18
"""Seconds after the onset at which vibrato begins."""
_VIBRATO_SWELL_S: Final = 0.5
"""Seconds over which it grows to its full depth."""
_TAPE: Final = ((58.0, 0.43), (14.0, 1.13), (1.2, 7.3))
"""(frames, Hz) of a tape's wow and flutter at full depth."""
Floats = NDArray[np.float32]


def play_loops(
    loops: Sequence[tuple[Floats, float]], since: int, seed: int, bend: tuple[float, float], wide: bool, room: Floats
) -> Floats:
    """The weighted sum of some loops, (channels, frames). Read-only: it may be a view of a loop.

    Args:
        loops: (channels, loop) each, and its weight.
        since: frames since the note's onset.
        seed: decides where in its loop a wide voice starts.
        bend: semitones from which the pitch glides, and the depth of its vibrato in cents.
        wide: whether the voice starts anywhere in the loop instead of at its beginning.
        room: (channels, frames) to write the sum to.
    """
    count = room.shape[1]
    for number, (loop, weight) in enumerate(loops):
        size = loop.shape[1]
        begin = (since + (((seed + 7919 * number) * 2654435761) % size if wide else 0)) % size
        if bend[1] or (bend[0] and since < _ARRIVED_S * RATE):
            heard = _bent(torch.from_numpy(loop), size, begin, since, count, bend).numpy()
        else:
            heard = _round(loop, (begin + _gained(bend[0])) % size, count)
        if number and weight == 1.0:  # the most frequent case, and faster
            room += heard
        elif number:
            add_scaled(room, heard, (weight, weight))
        elif len(loops) == 1 and weight == 1.0:
            return heard
        else:
            np.multiply(heard, np.float32(weight), out=room)
    return room


def _round(loop: Floats, begin: int, count: int) -> Floats:
    """``count`` frames of a loop from ``begin`` on; a copy only where it wraps around."""
    size = loop.shape[1]
    if begin + count <= size:
        return loop[:, begin : begin + count]
    turns, rest = divmod(begin + count, size)
    return np.concatenate([loop[:, begin:], *[loop] * (turns - 1), loop[:, :rest]], axis=1)


_BLAS: Final = 8192
"""Frames added at once: too few for BLAS to start other threads."""


def add_scaled(out: Floats, sound: Floats, gains: tuple[float, float]) -> None:
    """Add a sound to ``out`` in place, with a linear gain for each channel.

    Both are (1 or 2, frames) float32 with contiguous channels; a mono sound is added to both channels.
    """
    for channel, own in enumerate(out):
        other = sound[min(channel, len(sound) - 1)]
        for first in range(0, len(own), _BLAS):
            saxpy(other[first : first + _BLAS], own[first : first + _BLAS], a=gains[channel])


def _bent(loop: Tensor, size: int, begin: int, since: int, count: int, bend: tuple[float, float]) -> Tensor:
    """Play a loop while its pitch glides or has vibrato."""
    return _between(loop, torch.remainder(begin + _ahead(since, count, *bend), size))


@lru_cache(maxsize=32)
def _gained(slide: float) -> int:
    """Frames by which a glide from ``slide`` semitones away is ahead of a steady pitch once it has arrived."""
    a = slide / 12.0 * math.log(2.0)
    final = _SLIDE_S / 3.0 * (a + a * a / 4.0) * RATE
    return round(final) if abs(final) > 1.0 else 0


@lru_cache(maxsize=4)
def _ahead(since: int, count: int, slide: float, cents: float) -> Tensor:
    """Position in the loop, in frames from ``since``, of a note with glide or vibrato: (count,)."""
    frames = torch.arange(count, dtype=torch.float64)
    t = (since + frames) / RATE
    ahead = frames
    if slide:
        # The lead over a steady pitch is the integral of 2^(slide/12 * e^(-t/T)) - 1, to second order in the exponent,
        # scaled so that it ends at a whole number of frames and steady playback can take over.
        a, whole = slide / 12.0 * math.log(2.0), _gained(slide)
        left = torch.exp(t * (-3.0 / _SLIDE_S))
        share = whole / (a + a * a / 4.0)
        ahead = ahead + whole - left * (a + left.mul(a * a / 4.0)) * share
    if cents:
        depth = (2.0 ** (cents / 1200.0) - 1.0) * RATE / (2.0 * math.pi * _VIBRATO_HZ)
        swell = ((t - _VIBRATO_AFTER_S) / _VIBRATO_SWELL_S).clamp(0.0, 1.0)
        ahead = ahead + depth * swell * swell * torch.sin(2.0 * math.pi * _VIBRATO_HZ * t)
    return ahead


def _between(sound: Tensor, at: Tensor) -> Tensor:
    """A loop read at fractional positions by linear interpolation."""
    low, size = at.int(), sound.shape[1]  # index_select is several times as fast as indexing
    share = (at - low).float()
    return torch.lerp(sound.index_select(1, low % size), sound.index_select(1, (low + 1) % size), share)


def wow_and_flutter(joined: Tensor, frame: int, depth: float) -> Tensor:
    """The later one of two chunks as a tape plays it: with slow wow and fast flutter.

    Args:
        joined: (2, 2 * CHUNK), this chunk and the one before.
        frame: the section's frame at which the later one starts.
        depth: 0..1; at 1 the pitch strays by about 9 cents.
    """
    return _between(joined, _tape(frame, depth))


@lru_cache(maxsize=1)
def _tape(frame: int, depth: float) -> Tensor:
    """Positions a tape reads from in two chunks; cached, as several stems are read in turn. See `wow_and_flutter`."""
    t = (frame + np.arange(0.0, CHUNK + STEP, STEP)) / RATE
    late = sum((depth * frames * (1.0 + np.sin(2.0 * math.pi * hertz * t + 1.7 * hertz)) for frames, hertz in _TAPE), 0.0 * t)
    return torch.arange(CHUNK - 1.0, 2.0 * CHUNK - 1.0, dtype=torch.float64) - torch.from_numpy(polyline(late))
