"""Undo and redo of what was decided about the future: prompts, weights, scenes, takes, LoRA strengths, tempo and key. Pure.

What sounds is not gone back on: macros and stems stay where they are, but for those that a scene has moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from engine import protocol as p
from engine.conductor.events import Action, SetParams, Step, Tell
from engine.conductor.planning.plan import PlannedSection
from engine.conductor.reacting.moves import called, moved_to
from engine.conductor.reacting.plan_edits import first_free, next_free, with_curves
from engine.conductor.reacting.tempo_and_key import bend
from engine.conductor.reacting.values import level_params
from engine.conductor.replan import refit
from engine.conductor.requests import next_index
from engine.conductor.state import State
from engine.conductor.steering import Decided

MOST: Final = 32
"""Moves that can be undone, one after the other."""

ONE_MOVE_S: Final = 1.5
"""Seconds within which turns of one and the same knob are one move."""

Gone = tuple[State, tuple[Action, ...] | None]
"""The state after a move was gone back on, and what the player is to know; None where it was too late for that."""

TOO_LATE: Final = "The plan has moved on since: that change of it stays."

_CURVES: Final = (p.SetCurve, p.StepCurve)
"""Commands that lean the plan: undone in whatever has not begun by then."""

_OF_THE_SEAM: Final = (p.StepTransition, p.StretchTransition)
_TURNED: Final = (p.SetWeight, p.SetLora, p.SetTempo, p.TapTempo, p.SetKey, *_OF_THE_SEAM, *_CURVES)
"""Commands that a knob, or a hand that taps, sends many of in one move."""

_OF_TIME: Final = (p.SetTempo, p.StepTempo, p.TapTempo, p.SetKey, p.StepKey, p.SetLock)
"""Commands that set the tempo and the key of what follows."""

_OF_THE_PLAN: Final = (p.EditPlan, p.EditPart, p.InsertPart, p.EditPieces, p.ChoosePiece, p.GoOn)
"""Commands that change what is planned; they can be undone until the next section has begun."""


def remember(before: State, after: State, command: p.Command) -> State:
    """The state after a command, with what it changed kept to be undone."""
    if before.transport.run == "finished" != after.transport.run:  # the set begins again, or goes on after its end
        return replace(after, moves=(), undone=())
    what = called(before, command)
    taps = before.steering.taps  # one alone changes nothing
    if what is None or (before.steering, before.plan) == (replace(after.steering, taps=taps), after.plan):
        return after
    if isinstance(command, p.SetTempo) and command.follows:  # what a clock asks for, bar by bar, nobody decided
        return after
    at, detail, moves = after.transport.clock, moved_to(after, command), before.moves
    last = moves[-1] if moves else None
    part = _leans(before, command)
    same = isinstance(command, _TURNED) and last is not None and (last.what, last.part) == (what, part)
    if last is not None and same and at - last.at < ONE_MOVE_S * after.settings.grid.rate:
        return replace(after, moves=(*moves[:-1], replace(last, at=at, detail=detail)), undone=())
    number = after.last_move + 1
    move = _decided(before, what, at, type(command))
    moves = (*moves, replace(move, detail=detail, number=number, part=part))[-MOST:]
    return replace(after, moves=moves, undone=(), last_move=number)


def undo(state: State, command: p.Undo) -> Step:
    """The last move is taken back; or all moves back to one, that one too."""
    if not state.moves:
        return state, (Tell("info", "There is nothing to undo."),)
    return _each(state, state.moves, command.to, _undo_one, "Undone")


def redo(state: State, command: p.Redo) -> Step:
    """What was undone last is done again; or all that was undone, on to one move."""
    if not state.undone:
        return state, (Tell("info", "There is nothing to do again."),)
    return _each(state, state.undone, command.to, _redo_one, "Done again")


def _each(state: State, moves: tuple[Decided, ...], to: int | None, one: Callable[[State], Gone], done: str) -> Step:
    """One move, or as many as it takes to the one of a number, with what is said of them all in one."""
    numbers = [move.number for move in moves]
    if to is not None and to not in numbers:
        return state, (Tell("info", "That move is not in the list any more."),)
    count = 1 if to is None else len(numbers) - numbers.index(to)
    params: list[Action] = []
    late = 0
    for _ in range(count):
        state, more = one(state)
        params += more or ()
        late += more is None
    many = f"{done}: {_counted(count - late, 'move')}"
    told = TOO_LATE if late == count else f"{done}: {moves[-1].what}." if count == 1 else f"{many}, back to {moves[-count].what}."
    if 0 < late < count:
        told = f"{many}; for {_counted(late, 'other')} it was too late: {'it stays' if late == 1 else 'they stay'}."
    return state, (*params, Tell("info", told))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _undo_one(state: State) -> Gone:
    last = state.moves[-1]
    left = replace(state, moves=state.moves[:-1])
    if too_late(state, last):
        return left, None
    return _gone_to(replace(left, undone=(*state.undone, _now(state, last))), last)


def _redo_one(state: State) -> Gone:
    last = state.undone[-1]
    left = replace(state, undone=state.undone[:-1])
    if too_late(state, last):
        return left, None
    return _gone_to(replace(left, moves=(*state.moves, _now(state, last))), last)


def _now(state: State, move: Decided) -> Decided:
    """What is decided about the future now, to go back to from the other side of a move."""
    return replace(_decided(state, move.what, move.at, move.kind), detail=move.detail, number=move.number, part=move.part)


def _decided(state: State, what: str, at: int, kind: type) -> Decided:
    """What is decided about the future now."""
    settings = state.settings
    return Decided(what, at, kind, next_index(state), state.steering, state.plan, settings.plan, settings.total_bars)


def too_late(state: State, decided: Decided) -> bool:
    """Whether what a move changed has begun since, or has to stay, so that the change cannot be gone back on."""
    if decided.kind in _CURVES:
        return all(part.id != decided.part for part in state.plan[first_free(state) :])
    return decided.kind in _OF_THE_PLAN and (decided.next_index != next_index(state) or _would_go(state, decided))


def _would_go(state: State, decided: Decided) -> bool:
    """Whether the next section has to stay, locked or with no time to make another, and was another one before a move."""
    index = next_index(state)
    if index is None or first_free(state) <= index:
        return False
    if index >= len(decided.plan):
        return True
    then, now = decided.plan[index], state.plan[index]
    return (then.id, then.bars) != (now.id, now.bars)


def _gone_to(state: State, decided: Decided) -> tuple[State, tuple[Action, ...]]:
    """A state in which the future is as it was decided then; a section that began since keeps its take."""
    then, now = decided.steering, state.steering
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
        return refit(replace(state, plan=decided.plan, settings=settings)), ()
    settings = replace(state.settings, plan=_led(state.settings.plan, decided.whole))
    plan = _led(state.plan, decided.plan)
    return replace(state, plan=_leant(state, plan, decided) if decided.kind in _CURVES else plan, settings=settings), params


def _leant(state: State, plan: tuple[PlannedSection, ...], decided: Decided) -> tuple[PlannedSection, ...]:
    """A plan in which the section that a move leaned has the values of its curves that it had then."""
    then = next((part for part in decided.plan if part.id == decided.part), None)
    if then is None:
        return plan
    values: dict[p.Curve, float] = {curve: getattr(then, curve) for curve in p.CURVES}
    first = first_free(state)
    return tuple(with_curves(part, values) if i >= first and part.id == decided.part else part for i, part in enumerate(plan))


def _leans(state: State, command: p.Command) -> int:
    """The id of the section that a command leans; 0 for none."""
    if not isinstance(command, p.SetCurve | p.StepCurve):
        return 0
    free = next_free(state)
    return command.part or (0 if free is None else free.id)


def _led(plan: tuple[PlannedSection, ...], then: tuple[PlannedSection, ...]) -> tuple[PlannedSection, ...]:
    """A plan whose parts lean on the prompts as those of the same name did then."""
    leanings = {(part.piece, part.name): part.prompts for part in then}
    return tuple(replace(part, prompts=leanings.get((part.piece, part.name), part.prompts)) for part in plan)
