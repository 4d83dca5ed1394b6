"""How a score is to sound: filters, envelopes, rooms and levels of every part, as continuous functions of the prompts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.instruments.spectra import BAND_CENTERS
from engine.generators.pocket.instruments.voices import LOWEST_CUTOFF, VOICES, positions
from engine.generators.pocket.parts import STEM_OF, part_of
from engine.generators.pocket.render import space
from engine.generators.pocket.render.fourier import BINS
from engine.generators.pocket.score.events import Note, Score
from engine.generators.pocket.styles import blend
from engine.prompts.vocabulary import style_table
from engine.protocol import STEMS

ONSET, GATE, ATTACK, DECAY, SUSTAIN, RELEASE, POSITION, SWEEP, SWEEP_S, SWING, SWING_HZ, RISE, LEVEL, END = range(14)
"""Columns of a note's row: frames, seconds, amplitudes, and filter places in steps of its voice's cutoffs."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound of a section.

    Attributes:
        rows: (notes, 14) float64, see `ONSET` and the rest.
        detune, resonance: steps 0..3 of each part's or player's tables.
        buses: one a stem.
        powers: (stems, bands) what each bus does to the power in the loudness bands.
        duck: each stem's side-chain depth, 0..1; ``duck_s`` its recovery in seconds.
        drive: how far over its RMS each stem's saturation starts to bend, as 1 / that; 0 is none.
        wow: how far a tape's speed wavers, 0..1.
    """

    rows: Tensor
    detune: dict[str, int]
    resonance: dict[str, int]
    buses: tuple[space.Bus, ...]
    powers: Tensor
    duck: tuple[float, ...]
    duck_s: float
    drive: tuple[float, ...]
    wow: float


_CALM: Final = 0.45
"""Energy under which voices are one step less detuned: quiet chords that beat against themselves do not sound calm."""

TAIL: Final = 3.6
"""Time constants after which a released note has ended."""

_LOW_CUT: Final = (24.0, 27.0, 130.0, 190.0)
_TILT: Final = (6.0, 3.0, 6.0, 6.0)
"""dB between dark and bright above 2.2 kHz on each stem's bus."""
_WIDENED: Final = (2, 3)
"""Stems whose side signal has a gain; their channels start out unlike each other."""
_DRIVE: Final = (0.28, 0.6, 1.0, 1.0)
_DUCK: Final = (0.0, 0.95, 0.75, 0.45)


def design(score: Score) -> Sound:
    """Everything continuous about how a score sounds."""
    params = score.mix.params
    beat_s = 60.0 / score.grid.bpm
    width = _width(score)
    buses, powers = [], []
    for stem, name in enumerate(STEMS):
        dry = _equaliser(stem, score.brightness, params["warmth"])
        sent = 0.0 if name == "bass" else blend(score.mix, "space", name) * (0.25 + 1.5 * params["space"])
        repeats = 0.0 if name in {"bass", "drums"} else 0.75 * params["echo"] ** 1.3 * (0.7 if name == "harmony" else 1.0)
        wide = width if stem in _WIDENED else 1.0
        buses.append(space.Bus(dry, _room(score, sent, repeats, beat_s), wide))
        powers.append((1.0 + wide**2) / 2.0 * (space.power_at(dry, BAND_CENTERS) + 0.8 * sent**2 + 1.0 * repeats**2))
    pump = params["pump"] * min(1.0, 0.4 + 0.8 * score.energy)
    return Sound(
        rows=torch.tensor([_row(score, note) for note in score.notes] or [[0.0] * 14], dtype=torch.float64),
        detune={part: max(0, _step(score, part, "detune") - (score.energy < _CALM)) for part in score.voices},
        resonance={part: _step(score, part, "resonance") for part in score.voices},
        buses=tuple(buses),
        powers=torch.stack(powers),
        duck=tuple(min(0.95, depth * (0.15 + 1.1 * pump)) if pump > 0.02 else 0.0 for depth in _DUCK),
        duck_s=min(0.42, 0.62 * beat_s),
        drive=tuple(share * params["drive"] ** 2 for share in _DRIVE),
        wow=_wow(score),
    )


def _step(score: Score, part: str, param: str) -> int:
    """The step 0..3 of a part's tables: as the style has it that its player plays in, and not as a mix of styles has, which
    would take a step somewhere on a knob's way."""
    style = score.styles.get(part)
    value = style_table(style.name).params[param] + score.mix.moves.get(param, 0.0) if style else score.mix.params[param]
    return min(3, max(0, int(4 * value)))


_WIDEST: Final = 0.54
"""Gain of the side signal that music with hardly any drums has at most: it is nearly all side, and must not be lost in mono."""


