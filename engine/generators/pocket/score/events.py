"""What a score consists of: drum hits and notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from engine.generators.pocket.score.form import Bar
from engine.generators.pocket.styles import Style
from engine.prompts.mix import Mix
from engine.protocol import MotifNote, Role
from engine.timebase import Grid


class Hit(NamedTuple):
    """A drum hit.

    Attributes:
        frame: onset, counted from the section's start.
        shot: the drum, a key of the kit.
        group: a drum group, or "group style" where several kits share the group.
        velocity: 0..1; how hard it is struck, and its amplitude.
        gain: linear.
        pan: -1 (left) to 1.
        variant: which of the slightly different shots, or which slice of a break.
        length: frames after which it is choked; 0 lets it ring.
    """

    frame: int
    shot: str
    group: str
    velocity: float
    gain: float
    pan: float
    variant: int
    length: int = 0


class Note(NamedTuple):
    """A note or chord of one part.

    Attributes:
        frame: onset, counted from the section's start.
        part: the part, or the player of it ("bass 1").
        gate: frames held.
        pitches: (MIDI note, weight 0..1) of each.
        velocity: 0..1.
        slide: semitones from the written pitch at which a glide starts; 0 is none.
        rise: octaves by which the filter opens (or closes, if negative) while the note lasts.
    """

    frame: int
    part: str
    gate: int
    pitches: tuple[tuple[int, float], ...]
    velocity: float
    slide: float = 0.0
    rise: float = 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """A section on paper. A part's players are named "bass", "bass 1" and so on.

    Attributes:
        hits, notes: in order of frames.
        kicks: (frame, depth 0..1) of each kick, for the side-chain.
        voices: part or player -> voice.
        styles: player -> the style it plays in.
        shares: player -> share of the part's power, 0..1.
        gains_db: player -> gain in dB beside the part's other players; the sub's gain as well.
        kits: a hit's group -> the style whose kit plays it.
        bars: the form, tail included.
        grid: bar grid; frame 0 is the section's downbeat.
        energy, density, brightness: 0..1, the request's as the prompts change them.
        mix: the prompts as one point.
        melody: the lead's notes as degrees, in beats from the section's start.
        role: the section's role in the set.
    """

    hits: tuple[Hit, ...]
    notes: tuple[Note, ...]
    kicks: tuple[tuple[int, float], ...]
    voices: dict[str, str]
    styles: dict[str, Style]
    shares: dict[str, float]
    gains_db: dict[str, float]
    kits: dict[str, Style]
    bars: tuple[Bar, ...]
    grid: Grid
    energy: float
    density: float
    brightness: float
    mix: Mix
    melody: tuple[MotifNote, ...]
    role: Role
