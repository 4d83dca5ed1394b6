"""Drum shots: each synthesised once per kit, in three strengths and some variants, and cached."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor

from engine.generators.pocket.instruments.breaks import slice_of
from engine.generators.pocket.instruments.drum_models import DRUM_MODELS, Model, Settings
from engine.generators.pocket.instruments.spectra import RATE, k_weighted_bands, to_sound, to_spectrum

LAYERS: Final = (0.4, 0.7, 1.0)
"""Velocities of the strengths a shot is made in; softer ones are duller as well as quieter."""
_LONG: Final = 20_000
"""Frames above which a shot is kept in half precision, whose noise lies 66 dB below it."""

Kit = Mapping[str, tuple[tuple[str, Any], ...]]
"""Shot -> its settings as (name, value) pairs."""


def _break(s: Settings, rng: torch.Generator) -> Tensor:
    return slice_of(s, int(s["variant"]))


MODELS: Final[dict[str, Model]] = {**DRUM_MODELS, "break": _break}
"""Model name -> the function that makes it; settings as in a style's [kit] tables."""

_USUAL: Final[dict[str, dict[str, Any]]] = {
    "crash": {"model": "crash", "decay": 1.6, "tone": 0.5},
    "impact": {"model": "impact"},
    "tom": {"model": "tom", "tune": 100.0, "decay": 0.3},
    "rim": {"model": "rim", "tune": 1500.0, "decay": 0.05},
}
"""Settings of shots that fills and section starts need, for kits that have none of their own."""

_KEPT: Final = 20_000_000
"""Bytes of shots to keep."""


class Shots:
    """Cache of drum shots by their settings; the least recently used are dropped beyond `_KEPT` bytes."""

    def __init__(self) -> None:
        self._shots: OrderedDict[tuple[object, ...], tuple[tuple[Tensor, Tensor], ...]] = OrderedDict()
        self._bytes = 0
        self._correlations: dict[tuple[object, object], float] = {}

    def get(self, kit: Kit, shot: str, velocity: float, variant: int) -> tuple[Tensor, Tensor]:
        """A shot for a velocity 0..1.

        Returns:
            (1 or 2, frames) with peak 1, float32 (float16 if long),
            and its K-weighted energy in each loudness band, summed over both channels, (bands,).
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

    def correlation(self, kit: Kit, other: Kit, shot: str) -> float:
        """How far two kits' shots of one name add up in amplitude when struck together.

        Returns:
            Their K-weighted cross-energy as a share of the first one's energy: 1 for the same settings, below 0 where they
            cancel. Measured on the first variant, struck hard.
        """
        pair = (settings_of(kit, shot), settings_of(other, shot))
        if pair[0] == pair[1]:
            return 1.0
        if pair not in self._correlations:
            sounds = [self.get(each, shot, LAYERS[-1], 0)[0].float().expand(2, -1) for each in (kit, other)]
            size = 1 << (max(sound.shape[1] for sound in sounds) - 1).bit_length()
            first, second = (torch.fft.rfft(sound, size) for sound in sounds)
            powers = torch.stack([(first * each.conj()).real.sum(0) for each in (first, second)])
            own, common = k_weighted_bands(torch.fft.rfftfreq(size, 1 / RATE), powers).sum(1).tolist()
            self._correlations[pair] = common / max(own, 1e-12)
        return self._correlations[pair]


def settings_of(kit: Kit, shot: str) -> tuple[tuple[str, Any], ...]:
    """A kit's settings of a shot, or the usual ones where the kit has none."""
    return kit.get(shot) or tuple(sorted(_USUAL[shot].items()))


def layer_of(velocity: float) -> int:
    """Index in `LAYERS` for a velocity 0..1."""
    return 0 if velocity < 0.5 else 1 if velocity < 0.85 else 2


def _size(layers: tuple[tuple[Tensor, Tensor], ...]) -> int:
    return sum(sound.element_size() * sound.numel() for sound, _ in layers)


def _end(sound: Tensor) -> int:
    """Frames until a shot has decayed to 54 dB below its peak."""
    loud = sound.abs().amax(0) > 2e-3 * float(sound.abs().max())
    return min(sound.shape[1], int(loud.nonzero()[-1]) + 256)


def _make(settings: Settings, variant: int) -> tuple[tuple[Tensor, Tensor], ...]:
    """A shot in every strength, each with its energy per band; see `Shots.get`."""
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
        layers.append((kept, k_weighted_bands(hz, power)))
    return tuple(layers)
