"""Undo and redo of what was decided about the future: prompts, weights, scenes, takes, LoRA strengths, tempo and key. Pure.

What sounds is not gone back on: macros and stems stay where they are, but for those that a scene has moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from engine import protocol as p
from engine.conductor.events import Action, SetParams, Tell
from engine.conductor.planning.plan import PlannedSection
from engine.conductor.reacting.values import level_params
from engine.conductor.requests import next_index
from engine.conductor.state import Decided, State

MOST: Final = 64
"""Moves that can be undone, one after the other."""

ONE_MOVE_S: Final = 1.5
"""Seconds within which moves of one and the same thing are one: a knob that is turned sends many."""

_WHAT: Final[dict[type, Callable[[Any], str]]] = {
    p.SetWeight: lambda command: f"weight of prompt {command.slot + 1}",
    p.SetPrompt: lambda command: f"text of prompt {command.slot + 1}",
    p.RemovePrompt: lambda command: f"prompt {command.slot + 1} removed",
    p.MovePrompt: lambda command: f"prompt {command.slot + 1} moved",
    p.SetLora: lambda command: f"strength of LoRA file {command.index + 1}",
    p.ReRoll: lambda command: "re-roll",
    p.VaryNext: lambda command: "variation",
    p.RemakeBars: lambda command: f"bars {command.first} to {command.last} re-made",
    p.SetTempo: lambda command: "tempo",
    p.StepTempo: lambda command: "tempo",
    p.TapTempo: lambda command: "tempo",
    p.SetKey: lambda command: "key",
    p.StepKey: lambda command: "key",
    p.StoreScene: lambda command: f"scene {command.number} stored",
    p.RecallScene: lambda command: f"scene {command.number} brought back",
}
"""What each command that can be undone is called."""


def remember(before: State, after: State, command: p.Command) -> State:
    """The state after a command, with what it changed kept to be undone."""
    name = _WHAT.get(type(command))
    taps = before.steering.taps  # one alone changes nothing
    if name is None or before.steering == replace(after.steering, taps=taps):
        return after
    if isinstance(command, p.SetTempo) and command.follows:  # what a clock asks for, bar by bar, nobody decided
        return after
    what, at = name(command), after.transport.clock
    moves = before.moves
    last = moves[-1] if moves else None
    if last is not None and last.what == what and at - last.at < ONE_MOVE_S * after.settings.grid.rate:
        moves = (*moves[:-1], replace(last, at=at))
    else:
        moves = (*moves, _decided(before, what, at, isinstance(command, p.RecallScene)))[-MOST:]
    return replace(after, moves=moves, undone=())


def undo(state: State, command: p.Undo) -> tuple[State, tuple[Action, ...]]:
    """The last move is taken back."""
    if not state.moves:
        return state, (Tell("info", "There is nothing to undo."),)
    last = state.moves[-1]
    undone = (*state.undone, _decided(state, last.what, last.at, last.sounding))
    state, params = _gone_back(replace(state, moves=state.moves[:-1], undone=undone), last)
    return state, (*params, Tell("info", f"Undone: {last.what}."))


def redo(state: State, command: p.Redo) -> tuple[State, tuple[Action, ...]]:
    """What was undone last is done again."""
    if not state.undone:
        return state, (Tell("info", "There is nothing to do again."),)
    last = state.undone[-1]
    moves = (*state.moves, _decided(state, last.what, last.at, last.sounding))
    state, params = _gone_back(replace(state, moves=moves, undone=state.undone[:-1]), last)
    return state, (*params, Tell("info", f"Done again: {last.what}."))


def _decided(state: State, what: str, at: int, sounding: bool) -> Decided:
    """What is decided about the future now."""
    return Decided(what, at, sounding, next_index(state), state.steering, state.plan, state.settings.plan)


def _gone_back(state: State, decided: Decided) -> tuple[State, tuple[Action, ...]]:
    """A state in which the future is as it was decided then; a section that began since keeps its take."""
    then, now = decided.steering, state.steering
    steering = replace(now, slots=then.slots, loras=then.loras, scenes=then.scenes, scene=then.scene, morph=None)
    if decided.what in ("tempo", "key"):
        steering = replace(steering, bpm=then.bpm, key=then.key, taps=())
    if decided.next_index == next_index(state):
        steering = replace(steering, take=then.take, variation=then.variation)
    params: tuple[Action, ...] = ()
    if decided.sounding:
        steering = replace(steering, macros=then.macros, levels=then.levels)
        params = (SetParams((*then.macros, *level_params(then.levels))),)
    settings = replace(state.settings, plan=_led(state.settings.plan, decided.whole))
    return replace(state, steering=steering, plan=_led(state.plan, decided.plan), settings=settings), params


def _led(plan: tuple[PlannedSection, ...], then: tuple[PlannedSection, ...]) -> tuple[PlannedSection, ...]:
    """A plan whose parts lean on the prompts as those of the same name did then."""
    leanings = {part.name: part.prompts for part in then}
    return tuple(replace(part, prompts=leanings.get(part.name, part.prompts)) for part in plan)
