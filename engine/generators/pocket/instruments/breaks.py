"""Breakbeats from pocket's own drums: a bar is played, recorded through a room and a desk, and cut into sixteenths."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import torch
from torch import Tensor

from engine.generators.pocket.instruments.drum_models import DRUM_MODELS
from engine.generators.pocket.instruments.spectra import RATE, to_sound, to_spectrum
from engine.generators.pocket.parts import MARK_VELOCITY

SLICES: Final = 16
"""Slices in a bar."""
_LINES: Final[tuple[tuple[str, str, float], ...]] = (
    ("kick", "X.o...g...Xx....", 0.95),
    ("snare", "....X..g.g..X..o", 0.85),
    ("ride", "x.o.x.o.x.o.x.x.", 0.30),
    ("hat", ".g.g.g.g.g.g.g.g", 0.22),
    ("crash", "..........o.....", 0.10),
)
"""What the drummer plays: (drum, sixteenths in marks as in a style's lanes, linear gain)."""
_LATE: Final = (0.0, 0.010, 0.0, 0.006)
"""Seconds by which each of a beat's four sixteenths comes late: the drummer's swing."""


def slice_of(settings: Mapping[str, Any], number: int) -> Tensor:
    """One sixteenth of a break and a little of its decay, (2, frames); the peak of the whole bar is about 1.

    Args:
        settings: bpm of the performance, tune (speed ratio of the turntable), tone 0..1, drive 0..1; kick and snare, the
            pitches in Hz at which these are heard, or as `heard_hz` has them.
        number: which slice, 0 to 15.
    """
    bpm, tune, tone, drive = (float(settings[name]) for name in ("bpm", "tune", "tone", "drive"))
    bar = _bar(bpm, tune, tone, drive, *(float(settings.get(drum, heard_hz(drum, tune))) for drum in TUNED))
    step = bar.shape[1] / (SLICES + 4)
    start = round(step * (number % SLICES))
    part = bar[:, start : start + round(1.25 * step)].clone()
    fade = round(0.3 * step)
    part[:, -fade:] *= torch.cos(torch.linspace(0.0, math.pi / 2, fade)) ** 2
    return part


_KIT: Final[dict[str, dict[str, float]]] = {
    "kick": {"tune": 62.0, "sweep": 1.9, "decay": 0.13, "click": 0.75, "drive": 0.35},
    "snare": {"tune": 208.0, "decay": 0.17, "tone": 0.6},
    "ride": {"decay": 0.45, "tone": 0.5},
    "hat": {"decay": 0.03, "tone": 0.35},
    "crash": {"decay": 0.9, "tone": 0.4},
}


TUNED: Final = {"kick": 1.075, "snare": 1.0}
"""Drums of a break that can be tuned, and by what factor they are heard above the pitch that they fall to: a kick falls all the
while it is heard."""


def heard_hz(drum: str, tune: float) -> float:
    """The pitch in Hz at which one of `TUNED` is heard if nobody tunes it, at a speed ratio of the turntable."""
    return _KIT[drum]["tune"] * TUNED[drum] * tune


@lru_cache(maxsize=3)
def _bar(bpm: float, tune: float, tone: float, drive: float, kick_hz: float, snare_hz: float) -> Tensor:
    """A bar and one beat of its decay, (2, frames), peak about 1."""
    pitches = {"kick": kick_hz, "snare": snare_hz}
    tuned = {drum: {"tune": hz / TUNED[drum] / tune} for drum, hz in pitches.items()}
    rng = torch.Generator().manual_seed(1969)
    step = 60.0 / bpm / 4.0 * RATE * tune
    bar = torch.zeros(2, round(step * (SLICES + 4)))
    for drum, line, level in _LINES:
        sound = DRUM_MODELS[drum](_KIT[drum] | tuned.get(drum, {}), rng)
        for i, mark in enumerate(line):
            if mark in MARK_VELOCITY:
                at = round(step * i + _LATE[i % 4] * RATE)
                heard = sound[:, : bar.shape[1] - at]
                bar[:, at : at + heard.shape[1]] += MARK_VELOCITY[mark] * level * heard
    size = 1 << (bar.shape[1] + 8192 - 1).bit_length()
    t = torch.arange(8192) / RATE
    room = torch.randn(2, 8192, generator=rng) * torch.exp(-t / 0.045) * (1.0 - torch.exp(-t / 0.004))
    room = 0.5 * room / room.norm(dim=1, keepdim=True)
    room[:, 0] += 1.0
    hertz = torch.linspace(0.0, RATE / 2, size // 2 + 1)
    colour = 1.0 / (1.0 + (hertz / (6500.0 + 6000.0 * tone)) ** 4).sqrt()
    recorded = to_sound(to_spectrum(bar, size) * to_spectrum(room, size) * colour, size)[:, : bar.shape[1]]
    recorded = recorded / recorded.abs().max()
    grip = 1.0 + 3.5 * drive
    recorded = torch.tanh(grip * recorded) / math.tanh(grip)
    return _turned(recorded, tune)


def _turned(sound: Tensor, ratio: float) -> Tensor:
    """A recording played faster (ratio above 1) or slower, pitch and tempo together, by linear interpolation."""
    count = int(sound.shape[1] / ratio)
    at = torch.arange(count, dtype=torch.float64) * ratio
    low = at.long().clamp_max(sound.shape[1] - 2)
    return torch.lerp(sound[:, low], sound[:, low + 1], (at - low).float())
