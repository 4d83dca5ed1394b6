"""Room for cymbals: every drum hit ducks the highs of what else sounds, so that it stands out and there is air after it."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.generators.pocket.instruments.spectra import RATE
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.render.envelopes import STEP, polyline
from engine.generators.pocket.score.events import Hit

_HZ: Final = 5000.0
"""Corner of the shelf that is ducked, in Hz."""
_HELD_S: Final = 0.05
_BACK_S: Final = 0.12
"""Seconds after a hit until which the highs stay ducked, and after which they are back."""
_ONSET_S: Final = 0.004
"""Seconds in which they are ducked."""
_FIRM: Final = 3.0
"""Factor of a hit's amplitude, up to 1, with which it ducks: most cymbals and all snares do so fully."""
_DOUBLINGS: Final = 4
"""The low-pass reaches 2 to this power frames back: by then its response has died away."""
_SLOPE: Final = math.tan(math.pi * _HZ / RATE)
_POLE: Final = (1.0 - _SLOPE) / (1.0 + _SLOPE)
"""Pole of the low-pass, by the bilinear transform; its zero is at half the rate."""
_FRAMES: Final = 1 << _DOUBLINGS
_POINTS: Final = np.arange(0.0, CHUNK + STEP, STEP)


class Air:
    """What drum hits do to the highs of other stems.

    Args:
        hits: in order of frames.
        depth: how far a firm hit ducks them, 0..1.
    """

    def __init__(self, hits: tuple[Hit, ...], depth: float) -> None:
        struck = [(hit.frame, depth * min(1.0, _FIRM * hit.velocity * hit.gain)) for hit in hits] if depth > 0.0 else []
        self._struck = np.array(struck, np.float64).reshape(-1, 2).T

    def __bool__(self) -> bool:
        return self._struck.size > 0

    def curve(self, index: int) -> NDArray[np.float32] | None:
        """How far the highs are ducked over a chunk, 0..1: (CHUNK,); None where no hit is near."""
        start = index * CHUNK
        near = slice(*np.searchsorted(self._struck[0], (start - _BACK_S * RATE, start + CHUNK)))
        frames, depths = self._struck[:, near, None]
        if not len(frames):
            return None
        since = (start + _POINTS - frames) / RATE
        left = np.clip((_BACK_S - since) / (_BACK_S - _HELD_S), 0.0, 1.0)
        return polyline((depths * np.clip(since / _ONSET_S, 0.0, 1.0) * left).max(0))


def without_highs(before: Tensor | None, now: Tensor, curve: NDArray[np.float32]) -> Tensor:
    """A chunk whose highs are softer, as by a first-order shelf.

    Args:
        before: the chunk before, (2, CHUNK); None is silence.
        now: the chunk, (2, CHUNK).
        curve: (CHUNK,) how far the highs are removed, 0..1.
    """
    sound = now.numpy()
    low = np.zeros((2, CHUNK + _FRAMES), np.float32)
    low[:, _FRAMES:] = sound
    if before is not None:
        low[:, :_FRAMES] = before.numpy()[:, -_FRAMES:]
    for doubling in range(_DOUBLINGS):  # 1 + pz + ... + (pz)^15 as (1 + pz)(1 + (pz)^2)(1 + (pz)^4)(1 + (pz)^8)
        shift = 1 << doubling
        late = low[:, :-shift] * np.float32(_POLE**shift)
        low[:, shift:] += late
    high = low[:, _FRAMES:] + low[:, _FRAMES - 1 : -1]
    high *= np.float32(-0.5 * (1.0 - _POLE) / (1.0 - _POLE**_FRAMES))
    high += sound
    high *= curve
    return torch.from_numpy(sound - high)
