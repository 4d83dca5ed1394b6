"""Aligns the beat of an edge: finds, by measuring the result, what to add to its drums and how the whole should swell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor

from engine.generators.pocket.render.renderer import Renderer
from engine.generators.pocket.seams.beat import beat_phasor, phase_of, phasor
from engine.generators.pocket.seams.controls import Controls, find_controls, swell_waves
from engine.generators.pocket.seams.fitting import search_amounts

_CLOSE_ENOUGH: Final = 0.008
"""Beats from its target at which a beat of at least `_DISTINCT` clarity is left alone."""
_DISTINCT: Final = 0.7
"""Clarity of a distinct beat; see `beat_phasor` for the unit."""
_CLEAR: Final = 1.0
"""Clarity to aim for where cymbals play."""
_CLEAR_ALONE: Final = 0.3
"""Clarity to aim for where no cymbals play."""


class Excerpt(NamedTuple):
    """The sound of an edge as it is heard, and what may be changed in it. One channel.

    Attributes:
        sound: (frames,) all that is heard.
        own: (frames,) the part of it that this section plays; only that may swell.
        fade: (frames or more,) gain with which added strokes are heard; None is 1 throughout.
        stroke_gain: (frames or more,) strength of accents and added strokes.
        swell_gain: (frames or more,) strength of the swell.
        start: the section's frame at which all of them start.
        edge: first and last frame of the section to measure.
        reach: factor by which accents may exceed their usual limit.
    """

    sound: Tensor
    own: Tensor
    fade: Tensor | None
    stroke_gain: Tensor
    swell_gain: Tensor
    start: int
    edge: tuple[int, int]
    reach: float = 1.0


class Alignment(NamedTuple):
    """A change that aligns a beat.

    Attributes:
        drums: (2, frames) to add to the drums.
        swell: (frames,) gain of the whole.
        phase: beat phase reached, in beats.
    """

    drums: Tensor
    swell: Tensor
    phase: float

    def apply(self, chunk: Tensor, at: int) -> None:
        """Change a chunk (stems, 2, frames) that begins ``at`` frames after the alignment's start, in place."""
        count = min(chunk.shape[2], max(0, len(self.swell) - at))
        chunk[..., :count] *= self.swell[at : at + count]
        chunk[0, :, :count] += self.drums[:, at : at + count]

    def after(self, frame: int) -> Alignment:
        """The rest of it from a frame on."""
        return Alignment(self.drums[:, frame:].clone(), self.swell[frame:].clone(), self.phase)


class BeatAligner:
    """Aligns the beat of a section's edges.

    Args:
        renderer: the section's renderer.
        origin: the section's first frame, counted from the start of the set.
        check: called between steps of work; raises to stop it.
    """

    def __init__(self, renderer: Renderer, origin: int, check: Callable[[], None]) -> None:
        self._renderer = renderer
        self._origin = origin
        self._check = check
        self._beat = float(renderer.score.grid.frames_per_beat)

    def phasor(self, sound: Tensor, start: int, edge: tuple[int, int]) -> complex:
        """`beat_phasor` with this section's beat and origin."""
        return beat_phasor(sound, start, edge, self._beat, self._origin)

    def align(self, excerpt: Excerpt, target: Callable[[float], float]) -> Alignment:
        """Find what brings the beat of an excerpt to its target phase.

        Args:
            excerpt: what is heard.
            target: from the measured phase to the one wanted, both in beats.
        """
        frames = len(excerpt.stroke_gain)
        controls = find_controls(self._renderer, excerpt.stroke_gain, excerpt.start, excerpt.edge, excerpt.reach)
        waves = swell_waves(excerpt.swell_gain, excerpt.start, self._beat, not controls.limits)
        amounts, phase = self._amounts(excerpt, controls, waves, target)
        swell = torch.ones(frames)
        if not amounts:
            return Alignment(torch.zeros(2, frames), swell, phase)
        for amount, wave in zip(amounts[-len(waves) :], waves, strict=True):
            swell.add_(wave, alpha=amount)
        return Alignment(controls.sound(amounts, frames), swell, phase)

    def _amounts(
        self, excerpt: Excerpt, controls: Controls, waves: Sequence[Tensor], target: Callable[[float], float]
    ) -> tuple[list[float], float]:
        """Amounts of all controls, an empty list where the beat is left alone; and the phase reached."""
        count = len(excerpt.sound)
        layers = controls.layers(count, len(waves))
        if excerpt.fade is not None:
            layers *= excerpt.fade[:count]
        for layer, wave in zip(layers[-len(waves) :], waves, strict=True):
            torch.mul(wave[:count], excerpt.own, out=layer)
        limits = [*controls.limits, *[(-1.0, 1.0)] * len(waves)]

        bare = self.phasor(excerpt.sound, excerpt.start, excerpt.edge)
        phase = phase_of(bare)
        back = phasor(-target(phase))
        if abs(phase_of(bare * back)) < _CLOSE_ENOUGH and abs(bare) > _DISTINCT:
            return [], phase

        def hear(amounts: list[float]) -> complex:
            self._check()
            mono = excerpt.sound.clone()
            for layer, amount in zip(layers, amounts, strict=True):
                if amount:  # most often a single control is tried
                    mono.add_(layer, alpha=amount)
            return self.phasor(mono, excerpt.start, excerpt.edge) * back

        tried = [*sorted({stroke.control for stroke in controls.strokes}), len(limits) - 2]
        amounts, reached = search_amounts(hear, bare * back, limits, tried, _CLEAR if controls.limits else _CLEAR_ALONE)
        return amounts, phase_of(reached / back)
