"""A piece of a set list: what its file says of it, and where everything stands as it begins. Frozen, without behaviour."""

from __future__ import annotations

from dataclasses import dataclass

from engine.conductor.planning.plan import PlannedSection
from engine.conductor.steering import Scene, Slot
from engine.protocol import LoraStrength, MotifNote, SceneAt


@dataclass(frozen=True, slots=True)
class Piece:
    """One of several pieces that a set plays one after the other.

    Attributes:
        title, seed, bpm, key, motif: its own.
        number: its place among the files that the set was made of, from 1; a piece that comes again has it once more.
        plan: its sections as they were planned at first, for playing it again.
        slots, loras, scenes: what it begins with.
        macros, levels: those that its file moves as it begins; what is not among them stays where the hand left it.
        scene_at, scene_bars: as in `engine.conductor.state.Settings`.
    """

    title: str
    number: int
    seed: int
    bpm: float
    key: str
    motif: tuple[MotifNote, ...] = ()
    plan: tuple[PlannedSection, ...] = ()
    slots: tuple[Slot, ...] = ()
    loras: tuple[LoraStrength, ...] = ()
    scenes: tuple[tuple[int, Scene], ...] = ()
    macros: tuple[tuple[str, float], ...] = ()
    levels: tuple[tuple[str, float, bool], ...] = ()
    scene_at: SceneAt = "bar"
    scene_bars: int = 0
