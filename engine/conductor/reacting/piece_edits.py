"""The set list in the performer's hands: a piece is left out, comes once more, sooner, or next. Pure.

Every edit is of what is still to come, and changes the length of the set by exactly what it takes or adds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import groupby
from typing import Final

from engine import protocol as p
from engine.conductor.events import Step, Tell
from engine.conductor.pieces import placed, short
from engine.conductor.planning.plan import PlannedSection
from engine.conductor.reacting.changing_over import announced
from engine.conductor.reacting.plan_edits import first_free
from engine.conductor.replan import refit
from engine.conductor.state import State

Parts = tuple[PlannedSection, ...]

A_SINGLE_PIECE: Final = "This set is a single piece: play several files to have a set list."
NOTHING_FOLLOWS: Final = "No piece follows this one."


def edit_pieces(state: State, command: p.EditPieces) -> Step:
    """The order of pieces with one thing changed; what is made already and cannot be made anew in time stays."""
    return _edited(state, _EDITS[command.edit])


def choose_piece(state: State, command: p.ChoosePiece) -> Step:
    """The piece of a number comes next, once more if it was played already."""
    return _edited(state, lambda state, rest, later, here: _chosen(state, rest, later, command.number))


Found = tuple[State, Parts, str]
"""The state, with a piece more where it needs one; what is ahead from now on; and what is said of it."""

Edit = Callable[[State, Parts, tuple[Parts, ...], int], Found]
"""Takes the state, what is left of the piece that sounds, the pieces after it, and that piece's place in `Settings.pieces`."""


def _edited(state: State, edit: Edit) -> Step:
    if not state.settings.pieces:
        return state, (Tell("info", A_SINGLE_PIECE),)
    first = first_free(state)
    here = state.plan[first - 1].piece if first else state.plan[0].piece
    groups = [tuple(parts) for _, parts in groupby(state.plan[first:], key=lambda part: part.piece)]
    rest = groups.pop(0) if groups and groups[0][0].piece == here else ()
    before = state.plan[first:]
    state, ahead, said = edit(state, rest, tuple(groups), here)
    if ahead == before:
        return state, (Tell("info", said),)
    bars = state.settings.total_bars + sum(part.bars for part in ahead) - sum(part.bars for part in before)
    if bars > state.grid.bars_in(60 * p.MAX_MINUTES):
        return state, (Tell("warning", f"The set has {p.MAX_MINUTES // 60} hours already, the most there can be."),)
    settings = replace(state.settings, total_bars=bars)
    state = refit(replace(state, plan=(*state.plan[:first], *ahead), settings=settings))
    return state, (Tell("info", said), *announced(state)[1:])


def _title(state: State, parts: Parts) -> str:
    return short(state.settings.pieces[parts[0].piece].title)


def _joined(*groups: Parts) -> Parts:
    return tuple(part for group in groups for part in group)


def _skipped(state: State, rest: Parts, later: tuple[Parts, ...], here: int) -> Found:
    ahead = _joined(rest, *later)
    if not later:
        return state, ahead, NOTHING_FOLLOWS
    if not rest and len(later) == 1:
        return state, ahead, "The last piece stays: without it the set would have no ending."
    after = f"{_title(state, later[1])} comes instead" if len(later) > 1 else "the set ends with this one"
    return state, _joined(rest, *later[1:]), f"{_title(state, later[0])} is left out; {after}."


def _left(state: State, rest: Parts, later: tuple[Parts, ...], here: int) -> Found:
    ahead = _joined(rest, *later)
    if not later:
        return state, ahead, NOTHING_FOLLOWS
    return state, _joined(*later), f"{_title(state, later[0])} comes next; what was left of this piece is left out."


def _repeated(state: State, rest: Parts, later: tuple[Parts, ...], here: int) -> Found:
    state, again = _once_more(state, here)
    return state, _joined(rest, again, *later), f"{_title(state, again)} comes once more."


def _chosen(state: State, rest: Parts, later: tuple[Parts, ...], number: int) -> Found:
    pieces = state.settings.pieces
    source = next((place for place, piece in enumerate(pieces) if piece.number == number), None)
    if source is None:
        count = max(piece.number for piece in pieces)
        return state, _joined(rest, *later), f"There is no piece {number}: they are 1 to {count}."
    at = next((i for i, parts in enumerate(later) if pieces[parts[0].piece].number == number), None)
    if at is None:
        state, again = _once_more(state, source)
        return state, _joined(rest, again, *later), f"{_title(state, again)} comes next, once more."
    moved = _joined(rest, later[at], *later[:at], *later[at + 1 :])
    return state, moved, f"{_title(state, later[at])} {'comes next.' if at else 'is what comes next already.'}"


def _once_more(state: State, place: int) -> tuple[State, Parts]:
    """A piece from its start, under a place of its own."""
    pieces = state.settings.pieces
    settings = replace(state.settings, pieces=(*pieces, pieces[place]))
    return replace(state, settings=settings), placed(pieces[place], len(pieces))


_EDITS: Final[dict[p.PieceEdit, Edit]] = {"skip": _skipped, "leave": _left, "repeat": _repeated}
