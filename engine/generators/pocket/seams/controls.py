"""What can be changed at a section's edge so that its beat seems to lie elsewhere: accents of the cymbals, soft strokes."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.generators.pocket.instruments.spectra import RATE
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.parts import MARK_VELOCITY, SLICE_VELOCITY
from engine.generators.pocket.point import DRUMLESS, drumless, group_gain
from engine.generators.pocket.render.playback import add_scaled
from engine.generators.pocket.render.renderer import Renderer
from engine.generators.pocket.seams.beat import FRAME, HOP, beat_phasor, phase_of
from engine.generators.pocket.styles import OFF_BEATS, firm_steps, load_style

_MOST_STROKE: Final = 1.4
"""Loudest of the strokes that are added, as a velocity."""
_MOST_ACCENT: Final = 0.85
"""Most by which the cymbals of a place are raised or lowered, as a share of what they are."""
_PLACES: Final = (0.0, 0.25, 0.5, 0.75)
"""BeatTargets in a beat whose cymbals are led."""
_CYMBAL_HZ: Final = 9_000.0
"""Where cymbals are: what the drums' bus does there is done to what is added."""
_EARLY_S: Final = 0.025
"""Seconds by which a stroke may come before its place and still belong to it."""
_LATE_S: Final = 0.006
"""Seconds from a stroke to where its rise of the spectrum is seen."""
_HOME: Final = (-0.08, 0.13)
"""Beats between which the beat of a style's own drums may lie; what shuffles seems to come late."""
_STRUCK_LATE_S: Final = 0.04
"""The same for chords and tunes, which swell."""
_EARLY_ENERGY: Final = 0.62
"""Energy up to which a lane counts among a style's own drums."""
_OFF_SHARE: Final = 0.25
"""Share of the off-beat cymbal among them: away from drops it is not there yet, or softly."""
_PULLED: Final = -0.012
"""Beats by which chords and basses, which swell, pull the beat of the drums on average (over every style)."""


class Stroke(NamedTuple):
    """What changes with an amount: a shot at a frame of the edge, (1 or 2, frames), and its gain at an amount of 1."""

    control: int
    at: int
    shot: NDArray[np.float32]
    gain: float


_SWELL: Final = 0.15
_SWELL_ALONE: Final = 0.3
"""Most by which the whole swells and ebbs in the beat, as a share of its amplitude: beside cymbals, and where there are none."""


def swell_waves(near: Tensor, start: int, beat: float, alone: bool) -> tuple[Tensor, Tensor]:
    """What two levers add to a gain of 1 at an amount of 1, so that the music swells and ebbs once a beat, a quarter apart.

    Chords that are held have no beat of their own to lead; a swell of a few tenths of a decibel gives them one.

    Args:
        near: how much to act at each frame from the section's frame ``start``, (frames,).
        start: see above.
        beat: frames in a beat.
        alone: whether no cymbals are led beside them.
    """
    beats = torch.arange(start, start + len(near), dtype=torch.float64).mul_(1.0 / beat)
    turn = beats.sub_(beats.floor()).float().mul_(2.0 * math.pi)
    reach = near * (_SWELL_ALONE if alone else _SWELL)
    return turn.cos().mul_(reach), turn.sin_().mul_(reach)


class Controls(NamedTuple):
    """Strokes, and the amounts between which each control may be set."""

    strokes: list[Stroke]
    limits: list[tuple[float, float]]

    def layers(self, count: int, more: int = 0) -> Tensor:
        """The sound of each control at an amount of 1, one channel, and of ``more`` that are silent: (levers, count)."""
        out = np.zeros((len(self.limits) + more, count), np.float32)
        means: dict[int, NDArray[np.float32]] = {}
        for control, at, shot, gain in self.strokes:
            mono = means.get(id(shot))
            if mono is None:
                mono = means[id(shot)] = shot.mean(0, keepdims=True)
            part = mono[:, : max(0, count - at)]
            add_scaled(out[control : control + 1, at : at + part.shape[1]], part, (gain, gain))
        return torch.from_numpy(out)

    def struck(self, amounts: list[float], count: int) -> Tensor:
        """The sound of all of them at some amounts: (2, count)."""
        out = np.zeros((2, count), np.float32)
        for control, at, shot, gain in self.strokes:
            if amounts[control]:
                part = shot[:, : max(0, count - at)]
                add_scaled(out[:, at : at + part.shape[1]], part, (gain * amounts[control],) * 2)
        return torch.from_numpy(out)


