"""Levels, decided before a sample is rendered: K-weighted power is calculated from the score, the tables and the shots.

The balance between parts comes from the styles, the level of the whole from the energy (`target_lufs`). Sources are taken as
incoherent, so that powers add up; gating follows ITU-R BS.1770-4, with bars as blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from engine.dsp.k_weighting import LUFS_OFFSET
from engine.dsp.levels import decibels_of, gain_of, power_decibels, power_of
from engine.dsp.ramps import smoothstep
from engine.generators.pocket.instruments.shots import Shots
from engine.generators.pocket.instruments.tables import Tables
from engine.generators.pocket.parts import LEVEL_PARAM, STEM_OF, part_of
from engine.generators.pocket.point import crackle, hiss, without_air, without_cymbals
from engine.generators.pocket.render.power import drum_power, ducked_share, part_power, reference_drums
from engine.generators.pocket.render.sound import Sound
from engine.generators.pocket.score.events import Score
from engine.generators.pocket.styles import blend
from engine.generators.target import target_lufs
from engine.protocol import STEMS, Role

_FX_LEVEL: Final = -17.0
"""Level of risers and falls; this and the levels below are in LU on the scale of the styles' [levels]."""
_SUB_LEVEL: Final = -11.0
"""Level of the sub against the bass, in LU, at a "sub" of 0.6."""
_SUB_RANGE_LU: Final = 12.0
"""LU that "sub" adds from 0 to 1."""
_PEDAL_LEVEL: Final = -7.0
"""Level of the pedal against the bass, in LU."""
_TEXTURE_LEVEL: Final = -26.0
"""Level of tape hiss without dirt."""
_DIRT_LU: Final = 6.0
"""LU that "dirt" adds to it from 0 to 1."""
_AIR: Final = 11.0
"""LU by which texture is louder where there are hardly any cymbals: pads alone have no air."""
_WARM_AIR: Final = 10.0
"""LU more for each unit of "warmth" above 0.5, whose soft treble would leave no air."""
_HISS_DB: Final = 14.0
"""dB for a factor of ten in the amount of hiss: less than 20, or mixes of music with hiss and music with cymbals would have
too little of both."""
_CRACKLE_LEVEL: Final = -28.0
"""Level of vinyl crackle in full."""
_FAINTEST: Final = 1e-3
"""Least amount of a texture that is levelled."""
_STEM_KNOB_DB: Final = 14.0
"""dB that a parameter for a stem's level (such as "drums") adds from 0 to 1."""
_TUNE_LEAD: Final = {"melody": (0.0, 9.0), "arp": (2.0, 11.0), "comp": (1.0, 11.0)}
"""Part -> LU by which it is louder where no drums carry the music: at an energy of 0.5, and how much more from 0 to 1."""
_DRUMS_LEAD: Final = 4.0
"""LU by which drums get louder, against all else, from an energy of 0 to 1."""


@dataclass(frozen=True, slots=True)
class Gains:
    """The levels of a section.

    Attributes:
        drums: linear gain of the drums.
        parts: linear gain of each tonal part or player.
        expected: LUFS calculated for the section before it is brought to its target.
        levels: K-weighted RMS of one channel of each stem, in the loudest bar.
        curve: gain of the whole at every bar line, straight lines between: loudness follows the form, not the layers
            that happen to play.
        edge_targets: LUFS that the first and the last seconds should have.
    """

    drums: float
    parts: dict[str, float]
    expected: float
    levels: tuple[float, ...]
    curve: tuple[float, ...]
    edge_targets: tuple[float, float]


def plan_levels(score: Score, sound: Sound, tables: Tables, shots: Shots, energy: float) -> Gains:
    """Gains that balance the parts as the styles want and bring the section to `target_lufs` of ``energy``."""
    bars = len(score.bars)
    bar_s = float(score.grid.frames_per_bar) / score.grid.rate
    ducked = ducked_share(score, sound, bars)
    parts, powers, stems = {}, torch.zeros(bars), torch.zeros(len(STEMS), bars)
    for part in dict.fromkeys(note.part for note in score.notes):
        per_bar, sounding = part_power(score, sound, tables, part, bars, bar_s)
        stem = STEM_OF[part_of(part)]
        power = (per_bar * sound.powers[stem]).sum(1)
        mean = float(power.sum()) * bar_s / max(0.05, sounding)
        gain = gain_of(_level(score, part) - power_decibels(max(mean, 1e-12)))
        parts[part] = gain
        heard = power * gain**2 * _coherence(score, part)
        stems[stem] += heard
        powers += heard * (1.0 - sound.duck[stem] * ducked[stem])
    drums = drum_power(score, shots, bars, bar_s)
    reference = max(1e-9, float((reference_drums(score, shots, bar_s) * sound.powers[0]).sum()))
    loud = blend(score.mix, "levels", "drums") + _STEM_KNOB_DB * (score.mix.params["drums"] - 0.5)
    loud += _DRUMS_LEAD * (score.energy - 0.6)
    drum_gain = gain_of(loud - power_decibels(reference))
    stems[0] = (drums * sound.powers[0]).sum(1) * drum_gain**2
    powers += stems[0]
    counted = max(1, _counted(score))
    curve = _follow_form(score, powers, counted, float(stems[0, :counted].sum() / powers[:counted].sum().clamp_min(1e-12)))
    powers = powers * ((curve[1:] + curve[:-1]) / 2.0) ** 2
    expected = _gated(powers[:counted])
    lift = gain_of(target_lufs(energy) - expected)
    levels = tuple((stems.amax(1) / 2.0).sqrt().mul(lift).tolist())
    shape = _shape(score)
    mean = _gated(10 ** (shape[:counted] / 10)) - LUFS_OFFSET
    edge_targets = tuple(target_lufs(energy) + float(shape[bar]) - mean for bar in (0, counted - 1))
    return Gains(
        drum_gain * lift,
        {part: gain * lift for part, gain in parts.items()},
        expected,
        levels,
        tuple(curve.tolist()),
        (edge_targets[0], edge_targets[1]),
    )


