"""Levels decided before a sample exists: K-weighted power is reckoned from the score, the tables and the shots.

The balance between parts comes from the styles, the level of the whole from the energy: -14 LUFS at full energy. Power adds
up, sources being incoherent; gating follows ITU-R BS.1770-4, with bars as blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.instruments.shots import Shots
from engine.generators.pocket.instruments.tables import Tables
from engine.generators.pocket.parts import STEM_OF, part_of
from engine.generators.pocket.point import crackle, hiss, without_air, without_cymbals
from engine.generators.pocket.render.power import drum_power, ducked_share, part_power, reference_drums
from engine.generators.pocket.render.sound import Sound
from engine.generators.pocket.score.events import Score
from engine.generators.pocket.styles import blend
from engine.generators.target import target_lufs
from engine.protocol import STEMS, Role

_OFFSET: Final = -0.691
"""BS.1770's constant: LUFS of K-weighted power 1 summed over channels."""
_FX_LEVEL: Final = -13.0
_SUB_LEVEL: Final = -8.5
_TEXTURE_LEVEL: Final = -17.0
_AIR: Final = 6.5
"""LU by which texture comes forward where there are hardly any cymbals: pads alone have no air."""
_WARM_AIR: Final = 10.0
"""The same for each unit of warmth over the middle, whose soft highs would leave none."""
_HISS_DB: Final = 14.0
"""dB of hiss for a tenth of it: less than 20, or mixes of what has hiss with what has cymbals would have too little of both."""
_CRACKLE_LEVEL: Final = -20.0
_STEM_KNOB_DB: Final = 14.0
_TUNE_LEAD: Final = {"melody": (5.0, 12.0), "arp": (7.5, 14.0), "comp": (2.5, 12.0)}
"""LU by which the tune, and what is struck beside it, are louder where no drums carry it: at middling energy, and how much
more from no energy to full."""
_DRUMS_LEAD: Final = 4.0
"""LU by which drums come forward, against all else, from no energy to full."""
_KNOBS: Final = {"bass": "bass", "pad": "harmony", "comp": "harmony", "arp": "lead", "melody": "lead"}


@dataclass(frozen=True, slots=True)
class Gains:
    """Linear gains: of the drums, and of every tonal part."""

    drums: float
    parts: dict[str, float]
    expected: float
    """LUFS reckoned for the section before it is brought to its target."""
    levels: tuple[float, ...]
    """RMS of a channel of each stem, K-weighted, in the louder bars."""
    curve: tuple[float, ...]
    """Gain of the whole at every bar line, straight lines between: loudness follows the form, not the chance of the layers."""
    edge_targets: tuple[float, float]
    """LUFS wanted of the first and of the last seconds."""


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
        gain = 10 ** ((_level(score, part) - 10 * math.log10(max(mean, 1e-12))) / 20)
        parts[part] = gain
        heard = power * gain**2 * _whole(score, part)
        stems[stem] += heard
        powers += heard * (1.0 - sound.duck[stem] * ducked)
    drums = drum_power(score, shots, bars, bar_s)
    reference = max(1e-9, float((reference_drums(score, shots, bar_s) * sound.powers[0]).sum()))
    loud = blend(score.mix, "levels", "drums") + _STEM_KNOB_DB * (score.mix.params["drums"] - 0.5)
    loud += _DRUMS_LEAD * (score.energy - 0.6)
    drum_gain = 10 ** ((loud - 10 * math.log10(reference)) / 20)
    stems[0] = (drums * sound.powers[0]).sum(1) * drum_gain**2
    powers += stems[0]
    counted = max(1, _counted(score))
    curve = _follow_form(score, powers, counted, float(stems[0, :counted].sum() / powers[:counted].sum().clamp_min(1e-12)))
    powers = powers * ((curve[1:] + curve[:-1]) / 2.0) ** 2
    expected = _gated(powers[:counted])
    lift = 10 ** ((target_lufs(energy) - expected) / 20)
    levels = tuple((stems.amax(1) / 2.0).sqrt().mul(lift).tolist())
    shape = _shape(score)
    mean = _gated(10 ** (shape[:counted] / 10)) - _OFFSET
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
"""LU against the section's own loudness at its first and last bar."""
_FOLLOWED: Final = 0.95
"""Share of a bar's distance from the form's loudness that is made up for: fills and breaths keep the rest."""
_MOST_LU: Final = (-6.0, 16.0)
_WINDOW: Final = 3
"""Bars over which the correction is averaged, after their median was taken: a bar's breath or fill is music."""


