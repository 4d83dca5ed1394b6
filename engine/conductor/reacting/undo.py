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
from engine.conductor.reacting.tempo_and_key import bend
from engine.conductor.reacting.values import level_params
from engine.conductor.replan import refit
from engine.conductor.requests import next_index
from engine.conductor.state import State
from engine.conductor.steering import Decided, take_name
from engine.conductor.takes import section_locked

MOST: Final = 32
"""Moves that can be undone, one after the other."""

ONE_MOVE_S: Final = 1.5
"""Seconds within which turns of one and the same knob are one move."""

TOO_LATE: Final = "The plan has moved on since: that change of it stays."

_WHAT: Final[dict[type, Callable[[Any], str]]] = {
    p.SetWeight: lambda command: f"weight of prompt {command.slot + 1}",
    p.SetPrompt: lambda command: f"text of prompt {command.slot + 1}",
    p.RemovePrompt: lambda command: f"prompt {command.slot + 1} removed",
    p.MovePrompt: lambda command: f"prompt {command.slot + 1} moved",
    p.SetLora: lambda command: f"strength of LoRA file {command.index + 1}",
    p.ReRoll: lambda command: "re-roll",
    p.VaryNext: lambda command: "variation",
    p.RemakeBars: lambda command: f"bars {command.first} to {command.last} re-made",
    p.ChooseTake: lambda command: f"take {take_name(command.take)} chosen",
    p.ReRollStem: lambda command: f"other {command.stem}",
    p.TakeStem: lambda command: f"{command.stem} of take {take_name(command.take)}",
    p.ChooseTransition: lambda command: "kind of the next transition",
    p.StepTransition: lambda command: "kind of the next transition",
    p.StretchTransition: lambda command: "length of the next transition",
    p.SetLock: lambda command: f"lock of the {command.what}",
    p.BuildOnHook: lambda command: "section on the hook",
    p.SetTempo: lambda command: "tempo",
    p.StepTempo: lambda command: "tempo",
    p.TapTempo: lambda command: "tempo",
    p.SetKey: lambda command: "key",
    p.StepKey: lambda command: "key",
    p.StoreScene: lambda command: f"scene {command.number} stored",
    p.RecallScene: lambda command: f"scene {command.number} brought back",
    p.EditPlan: lambda command: f"change of the plan ({command.edit})",
    p.GoOn: lambda command: f"{command.minutes:g} minutes more",
}
"""What each command that can be undone is called."""

_TURNED: Final = (p.SetWeight, p.SetLora, p.SetTempo, p.TapTempo, p.SetKey, p.StepTransition, p.StretchTransition)
"""Commands that a knob, or a hand that taps, sends many of in one move."""

_OF_TIME: Final = (p.SetTempo, p.StepTempo, p.TapTempo, p.SetKey, p.StepKey, p.SetLock)
"""Commands that set the tempo and the key of what follows."""

_OF_THE_PLAN: Final = (p.EditPlan, p.GoOn)
"""Commands that change what is planned; they can be undone until the next section has begun."""


def remember(before: State, after: State, command: p.Command) -> State:
    """The state after a command, with what it changed kept to be undone."""
    if before.transport.run == "finished" != after.transport.run:  # the set begins again, or goes on after its end
        return replace(after, moves=(), undone=())
    name = _WHAT.get(type(command))
    taps = before.steering.taps  # one alone changes nothing
    if name is None or (before.steering, before.plan) == (replace(after.steering, taps=taps), after.plan):
        return after
    if isinstance(command, p.SetTempo) and command.follows:  # what a clock asks for, bar by bar, nobody decided
        return after
    what, at = name(command), after.transport.clock
    moves = before.moves
    last = moves[-1] if moves else None
    same = isinstance(command, _TURNED) and last is not None and last.what == what
    if last is not None and same and at - last.at < ONE_MOVE_S * after.settings.grid.rate:
        moves = (*moves[:-1], replace(last, at=at))
    else:
        moves = (*moves, _decided(before, what, at, type(command)))[-MOST:]
    return replace(after, moves=moves, undone=())


