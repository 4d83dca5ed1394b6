"""The table of what a performer can do or move."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import get_args

import pytest

from engine.actions import ACTIONS, NO_ACTION, Action
from engine.midi.profiles import load_profile
from engine.protocol import MACROS, Command, Macro, SetMacro, SetStem


def sent(action: Action) -> type:
    return type(action.make(1.0))


def test_every_command_is_in_the_table_or_says_why_not() -> None:
    in_table = {sent(action) for action in ACTIONS.values()} | {type(row.pressed) for row in ACTIONS.values() if row.pressed}
    assert in_table | set(NO_ACTION) == set(get_args(Command))
    assert not in_table & set(NO_ACTION)


def test_names_keys_controls_and_addresses_are_each_used_once() -> None:
    rows = list(ACTIONS.values())
    for used in (
        [row.name for row in rows],
        [row.osc for row in rows],
        [row.key for row in rows if row.key],
        [control for row in rows for control in row.controls],
        [row.knob for row in rows if row.knob],
    ):
        assert len(used) == len(set(used))


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
def test_a_row_is_whole(action: Action) -> None:
    assert 0 < len(action.label) <= 16
    assert 0 < len(action.help) <= 100
    assert 0.0 <= action.neutral <= 1.0
    assert re.fullmatch(r"(/[a-z0-9-]+)+", action.osc), "letters that OSC 1.0 allows in an address"
    assert action.make(0.25) == action.make(0.25)
    assert (action.make(0.0) == action.make(1.0)) == (action.kind == "press")


def test_no_address_lies_under_another() -> None:
    addresses = {action.osc for action in ACTIONS.values()}
    assert not {address for address in addresses if address.rpartition("/")[0] in addresses}


def test_a_toggle_is_on_above_the_middle() -> None:
    assert ACTIONS["mute bass"].make(1.0) == SetStem("bass", muted=True)
    assert ACTIONS["mute bass"].make(0.0) == SetStem("bass", muted=False)


def test_every_macro_has_a_row_that_moves_it() -> None:
    assert get_args(Macro) == MACROS
    for name in MACROS:
        assert ACTIONS[f"macro {name}"].make(0.25) == SetMacro(name, 0.25)


def test_the_generic_profile_is_made_of_the_table() -> None:
    profile = load_profile("generic")
    found = {str(control): binding.action for control, binding in profile.controls.items() if binding is not None}
    assert found == {control: action for action in ACTIONS.values() for control in action.controls}
    assert {str(control) for control in profile.bank} == {f"cc{number}" for number in range(70, 78)}


def test_the_table_is_light_enough_for_the_screens_first_frame() -> None:
    heavy = ("numpy", "pydantic", "mido", "rapidfuzz", "torch", "scipy")
    code = f"import sys, engine.actions; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
