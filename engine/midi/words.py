"""A port and its messages in a performer's words: for the screen, the monitor and `liveset midi`."""

from __future__ import annotations

from collections.abc import Mapping as Table
from typing import Any

from engine.actions import Action
from engine.midi.meaning.messages import MIDDLE_BEND, plain, read_message
from engine.midi.meaning.values import MODES
from engine.midi.port import Port
from engine.midi.profiles import FINER, GENERIC, Binding, Bindings, Control


def greeting(port: Port, harmony: bool = False) -> str:
    """What a port is taken for, and what its notes will do; ``harmony``: they are chords."""
    if harmony:
        return f"{port.profile.title}; its notes are harmony"
    keys = {*port.rules.bindings, *port.profile.controls}
    notes = sum(key.kind == "note" and port.binding(key) is not None for key in keys)
    if not notes and port.profile.name != GENERIC:
        return port.profile.title
    return f"{port.profile.title}; {f'{notes} notes send commands' if notes else 'its notes do nothing'}"


def in_force(port: Port) -> list[tuple[str, Action]]:
    """Every control of a port that moves something, in order, then the second row of knobs, marked with a star."""
    own = port.rules.bindings
    plain_ones = {key: own[key] if key in own else port.binding(key) for key in {**port.profile.controls, **own}}
    bank = {key: binding for key, binding in port.profile.bank.items() if key not in own}
    return [
        (f"{control}{mark}", binding.action)
        for table, mark in ((plain_ones, ""), (bank, "*"))
        for control in sorted(table, key=lambda control: (control.kind, control.number, control.channel or 0))
        if (binding := table[control]) is not None and not binding.low
    ]


def table_of(port: Port) -> Bindings:
    """What every control of a port moves, as one table."""
    keys = {**port.profile.controls, **port.learned, **port.rules.bindings}
    return {key: binding for key in keys if (binding := port.binding(key)) is not None and not binding.low}


def describe(port: Port, message: Any, pickups: Table[str, float | None]) -> str:
    """A message that was fed: ``cc16 ch1 = 64 -> prompt 1``."""
    found = read_message(message)
    if found is None:
        return str(message)
    if message.type == "note_off":
        return f"{plain(found[0])} off"
    control, value = found
    text = (
        plain(control)
        if control.kind == "program"
        else f"{plain(control)} = {value - MIDDLE_BEND if control.kind == 'pitch' else value}"
    )
    if not port.hears(control.channel or 0):
        return f"{text}, a channel that is left out"
    binding = port.binding(control)
    if binding is None:
        silent = port.silenced(control)
        return text if silent is None else f"{text}, would be {silent.action.name} with notes = true"
    moves = f"{text} -> {binding.action.name}"
    if (found_out := _habit(port, control, binding)) is not None:
        return moves + found_out
    waits = pickups.get(binding.action.name) if binding.action.kind == "position" else None
    return moves if waits is None else f"{moves}, waits at {waits:.2f}"


def _habit(port: Port, control: Control, binding: Binding) -> str | None:
    """What a control was found to be that its mapping does not say."""
    habit = port.habit(control)
    if port.meant or control.kind != "cc" or binding.mode != MODES[0]:
        return None
    if port.in_a_pair(control):
        return f", but it is the low half of cc{control.number - FINER}"
    if binding.action.kind != "position":
        return ', looks latching: mode = "toggle"' if habit.latching else None
    if habit.dialect:
        return f", an encoder: {habit.dialect}"
    return ", but it is a button: put it on a command" if habit.ends_only and habit.count > 1 else None
