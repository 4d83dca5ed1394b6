"""Drums: every sound synthesised once per kit, in three strengths and some variants, and kept."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.generators.pocket.instruments.breaks import cut
from engine.generators.pocket.instruments.spectra import RATE, to_sound, to_spectrum, weighed
from engine.generators.pocket.styles import Style

LAYERS: Final = (0.4, 0.7, 1.0)
"""Velocities of the strengths a shot is made in: softer ones are duller as well as quieter."""

_LONGEST: Final = 65_536
"""Frames of the longest shot."""

_LONG: Final = 20_000
"""Frames from which a shot is kept in half precision, whose noise lies 66 dB under it."""

Settings = Mapping[str, Any]
"""Numbers by name, and the name of the model."""
Kit = Mapping[str, tuple[tuple[str, Any], ...]]
"""A style's shots by name, the settings of each as pairs."""
_Model = Callable[[Settings, torch.Generator], Tensor]


def _time(seconds: float) -> Tensor:
    return torch.arange(min(int(seconds * RATE), _LONGEST), dtype=torch.float32) / RATE


@lru_cache(maxsize=6)
def _white(size: int, seed: int) -> Tensor:
    """Spectrum of white noise in two channels, (2, size // 2 + 1)."""
    return to_spectrum(torch.randn(2, size, generator=torch.Generator().manual_seed(seed)))


