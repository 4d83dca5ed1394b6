"""The beat of a stretch of sound is led to a place: what is added to its drums, and how the whole swells, are found by ear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor

from engine.generators.pocket.render.renderer import Renderer
from engine.generators.pocket.seams.beat import beat_phasor, phase_of, phasor
from engine.generators.pocket.seams.controls import Controls, find_controls, swell_waves
from engine.generators.pocket.seams.fitting import search_amounts

_LEFT_ALONE: Final = 0.008
"""Beats within which a beat that is at least `_DISTINCT` is left where it is."""
_DISTINCT: Final = 0.7
_CLEAR: Final = 1.0
_CLEAR_ALONE: Final = 0.3
"""How clear a beat should at least be, in the units of `beat_phasor`: beside cymbals, and where there are none."""


class Excerpt(NamedTuple):
    """A stretch of sound, one channel, as it is heard.

    Attributes:
        sound: (frames,) all that is heard.
        own: (frames,) of it what the section itself plays, which may swell.
        through: (frames or more,) how much is heard of what is added; None for all of it.
        strokes, swell: (frames or more,) how much may be struck, and how far the whole may swell.
        start: the section's frame at which all of them start.
        edge: frames of the section between which is listened.
        reach: how much further than usual accents may be raised.
    """

    sound: Tensor
    own: Tensor
    through: Tensor | None
    strokes: Tensor
    swell: Tensor
    start: int
    edge: tuple[int, int]
    reach: float = 1.0


class Alignment(NamedTuple):
    """What leads a beat: (2, frames) added to the drums, a gain of the whole, (frames,), and where the beat lies then."""

    drums: Tensor
    swell: Tensor
    lies: float

    def bend(self, chunk: Tensor, at: int) -> None:
        """Lead a chunk (stems, 2, frames) that begins ``at`` frames from the start, in place."""
        count = min(chunk.shape[2], max(0, len(self.swell) - at))
        chunk[..., :count] *= self.swell[at : at + count]
        chunk[0, :, :count] += self.drums[:, at : at + count]

    def after(self, frame: int) -> Alignment:
        """What is left of it from a frame on."""
        return Alignment(self.drums[:, frame:].clone(), self.swell[frame:].clone(), self.lies)


class BeatAligner:
    """Leads the beat of a section's edges.

    Args:
        renderer: what makes the section's sound.
        origin: the section's first frame, counted from the set's start.
        go_on: called between two steps of work; what it raises ends the work.
    """

    def __init__(self, renderer: Renderer, origin: int, go_on: Callable[[], None]) -> None:
        self._renderer = renderer
        self._origin = origin
        self._go_on = go_on
        self._beat = float(renderer.score.grid.frames_per_beat)

    def beat_phasor(self, sound: Tensor, start: int, edge: tuple[int, int]) -> complex:
        """See `beat_phasor`."""
        return beat_phasor(sound, start, edge, self._beat, self._origin)

    def lead(self, heard: Excerpt, aim: Callable[[float], float]) -> Alignment:
        """Lead the beat of a stretch of sound, ``aim`` saying from where it lies where it should lie, in beats."""
        frames = len(heard.strokes)
        found = find_controls(self._renderer, heard.strokes, heard.start, heard.edge, heard.reach)
        waves = swell_waves(heard.swell, heard.start, self._beat, not found.limits)
        amounts, lies = self._amounts(heard, found, waves, aim)
        swell = torch.ones(frames)
        if not amounts:
            return Alignment(torch.zeros(2, frames), swell, lies)
        for amount, wave in zip(amounts[-len(waves) :], waves, strict=True):
            swell.add_(wave, alpha=amount)
        return Alignment(found.struck(amounts, frames), swell, lies)

    def _amounts(
        self, heard: Excerpt, found: Controls, waves: Sequence[Tensor], aim: Callable[[float], float]
    ) -> tuple[list[float], float]:
        """Amounts of all levers, none where the beat is left where it is; and where it lies then."""
        count = len(heard.sound)
        layers = found.layers(count, len(waves))
        if heard.through is not None:
            layers *= heard.through[:count]
        for layer, wave in zip(layers[-len(waves) :], waves, strict=True):
            torch.mul(wave[:count], heard.own, out=layer)
        limits = [*found.limits, *[(-1.0, 1.0)] * len(waves)]

        bare = self.beat_phasor(heard.sound, heard.start, heard.edge)
        lies = phase_of(bare)
        back = phasor(-aim(lies))
        if abs(phase_of(bare * back)) < _LEFT_ALONE and abs(bare) > _DISTINCT:
            return [], lies

        def hear(amounts: list[float]) -> complex:
            self._go_on()
            mono = heard.sound.clone()
            for layer, amount in zip(layers, amounts, strict=True):
                if amount:  # most often a single control is tried
                    mono.add_(layer, alpha=amount)
            return self.beat_phasor(mono, heard.start, heard.edge) * back

        tried = [*sorted({stroke.control for stroke in found.strokes}), len(limits) - 2]
        amounts, reached = search_amounts(hear, bare * back, limits, tried, _CLEAR if found.limits else _CLEAR_ALONE)
        return amounts, phase_of(reached / back)