def undo(state: State, command: p.Undo) -> tuple[State, tuple[Action, ...]]:
    """The last move is taken back."""
    if not state.moves:
        return state, (Tell("info", "There is nothing to undo."),)
    last = state.moves[-1]
    left = replace(state, moves=state.moves[:-1])
    if _too_late(state, last):
        return left, (Tell("info", TOO_LATE),)
    return _gone_to(replace(left, undone=(*state.undone, _now(state, last))), last, "Undone")


def redo(state: State, command: p.Redo) -> tuple[State, tuple[Action, ...]]:
    """What was undone last is done again."""
    if not state.undone:
        return state, (Tell("info", "There is nothing to do again."),)
    last = state.undone[-1]
    left = replace(state, undone=state.undone[:-1])
    if _too_late(state, last):
        return left, (Tell("info", TOO_LATE),)
    return _gone_to(replace(left, moves=(*state.moves, _now(state, last))), last, "Done again")


def _now(state: State, move: Decided) -> Decided:
    """What is decided about the future now, to go back to from the other side of a move."""
    return _decided(state, move.what, move.at, move.kind)


def _decided(state: State, what: str, at: int, kind: type) -> Decided:
    """What is decided about the future now."""
    settings = state.settings
    return Decided(what, at, kind, next_index(state), state.steering, state.plan, settings.plan, settings.total_bars)


def _too_late(state: State, decided: Decided) -> bool:
    """Whether a section has begun since the plan was changed, or is locked, so that the change cannot be gone back on."""
    return decided.kind in _OF_THE_PLAN and (decided.next_index != next_index(state) or section_locked(state))


def _gone_to(state: State, decided: Decided, done: str) -> tuple[State, tuple[Action, ...]]:
    """A state in which the future is as it was decided then; a section that began since keeps its take."""
    then, now, told = decided.steering, state.steering, Tell("info", f"{done}: {decided.what}.")
    steering = replace(now, slots=then.slots, loras=then.loras, scenes=then.scenes, scene=then.scene, morph=None)
    params: tuple[Action, ...] = ()
    if decided.kind in (*_OF_TIME, p.RecallScene) and (then.bpm, then.key) != (now.bpm, now.key):
        bpm, clocked = (now.bpm, True) if now.clocked else (then.bpm, then.clocked)  # a clock's tempo is not gone back on
        steering = replace(steering, bpm=bpm, clocked=clocked, key=then.key, taps=())
        params = (bend(replace(state, steering=steering)),)
    locks = then.locks if decided.next_index == next_index(state) else tuple(each for each in then.locks if each != "section")
    steering = replace(steering, locks=locks, led=then.led)
    if decided.next_index == next_index(state):
        steering = replace(steering, takes=then.takes, chosen=then.chosen, by_hand=then.by_hand, lock_base=then.lock_base)
        steering = replace(steering, transition=then.transition, transition_bars=then.transition_bars)
    if decided.kind is p.RecallScene:
        steering = replace(steering, macros=then.macros, levels=then.levels)
        params = (*params, SetParams((*then.macros, *level_params(then.levels))))
    state = replace(state, steering=steering)
    if decided.kind in _OF_THE_PLAN:
        settings = replace(state.settings, total_bars=decided.total_bars)
        return refit(replace(state, plan=decided.plan, settings=settings)), (told,)
    settings = replace(state.settings, plan=_led(state.settings.plan, decided.whole))
    return replace(state, plan=_led(state.plan, decided.plan), settings=settings), (*params, told)


def _led(plan: tuple[PlannedSection, ...], then: tuple[PlannedSection, ...]) -> tuple[PlannedSection, ...]:
    """A plan whose parts lean on the prompts as those of the same name did then."""
    leanings = {part.name: part.prompts for part in then}
    return tuple(replace(part, prompts=leanings.get(part.name, part.prompts)) for part in plan)
