"""How a score sounds: filters, envelopes, reverb and echo of every part, as continuous functions of the prompts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.instruments.spectra import BAND_CENTERS, RATE
from engine.generators.pocket.instruments.voices import LOWEST_CUTOFF, VOICES, positions
from engine.generators.pocket.parts import STEM_OF, part_of
from engine.generators.pocket.point import without_cymbals
from engine.generators.pocket.render import space
from engine.generators.pocket.render.fourier import BINS
from engine.generators.pocket.score.events import Note, Score
from engine.generators.pocket.styles import blend
from engine.prompts.vocabulary import style_table
from engine.protocol import STEMS

ONSET, GATE, ATTACK, DECAY, SUSTAIN, RELEASE, POSITION, SWEEP, SWEEP_S, SWING, SWING_HZ, RISE, LEVEL, END = range(14)
"""Columns of a note's row: ONSET and END in frames; GATE, ATTACK, DECAY, RELEASE and SWEEP_S in seconds; SUSTAIN and LEVEL as
amplitudes 0..1; SWING_HZ in Hz; POSITION, SWEEP, SWING and RISE in steps of the voice's filter positions."""


@dataclass(frozen=True, slots=True)
class Sound:
    """How a section sounds.

    Attributes:
        rows: (notes, 14) float64, one row a note; see `ONSET` and the other columns.
        detune, resonance: part or player -> step 0..3 of its tables.
        buses: one for each stem.
        powers: (stems, bands) factor of each bus on the power in the loudness bands.
        duck: side-chain depth of each stem, 0..1.
        duck_s: seconds in which the side-chain of each stem recovers.
        drive: saturation of each stem: 1 over the multiple of its RMS at which it bends; 0 is none.
        wow: depth 0..1 of a tape's wow and flutter.
        air_duck: how far a firm drum hit ducks the highs of harmony and lead, 0..1.
    """

    rows: Tensor
    detune: dict[str, int]
    resonance: dict[str, int]
    buses: tuple[space.Bus, ...]
    powers: Tensor
    duck: tuple[float, ...]
    duck_s: tuple[float, ...]
    drive: tuple[float, ...]
    wow: float
    air_duck: float


_CALM: Final = 0.45
"""Energy below which voices are one step less detuned: quiet chords whose partials beat do not sound calm."""

TAIL: Final = 3.6
"""Time constants of its release after which a note has ended."""

_LOW_CUT: Final = (24.0, 27.0, 130.0, 190.0)
"""High-pass of each stem, in Hz."""
_TILT: Final = (6.0, 3.0, 6.0, 6.0)
"""dB between dark and bright above `_TILT_HZ` for each stem."""
_TILT_HZ: Final = 2200.0
"""Corner of the brightness shelf, in Hz."""
_WIDENED: Final = (2, 3)
"""Stems whose side signal is scaled: those whose channels differ from the start."""
_DUCK_S: Final = (0.42, 0.12, 0.42, 0.42)
"""Seconds, at most, in which each stem recovers from the side-chain: the bass is back as soon as the kick has gone."""
_CYMBAL_ROOM: Final = (5500.0, -7.0)
"""Hz above which harmony and lead are softer, and by how many dB, where cymbals play."""
_AIR_DUCK: Final = 0.8
"""How far drum hits duck the highs of harmony and lead where cymbals carry the music, 0..1."""
_DRIVE: Final = (0.28, 0.6, 1.0, 1.0)
"""Saturation of each stem at full drive."""
_DUCK: Final = (0.0, 0.95, 0.75, 0.45)
"""Side-chain depth of each stem at full pump, 0..1."""


def design(score: Score) -> Sound:
    """Decide how a score sounds."""
    params = score.mix.params
    beat_s = 60.0 / score.grid.bpm
    width = _width(score)
    buses, powers = [], []
    for stem, name in enumerate(STEMS):
        dry = _equaliser(stem, score.brightness, params["warmth"], 1.0 - without_cymbals(score.mix))
        sent = 0.0 if name == "bass" else blend(score.mix, "space", name) * (0.25 + 1.5 * params["space"])
        repeats = 0.0 if name in {"bass", "drums"} else 0.75 * params["echo"] ** 1.3 * (0.7 if name == "harmony" else 1.0)
        wide = width if stem in _WIDENED else 1.0
        buses.append(space.Bus(dry, _room(score, sent, repeats, beat_s, airy=name != "drums"), wide))
        powers.append((1.0 + wide**2) / 2.0 * (space.power_at(dry, BAND_CENTERS) + 0.8 * sent**2 + 1.0 * repeats**2))
    pump = params["pump"] * min(1.0, 0.4 + 0.8 * score.energy)
    return Sound(
        rows=torch.tensor([_row(score, note) for note in score.notes] or [[0.0] * 14], dtype=torch.float64),
        detune={part: max(0, _step(score, part, "detune") - (score.energy < _CALM)) for part in score.voices},
        resonance={part: _step(score, part, "resonance") for part in score.voices},
        buses=tuple(buses),
        powers=torch.stack(powers),
        duck=tuple(min(0.95, depth * (0.15 + 1.1 * pump)) if pump > 0.02 else 0.0 for depth in _DUCK),
        duck_s=tuple(min(longest, 0.62 * beat_s) for longest in _DUCK_S),
        drive=tuple(share * params["drive"] ** 2 for share in _DRIVE),
        wow=_wow(score),
        air_duck=_AIR_DUCK * (1.0 - without_cymbals(score.mix)),
    )


