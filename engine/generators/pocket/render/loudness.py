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

from engine.generators.pocket.instruments.shots import LAYERS, Shots, layer_of
from engine.generators.pocket.instruments.spectra import BAND_CENTERS
from engine.generators.pocket.instruments.voices import VOICES, Tables, positions
from engine.generators.pocket.point import airless, bare, crackle, hiss
from engine.generators.pocket.render.sound import (
    ATTACK,
    DECAY,
    GATE,
    PLACE,
    RELEASE,
    RISE,
    SUSTAIN,
    SWEEP,
    SWEEP_S,
    SWING,
    SWING_HZ,
    Sound,
)
from engine.generators.pocket.score.compose import Hit, Score
from engine.generators.pocket.score.form import smooth
from engine.generators.pocket.score.kits import VELOCITY
from engine.generators.pocket.styles import STEM_OF, blend, load_style, part_of
from engine.protocol import STEMS, Role

FULL_LUFS: Final = -14.0
RANGE_LU: Final = 8.0
"""How much quieter the least energy is than the most."""
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
_EARLY_S: Final = 0.03
"""Seconds by which a hit may come before its bar line and still belong to that bar."""
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
    aims: tuple[float, float]
    """LUFS wanted of the first and of the last seconds."""


def target_lufs(energy: float) -> float:
    """Loudness wanted of a section with an energy 0..1."""
    return FULL_LUFS - RANGE_LU * math.pow(1.0 - min(1.0, max(0.0, energy)), 1.1)


