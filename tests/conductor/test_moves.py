"""The list of moves: each by its name and what it moved something to, and back to any of them by its number."""

from __future__ import annotations

import pytest

from engine import protocol as p
from engine.conductor.reacting.moves import called, moved_to
from tests.conductor.simulation import Stage
from tests.conductor.test_plan_by_section import ids, plan, playing
from tests.conductor.test_plan_edits import heard
from tests.conductor.test_undo import future, moved


def listed(stage: Stage) -> list[str]:
    return [move.what + move.detail for move in stage.state.moves]


def test_moves_say_what_was_moved_and_where_to() -> None:
    stage = playing()
    drop = next(part for part in stage.state.plan if part.role == "drop")
    for command in (
        p.SetWeight(1, 0.8),
        p.SetPrompt(0, "a deep house that goes on and on"),
        p.StoreScene(3),
        p.SetLock("drums"),
        p.StepTempo(2.0),
        p.SetKey(9),
        p.SetCurve("energy", 0.4, drop.id),
        p.EditPart(drop.id, "next"),
        p.EditPlan("longer"),
        p.InsertPart("build"),
        p.GoOn(5.0),
    ):
        moved(stage, command)
    assert listed(stage) == [
        "weight of prompt 2 to 0.80",
        'text of prompt 1: "a deep house that goes…"',
        "scene 3 stored",
        "lock of the drums: on",
        "tempo to 126 BPM",
        "key to A minor",
        "energy of drop to 0.40",
        "plan: drop brought forward",
        "plan: 8 bars more of the next section",
        "plan: build inserted before drop",
        "5 minutes more",
    ]


def test_everything_is_undone_back_to_a_move_and_done_again_up_to_one() -> None:
    stage = playing()
    before = []
    for value in (0.1, 0.3, 0.5, 0.7):
        before.append(future(stage.state))
        moved(stage, p.SetWeight(1, value))
    after = future(stage.state)
    second = stage.state.moves[1].number
    stage.command(p.Undo(second))
    assert future(stage.state) == before[1]
    assert stage.told[-1] == "Undone: 3 moves, back to weight of prompt 2."
    assert [move.number for move in reversed(stage.state.undone)] == [second, second + 1, second + 2]
    stage.command(p.Redo(second + 1))
    assert future(stage.state) == before[3]
    stage.command(p.Redo())
    assert future(stage.state) == after


def test_move_keeps_its_number_and_a_number_that_is_gone_is_said() -> None:
    stage = playing()
    moved(stage, p.SetWeight(1, 0.1))
    number = stage.state.moves[-1].number
    stage.command(p.Undo())
    stage.command(p.Redo())
    assert stage.state.moves[-1].number == number
    stage.command(p.Undo())
    moved(stage, p.SetWeight(0, 0.3))
    assert stage.state.moves[-1].number > number
    then = future(stage.state)
    stage.command(p.Undo(number))
    stage.command(p.Redo(number))
    assert future(stage.state) == then
    assert stage.told[-2:] == ["That move is not in the list any more.", "There is nothing to do again."]


def test_turned_knob_is_listed_once_with_where_it_stopped() -> None:
    stage = playing()
    for step in range(10):
        stage.command(p.SetWeight(1, step / 10))
        stage.advance(441)
    assert listed(stage) == ["weight of prompt 2 to 0.90"]


def test_what_came_too_late_stays_and_the_rest_is_undone() -> None:
    stage = playing()
    moved(stage, p.SetWeight(1, 0.1))
    moved(stage, p.EditPart(ids(stage)[2], "longer"))
    heard(stage, stage.state.plan[0].bars + 1)
    there = plan(stage.state)
    stage.command(p.Undo(stage.state.moves[0].number))
    assert stage.told[-1] == "Undone: 1 move; for 1 other it was too late: it stays."
    assert plan(stage.state) == there
    assert stage.state.steering.slots[1].weight == 0.2
    assert not stage.state.moves


@pytest.mark.parametrize("edit", ["remove", "repeat", "sooner", "later", "next", "longer", "shorter"])
def test_names_of_moves_fit_a_message_however_long_the_section_s_name_is(edit: p.PartEdit) -> None:
    stage = playing()
    command = p.EditPart(ids(stage)[1], edit)
    assert len(called(stage.state, command) or "") < 60
    assert moved_to(stage.state, command) == ""
