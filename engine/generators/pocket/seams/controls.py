"""What may be changed at a section's edge to shift its beat: accents of the cymbals, added soft strokes, a swell of the whole.

Each is a control with an amount, 0 for no change.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.dsp.levels import gain_of
from engine.generators.pocket.instruments.spectra import RATE
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.point import group_gain
from engine.generators.pocket.render.playback import add_scaled
from engine.generators.pocket.render.renderer import Renderer
from engine.generators.pocket.score.events import Hit

_MOST_STROKE: Final = 1.4
"""Greatest velocity of an added stroke."""
_MOST_ACCENT: Final = 0.85
"""Greatest change of a cymbal's amplitude, as a share of it, up or down."""
_PLACES: Final = (0.0, 0.25, 0.5, 0.75)
"""Places in the beat, in beats, that have a control of their own."""
_CYMBAL_HZ: Final = 9_000.0
"""Frequency in Hz at which the drum bus's gain is taken for the strokes, which bypass it."""
_EARLY_S: Final = 0.025
"""Seconds by which a hit may come before its place in the beat and still belong to it."""
_FEWEST_HITS: Final = 4
"""Cymbal hits that an edge must have for its accents to be controlled."""
_SOFT_VELOCITY: Final = 0.3
"""Velocity at which the shot of an added stroke is made."""
_SWELL: Final = 0.15
"""Greatest swell of the whole, as a share of its amplitude, where cymbals play as well."""
_SWELL_ALONE: Final = 0.3
"""The same where no cymbals play."""


class Stroke(NamedTuple):
    """A sound that is added in proportion to a control's amount.

    Attributes:
        control: index of the control.
        at: frame of the edge at which it starts.
        shot: (1 or 2, frames).
        gain: linear gain at an amount of 1.
    """

    control: int
    at: int
    shot: NDArray[np.float32]
    gain: float


class Controls(NamedTuple):
    """Accents and added strokes: what each stroke sounds like, and the least and greatest amount of each control."""

    strokes: list[Stroke]
    limits: list[tuple[float, float]]

    def layers(self, count: int, more: int = 0) -> Tensor:
        """The sound of each control at an amount of 1 in one channel, and ``more`` silent rows: (controls + more, count)."""
        out = np.zeros((len(self.limits) + more, count), np.float32)
        means: dict[int, NDArray[np.float32]] = {}
        for control, at, shot, gain in self.strokes:
            mono = means.get(id(shot))
            if mono is None:
                mono = means[id(shot)] = shot.mean(0, keepdims=True)
            part = mono[:, : max(0, count - at)]
            add_scaled(out[control : control + 1, at : at + part.shape[1]], part, (gain, gain))
        return torch.from_numpy(out)

    def sound(self, amounts: list[float], count: int) -> Tensor:
        """The sum of all strokes at these amounts: (2, count)."""
        out = np.zeros((2, count), np.float32)
        for control, at, shot, gain in self.strokes:
            if amounts[control]:
                part = shot[:, : max(0, count - at)]
                add_scaled(out[:, at : at + part.shape[1]], part, (gain * amounts[control],) * 2)
        return torch.from_numpy(out)


def swell_waves(near: Tensor, start: int, beat: float, alone: bool) -> tuple[Tensor, Tensor]:
    """Two controls that make the whole swell and ebb once a beat, a quarter of a beat apart: what an amount of 1 adds to a
    gain of 1, (frames,) each.

    Held chords have no beat of their own to shift; a swell of a few tenths of a decibel gives them one.

    Args:
        near: (frames,) strength of the effect, 0..1, at each frame from ``start``.
        start: the section's frame at which ``near`` starts.
        beat: frames in a beat.
        alone: whether there are no cymbals to accent; the swell may be stronger then.
    """
    beats = torch.arange(start, start + len(near), dtype=torch.float64).mul_(1.0 / beat)
    angle = beats.sub_(beats.floor()).float().mul_(2.0 * math.pi)
    reach = near * (_SWELL_ALONE if alone else _SWELL)
    return angle.cos().mul_(reach), angle.sin_().mul_(reach)