def _follow_form(score: Score, powers: Tensor, counted: int, beaten: float) -> Tensor:
    """Gain at every bar line that leads the bars' loudness along the role's `_SHAPE`, (bars + 1,).

    Where the drums' share of the power, ``beaten``, is small, there are no fills, and every bar is led.
    """
    loud = 10 * torch.log10(powers.clamp_min(1e-12))
    mean = _gated(powers[:counted]) - _OFFSET
    wanted = (_FOLLOWED * (_shape(score) - (loud - mean))).clamp(*_MOST_LU)
    each = wanted.clone()
    if counted > 1:
        around = torch.cat([wanted[1:2], wanted[:counted], wanted[counted - 2 : counted - 1]])
        wanted[:counted] = around.unfold(0, _WINDOW, 1).median(1).values
    wanted[counted:] = wanted[counted - 1]
    around = torch.cat([wanted[:1], wanted, wanted[-1:]]).unfold(0, _WINDOW, 1).mean(1)
    led = torch.lerp(each, around, smoothstep((beaten - 0.05) / 0.2))
    lines = torch.cat([led[:1], (led[1:] + led[:-1]) / 2.0, led[-1:]])
    return 10 ** (lines / 20)


def _shape(score: Score) -> Tensor:
    """LU of every bar against the section's own loudness, as its role has it, (bars,)."""
    start, end = _SHAPE[score.role]
    return torch.tensor([start + (end - start) * bar.position for bar in score.bars])


def _counted(score: Score) -> int:
    """Bars before the tail."""
    return sum(1 for bar in score.bars if not bar.silent) if score.bars[-1].silent else len(score.bars)


def _whole(score: Score, player: str) -> float:
    """Factor by which a player's power counts for more: where several strike in step, amplitudes add up (`share_gains`)."""
    return score.shares[player] / 10 ** (score.gains_db[player] / 10) if player in score.shares else 1.0


def _level(score: Score, player: str) -> float:
    """LU a part, or one of its players, should have while it sounds."""
    part = part_of(player)
    if part == "fx":
        return _FX_LEVEL
    if part == "sub":
        return blend(score.mix, "levels", "bass") + _SUB_LEVEL + 12.0 * (score.mix.params["sub"] - 0.6) + score.gains_db["sub"]
    if part == "crackle":
        return _CRACKLE_LEVEL + 20 * math.log10(max(1e-3, crackle(score.mix)))
    if part == "texture":
        air = _AIR + _WARM_AIR * max(0.0, score.mix.params["warmth"] - 0.5)
        level = _TEXTURE_LEVEL + 6.0 * score.mix.params["dirt"] + air * without_air(score.mix)
        return level + _HISS_DB * math.log10(max(1e-3, hiss(score.mix)))
    level = blend(score.mix, "levels", part) + _STEM_KNOB_DB * (score.mix.params[_KNOBS[part]] - 0.5)
    level += score.gains_db[player]
    if part in _TUNE_LEAD:
        louder, lead = _TUNE_LEAD[part]
        level += (louder + lead * (score.energy - 0.5)) * without_cymbals(score.mix)
    return level


def power_lufs(power: float) -> float:
    """LUFS of a K-weighted power summed over channels."""
    return _OFFSET + 10 * math.log10(max(power, 1e-12))


def _gated(powers: Tensor) -> float:
    """LUFS of power per bar: bars more than 10 LU under the mean of all do not count."""
    loud = powers.clamp_min(1e-12)
    kept = loud[loud > 0.1 * loud.mean()]
    return _OFFSET + 10 * math.log10(float(kept.mean()))