def _step(score: Score, part: str, param: str) -> int:
    """Step 0..3 of a part's tables, from the style its player plays in: one from the mix of styles would jump somewhere in a
    knob's range."""
    style = score.styles.get(part)
    value = style_table(style.name).params[param] + score.mix.moves.get(param, 0.0) if style else score.mix.params[param]
    return min(3, max(0, int(4 * value)))


_WIDEST: Final = 0.54
"""Greatest gain of the side signal without drums: such music is nearly all side, and must not vanish in mono."""


def _width(score: Score) -> float:
    """Gain of the side signal of harmony and lead."""
    width = 0.28 + 0.44 * score.mix.params["width"]
    drums = score.mix.params["drums"] * score.mix.stems.get("drums", 1.0)
    return width + (min(width, _WIDEST) - width) * (1.0 - smoothstep((drums - 0.3) / 0.2))


def _wow(score: Score) -> float:
    """Depth of the tape's wow and flutter: as prompts ask for it, and a little where everything is dusty."""
    asked = score.mix.voices.get("texture", {})
    dusty = 0.5 * smoothstep((score.mix.params["dirt"] - 0.45) / 0.3)
    depth = max(asked.get("tape", 0.0), 0.4 * asked.get("crackle", 0.0), dusty) * score.mix.stems.get("texture", 1.0)
    return depth if depth > 0.02 else 0.0


def _equaliser(stem: int, bright: float, warm: float, cymbals: float) -> Tensor:
    """Response of a stem's bus, (bins,): low cut, tilt by brightness, warmth, and room for the cymbals, where they carry the
    music (0..1). The bass passes unchanged."""
    if STEMS[stem] == "bass":
        return torch.ones(BINS, dtype=torch.complex64)
    shape = space.high_pass(_LOW_CUT[stem]) * space.high_shelf(_TILT_HZ, _TILT[stem] * 2.0 * (bright - 0.5))
    shape = shape * space.high_shelf(5500.0, -5.0 * (warm - 0.5)) * space.low_shelf(300.0, 3.0 * (warm - 0.5))
    if stem in _WIDENED:
        shape = shape * space.high_shelf(_CYMBAL_ROOM[0], _CYMBAL_ROOM[1] * cymbals)
    return shape


def _room(score: Score, sent: float, repeats: float, beat_s: float, *, airy: bool) -> Tensor | None:
    """Reverb and echo of a stem as one set of partitions (see `space.partition`); None for a dry stem.

    Args:
        sent, repeats: linear gains into the reverb and the echo.
        beat_s: seconds in a beat.
        airy: whether the reverb is long in the treble as well.
    """
    if sent <= 0.0:
        return None
    seconds = blend(score.mix, "space", "reverb_s") * (0.6 + 0.8 * score.mix.params["space"])
    hall = space.reverb(max(4, min(60, round(10 * seconds))), airy=airy) * (0.55 * sent)
    if repeats < 0.01:
        return hall
    dominant = blend(score.mix, "space", "echo_beats")
    beats = min((0.5, 0.75, 1.0, 1.5), key=lambda each: abs(each - dominant))
    delay = round(beats * beat_s * RATE)
    lines = space.echo(delay, round(100 * min(0.62, 0.25 + 0.4 * score.mix.params["echo"]))) * (0.5 * repeats)
    if len(lines) > len(hall):
        hall, lines = lines.clone(), hall
    hall[: len(lines)] += lines
    return hall


_RISER_ATTACK: Final = 1.5
"""How long a riser would take to its full level, in its own lengths: it still rises where it is cut off, most of all there."""


def _row(score: Score, note: Note) -> tuple[float, ...]:
    """A note's envelope and filter; see `ONSET` for the columns."""
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
            (_RISER_ATTACK * note.gate / RATE if note.rise > 0 else 0.01),
        )
    return (
        float(note.frame),
        note.gate / RATE,
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
        note.frame + note.gate + TAIL * release * RATE,
    )


def stem_of(note: Note) -> int:
    """Index of the stem a note belongs to."""
    return STEM_OF[part_of(note.part)]
