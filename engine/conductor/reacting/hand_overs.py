"""Choosing how the next section comes in: the kind of the transition and its length. Pure."""

from __future__ import annotations

from typing import Final

from engine import protocol as p
from engine.conductor.cues import handing_over
from engine.conductor.events import Step, Tell
from engine.conductor.requests import next_index
from engine.conductor.seams import coming, in_stems
from engine.conductor.state import State

LAST: Final = "Nothing follows: this is the last section."
NOT_YET: Final = "Nothing plays yet that could hand over."
TOO_LATE: Final = "Too late: the next section comes in now."


def choose_transition(state: State, command: p.ChooseTransition) -> Step:
    """The next section comes in another way, or as planned again."""
    if command.kind is not None and command.kind not in p.TRANSITIONS:
        return state, ()
    if (refused := _refused(state)) is not None:
        return state, (refused,)
    state = state.with_steering(transition=command.kind, transition_bars=0)
    return state, (Tell("info", _said(state)),)


def step_transition(state: State, command: p.StepTransition) -> Step:
    """The next way in the order of the table that can be here; once around it is as planned again.

    Two cross-fades whose gains follow what is measured are one way.
    """
    if (refused := _refused(state)) is not None:
        return state, (refused,)
    planned, here = coming(state.with_steering(transition=None, transition_bars=0))[0], coming(state)[0]
    kinds, step = p.TRANSITIONS, 1 if command.step >= 0 else -1
    for away in range(1, len(kinds)):
        kind = kinds[(kinds.index(here) + step * away) % len(kinds)]
        fresh = state.with_steering(transition=None if kind == planned else kind, transition_bars=0)
        same = p.TRANSITION_BY_KIND[kind].measured and p.TRANSITION_BY_KIND[planned].measured and kind != planned
        if coming(fresh)[0] == kind and not same:
            return fresh, (Tell("info", _said(fresh)),)
    return state, (Tell("info", _said(state)),)


def stretch_transition(state: State, command: p.StretchTransition) -> Step:
    """The next hand-over takes some bars more or less, as far as there is sound for it."""
    if (refused := _refused(state)) is not None:
        return state, (refused,)
    kind, bars = coming(state)
    if kind == "cut":
        return state, (Tell("info", "A cut has no length: choose another transition first."),)
    wanted = min(p.MOST_TRANSITION_BARS, max(1, bars + command.bars))
    fresh = state.with_steering(transition_bars=wanted)
    found = coming(fresh)[1]
    if found != bars:
        fresh = fresh.with_steering(transition_bars=found)
        return fresh, (Tell("info", _said(fresh)),)
    way = "longer" if command.bars > 0 else "shorter"
    why = "" if wanted == bars else ", by the tail of this section" if p.TRANSITION_BY_KIND[kind].overlaps else ""
    return state, (Tell("info", f"{_named(kind, bars)} can be no {way}{why}."),)


def _refused(state: State) -> Tell | None:
    """Why the next hand-over cannot be chosen."""
    if next_index(state) is None:
        return Tell("info", LAST)
    if state.transport.now is None:
        return Tell("info", NOT_YET)
    return Tell("warning", TOO_LATE) if handing_over(state) is not None else None


def _named(kind: str, bars: int) -> str:
    """A hand-over, at the start of a sentence."""
    name = kind[:1].upper() + kind[1:]
    return f"{name} over {bars} bar{'' if bars == 1 else 's'}" if bars else name


def _said(state: State) -> str:
    """What is said of the hand-over that was chosen, and why it is another where it is."""
    asked, steering = state.steering.transition, state.steering
    kind, bars = coming(state)
    if asked is None:
        return f"{_named(kind, bars)} comes next{'' if steering.transition_bars else ', as planned'}."
    row = p.TRANSITION_BY_KIND[asked]
    if kind == asked:
        short = bars < row.bars and not steering.transition_bars
        return f"{_named(kind, bars)} comes next{', as long as it can be' if short else ''}."
    if row.shape == "stems" and not in_stems(state):
        return f"{_named(asked, 0)} needs stems on both sides: {kind} comes instead."
    return f"{_named(asked, 0)} would sound two tempos or keys at once: {kind} comes; echo-out can do it."
