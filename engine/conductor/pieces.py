"""Which piece of a set list a part of the plan belongs to, and what counts for it: pure functions from the conductor's state.

What the performer moves is the piece's that sounds. A part of another piece is asked for as that one begins.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.conductor.piece import Piece
from engine.conductor.planning.plan import PlannedSection
from engine.conductor.state import State
from engine.conductor.steering import Slot
from engine.protocol import LoraStrength, MotifNote

LONGEST_TITLE: Final = 30
"""Characters of a piece's title in a message."""


def sounding(state: State) -> int:
    """The place in `Settings.pieces` of the piece that sounds; of the first one before anything does."""
    return state.plan[state.here].piece


def piece_of(state: State, part: PlannedSection) -> Piece | None:
    """The piece that a part belongs to; None where the set is a single one."""
    return state.settings.pieces[part.piece] if state.settings.pieces else None


def piece_at(state: State, index: int) -> Piece | None:
    """The piece of the plan's part at an index, of the first for what opens the set; None where the set is a single one."""
    return piece_of(state, state.plan[max(0, index)])


def to_come(state: State, part: PlannedSection) -> Piece | None:
    """The piece of a part where that is not the one that sounds; None where what is steered now counts for the part."""
    return None if part.piece == sounding(state) else piece_of(state, part)


def opens_piece(state: State, index: int) -> bool:
    """Whether another piece begins with a part of the plan."""
    return 0 < index < len(state.plan) and state.plan[index].piece != state.plan[index - 1].piece


def slots_of(state: State, part: PlannedSection) -> tuple[Slot, ...]:
    """The prompts that count for a part."""
    other = to_come(state, part)
    return state.steering.slots if other is None else other.slots


def loras_of(state: State, part: PlannedSection) -> tuple[LoraStrength, ...]:
    """The LoRA files that count for a part."""
    other = to_come(state, part)
    return state.steering.loras if other is None else other.loras


def macro_of(state: State, part: PlannedSection, name: str) -> float:
    """Where a macro will stand for a part, 0..1."""
    other = to_come(state, part)
    here = state.steering.macro(name)
    return here if other is None else dict(other.macros).get(name, here)


def seed_of(state: State, index: int) -> int:
    """The seed that a part's sections are made from."""
    piece = piece_at(state, index)
    return state.settings.seed if piece is None else piece.seed


def motif_of(state: State, index: int) -> tuple[MotifNote, ...]:
    """The tune that a part develops."""
    piece = piece_at(state, index)
    return state.settings.motif if piece is None else piece.motif


def place_in_piece(state: State, index: int) -> int:
    """A part's place in its piece, from 0, so that a piece is the same music wherever it comes in a set."""
    if index < 0:
        return index
    own = state.plan[index].piece
    return sum(part.piece == own for part in state.plan[:index])


def order(state: State) -> tuple[int, ...]:
    """The places in `Settings.pieces` of those that play, in order; empty where the set is a single one."""
    if not state.settings.pieces:
        return ()
    return tuple(dict.fromkeys(part.piece for part in state.plan))


def title_at(state: State, index: int) -> str:
    """The title of a part's piece; empty where the set is a single one."""
    piece = piece_at(state, index)
    return "" if piece is None else piece.title


def short(title: str) -> str:
    """A title as a message has it."""
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"


def placed(piece: Piece, place: int) -> tuple[PlannedSection, ...]:
    """A piece's plan as it stands in the set's, with its place in `Settings.pieces`."""
    return tuple(replace(part, piece=place) for part in piece.plan)
