"""What the moves that can be undone are called, and what each moved something to, for messages and their list. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from engine import protocol as p
from engine.conductor.lengths import piece_of
from engine.conductor.reacting.plan_edits import next_free
from engine.conductor.state import State
from engine.conductor.steering import take_name
from engine.conductor.tempo import key_of, tempo_of

LONGEST_TEXT: Final = 24
"""Characters of a prompt that a move is named by."""

_EDITS: Final[dict[p.PlanEdit, str]] = {
    "skip": "the next section left out",
    "repeat": "this section once more",
    "longer": "8 bars more of the next section",
    "shorter": "8 bars less of the next section",
    "drop": "the next drop brought forward",
    "end": "all but the ending left out",
}

_PART_EDITS: Final[dict[p.PartEdit, str]] = {
    "remove": "{} removed",
    "repeat": "{} once more",
    "sooner": "{} moved up",
    "later": "{} moved down",
    "next": "{} brought forward",
    "longer": "8 bars more of {}",
    "shorter": "8 bars less of {}",
}


_PIECE_EDITS: Final[dict[p.PieceEdit, str]] = {
    "skip": "the next piece left out",
    "leave": "the rest of a piece left out",
    "repeat": "a piece once more",
}


def part_called(state: State, part: int | None) -> str:
    """The name of the part of the plan with an id; of the first one that may be changed for None."""
    named = next_free(state) if part is None else next((each for each in state.plan if each.id == part), None)
    return "a section" if named is None else piece_of(named.name)[0][:LONGEST_TEXT]


def _inserted(state: State, command: p.InsertPart) -> str:
    if command.part is None and next_free(state) is None:
        return f"plan: {command.role} inserted at the end"
    return f"plan: {command.role} inserted {'after' if command.after else 'before'} {part_called(state, command.part)}"


_WHAT: Final[dict[type, Callable[[State, Any], str]]] = {
    p.SetWeight: lambda state, command: f"weight of prompt {command.slot + 1}",
    p.SetPrompt: lambda state, command: f"text of prompt {command.slot + 1}",
    p.RemovePrompt: lambda state, command: f"prompt {command.slot + 1} removed",
    p.MovePrompt: lambda state, command: f"prompt {command.slot + 1} moved",
    p.SetLora: lambda state, command: f"strength of LoRA file {command.index + 1}",
    p.ReRoll: lambda state, command: "re-roll",
    p.VaryNext: lambda state, command: "variation",
    p.RemakeBars: lambda state, command: f"bars {command.first} to {command.last} re-made",
    p.ChooseTake: lambda state, command: f"take {take_name(command.take)} chosen",
    p.ReRollStem: lambda state, command: f"other {command.stem}",
    p.TakeStem: lambda state, command: f"{command.stem} of take {take_name(command.take)}",
    p.ChooseTransition: lambda state, command: "kind of the next transition",
    p.StepTransition: lambda state, command: "kind of the next transition",
    p.StretchTransition: lambda state, command: "length of the next transition",
    p.SetLock: lambda state, command: f"lock of the {command.what}",
    p.BuildOnHook: lambda state, command: "section on the hook",
    p.ContinueRoom: lambda state, command: "section by the room",
    p.SetTempo: lambda state, command: "tempo",
    p.StepTempo: lambda state, command: "tempo",
    p.TapTempo: lambda state, command: "tempo",
    p.SetKey: lambda state, command: "key",
    p.StepKey: lambda state, command: "key",
    p.StoreScene: lambda state, command: f"scene {command.number} stored",
    p.RecallScene: lambda state, command: f"scene {command.number} brought back",
    p.EditPlan: lambda state, command: f"plan: {_EDITS[command.edit]}",
    p.EditPart: lambda state, command: f"plan: {_PART_EDITS[command.edit].format(part_called(state, command.part))}",
    p.InsertPart: _inserted,
    p.SetCurve: lambda state, command: f"{command.curve} of {part_called(state, command.part)}",
    p.StepCurve: lambda state, command: f"{command.curve} of {part_called(state, command.part)}",
    p.EditPieces: lambda state, command: f"set list: {_PIECE_EDITS[command.edit]}",
    p.ChoosePiece: lambda state, command: f"set list: piece {command.number} next",
    p.GoOn: lambda state, command: f"{command.minutes:g} minutes more",
}
"""What each command that can be undone is called, in the state before it."""


def _curve(state: State, command: p.SetCurve | p.StepCurve) -> str:
    part = next_free(state) if command.part is None else next((each for each in state.plan if each.id == command.part), None)
    return "" if part is None else f" to {getattr(part, command.curve):.2f}"


def _text(text: str) -> str:
    return f': "{text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1].rstrip() + "…"}"'


_TO: Final[dict[type, Callable[[State, Any], str]]] = {
    p.SetWeight: lambda state, command: f" to {state.steering.slots[command.slot].weight:.2f}",
    p.SetPrompt: lambda state, command: _text(state.steering.slots[command.slot].text),
    p.SetLora: lambda state, command: f" to {state.steering.loras[command.index].strength:.2f}",
    p.SetLock: lambda state, command: ": on" if command.what in state.steering.locks else ": off",
    p.SetTempo: lambda state, command: f" to {tempo_of(state, state.here):g} BPM",
    p.StepTempo: lambda state, command: f" to {tempo_of(state, state.here):g} BPM",
    p.TapTempo: lambda state, command: f" to {tempo_of(state, state.here):g} BPM",
    p.SetKey: lambda state, command: f" to {key_of(state, state.here)}",
    p.StepKey: lambda state, command: f" to {key_of(state, state.here)}",
    p.SetCurve: _curve,
    p.StepCurve: _curve,
}
"""What a command moved something to, in the state after it."""


def called(before: State, command: p.Command) -> str | None:
    """What a command is called in the list of moves; None for one that cannot be undone."""
    name = _WHAT.get(type(command))
    return None if name is None else name(before, command)


def moved_to(after: State, command: p.Command) -> str:
    """What a command moved something to, to be said behind its name; empty where there is nothing to say."""
    to = _TO.get(type(command))
    return "" if to is None else to(after, command)