def _width(score: Score) -> float:
    """Gain of the side signal of harmony and lead."""
    width = 0.28 + 0.44 * score.mix.params["width"]
    drums = score.mix.params["drums"] * score.mix.stems.get("drums", 1.0)
    return width + (min(width, _WIDEST) - width) * (1.0 - smoothstep((drums - 0.3) / 0.2))


def _wow(score: Score) -> float:
    """Tape for those who ask for it, and a little where everything is dusty."""
    asked = score.mix.voices.get("texture", {})
    dusty = 0.5 * smoothstep((score.mix.params["dirt"] - 0.45) / 0.3)
    depth = max(asked.get("tape", 0.0), 0.4 * asked.get("crackle", 0.0), dusty) * score.mix.stems.get("texture", 1.0)
    return depth if depth > 0.02 else 0.0


def _equaliser(stem: int, bright: float, warm: float) -> Tensor:
    """A stem's bus: low cut, tilt by brightness, warmth. The bass goes straight through."""
    if STEMS[stem] == "bass":
        return torch.ones(BINS, dtype=torch.complex64)
    shape = space.high_pass(_LOW_CUT[stem]) * space.high_shelf(2200.0, _TILT[stem] * 2.0 * (bright - 0.5))
    shape = shape * space.high_shelf(5500.0, -5.0 * (warm - 0.5)) * space.low_shelf(300.0, 3.0 * (warm - 0.5))
    return shape


def _room(score: Score, sent: float, repeats: float, beat_s: float) -> Tensor | None:
    """Reverb and echo of a stem as one set of partitions."""
    if sent <= 0.0:
        return None
    seconds = blend(score.mix, "space", "reverb_s") * (0.6 + 0.8 * score.mix.params["space"])
    hall = space.reverb(max(4, min(60, round(10 * seconds)))) * (0.55 * sent)
    if repeats < 0.01:
        return hall
    dominant = blend(score.mix, "space", "echo_beats")
    beats = min((0.5, 0.75, 1.0, 1.5), key=lambda each: abs(each - dominant))
    delay = round(beats * beat_s * 44_100)
    lines = space.echo(delay, round(100 * min(0.62, 0.25 + 0.4 * score.mix.params["echo"]))) * (0.5 * repeats)
    if len(lines) > len(hall):
        hall, lines = lines.clone(), hall
    hall[: len(lines)] += lines
    return hall


def _row(score: Score, note: Note) -> tuple[float, ...]:
    """A note's envelope and filter as numbers."""
    voice, part = VOICES[score.voices[note.part]], part_of(note.part)
    params = score.mix.params
    softness = 2.0 ** (3.0 * (0.5 - params["attack"]))
    length = 2.0 ** (2.2 * (params["decay"] - 0.5))
    step = positions(voice)[1]
    mean = sum(pitch for pitch, _ in note.pitches) / len(note.pitches)
    octaves = math.log2(voice.cutoff / LOWEST_CUTOFF)
    octaves += 3.3 * (score.brightness - 0.5) - 0.7 * (params["warmth"] - 0.5)
    octaves += voice.track * (mean - 60.0) / 12.0 + voice.touch * (note.velocity - 0.75)
    beat_s = 60.0 / score.grid.bpm
    slow = part in {"pad", "fx", "texture"}
    swing = voice.wobble * (0.4 + params["motion"]) if voice.wobble else (1.0 if slow else 0.55) * params["motion"]
    rate = (1.0 / (beat_s * (0.5 if score.density > 0.6 else 1.0))) if voice.wobble else 1.0 / (beat_s * (16.0 if slow else 6.0))
    attack = voice.attack * (softness if voice.attack > 0.003 else max(1.0, softness))
    release = voice.release * length
    if part == "texture":
        octaves, swing = math.log2(voice.cutoff / LOWEST_CUTOFF) + 2.0 * (score.brightness - 0.5), 0.2
    if part == "fx":
        octaves, attack = (
            math.log2((500.0 if note.rise > 0 else 6000.0) / LOWEST_CUTOFF),
            (0.9 * note.gate / 44_100 if note.rise > 0 else 0.01),
        )
    return (
        float(note.frame),
        note.gate / 44_100,
        max(0.007 if part in {"bass", "sub"} else 0.003, attack),
        voice.decay * length,
        voice.sustain,
        release,
        octaves / step,
        voice.sweep * (0.6 + 0.8 * params["attack"]) * (0.5 + note.velocity * 0.6) / step,
        voice.sweep_s * length,
        swing / step,
        rate,
        note.rise / step,
        note.velocity,
        note.frame + note.gate + TAIL * release * 44_100,
    )


def stem_of(note: Note) -> int:
    """The stem a note belongs to."""
    return STEM_OF[part_of(note.part)]