_SHAPE: Final[dict[Role, tuple[float, float]]] = {
    "intro": (-3.2, 1.2),
    "build": (-0.7, 0.7),
    "drop": (0.0, 0.0),
    "breakdown": (-0.3, 0.4),
    "outro": (0.8, -3.5),
    "free": (0.0, 0.0),
}
"""Role -> LU of its first and last bar against the loudness of the whole section."""
_FOLLOWED: Final = 0.95
"""Share of a bar's deviation from the form's loudness that is corrected; fills and pauses keep the rest."""
_MOST_LU: Final = (-6.0, 16.0)
"""Least and greatest correction of a bar, in LU."""
_WINDOW: Final = 3
"""Bars over which the median of the correction is taken and then averaged: a single bar's pause or fill is intended."""


def _follow_form(score: Score, powers: Tensor, counted: int, drums: float) -> Tensor:
    """Gain at every bar line that makes the bars' loudness follow the role's `_SHAPE`, (bars + 1,).

    Args:
        powers: (bars,) K-weighted.
        counted: bars before the tail.
        drums: the drums' share of the power, 0..1; where it is small there are no fills, and every bar is corrected alone.
    """
    loud = 10 * torch.log10(powers.clamp_min(1e-12))
    mean = _gated(powers[:counted]) - LUFS_OFFSET
    wanted = (_FOLLOWED * (_shape(score) - (loud - mean))).clamp(*_MOST_LU)
    each = wanted.clone()
    if counted > 1:
        around = torch.cat([wanted[1:2], wanted[:counted], wanted[counted - 2 : counted - 1]])
        wanted[:counted] = around.unfold(0, _WINDOW, 1).median(1).values
    wanted[counted:] = wanted[counted - 1]
    around = torch.cat([wanted[:1], wanted, wanted[-1:]]).unfold(0, _WINDOW, 1).mean(1)
    led = torch.lerp(each, around, smoothstep((drums - 0.05) / 0.2))
    lines = torch.cat([led[:1], (led[1:] + led[:-1]) / 2.0, led[-1:]])
    return 10 ** (lines / 20)


def _shape(score: Score) -> Tensor:
    """LU that every bar should have against the loudness of the whole section, (bars,)."""
    start, end = _SHAPE[score.role]
    return torch.tensor([start + (end - start) * bar.position for bar in score.bars])


def _counted(score: Score) -> int:
    """Number of bars that can sound."""
    return sum(1 for bar in score.bars if not bar.silent) if score.bars[-1].silent else len(score.bars)


def _coherence(score: Score, player: str) -> float:
    """Factor by which a player's power counts more where several play in step and amplitudes add up (`share_gains`)."""
    return score.shares[player] / power_of(score.gains_db[player]) if player in score.shares else 1.0


def _level(score: Score, player: str) -> float:
    """Level in LU that a part, or one of its players, should have while it sounds."""
    part = part_of(player)
    if part == "fx":
        return _FX_LEVEL
    if part == "pedal":
        return blend(score.mix, "levels", "bass") + _PEDAL_LEVEL
    if part == "sub":
        return (
            blend(score.mix, "levels", "bass")
            + _SUB_LEVEL
            + _SUB_RANGE_LU * (score.mix.params["sub"] - 0.6)
            + score.gains_db["sub"]
        )
    if part == "crackle":
        return _CRACKLE_LEVEL + decibels_of(max(_FAINTEST, crackle(score.mix)))
    if part == "texture":
        air = _AIR + _WARM_AIR * max(0.0, score.mix.params["warmth"] - 0.5)
        level = _TEXTURE_LEVEL + _DIRT_LU * score.mix.params["dirt"] + air * without_air(score.mix)
        return level + _HISS_DB * math.log10(max(_FAINTEST, hiss(score.mix)))
    level = blend(score.mix, "levels", part) + _STEM_KNOB_DB * (score.mix.params[LEVEL_PARAM[part]] - 0.5)
    level += score.gains_db[player]
    if part in _TUNE_LEAD:
        louder, lead = _TUNE_LEAD[part]
        level += (louder + lead * (score.energy - 0.5)) * without_cymbals(score.mix)
    return level


def _gated(powers: Tensor) -> float:
    """LUFS of K-weighted power per bar; bars more than 10 LU below the mean do not count."""
    loud = powers.clamp_min(1e-12)
    kept = loud[loud > 0.1 * loud.mean()]
    return LUFS_OFFSET + 10 * math.log10(float(kept.mean()))
