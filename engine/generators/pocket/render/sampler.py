"""Drum shots in single precision, ready to be mixed."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.generators.pocket.instruments.shots import Shots, layer_of, settings_of
from engine.generators.pocket.score.events import Hit
from engine.generators.pocket.styles import Style

_CHOKE: Final = 220
"""Frames in which a choked cymbal falls silent."""


class Sampler:
    """Shots in single precision, each converted once and kept as long as the sampler."""

    def __init__(self, shots: Shots) -> None:
        self._shots = shots
        self._sounds: dict[tuple[object, int, int], NDArray[np.float32]] = {}
        self._named: dict[tuple[str, str, int, int], NDArray[np.float32]] = {}

    def struck(self, style: Style, hit: Hit) -> NDArray[np.float32]:
        """The shot of a hit, (1 or 2, frames) float32, cut off where it is choked."""
        shot = self.get(style, hit.shot, hit.velocity, hit.variant)
        if not hit.length or hit.length + _CHOKE >= shot.shape[1]:
            return shot
        cut = shot[:, : hit.length + _CHOKE].copy()
        cut[:, hit.length :] *= np.linspace(1.0, 0.0, _CHOKE, dtype=np.float32)
        return cut

    def get(self, style: Style, shot: str, velocity: float, variant: int) -> NDArray[np.float32]:
        """A shot of a style's kit for a velocity 0..1: (1 or 2, frames) float32; see `Shots.get`."""
        key = (style.name, shot, layer_of(velocity), variant)
        found = self._named.get(key)
        if found is None:  # under this style's name; another style may have the same shot
            same = (settings_of(style.kit, shot), *key[2:])
            if same not in self._sounds:
                self._sounds[same] = self._shots.get(style.kit, shot, velocity, variant)[0].float().numpy()
            found = self._named[key] = self._sounds[same]
        return found
