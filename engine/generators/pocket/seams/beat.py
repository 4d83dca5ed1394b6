"""Where in the beat music seems to lie: heard, and reckoned with."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from torch import Tensor

HOP: Final = 512
FRAME: Final = 1024
"""Frames between two looks at the spectrum, and of one look."""
_BATCH: Final = 256
"""Looks taken at once, which bounds the memory."""


def beat_phasor(mono: Tensor, start: int, edge: tuple[int, int], beat: float, origin: int = 0) -> complex:
    """How much, and where in the beat, the spectrum rises: the flux's component at the beat's rate.

    Flux of log magnitudes over frames of 1024 with a Hann window, as onset detectors use it (Bello et al., "A Tutorial on
    Onset Detection in Music Signals", 2005).

    Args:
        mono: (frames,), and the frame on the grid at which it starts.
        start: see above.
        edge: frames on the grid between which is listened; a look that reaches over the first of them by more than half counts.
        beat: frames in a beat.
        origin: the grid's frame 0 in the set. Looks are counted from the set's start, as who listens to all of it does: in
            sparse music a few strokes decide, and where they fall within a look moves the beat by up to 25 ms.
    """
    skipped = -(start + origin) % HOP
    mono, start = mono[skipped:], start + skipped
    window = torch.hann_window(FRAME, periodic=False)
    window *= 2.0 / float(window.sum())
    looks = mono.unfold(0, FRAME, HOP)
    flux = []
    for first in range(0, len(looks), _BATCH):
        spectra = torch.fft.rfft(looks[max(0, first - 1) : first + _BATCH] * window)
        seen = torch.from_numpy(np.abs(spectra.numpy())).mul_(100.0).log1p_()  # NumPy's modulus is ten times as quick
        flux.append((seen[1:] - seen[:-1]).clamp_min_(0.0).sum(1))
    rises = torch.cat(flux).double()
    at = start + HOP * torch.arange(1, len(looks), dtype=torch.float64)
    inside = (at > edge[0] - HOP) & (at <= edge[1] - HOP)
    rises, turn = rises[inside], (2 * math.pi / beat) * at[inside]
    rises -= rises.mean()
    return complex(float((rises * turn.cos()).mean()), float((rises * turn.sin()).mean()))


def phasor(turns: float) -> complex:
    """A pulse of clearness 1 that lies at a place in the beat."""
    return complex(math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns))


def phase_of(pulse: complex) -> float:
    """Where in the beat a pulse lies, in beats, -0.5..0.5."""
    return math.atan2(pulse.imag, pulse.real) / (2 * math.pi)
