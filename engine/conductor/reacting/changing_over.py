"""From one piece of a set list to the next: what is steered is the new piece's once its first section sounds. Pure."""

from __future__ import annotations

from dataclasses import replace

from engine.conductor.events import Action, SetParams, Step, Tell
from engine.conductor.piece import Piece
from engine.conductor.pieces import opens_piece, piece_at, short
from engine.conductor.reacting import scenes
from engine.conductor.reacting.tempo_and_key import bend
from engine.conductor.reacting.values import level_params
from engine.conductor.requests import next_index
from engine.conductor.state import State
from engine.conductor.tempo import fifths_between, key_of, tempo_of
from engine.music.key import NEIGHBOURS


def changed_over(state: State, piece: Piece) -> Step:
    """The state in which a piece is steered as its file begins it.

    What its file does not move stays where the hand has it, and so does what is locked; nothing before it can be undone.
    """
    state, landed = scenes.landed(state)
    before = state.steering
    own = {stem: (level, muted) for stem, level, muted in piece.levels}
    macros = tuple((name, dict(piece.macros).get(name, value)) for name, value in before.macros)
    levels = tuple((stem, *own.get(stem, (level, muted))) for stem, level, muted in before.levels)
    led = "tempo" in before.locks or before.clocked, "key" in before.locks
    state = state.with_steering(
        slots=piece.slots,
        loras=piece.loras,
        scenes=piece.scenes,
        scene=0,
        macros=macros,
        levels=levels,
        bpm=before.bpm if led[0] else None,
        key=before.key if led[1] else None,
        mark=None,
        cut=None,
    )
    moved = (*macros, *level_params(levels))
    params = tuple(pair for pair in moved if pair not in (*before.macros, *level_params(before.levels)))
    settings = replace(state.settings, scene_at=piece.scene_at, scene_bars=piece.scene_bars)
    actions: tuple[Action, ...] = (*landed, *((SetParams(params),) if params else ()))
    if state.steering.bpm != before.bpm:
        actions = (*actions, bend(state))
    return replace(state, settings=settings, moves=(), undone=()), actions


def ends_where_planned(state: State) -> State:
    """The set's end moved to where it comes as things stand: a piece does not make good what the one before it was late."""
    settings = replace(state.settings, total_bars=state.settings.total_bars + state.transport.drift)
    return replace(state, settings=settings).with_transport(drift=0)


def announced(state: State) -> tuple[Tell, ...]:
    """What is said while the next section is the first one of another piece; nothing else."""
    index = next_index(state)
    if index is None or not opens_piece(state, index) or (piece := piece_at(state, index)) is None:
        return ()
    key = key_of(state, index)
    told = Tell("info", f"Next piece: {short(piece.title)}, {tempo_of(state, index):g} BPM, {key}.")
    if (steps := fifths_between(state, index - 1)) <= NEIGHBOURS:
        return (told,)
    return told, Tell("warning", clash(piece.title, key, key_of(state, index - 1), steps))


def clash(title: str, key: str, before: str, steps: int) -> str:
    """That a piece's key is far from the one before it on the circle of fifths, in a sentence."""
    return f"Keys clash: {short(title)} is in {key}, {steps} fifths from {before}."
