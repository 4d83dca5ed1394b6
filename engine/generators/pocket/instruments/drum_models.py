"""Drum models: how each kind of drum is synthesised. All return (1 or 2, frames) at no particular level."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import torch
from torch import Tensor

from engine.generators.pocket.instruments.spectra import RATE, to_sound, to_spectrum

_LONGEST: Final = 65_536
"""Frames of the longest shot."""
Settings = Mapping[str, Any]
"""A shot's settings by name: numbers, and "model", the name of the model."""
Model = Callable[[Settings, torch.Generator], Tensor]


def _time(seconds: float) -> Tensor:
    return torch.arange(min(int(seconds * RATE), _LONGEST), dtype=torch.float32) / RATE


@lru_cache(maxsize=6)
def _white(size: int, seed: int) -> Tensor:
    """Spectrum of white noise in two channels, (2, size // 2 + 1)."""
    return to_spectrum(torch.randn(2, size, generator=torch.Generator().manual_seed(seed)))


_APART: Final = 0.5
"""How far the two channels of a drum's noise differ, against what they share: 6 dB less, so that it has a place in the middle."""


def _noise(count: int, low: float, high: float, rng: torch.Generator, channels: int = 2) -> Tensor:
    """Noise between two frequencies in Hz, slopes of 12 dB an octave, RMS 1, its channels alike but for `_APART`; (channels,
    count)."""
    size = 1 << max(6, (count - 1).bit_length())
    hz = torch.linspace(0.0, RATE / 2, size // 2 + 1) + 1e-3
    shape = 1.0 / ((1.0 + (low / hz) ** 4) * (1.0 + (hz / high) ** 4)).sqrt()
    seed = int(torch.randint(4, (1,), generator=rng))
    out = to_sound(_white(size, seed)[:channels] * shape, size)[:, :count]
    if channels == 2:
        out = torch.stack([out[0] + _APART * out[1], out[0] - _APART * out[1]])
    return out / out.std().clamp_min(1e-6)


def _falling(t: Tensor, start: float, end: float, time: float) -> Tensor:
    """Phase in radians of a tone whose frequency falls from ``start`` to ``end`` Hz with a time constant in seconds."""
    return 2 * math.pi * (end * t + (start - end) * time * (1.0 - torch.exp(-t / time)))


def _kick(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(min(1.2, 4.5 * s["decay"]))
    top = s["tune"] * 2.0 ** s["sweep"]
    phase = _falling(t, top, s["tune"] * 1.6, 0.009) + _falling(t, 0.6 * s["tune"], 0.0, 0.045)
    phase = phase - 2 * math.pi * 0.6 * s["tune"] * t
    body = torch.sin(phase) * torch.exp(-((t / s["decay"]) ** 1.35))
    grip = 1.0 + 5.0 * s["drive"]
    body = torch.tanh(grip * body) / math.tanh(grip)
    click = _noise(len(t), 1800.0, 9000.0, rng, 1)[0] * torch.exp(-t / 0.0025) * 0.28 * s["click"]
    knock = torch.sin(_falling(t, 900.0, 260.0, 0.004)) * torch.exp(-t / 0.006) * 0.35 * s["click"]
    out: Tensor = (body + click + knock)[None]
    return out


def _snare(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(min(0.8, 5.0 * s["decay"]))
    head = torch.sin(_falling(t, s["tune"] * 1.7, s["tune"], 0.012)) * torch.exp(-t / (0.45 * s["decay"]))
    ring = torch.sin(2 * math.pi * s["tune"] * 1.78 * t) * torch.exp(-t / (0.28 * s["decay"])) * 0.45
    wires = _noise(len(t), 900.0 + 900 * s["tone"], 7500.0 + 3500 * s["tone"], rng) * torch.exp(-t / (0.62 * s["decay"]))
    crack = _noise(len(t), 2200.0, 11000.0, rng, 1) * torch.exp(-t / 0.004)
    out: Tensor = torch.tanh(0.95 * (head + ring)) * 0.75 + 0.30 * wires * (0.7 + 0.6 * s["tone"]) + 0.22 * crack
    return out


def _clap(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(min(0.8, 4.5 * s["decay"]))
    envelope = torch.zeros_like(t)
    for start in (0.0, 0.0105, 0.0215, 0.031):
        since = t - start
        envelope += torch.where(since >= 0, torch.exp(-since.clamp_min(0) / (0.0045 if start < 0.03 else 0.55 * s["decay"])), 0.0)
    low, high = 700.0 + 500 * s["tone"], 2600.0 + 3400 * s["tone"]
    return _noise(len(t), low, high, rng) * envelope * 0.35 + _noise(len(t), 3000.0, 9000.0, rng) * envelope * 0.06


def _metal(t: Tensor, base: float, rng: torch.Generator, low: float) -> Tensor:
    """A cluster of band-limited square waves as in analogue cymbals, (2, frames)."""
    size = 1 << (len(t) - 1).bit_length()
    squares = torch.arange(1, 60, 2, dtype=torch.float32)
    freq = (base * torch.tensor((1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523))[:, None] * squares).reshape(-1)
    gain = (squares**-0.6).repeat(6)
    keep = (freq > low) & (freq < 16_500.0)
    bins = (freq[keep] * size / RATE).long()
    spectrum = torch.zeros(2, size // 2 + 1, dtype=torch.complex64)
    phases = torch.rand(2, len(bins), generator=rng) * 2 * math.pi
    spectrum.index_add_(1, bins, torch.polar(gain[keep].expand(2, -1).contiguous(), phases))
    common, apart = to_sound(spectrum, size)[:, : len(t)]
    out = torch.stack([common + _APART * apart, common - _APART * apart])
    return out / out.std().clamp_min(1e-12)


def _hat(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(min(0.9, 6.0 * s["decay"] + 0.03))
    low = 5200.0 + 3800 * s["tone"]
    body = 0.55 * _noise(len(t), low, 15_500.0, rng) + 0.5 * _metal(t, 430.0 + 120 * s["tone"], rng, low * 0.85)
    tail = 0.5 * torch.exp(-t / s["decay"]) + 0.5 * torch.exp(-t / (0.2 * s["decay"]))
    return body * tail * 0.3


def _ride(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(min(2.0, 3.5 * s["decay"]))
    ping = _metal(t, 690.0, rng, 2800.0) * (0.18 * torch.exp(-t / s["decay"]) + 0.82 * torch.exp(-t / 0.04))
    wash = _noise(len(t), 6000.0, 15_000.0, rng) * torch.exp(-t / (0.25 * s["decay"])) * 0.3
    out: Tensor = 0.3 * ping + 0.3 * wash * (0.6 + s["tone"])
    return out


def _crash(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(min(3.0, 2.2 * s["decay"]))
    fade = torch.exp(-t / (0.45 * s["decay"]))
    high = _noise(len(t), 3800.0 + 2500 * s["tone"], 15_000.0, rng) * fade
    mid = _noise(len(t), 1200.0, 5200.0, rng) * fade**1.6 * 0.5
    return (high + mid + 0.5 * _metal(t, 510.0, rng, 2500.0) * fade**1.3) * 0.22 * (1.0 - torch.exp(-t / 0.002))


def _shaker(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(6.0 * s["decay"] + 0.02)
    envelope = (1.0 - torch.exp(-t / 0.009)) * torch.exp(-((t / (1.3 * s["decay"])) ** 1.5))
    return _noise(len(t), 3600.0 + 3500 * s["tone"], 13_500.0, rng) * envelope * 0.3


def _conga(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(4.5 * s["decay"])
    skin = torch.sin(_falling(t, s["tune"] * 1.35, s["tune"], 0.014)) * torch.exp(-t / (0.55 * s["decay"]))
    over = torch.sin(2 * math.pi * 2.27 * s["tune"] * t) * torch.exp(-t / (0.18 * s["decay"])) * 0.3
    slap = _noise(len(t), 900.0, 4500.0, rng, 1)[0] * torch.exp(-t / 0.005) * 0.2
    return (skin + over + slap)[None]


def _tom(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(4.0 * s["decay"])
    skin = torch.sin(_falling(t, s["tune"] * 1.9, s["tune"], 0.03)) * torch.exp(-t / (0.6 * s["decay"]))
    slap = _noise(len(t), 600.0, 3800.0, rng, 1)[0] * torch.exp(-t / 0.008) * 0.16
    return torch.tanh(1.4 * (skin + slap))[None]


def _rim(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(6.0 * s["decay"])
    tone = torch.sin(2 * math.pi * s["tune"] * t) + 0.7 * torch.sin(2 * math.pi * 0.36 * s["tune"] * t)
    click = _noise(len(t), 2000.0, 9000.0, rng, 1)[0] * torch.exp(-t / 0.0025)
    return (tone * torch.exp(-t / (0.35 * s["decay"])) * 0.55 + 0.3 * click)[None]


def _impact(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(2.2)
    boom = torch.sin(_falling(t, 95.0, 36.0, 0.12)) * torch.exp(-t / 0.55)
    burst = _noise(len(t), 60.0, 1800.0, rng) * torch.exp(-t / 0.22) * 0.16
    return torch.tanh(1.5 * boom)[None] * 0.9 + burst


DRUM_MODELS: Final[dict[str, Model]] = {
    "kick": _kick,
    "snare": _snare,
    "clap": _clap,
    "hat": _hat,
    "ride": _ride,
    "crash": _crash,
    "shaker": _shaker,
    "conga": _conga,
    "tom": _tom,
    "rim": _rim,
    "impact": _impact,
}
"""Model name -> the function that makes it; settings as in a style's [kit] tables."""
