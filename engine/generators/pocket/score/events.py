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
    """A drum hit: frame, shot, group, amplitude 0..1 (also how hard), gain (linear), pan -1..1, which variant."""

    frame: int
    shot: str
    group: str
    velocity: float
    gain: float
    pan: float
    variant: int


class Note(NamedTuple):
    """Notes that share a part, an onset and a length: frame, frames held, MIDI notes, velocity and a glide.

    ``slide`` is the interval in semitones from which the pitch glides; ``rise`` octaves by which its filter moves while
    it lasts.
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
    """A section on paper.

    Attributes:
        hits, notes: in order of frames.
        kicks: frames and velocities of the kick, for the side-chain.
        voices: part, or one of its players -> voice; styles: part's player -> the style it plays in.
        shares: the same -> how much of the part's power is its, 0..1; gains_db: its gain beside the others, of the sub too.
        kits: a hit's group -> the style whose kit plays it.
        bars: the form.
        grid: of the section, frame 0 its downbeat.
        energy, density, brightness: 0..1, the request's as the prompts bend them.
        mix: the prompts' point.
        melody: the lead's notes as degrees, beats counted from the section's start.
        role: what the section is for.
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
