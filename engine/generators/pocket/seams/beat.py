"""Beat phase: where in the beat music is heard to strike, measured from its sound."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from torch import Tensor

FRAME: Final = 1024
"""Samples in one analysis window."""
HOP: Final = 512
"""Samples between two analysis windows."""
_BATCH: Final = 256
"""Windows transformed at once; bounds the memory used."""


def beat_phasor(mono: Tensor, start: int, edge: tuple[int, int], beat: float, origin: int = 0) -> complex:
    """The component of the onset strength at the beat's rate.

    Its angle says where in the beat the music strikes (see `phase_of`), its modulus how clear the beat is: about 1 for a
    distinct beat, 0 for silence. Onset strength is spectral flux of log magnitudes over Hann windows (Bello et al.,
    "A Tutorial on Onset Detection in Music Signals", 2005).

    Args:
        mono: (frames,) one channel.
        start: the section's frame at which ``mono`` starts.
        edge: first and last frame of the section to measure; a window counts if more than half of it lies inside.
        beat: frames in a beat.
        origin: the section's first frame, counted from the start of the set. Windows are aligned to the start of the set, as
            in an analysis of the whole recording: in sparse music a few strokes decide, and where they fall within a window
            shifts the result by up to 25 ms.
    """
    skipped = -(start + origin) % HOP
    mono, start = mono[skipped:], start + skipped
    window = torch.hann_window(FRAME, periodic=False)
    window *= 2.0 / float(window.sum())
    windows = mono.unfold(0, FRAME, HOP)
    flux = []
    for first in range(0, len(windows), _BATCH):
        spectra = torch.fft.rfft(windows[max(0, first - 1) : first + _BATCH] * window)
        log_magnitudes = torch.from_numpy(np.abs(spectra.numpy())).mul_(100.0).log1p_()  # NumPy's abs is ten times as fast
        flux.append((log_magnitudes[1:] - log_magnitudes[:-1]).clamp_min_(0.0).sum(1))
    strength = torch.cat(flux).double()
    frame = start + HOP * torch.arange(1, len(windows), dtype=torch.float64)
    inside = (frame > edge[0] - HOP) & (frame <= edge[1] - HOP)
    strength, angle = strength[inside], (2 * math.pi / beat) * frame[inside]
    strength -= strength.mean()
    return complex(float((strength * angle.cos()).mean()), float((strength * angle.sin()).mean()))


def phasor(phase: float) -> complex:
    """The phasor of clarity 1 at a phase in beats; the inverse of `phase_of`."""
    return complex(math.cos(2 * math.pi * phase), math.sin(2 * math.pi * phase))


def phase_of(beat: complex) -> float:
    """Phase of a phasor in beats, -0.5..0.5: 0 is on the beat, positive is late."""
    return math.atan2(beat.imag, beat.real) / (2 * math.pi)
