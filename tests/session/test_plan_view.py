"""What the screen of the plan is told: of every section which it is, how it stands and when it starts; the end; the moves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import protocol as p
from engine.conductor.tempo import asked_seconds, planned_seconds
from engine.session.snapshots import MOVES_SHOWN, arc_view, moves_view
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, GRID
from tests.conductor.test_plan_by_section import ids, playing
from tests.conductor.test_plan_edits import heard, work


def parts(stage: Stage) -> tuple[p.ArcPart, ...]:
    return arc_view(stage.state)


def test_parts_have_the_ids_that_commands_name_them_by() -> None:
    stage = playing()
    assert [part.id for part in parts(stage)] == ids(stage)
    heard(stage, stage.state.plan[0].bars + 1)
    assert [part.id for part in parts(stage)] == ids(stage)
    assert [part.state for part in parts(stage)][:3] == ["played", "now", "plan"]


def test_next_section_is_being_made_then_made_and_the_rest_is_not() -> None:
    stage = playing()
    assert [part.made for part in parts(stage)][:3] == ["", "made", ""]
    stage.command(p.SetCurve("energy", 0.9))
    assert [part.made for part in parts(stage)][:3] == ["", "making", ""]


def test_what_cannot_be_made_anew_in_time_is_fixed() -> None:
    stage = playing()
    assert not any(part.fixed for part in parts(stage))
    stage.advance(GRID.frame_of_bar(stage.state.plan[0].bars) - 4096 - stage.player.frame, 1024)
    work(stage)
    assert [part.fixed for part in parts(stage)][:3] == [False, True, False]


def test_starts_follow_the_tempo_of_every_section() -> None:
    stage = playing()
    plan = stage.state.plan
    slow = (*plan[:3], replace(plan[3], bpm=GRID.bpm / 2), *plan[4:])
    before = parts(stage)
    stage.state = replace(stage.state, plan=slow)
    after = parts(stage)
    bar_s = BAR / 44_100
    assert after[3].start_s == pytest.approx(before[3].start_s, abs=0.01)
    assert after[4].start_s == pytest.approx(before[4].start_s + plan[3].bars * bar_s, abs=0.05)


def test_planned_end_stays_and_the_one_as_things_stand_moves() -> None:
    stage = playing()
    stage.state = replace(stage.state, settings=replace(stage.state.settings, plan=stage.state.plan))
    asked = asked_seconds(stage.state)
    assert planned_seconds(stage.state) == pytest.approx(asked)
    stage.command(p.EditPlan("longer"))
    assert asked_seconds(stage.state) == asked
    assert planned_seconds(stage.state) == pytest.approx(asked + 8 * BAR / 44_100, abs=0.01)


def test_last_moves_are_shown_newest_first_with_those_that_came_too_late() -> None:
    stage = playing()
    stage.command(p.EditPart(ids(stage)[2], "longer"))
    heard(stage, stage.state.plan[0].bars + 1)
    for value in range(MOVES_SHOWN - 1):
        stage.advance(2 * 44_100)
        stage.command(p.SetWeight(0, value / 20))
    shown = moves_view(stage.state, stage.state.moves)
    assert [move.late for move in shown] == [False] * (MOVES_SHOWN - 1) + [True]
    assert shown[0].what == "weight of prompt 1 to 0.50" and shown[-1].what.startswith("plan: 8 bars more of")
    assert [move.number for move in shown] == sorted((move.number for move in shown), reverse=True)
    stage.command(p.SetPrompt(0, "bells"))
    assert len(moves_view(stage.state, stage.state.moves)) == MOVES_SHOWN
