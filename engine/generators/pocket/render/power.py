"""K-weighted power of parts and drums in every bar, calculated from the score without rendering it."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from engine.dsp.levels import power_of
from engine.generators.pocket.instruments.shots import LAYERS, Shots, layer_of
from engine.generators.pocket.instruments.spectra import BAND_CENTERS
from engine.generators.pocket.instruments.tables import Tables
from engine.generators.pocket.instruments.voices import VOICES, positions
from engine.generators.pocket.parts import MARK_VELOCITY, part_of
from engine.generators.pocket.render.sound import (
    ATTACK,
    DECAY,
    GATE,
    POSITION,
    RELEASE,
    RISE,
    SUSTAIN,
    SWEEP,
    SWEEP_S,
    SWING,
    SWING_HZ,
    Sound,
)
from engine.generators.pocket.score.events import Hit, Score
from engine.generators.pocket.styles import load_style

_EARLY_S: Final = 0.03
"""Seconds by which a hit may come before its bar line and still count to that bar."""


def _held(row: list[float], until: float) -> float:
    """Integral of a note's squared envelope up to ``until`` seconds after its onset: its energy in seconds at full amplitude."""
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


def _mean_position(row: list[float], start: float, begin: float, end: float) -> float:
    """Mean filter position of a note from ``begin`` to ``end`` seconds after its onset, which is at ``start`` seconds."""
    span, gate = max(1e-3, end - begin), row[GATE]
    place = row[POSITION] + row[RISE] * min(1.0, (begin + span / 2) / gate)
    heard = min(span, max(row[DECAY], 0.01))  # a note that dies away is heard by its beginning
    place += row[SWEEP] * row[SWEEP_S] / heard * (math.exp(-begin / row[SWEEP_S]) - math.exp(-(begin + heard) / row[SWEEP_S]))
    turn = 2 * math.pi * row[SWING_HZ]
    if row[SWING] and turn * span > 1e-6:
        place += row[SWING] * (math.cos(turn * (start + begin)) - math.cos(turn * (start + begin + span))) / (turn * span)
    return place


_FIRM: Final = 0.5
"""Share of the loudest note's velocity above which a note of the sub counts in full. Under a bass that hardly plays, notes are
soft; if they counted in full they would make the others louder."""


def part_power(score: Score, sound: Sound, tables: Tables, part: str, bars: int, bar_s: float) -> tuple[Tensor, float]:
    """K-weighted mean power of a part in every bar, (bars, bands), and the seconds during which it sounds."""
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
            place = _mean_position(row, start, begin, until) + score.bars[bar].opened(part_of(part)) / octaves
            for pitch, weight in note.pitches:
                cell = (pitch, round(4 * min(step_count - 1.0, max(0.0, place))))
                per_bar[bar][cell] = per_bar[bar].get(cell, 0.0) + share * weight * weight
    cells = sorted({cell for bar in per_bar for cell in bar})
    out = torch.zeros(bars, len(BAND_CENTERS))
    if not cells:
        return out, 0.0
    spectra = torch.stack(
        [_interpolated(tables.energy(voice, pitch, sound.resonance[part]), quarter / 4) for pitch, quarter in cells]
    )
    column = {cell: i for i, cell in enumerate(cells)}
    amounts = torch.zeros(bars, len(cells))
    for i, amounts_of in enumerate(per_bar):
        for cell, seconds in amounts_of.items():
            amounts[i, column[cell]] = seconds / bar_s
    return amounts @ spectra, sounding


def _interpolated(energy: Tensor, place: float) -> Tensor:
    """Power per band at a filter position between two of the table's."""
    low = min(int(place), energy.shape[0] - 1)
    high = min(low + 1, energy.shape[0] - 1)
    mixed = torch.lerp(energy[low].sqrt(), energy[high].sqrt(), place - low)
    return mixed**2


def drum_power(score: Score, shots: Shots, bars: int, bar_s: float) -> Tensor:
    """K-weighted mean power of the drums in every bar, (bars, bands)."""
    sums: dict[tuple[str, str, int, int], list[float]] = {}
    struck: dict[tuple[int, str, str], list[Hit]] = {}  # kits that strike together are partly coherent
    for hit in score.hits:
        struck.setdefault((hit.frame, part_of(hit.group), hit.shot), []).append(hit)
    sliced = {
        (group, shot): dict(score.kits[group].kit.get(shot, ())).get("model") == "break"
        for group, shot in {(hit.group, hit.shot) for hit in score.hits}
    }

    def alike(hit: Hit, other: Hit) -> float:
        return shots.correlation(score.kits[hit.group].kit, score.kits[other.group].kit, hit.shot)

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


def reference_drums(score: Score, shots: Shots, bar_s: float) -> Tensor:
    """K-weighted power of the styles' complete patterns, (bands,). Drums are levelled by it, so that they get softer when lanes
    drop out instead of being made louder again."""
    out = torch.zeros(len(BAND_CENTERS))
    for name, share in score.mix.styles:
        style = load_style(name)
        for lane in style.lanes:
            energy = shots.get(style.kit, lane.shot, 0.9 if lane.sliced else 0.8, 0)[1]
            amount = sum((0.4 if lane.sliced else MARK_VELOCITY.get(mark, 0.0)) ** 2 for mark in lane.patterns[0] if mark != ".")
            amount *= power_of(lane.gain_db)
            out += share * amount * energy / (score.grid.rate * bar_s)
    return out


def ducked_share(score: Score, sound: Sound, bars: int) -> Tensor:
    """Share of each bar's power that the side-chain removes from each stem at full depth, (stems, bars)."""
    out = torch.zeros(len(sound.duck_s), bars)
    spans = torch.tensor(sound.duck_s)
    for frame, velocity in score.kicks:
        bar = min(bars - 1, score.grid.bar_at(frame))
        out[:, bar] += 0.52 * velocity * spans
    return (out / (float(score.grid.frames_per_bar) / score.grid.rate)).clamp_max(0.85)