def find_controls(renderer: Renderer, near: Tensor, start: int, edge: tuple[int, int], reach: float = 1.0) -> Controls:
    """The controls of an edge; none where hardly any cymbals play.

    For each of `_PLACES` there is one for the accents of the cymbals and percussion played there, and one for a soft stroke in
    every beat.

    Args:
        renderer: the section's renderer.
        near: (frames,) strength of the effect, 0..1, at each frame from ``start``.
        start: the section's frame at which ``near`` starts, and from which strokes are counted.
        edge: the edge's first frame and the one after its last.
        reach: factor by which amounts may exceed the usual limits.
    """
    score = renderer.score
    playing = [hit for hit in score.hits if edge[0] <= hit.frame < edge[1] and hit.group.startswith(("hats", "perc"))]
    if len(playing) < _FEWEST_HITS:
        return Controls([], [])
    level = renderer.gains.drums * math.sqrt(1.0 + 2.0 * renderer.sound.drive[0] ** 2)
    level *= float(renderer.sound.buses[0].dry[round(_CYMBAL_HZ * 2 * CHUNK / RATE)].abs())
    strokes = _accents(renderer, playing, level, near, start)
    limits = [(-_MOST_ACCENT, reach * _MOST_ACCENT)] * len(_PLACES)
    soft = _soft_strokes(renderer, level, near, start, edge)
    if soft is None:
        return Controls(strokes, limits)
    return Controls(strokes + soft, limits + [(0.0, reach * _MOST_STROKE)] * len(_PLACES))


def _accents(renderer: Renderer, playing: list[Hit], level: float, near: Tensor, start: int) -> list[Stroke]:
    """Strokes that repeat the cymbals' own hits: added they accent them, subtracted they soften them."""
    score = renderer.score
    beat = float(score.grid.frames_per_beat)
    strokes = []
    for hit in playing:
        place = (hit.frame + _EARLY_S * RATE) / beat % 1.0
        control = next(i for i in (3, 2, 1, 0) if place >= _PLACES[i])
        shot = renderer.shots.struck(score.kits[hit.group], hit)
        gain = hit.velocity * hit.gain * level * renderer.gain_at(hit.frame) * float(near[hit.frame - start])
        strokes.append(Stroke(control, hit.frame - start, shot, gain))
    return strokes


def _soft_strokes(renderer: Renderer, level: float, near: Tensor, start: int, edge: tuple[int, int]) -> list[Stroke] | None:
    """Soft strokes of the closed hat or shaker at each of `_PLACES` in every beat; None where the style has neither."""
    score = renderer.score
    beat = float(score.grid.frames_per_beat)
    style = score.kits["hats"]
    lane = next((lane for lane in style.lanes if lane.group in {"hats", "perc"} and lane.shot in {"shaker", "hat"}), None)
    if lane is None:
        return None
    shot = renderer.shots.get(style, lane.shot, _SOFT_VELOCITY, 0)
    level *= gain_of(lane.gain_db)
    soft = {group: group_gain(score.mix, group) for group in ("hats", "perc")}
    swing = score.mix.params["swing"] / 3.0 * 0.25
    strokes = []
    for i, place in enumerate(_PLACES):
        for number in range(math.ceil(edge[0] / beat), math.ceil(edge[1] / beat)):
            frame = round((number + place + (swing if i % 2 else 0.0)) * beat)
            bar = score.bars[min(len(score.bars) - 1, score.grid.bar_at(frame))]
            left = (score.grid.frame_of_bar(bar.index + 1) - frame) / beat
            if edge[0] <= frame < edge[1] and left > bar.breath:
                presence = max(bar.active[group] * soft[group] for group in soft) * float(near[frame - start])
                strokes.append(Stroke(len(_PLACES) + i, frame - start, shot, level * presence * renderer.gain_at(frame)))
    return strokes