def natural_phase(renderer: Renderer) -> float:
    """Where in the beat the music lies, in beats.

    It is where the styles' own drums do: two bars of them are heard, the off-beat cymbal softly. Without drums it is where
    chords and tunes do.
    """
    score = renderer.score
    beat, swing = float(score.grid.frames_per_beat), score.mix.params["swing"] / 12.0
    if drumless(score.mix) > DRUMLESS:
        return _STRUCK_LATE_S * RATE / beat
    strokes = []
    for name, share in score.mix.styles:
        style = load_style(name)
        for lane in style.lanes:
            if lane.start > _EARLY_ENERGY:
                continue
            part = share * (_OFF_SHARE if firm_steps(lane) == OFF_BEATS else 1.0)
            for step, mark in enumerate(2 * lane.patterns[0]):
                velocity = SLICE_VELOCITY * (mark != ".") if lane.sliced else MARK_VELOCITY.get(mark, 0.0)
                if velocity > 0.0:
                    variant = int(mark, 16) if lane.sliced else 0
                    shot = renderer.shots.get(style, lane.shot, velocity, variant)
                    frame = round((step / 4.0 + swing * (step % 2)) * beat)
                    gain = part * velocity * 10 ** (lane.gain_db / 20) * renderer.gains.drums
                    strokes.append(Stroke(0, frame + FRAME, shot, gain))
    count = round(8 * beat)
    heard = Controls(strokes, [(1.0, 1.0)]).layers(FRAME + count)[0]
    found = phase_of(beat_phasor(heard, -FRAME, (-HOP, count), beat))
    if abs(found) >= 0.25:
        return _LATE_S * RATE / beat
    return min(_HOME[1], max(_HOME[0], found + _PULLED))


def find_controls(renderer: Renderer, near: Tensor, start: int, edge: tuple[int, int], reach: float = 1.0) -> Controls:
    """What can be changed at an edge, and between which amounts. Nothing where hardly any cymbals play.

    For each of `_PLACES` the cymbals and percussion that play there, which may be softer or louder, and a soft stroke in
    every beat.

    Args:
        renderer: what makes the section's sound.
        near: how much to act at each frame from ``start``, (frames,).
        start: the section's frame that ``near`` and every stroke are counted from.
        edge: the edge's first frame and the one behind it.
        reach: how much further than usual accents may be raised, and strokes struck.
    """
    score = renderer.score
    playing = [hit for hit in score.hits if edge[0] <= hit.frame < edge[1] and hit.group.startswith(("hats", "perc"))]
    if len(playing) < 4:
        return Controls([], [])
    level = renderer.gains.drums * math.sqrt(1.0 + 2.0 * renderer.sound.drive[0] ** 2)
    level *= float(renderer.sound.buses[0].dry[round(_CYMBAL_HZ * 2 * CHUNK / RATE)].abs())
    beat = float(score.grid.frames_per_beat)
    strokes = []
    for hit in playing:
        place = (hit.frame + _EARLY_S * RATE) / beat % 1.0
        control = next(i for i in (3, 2, 1, 0) if place >= _PLACES[i])
        shot = renderer.shots.get(score.kits[hit.group], hit.shot, hit.velocity, hit.variant)
        gain = hit.velocity * hit.gain * level * renderer.gain_at(hit.frame) * float(near[hit.frame - start])
        strokes.append(Stroke(control, hit.frame - start, shot, gain))
    limits = [(-_MOST_ACCENT, reach * _MOST_ACCENT)] * len(_PLACES)
    style = score.kits["hats"]
    lane = next((lane for lane in style.lanes if lane.group in {"hats", "perc"} and lane.shot in {"shaker", "hat"}), None)
    if lane is None:
        return Controls(strokes, limits)
    shot = renderer.shots.get(style, lane.shot, 0.3, 0)
    level *= 10 ** (lane.gain_db / 20)
    soft = {group: group_gain(score.mix, group) for group in ("hats", "perc")}
    swing = score.mix.params["swing"] / 3.0 * 0.25
    for i, place in enumerate(_PLACES):
        for number in range(math.ceil(edge[0] / beat), math.ceil(edge[1] / beat)):
            frame = round((number + place + (swing if i % 2 else 0.0)) * beat)
            bar = score.bars[min(len(score.bars) - 1, score.grid.bar_at(frame))]
            left = (score.grid.frame_of_bar(bar.index + 1) - frame) / beat
            if edge[0] <= frame < edge[1] and left > bar.breath:
                presence = max(bar.active[group] * soft[group] for group in soft) * float(near[frame - start])
                strokes.append(Stroke(4 + i, frame - start, shot, level * presence * renderer.gain_at(frame)))
    return Controls(strokes, limits + [(0.0, reach * _MOST_STROKE)] * len(_PLACES))
