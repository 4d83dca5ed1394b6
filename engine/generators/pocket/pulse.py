"""Where in the beat music seems to lie: heard, and reckoned with."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from engine.errors import SectionError
from engine.protocol import SectionRequest
from engine.sections import SectionReader

HOP: Final = 512
FRAME: Final = 1024
"""Frames between two looks at the spectrum, and of one look."""
_BATCH: Final = 256
"""Looks taken at once, which bounds the memory."""
_DOUBT: Final = 0.01
"""Beats by which the beat seems to lie elsewhere when the ear's looks fall elsewhere, where its clearness is 1."""
_SWEEPS: Final = 60
"""Passes over the levers."""
_CLEARNESS: Final = 0.25
"""How much clearness counts against where the beat lies."""
_COST: Final = 0.005
"""What an amount of 1 costs, against what it does to the pulse."""
_SAME_TEMPO: Final = 0.001
"""BPM by which tempos may differ and count as the same."""


def pulse(mono: Tensor, start: int, edge: tuple[int, int], beat: float, hop: int = HOP // 2) -> complex:
    """How much, and where in the beat, the spectrum rises: the flux's component at the beat's rate.

    Flux of log magnitudes over frames of 1024 with a Hann window, as onset detectors use it (Bello et al., "A Tutorial on
    Onset Detection in Music Signals", 2005).

    Args:
        mono: (frames,), and the frame on the grid at which it starts.
        start: see above.
        edge: frames on the grid between which the looks begin.
        beat: frames in a beat.
        hop: `HOP`, or half of it to hear what lies between; rises are counted from one `HOP` to the next either way.
    """
    window = torch.hann_window(FRAME, periodic=False)
    window *= 2.0 / float(window.sum())
    looks, lag = mono.unfold(0, FRAME, hop), HOP // hop
    flux = []
    for first in range(0, len(looks), _BATCH):
        seen = torch.fft.rfft(looks[max(0, first - lag) : first + _BATCH] * window).abs().mul_(100.0).log1p_()
        flux.append((seen[lag:] - seen[:-lag]).clamp_min_(0.0).sum(1))
    rises = torch.cat(flux).double()
    at = start + hop * torch.arange(lag, len(looks), dtype=torch.float64)
    inside = (at >= edge[0]) & (at < edge[1])
    rises, turn = rises[inside], (2 * math.pi / beat) * at[inside]
    rises -= rises.mean()
    return complex(float((rises * turn.cos()).mean()), float((rises * turn.sin()).mean()))


def unit(turns: float) -> complex:
    """A pulse of clearness 1 that lies at a place in the beat."""
    return complex(math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns))


def turns_of(pulse: complex) -> float:
    """Where in the beat a pulse lies, in beats, -0.5..0.5."""
    return math.atan2(pulse.imag, pulse.real) / (2 * math.pi)


def doubt(pulse: complex) -> float:
    """How far, in beats, a pulse may seem to lie from 0; what it is off for certain counts twice."""
    return 2.0 * abs(turns_of(pulse)) + _DOUBT / max(1e-3, abs(pulse))


def left_by(request: SectionRequest, frames: int) -> complex | None:
    """The pulse of the last frames of the section before, counted from where this one starts.

    None where there is none, or it cannot be read, is not made so far yet or lies on another grid.
    """
    if request.continue_path is None:
        return None
    try:
        reader = SectionReader(request.continue_path)
        heard = torch.from_numpy(reader.before(request.continue_frame, frames).mean(1))
    except SectionError:
        return None
    info = reader.info
    beat = 60.0 / request.bpm * info.rate
    if abs(info.bpm - request.bpm) > _SAME_TEMPO or len(heard) < 2 * max(beat, FRAME):
        return None
    return pulse(heard, -len(heard), (-len(heard), 0), beat)


def fitted(wanted: complex, effects: list[complex], limits: list[tuple[float, float]]) -> list[float]:
    """Amounts within their limits whose effects together come near to what is wanted: least squares by coordinate descent.

    The imaginary part, where the beat lies, counts more than the real one, how clear it is; amounts cost a little.
    """
    amounts = [0.0] * len(effects)
    left = wanted
    for _ in range(_SWEEPS):
        for i, effect in enumerate(effects):
            free = left + amounts[i] * effect
            along = free.imag * effect.imag + _CLEARNESS * free.real * effect.real
            amount = along / (effect.imag**2 + _CLEARNESS * effect.real**2 + _COST)
            amounts[i] = min(limits[i][1], max(limits[i][0], amount))
            left = free - amounts[i] * effect
    return amounts