def plan_levels(score: Score, sound: Sound, tables: Tables, shots: Shots, energy: float) -> Gains:
    """Gains that balance the parts as the styles want and bring the section to `target_lufs` of ``energy``."""
    bars = len(score.bars)
    bar_s = float(score.grid.frames_per_bar) / score.grid.rate
    ducked = _ducked(score, sound, bars)
    parts, powers, stems = {}, torch.zeros(bars), torch.zeros(len(STEMS), bars)
    for part in dict.fromkeys(note.part for note in score.notes):
        per_bar, sounding = _part_power(score, sound, tables, part, bars, bar_s)
        stem = STEM_OF[part_of(part)]
        power = (per_bar * sound.powers[stem]).sum(1)
        mean = float(power.sum()) * bar_s / max(0.05, sounding)
        gain = 10 ** ((_level(score, part) - 10 * math.log10(max(mean, 1e-12))) / 20)
        parts[part] = gain
        heard = power * gain**2 * _whole(score, part)
        stems[stem] += heard
        powers += heard * (1.0 - sound.duck[stem] * ducked)
    drums = _drum_power(score, shots, bars, bar_s)
    reference = max(1e-9, float((_reference_drums(score, shots, bar_s) * sound.powers[0]).sum()))
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
    aims = tuple(target_lufs(energy) + float(shape[bar]) - mean for bar in (0, counted - 1))
    return Gains(
        drum_gain * lift,
        {part: gain * lift for part, gain in parts.items()},
        expected,
        levels,
        tuple(curve.tolist()),
        (aims[0], aims[1]),
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
    led = torch.lerp(each, around, smooth((beaten - 0.05) / 0.2))
    lines = torch.cat([led[:1], (led[1:] + led[:-1]) / 2.0, led[-1:]])
    return 10 ** (lines / 20)


def _shape(score: Score) -> Tensor:
    """LU of every bar against the section's own loudness, as its role has it, (bars,)."""
    start, end = _SHAPE[score.role]
    return torch.tensor([start + (end - start) * bar.place for bar in score.bars])


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
        level = _TEXTURE_LEVEL + 6.0 * score.mix.params["dirt"] + air * airless(score.mix)
        return level + _HISS_DB * math.log10(max(1e-3, hiss(score.mix)))
    level = blend(score.mix, "levels", part) + _STEM_KNOB_DB * (score.mix.params[_KNOBS[part]] - 0.5)
    level += score.gains_db[player]
    if part in _TUNE_LEAD:
        louder, lead = _TUNE_LEAD[part]
        level += (louder + lead * (score.energy - 0.5)) * bare(score.mix)
    return level


def power_lufs(power: float) -> float:
    """LUFS of a K-weighted power summed over channels."""
    return _OFFSET + 10 * math.log10(max(power, 1e-12))


def _gated(powers: Tensor) -> float:
    """LUFS of power per bar: bars more than 10 LU under the mean of all do not count."""
    loud = powers.clamp_min(1e-12)
    kept = loud[loud > 0.1 * loud.mean()]
    return _OFFSET + 10 * math.log10(float(kept.mean()))


def _held(row: list[float], until: float) -> float:
    """Seconds at full amplitude that a note amounts to ``until`` seconds after its onset: its envelope squared, summed."""
    attack, decay, sustain, release, gate = (row[i] for i in (ATTACK, DECAY, SUSTAIN, RELEASE, GATE))
    t, fall = min(max(0.0, until), gate), 1.0 - sustain
    e1, e2 = math.exp(-t / decay), math.exp(-2 * t / decay)
    body = sustain**2 * t + 2 * sustain * fall * decay * (1 - e1) + fall**2 * decay / 2 * (1 - e2)
    reached = min(1.0, gate / attack)
    held = (body - min(t, attack) * 0.6) * reached
    if until > gate:
        end = reached * (sustain + fall * math.exp(-gate / decay))
        held += end**2 * release / 2 * (1 - math.exp(-2 * (until - gate) / release))
    return max(0.0, held)


def _place(row: list[float], start: float, begin: float, end: float) -> float:
    """The mean place of a note's filter between two times after its onset at ``start``, all in seconds."""
    span, gate = max(1e-3, end - begin), row[GATE]
    place = row[PLACE] + row[RISE] * min(1.0, (begin + span / 2) / gate)
    heard = min(span, max(row[DECAY], 0.01))  # a note that dies away is heard by its beginning
    place += row[SWEEP] * row[SWEEP_S] / heard * (math.exp(-begin / row[SWEEP_S]) - math.exp(-(begin + heard) / row[SWEEP_S]))
    turn = 2 * math.pi * row[SWING_HZ]
    if row[SWING] and turn * span > 1e-6:
        place += row[SWING] * (math.cos(turn * (start + begin)) - math.cos(turn * (start + begin + span))) / (turn * span)
    return place


_FIRM: Final = 0.5
"""Share of the loudest note's amplitude from which a sub's notes count as sounding in full: under a bass that hardly plays they
are soft, and would make all others louder."""


def _part_power(score: Score, sound: Sound, tables: Tables, part: str, bars: int, bar_s: float) -> tuple[Tensor, float]:
    """K-weighted mean power of a part in every bar (bars, bands), and the seconds in which it sounds."""
    voice = score.voices[part]
    step_count, octaves = positions(VOICES[voice])
    per_bar: list[dict[tuple[int, int], float]] = [{} for _ in range(bars)]
    sounding = last_end = 0.0
    firm = _FIRM * max(note.velocity for note in score.notes if note.part == part) if part == "sub" else 0.0
    for note, row in zip(score.notes, sound.rows.tolist(), strict=False):
        if note.part != part:
            continue
        start = note.frame / score.grid.rate
        counted = min(1.0, note.velocity / firm) if firm else 1.0
        sounding += counted * max(0.0, start + row[GATE] - max(start, last_end))
        last_end = max(last_end, start + row[GATE])
        end = row[GATE] + 2.0 * row[RELEASE]
        before = 0.0
        for bar in range(min(bars - 1, int(start / bar_s)), min(bars - 1, int((start + end) / bar_s)) + 1):
            begin, until = max(0.0, bar * bar_s - start), min(end, (bar + 1) * bar_s - start)
            held = _held(row, until)
            share, before = max(1e-5, held - before) * note.velocity**2, held
            place = _place(row, start, begin, until) + score.bars[bar].opening / octaves
            for pitch, weight in note.pitches:
                cell = (pitch, round(4 * min(step_count - 1.0, max(0.0, place))))
                per_bar[bar][cell] = per_bar[bar].get(cell, 0.0) + share * weight * weight
    cells = sorted({cell for bar in per_bar for cell in bar})
    out = torch.zeros(bars, len(BAND_CENTERS))
    if not cells:
        return out, 0.0
    spectra = torch.stack([_seen(tables.energy(voice, pitch, sound.resonance[part]), quarter / 4) for pitch, quarter in cells])
    column = {cell: i for i, cell in enumerate(cells)}
    amounts = torch.zeros(bars, len(cells))
    for i, amounts_of in enumerate(per_bar):
        for cell, seconds in amounts_of.items():
            amounts[i, column[cell]] = seconds / bar_s
    return amounts @ spectra, sounding


def _seen(energy: Tensor, place: float) -> Tensor:
    """Power per band at a filter place between two positions."""
    low = min(int(place), energy.shape[0] - 1)
    high = min(low + 1, energy.shape[0] - 1)
    mixed = torch.lerp(energy[low].sqrt(), energy[high].sqrt(), place - low)
    return mixed**2


def _drum_power(score: Score, shots: Shots, bars: int, bar_s: float) -> Tensor:
    """K-weighted mean power of the drums in every bar, (bars, bands)."""
    sums: dict[tuple[str, str, int, int], list[float]] = {}
    struck: dict[tuple[int, str, str], list[Hit]] = {}  # what several kits strike at once has some power in common
    for hit in score.hits:
        struck.setdefault((hit.frame, part_of(hit.group), hit.shot), []).append(hit)
    sliced = {
        (group, shot): dict(score.kits[group].kit.get(shot, ())).get("model") == "break"
        for group, shot in {(hit.group, hit.shot) for hit in score.hits}
    }

    def alike(hit: Hit, other: Hit) -> float:
        return shots.alike(score.kits[hit.group].kit, score.kits[other.group].kit, hit.shot)

    for (frame, _, _), hits in struck.items():
        bar = min(bars - 1, int((frame / score.grid.rate + _EARLY_S) / bar_s))
        for hit in hits:
            key = (hit.group, hit.shot, layer_of(hit.velocity), hit.variant if sliced[hit.group, hit.shot] else 0)
            row = sums.setdefault(key, [0.0] * bars)
            met = sum(other.velocity * other.gain * alike(hit, other) for other in hits)
            row[bar] += hit.velocity * hit.gain * met
    out = torch.zeros(bars, len(BAND_CENTERS))
    for (group, shot, layer, variant), row in sums.items():
        energy = shots.get(score.kits[group].kit, shot, LAYERS[layer], variant)[1]
        out += torch.tensor(row)[:, None] * energy / (score.grid.rate * bar_s)
    return out


def _reference_drums(score: Score, shots: Shots, bar_s: float) -> Tensor:
    """Power of the styles' full beats, (bands,): drums keep their level when lanes leave."""
    out = torch.zeros(len(BAND_CENTERS))
    for name, share in score.mix.styles:
        style = load_style(name)
        for lane in style.lanes:
            energy = shots.get(style.kit, lane.shot, 0.9 if lane.sliced else 0.8, 0)[1]
            amount = sum((0.4 if lane.sliced else VELOCITY.get(mark, 0.0)) ** 2 for mark in lane.patterns[0] if mark != ".")
            amount *= 10 ** (lane.gain_db / 10)
            out += share * amount * energy / (score.grid.rate * bar_s)
    return out


def _ducked(score: Score, sound: Sound, bars: int) -> Tensor:
    """Share of each bar's power that the side-chain would take at full depth."""
    out = torch.zeros(bars)
    for frame, velocity in score.kicks:
        bar = min(bars - 1, score.grid.bar_at(frame))
        out[bar] += 0.52 * velocity * sound.duck_s
    return (out / (float(score.grid.frames_per_bar) / score.grid.rate)).clamp_max(0.85)
