"""Toggles and relative moves are decided in order, whatever a screen or a controller knew when it sent them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conductor.reacting.on_command import take_command
from engine.conductor.reacting.values import stepped, values_by_target
from engine.conductor.state import State
from engine.protocol import Command, Hold, Nudge, SetMacro, SetStem, SetWeight, ToggleMute, TogglePlay
from tests.conductor.test_conductor import started


def after(state: State, *commands: Command) -> State:
    for command in commands:
        state, _ = take_command(state, command)
    return state


@pytest.mark.parametrize("toggle", [ToggleMute("bass"), Hold(), TogglePlay()], ids=str)
def test_two_presses_are_as_before(toggle: Command) -> None:
    before = started().state
    once = after(before, toggle)
    assert once != before
    assert after(once, toggle) == before


def test_a_mute_reaches_the_player_and_leaves_the_level() -> None:
    state = after(started().state, SetStem("bass", level=0.5))
    state, actions = take_command(state, ToggleMute("bass"))
    assert dict(actions[0].values)["level_bass"] == 0.0  # type: ignore[union-attr]
    _, actions = take_command(state, ToggleMute("bass"))
    assert dict(actions[0].values)["level_bass"] == 0.5  # type: ignore[union-attr]


def test_nudges_add_up_and_stop_at_the_ends() -> None:
    state = after(started().state, SetMacro("echo", 0.0), *[Nudge("macro echo", 0.01)] * 7)
    assert values_by_target(state)["macro echo"] == pytest.approx(0.07)
    assert values_by_target(after(state, *[Nudge("macro echo", 0.5)] * 3))["macro echo"] == 1.0
    assert values_by_target(after(state, Nudge("macro echo", -0.5)))["macro echo"] == 0.0


def test_a_keys_step_goes_to_the_next_multiple() -> None:
    state = after(started().state, SetWeight(0, 0.72), Nudge("prompt 1", 0.05, snap=True))
    assert values_by_target(state)["prompt 1"] == 0.75
    assert values_by_target(after(state, Nudge("prompt 1", 0.05, snap=True)))["prompt 1"] == 0.8
    assert values_by_target(after(state, Nudge("stem bass", -0.25, snap=True)))["stem bass"] == 0.75


@pytest.mark.parametrize("target", ["prompt 17", "macro nothing", "lora 1", "mute bass", "play/stop", ""])
@pytest.mark.parametrize("by", [0.1, 0.0, math.nan, math.inf])
def test_a_nudge_of_what_is_not_there_changes_nothing(target: str, by: float) -> None:
    state = started().state
    assert take_command(state, Nudge(target, by)) == (state, ())


@pytest.mark.parametrize(
    ("start", "step", "to"),
    [(0.72, 0.05, 0.75), (0.72, -0.05, 0.7), (0.75, 0.05, 0.8), (0.3, -0.25, 0.25), (0.98, 0.25, 1.0), (0.0, -0.05, 0.0)],
)
def test_steps_land_on_multiples_of_the_step(start: float, step: float, to: float) -> None:
    assert stepped(start, step) == pytest.approx(to)


MOVES: Any = st.sampled_from([ToggleMute("drums"), ToggleMute("bass"), Nudge("macro filter", 0.25), Nudge("macro filter", -0.25)])


@given(st.lists(MOVES, max_size=12))
def test_only_how_often_a_stem_was_toggled_counts(moves: list[Command]) -> None:
    state = after(started().state, *moves)
    muted = {stem: mute for stem, _, mute in state.steering.levels}
    assert muted["drums"] == bool(moves.count(ToggleMute("drums")) % 2)
    assert muted["bass"] == bool(moves.count(ToggleMute("bass")) % 2)
