"""Where in the beat music seems to lie: heard, and reckoned with."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.dsp.crossfade import SHAPES, pair
from engine.errors import SectionError
from engine.generators.pocket.instruments.spectra import RATE
from engine.protocol import SectionRequest, TransitionKind
from engine.sections.file import SectionReader

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
_NEAR: Final = 0.004
"""Beats within which the beat lies well enough."""
_PROBE: Final = 0.3
"""Amount by which each lever is tried, to see what it does."""
_ROUNDS: Final = 5
"""Times the edge is heard anew with other amounts."""
_SAME_TEMPO: Final = 0.001
"""BPM by which tempos may differ and count as the same."""


def pulse(mono: Tensor, start: int, edge: tuple[int, int], beat: float, origin: int = 0) -> complex:
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


def unit(turns: float) -> complex:
    """A pulse of clearness 1 that lies at a place in the beat."""
    return complex(math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns))


def turns_of(pulse: complex) -> float:
    """Where in the beat a pulse lies, in beats, -0.5..0.5."""
    return math.atan2(pulse.imag, pulse.real) / (2 * math.pi)


def doubt(pulse: complex) -> float:
    """How far, in beats, a pulse may seem to lie from 0; what it is off for certain counts twice."""
    return 2.0 * abs(turns_of(pulse)) + _DOUBT / max(1e-3, abs(pulse))


class Before(NamedTuple):
    """The section before, one channel: its last sound up to where this one starts, and what of it sounds on from there."""

    sound: Tensor
    tail: Tensor


def left_by(request: SectionRequest, frames: int) -> Before | None:
    """The last ``frames`` of the section before, and as many after them.

    None where there is none, or it cannot be read, is not made so far yet or lies on another grid.
    """
    if request.continue_path is None:
        return None
    try:
        reader = SectionReader(request.continue_path)
        sound = torch.from_numpy(reader.before(request.continue_frame, frames).mean(1))
        tail = torch.from_numpy(reader.after(request.continue_frame, frames).mean(1))
    except SectionError:
        return None
    beat = 60.0 / request.bpm * reader.info.rate
    if abs(reader.info.bpm - request.bpm) > _SAME_TEMPO or len(sound) < 2 * max(beat, FRAME):
        return None
    return Before(sound, tail)


def handed_over(kind: TransitionKind, seconds: float, frames: int) -> tuple[Tensor, Tensor]:
    """Gains of the outgoing section and of the incoming one from where they meet on, (frames,) each, if they are unlike."""
    if kind == "cut" or seconds <= 0.0:
        return torch.zeros(frames), torch.ones(frames)
    x = np.minimum(1.0, np.arange(frames) / (seconds * RATE))
    out, into = pair(SHAPES[kind], x, 0.0)
    return torch.from_numpy(out).float(), torch.from_numpy(into).float()


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


def led(
    hear: Callable[[list[float]], complex],
    bare: complex,
    limits: list[tuple[float, float]],
    tried: Sequence[int],
    clear: float,
) -> tuple[list[float], complex]:
    """Amounts of some levers with which a pulse comes to lie at 0, or as near as it can be brought, and the pulse then.

    Args:
        hear: the pulse with some amounts.
        bare: the pulse with none.
        limits: between which each amount may be. The last lever does what the one before it does, a quarter of a beat later.
        tried: levers that do anything, each of which is tried alone; the last one need not be.
        clear: how clear the beat should at least be, in the units of `pulse`: a fainter one may seem to lie anywhere.
    """
    none = [0.0] * len(limits)
    best, least, reached = none, doubt(bare), bare
    effects = [complex(0.0)] * len(none)
    for lever in tried:
        probe = -_PROBE if limits[lever][0] < 0.0 else _PROBE
        effects[lever] = (hear([probe * (i == lever) for i in range(len(none))]) - bare) / probe
    effects[-1] = 1j * effects[-2]
    wanted = goal = complex(max(bare.real, clear), 0.0)
    gone = came = 0.0
    for _ in range(_ROUNDS):
        amounts = fitted(goal - bare, effects, limits)
        now = hear(amounts)
        if doubt(now) < least:
            best, least, reached = amounts, doubt(now), now
        if abs(turns_of(now)) < _NEAR:
            break
        # Of the last step so much came through; the next one reckons with that (a secant).
        share = (now.imag - came) / gone if gone and came else 1.0
        came, gone = now.imag, -now.imag / min(2.0, max(0.5, share))
        goal += complex(0.5 * max(0.0, wanted.real - now.real), gone)
    return best, reached