def _noise(count: int, low: float, high: float, rng: torch.Generator, channels: int = 2) -> Tensor:
    """Noise between two frequencies in Hz, slopes of 12 dB an octave, RMS 1; (channels, count)."""
    size = 1 << max(6, (count - 1).bit_length())
    hz = torch.linspace(0.0, RATE / 2, size // 2 + 1) + 1e-3
    shape = 1.0 / ((1.0 + (low / hz) ** 4) * (1.0 + (hz / high) ** 4)).sqrt()
    seed = int(torch.randint(4, (1,), generator=rng))
    out = to_sound(_white(size, seed)[:channels] * shape, size)[:, :count]
    return out / out.std().clamp_min(1e-6)


def _falling(t: Tensor, start: float, end: float, time: float) -> Tensor:
    """Phase (radians) of a tone whose frequency falls from ``start`` to ``end`` Hz with a time constant."""
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
    """A cluster of square waves as in analogue cymbals, band-limited, (2, frames)."""
    size = 1 << (len(t) - 1).bit_length()
    squares = torch.arange(1, 60, 2, dtype=torch.float32)
    freq = (base * torch.tensor((1.0, 1.342, 1.2312, 1.6532, 1.9523, 2.1523))[:, None] * squares).reshape(-1)
    gain = (squares**-0.6).repeat(6)
    keep = (freq > low) & (freq < 16_500.0)
    bins = (freq[keep] * size / RATE).long()
    spectrum = torch.zeros(2, size // 2 + 1, dtype=torch.complex64)
    phases = torch.rand(2, len(bins), generator=rng) * 2 * math.pi
    spectrum.index_add_(1, bins, torch.polar(gain[keep].expand(2, -1).contiguous(), phases))
    out = to_sound(spectrum, size)[:, : len(t)]
    return out / out.std().clamp_min(1e-12)


def _hat(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(min(0.9, 6.0 * s["decay"] + 0.03))
    low = 5200.0 + 3800 * s["tone"]
    body = 0.55 * _noise(len(t), low, 15_500.0, rng) + 0.5 * _metal(t, 430.0 + 120 * s["tone"], rng, low * 0.85)
    tail = 0.78 * torch.exp(-t / s["decay"]) + 0.22 * torch.exp(-t / (0.25 * s["decay"]))
    return body * tail * 0.3


def _ride(s: Settings, rng: torch.Generator) -> Tensor:
    t = _time(min(2.0, 3.5 * s["decay"]))
    ping = _metal(t, 690.0, rng, 2800.0) * (0.35 * torch.exp(-t / s["decay"]) + 0.65 * torch.exp(-t / 0.05))
    wash = _noise(len(t), 6000.0, 15_000.0, rng) * torch.exp(-t / (0.7 * s["decay"])) * 0.3
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


def _break(s: Settings, rng: torch.Generator) -> Tensor:
    return cut(s, MODELS, int(s["variant"]))


MODELS: Final[dict[str, _Model]] = {
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
    "break": _break,
}
"""Model -> how it sounds; settings as styles' [kit] tables write them."""

_USUAL: Final[dict[str, dict[str, Any]]] = {
    "crash": {"model": "crash", "decay": 1.6, "tone": 0.5},
    "impact": {"model": "impact"},
    "tom": {"model": "tom", "tune": 100.0, "decay": 0.3},
    "rim": {"model": "rim", "tune": 1500.0, "decay": 0.05},
}
"""What fills and section starts use where a kit has none of its own."""

_KEPT: Final = 20_000_000
"""Bytes of shots kept."""


class Shots:
    """Drum sounds by their settings, made when first asked for; the least recently used let go beyond `_KEPT` bytes."""

    def __init__(self) -> None:
        self._shots: OrderedDict[tuple[object, ...], tuple[tuple[Tensor, Tensor], ...]] = OrderedDict()
        self._bytes = 0
        self._alike: dict[tuple[object, object], float] = {}

    def get(self, kit: Kit, shot: str, velocity: float, variant: int) -> tuple[Tensor, Tensor]:
        """A shot for a velocity 0..1.

        Returns:
            (1 or 2, frames) with peak 1, float32 (long ones float16),
            and its K-weighted energy per loudness band over both channels, (bands,).
        """
        key = (settings_of(kit, shot), variant)
        found = self._shots.get(key)
        if found is None:
            found = self._shots[key] = _make(dict(key[0]), variant)
            self._bytes += _size(found)
            while self._bytes > _KEPT and len(self._shots) > 1:
                self._bytes -= _size(self._shots.popitem(last=False)[1])
        else:
            self._shots.move_to_end(key)
        return found[layer_of(velocity)]

    def alike(self, kit: Kit, other: Kit, shot: str) -> float:
        """How much of a shot's power another kit's shot of that name adds when both are struck at once, beside its own.

        Returns:
            What both have in common, K-weighted, as a share of the first one's energy: 1 for the same settings, below 0 where
            they take from each other. It is that of the first variant, struck hard.
        """
        pair = (settings_of(kit, shot), settings_of(other, shot))
        if pair[0] == pair[1]:
            return 1.0
        if pair not in self._alike:
            sounds = [self.get(each, shot, LAYERS[-1], 0)[0].float().expand(2, -1) for each in (kit, other)]
            size = 1 << (max(sound.shape[1] for sound in sounds) - 1).bit_length()
            first, second = (torch.fft.rfft(sound, size) for sound in sounds)
            powers = torch.stack([(first * each.conj()).real.sum(0) for each in (first, second)])
            own, common = weighed(torch.fft.rfftfreq(size, 1 / RATE), powers).sum(1).tolist()
            self._alike[pair] = common / max(own, 1e-12)
        return self._alike[pair]


class AtHand:
    """Shots in single precision, each brought to it once and kept for as long as this is."""

    def __init__(self, shots: Shots) -> None:
        self._shots = shots
        self._sounds: dict[tuple[object, int, int], NDArray[np.float32]] = {}
        self._named: dict[tuple[str, str, int, int], NDArray[np.float32]] = {}

    def get(self, style: Style, shot: str, velocity: float, variant: int) -> NDArray[np.float32]:
        """The sound of `Shots.get` for a style's kit, (1 or 2, frames)."""
        key = (style.name, shot, layer_of(velocity), variant)
        found = self._named.get(key)
        if found is None:  # under that name; another style may have the same
            same = (settings_of(style.kit, shot), *key[2:])
            if same not in self._sounds:
                self._sounds[same] = self._shots.get(style.kit, shot, velocity, variant)[0].float().numpy()
            found = self._named[key] = self._sounds[same]
        return found


def settings_of(kit: Kit, shot: str) -> tuple[tuple[str, Any], ...]:
    """A kit's settings of a shot, or the usual ones where it has none."""
    return kit.get(shot) or tuple(sorted(_USUAL[shot].items()))


def layer_of(velocity: float) -> int:
    """Which of `LAYERS` a velocity 0..1 is struck in."""
    return 0 if velocity < 0.5 else 1 if velocity < 0.85 else 2


def _size(layers: tuple[tuple[Tensor, Tensor], ...]) -> int:
    return sum(sound.element_size() * sound.numel() for sound, _ in layers)


def _end(sound: Tensor) -> int:
    """Frames until a shot has fallen 54 dB under its peak."""
    loud = sound.abs().amax(0) > 2e-3 * float(sound.abs().max())
    return min(sound.shape[1], int(loud.nonzero()[-1]) + 256)


def _make(settings: Settings, variant: int) -> tuple[tuple[Tensor, Tensor], ...]:
    """A shot in every strength, with its energies."""
    rng = torch.Generator().manual_seed(31 * variant + sum(map(ord, settings["model"])))
    drawn = float(torch.rand(1, generator=rng)) - 0.5
    wobbled = {
        **settings,
        "variant": variant,
        **({"decay": settings["decay"] * (1.0 + 0.16 * drawn)} if "decay" in settings and variant else {}),
    }
    full = MODELS[settings["model"]](wobbled, rng)
    full = full[:, : _end(full)]
    count = full.shape[1]
    full[:, :24] *= torch.linspace(0.0, 1.0, 24)
    full[:, count - 256 :] *= torch.linspace(1.0, 0.0, 256)
    size = 1 << (count - 1).bit_length()
    spectrum = to_spectrum(full, size)
    hz = torch.linspace(0.0, RATE / 2, size // 2 + 1)
    layers = []
    for velocity in LAYERS:
        sound, shape = full, torch.ones_like(hz)
        if velocity < LAYERS[-1] and settings["model"] != "kick":
            knee = 900.0 * 2.0 ** (6.5 * velocity - 2.2)
            shape = (1.0 + hz / (6.0 * knee)) / (1.0 + hz / knee)
            sound = to_sound(spectrum * shape, size)[:, :count]
        peak = 1.0 if settings["model"] == "break" else float(sound.abs().max().clamp_min(1e-6))
        power = ((spectrum.abs() * shape) ** 2).sum(0) * (2.0 / size) * (2.0 / full.shape[0]) / peak**2
        kept = (sound / peak).half() if count > _LONG else sound / peak
        layers.append((kept, weighed(hz, power)))
    return tuple(layers)
