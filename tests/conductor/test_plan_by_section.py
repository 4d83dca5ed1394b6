"""Sections of the plan named by their ids: what is asked of one is done to that one, or said to come too late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.planning.numbering import identified
from engine.conductor.replan import within_limits
from engine.conductor.state import State
from engine.timebase import QUANTUM, SLACK
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, GRID, made, opening, slow
from tests.conductor.test_plan_edits import heard, work


def playing(bars: int = 400) -> Stage:
    stage = opening(bars)
    stage.state = identified(stage.state)
    stage.up()
    work(stage)
    stage.advance(2 * BAR)
    work(stage)
    return stage


def ids(stage: Stage) -> list[int]:
    return [part.id for part in stage.state.plan]


def plan(state: State) -> list[tuple[int, str, int, float, float, float]]:
    return [(part.id, part.name, part.bars, part.energy, part.density, part.brightness) for part in state.plan]


def asked(stage: Stage, command: p.Command) -> str:
    """What is said to a command."""
    stage.told.clear()
    stage.command(command)
    work(stage)
    return stage.told[-1] if stage.told else ""


def test_every_part_has_an_id_of_its_own_and_keeps_it() -> None:
    stage = playing()
    before = ids(stage)
    assert len(set(before)) == len(before) and 0 not in before
    for command in (p.InsertPart("drop"), p.EditPlan("repeat"), p.GoOn(3.0), p.EditPart(before[2], "repeat"), p.Undo()):
        asked(stage, command)
        there = ids(stage)
        assert len(set(there)) == len(there) and 0 not in there
        assert [each for each in there if each in before] == before


def test_pieces_of_one_part_have_its_id_and_are_changed_as_a_whole() -> None:
    stage = playing()
    drop = next(part for part in stage.state.plan[1:] if part.role == "drop")
    stage.state = within_limits(stage.state.with_work(room=8))
    pieces = [part for part in stage.state.plan if part.id == drop.id]
    assert len(pieces) > 1
    total = stage.state.settings.total_bars
    asked(stage, p.SetCurve("brightness", 0.1, drop.id))
    assert {part.brightness for part in stage.state.plan if part.id == drop.id} == {0.1}
    asked(stage, p.EditPart(drop.id, "longer"))
    assert sum(part.bars for part in stage.state.plan if part.id == drop.id) == drop.bars + 8
    asked(stage, p.EditPart(drop.id, "remove"))
    assert drop.id not in ids(stage)
    assert stage.state.settings.total_bars == total - drop.bars


def test_section_is_inserted_like_those_of_its_role_and_played() -> None:
    stage = playing()
    before, total = plan(stage.state), stage.state.settings.total_bars
    drops = [part for part in stage.state.plan if part.role == "drop"]
    said = asked(stage, p.InsertPart("drop"))
    new = stage.state.plan[1]
    assert (new.role, new.bars, new.energy) == ("drop", drops[-1].bars, drops[-1].energy)
    assert new.occurrence == drops[-1].occurrence + 1
    assert new.name not in [name for _, name, *_ in before] and new.name.capitalize() in said
    assert stage.state.settings.total_bars == total + new.bars
    assert [each for each in plan(stage.state) if each[0] != new.id] == before
    assert heard(stage, stage.state.plan[0].bars + 4)[1] == (new.name, new.bars)


def test_section_is_inserted_before_and_after_the_one_that_is_named() -> None:
    stage = playing()
    third = ids(stage)[3]
    asked(stage, p.InsertPart("breakdown", third))
    asked(stage, p.InsertPart("build", third, after=True))
    at = ids(stage).index(third)
    assert [part.role for part in stage.state.plan[at - 1 : at + 2 : 2]] == ["breakdown", "build"]


def test_role_that_the_set_has_none_of_gets_its_usual_values() -> None:
    stage = playing(120)
    asked(stage, p.InsertPart("free", ids(stage)[1]))
    new = stage.state.plan[1]
    assert (new.name, new.role, new.energy, new.bars % 8) == ("groove", "free", 0.6, 0)


def test_sections_change_places_and_the_set_stays_as_long() -> None:
    stage = playing()
    before, total = ids(stage), stage.state.settings.total_bars
    asked(stage, p.EditPart(before[3], "sooner"))
    assert ids(stage)[:4] == [before[0], before[1], before[3], before[2]]
    asked(stage, p.EditPart(before[3], "later"))
    assert ids(stage) == before
    asked(stage, p.EditPart(before[4], "next"))
    assert ids(stage)[1] == before[4]
    assert "is what comes next already" in asked(stage, p.EditPart(before[4], "sooner"))
    assert "is the last section already" in asked(stage, p.EditPart(before[-1], "later"))
    assert stage.state.settings.total_bars == total


def test_hand_overs_befit_what_follows_after_a_move() -> None:
    stage = playing()
    breakdown = next(i for i, part in enumerate(stage.state.plan) if i > 2 and part.role == "breakdown")
    alike = {(one.role, other.role): one.transition for one, other in zip(stage.state.plan, stage.state.plan[1:], strict=False)}
    asked(stage, p.EditPart(ids(stage)[breakdown], "sooner"))
    for one, other in zip(stage.state.plan, stage.state.plan[1:], strict=False):
        assert alike.get((one.role, other.role), one.transition) == one.transition
    assert stage.state.plan[-1].transition == "cut"


ASKED: tuple[Callable[[int], p.Command], ...] = (
    lambda part: p.EditPart(part, "remove"),
    lambda part: p.InsertPart("drop", part),
    lambda part: p.SetCurve("energy", 0.1, part),
)


@pytest.mark.parametrize("command", ASKED)
def test_section_that_has_begun_or_is_gone_is_not_changed_and_that_is_said(command: Callable[[int], p.Command]) -> None:
    stage = playing()
    sounding, gone = ids(stage)[0], ids(stage)[2]
    asked(stage, p.EditPart(gone, "remove"))
    before = plan(stage.state), stage.state.settings.total_bars
    assert "has begun already" in asked(stage, command(sounding))
    assert "not in the plan any more" in asked(stage, command(gone))
    assert (plan(stage.state), stage.state.settings.total_bars) == before


def test_command_that_was_meant_for_the_section_that_came_next_does_not_hit_the_one_after_it() -> None:
    stage = playing()
    second = ids(stage)[1]
    heard(stage, stage.state.plan[0].bars)
    assert stage.state.here == 1
    before = plan(stage.state)
    assert "has begun already" in asked(stage, p.EditPart(second, "remove"))
    assert plan(stage.state) == before


def test_section_that_cannot_be_made_anew_in_time_stays() -> None:
    stage = playing()
    stage.advance(GRID.frame_of_bar(stage.state.plan[0].bars) - 4096 - stage.player.frame, 1024)
    coming = ids(stage)[1]
    assert "made already" in asked(stage, p.EditPart(coming, "remove"))
    assert "made already" in asked(stage, p.SetCurve("energy", 0.1, coming))
    assert ids(stage)[1] == coming
    energy = stage.state.plan[1].energy
    asked(stage, p.SetCurve("energy", 0.1))
    assert (stage.state.plan[1].energy, stage.state.plan[2].energy) == (energy, 0.1)


def test_section_in_the_making_is_made_anew_when_another_comes_in_its_place() -> None:
    stage = opening(400)
    stage.state = identified(stage.state)
    stage.up()
    work(stage)
    stage.advance(2 * BAR)
    assert [job.purpose for job in stage.jobs.values()] == ["next"], "it is in the making"
    stage.command(p.InsertPart("breakdown"))
    new = stage.state.plan[1]
    assert heard(stage, stage.state.plan[0].bars + 1)[1] == (new.name, new.bars)


def test_section_in_the_making_stays_where_there_is_no_time_for_another() -> None:
    stage = opening(400)
    stage.state = identified(stage.state)
    stage.up()
    work(stage)
    stage.advance(GRID.frame_of_bar(stage.state.plan[0].bars) - 8192, 1024)
    assert [job.purpose for job in stage.jobs.values()] == ["next"], "it is in the making"
    coming = stage.state.plan[1]
    assert "being made" in asked(stage, p.EditPart(coming.id, "remove"))
    asked(stage, p.InsertPart("breakdown"))
    assert heard(stage, 3)[1] == (coming.name, coming.bars)
    assert stage.state.plan[2].role == "breakdown"


def test_inserted_section_that_is_made_and_about_to_begin_is_not_undone() -> None:
    stage = playing()
    asked(stage, p.InsertPart("breakdown"))
    new = stage.state.plan[1]
    while stage.jobs:
        work(stage)
    stage.advance(GRID.frame_of_bar(stage.state.plan[0].bars) - 4096 - stage.player.frame, 1024)
    assert "moved on" in asked(stage, p.Undo())
    assert heard(stage, 2)[1] == (new.name, new.bars)


def test_slow_generator_finishes_what_it_has_begun_and_what_follows_can_be_changed() -> None:
    stage = slow(200)
    stage.state = identified(stage.state)
    stage.advance(BAR)
    begun = ids(stage)[1]
    assert "being made" in asked(stage, p.EditPart(begun, "remove"))
    asked(stage, p.InsertPart("drop"))
    asked(stage, p.SetCurve("density", 0.12))
    assert ids(stage)[1] == begun
    assert (stage.state.plan[2].role, stage.state.plan[2].density) == ("drop", 0.12)
    assert stage.state.moves[1].what == f"density of {stage.state.plan[2].name}"


def test_locked_section_stays_and_what_follows_it_can_be_changed_and_undone() -> None:
    stage = playing()
    asked(stage, p.SetLock("section"))
    coming, after = ids(stage)[1:3]
    assert "locked" in asked(stage, p.EditPart(coming, "longer"))
    before = plan(stage.state)
    asked(stage, p.EditPart(after, "remove"))
    assert after not in ids(stage) and ids(stage)[1] == coming
    asked(stage, p.Undo())
    assert plan(stage.state) == before


def test_the_only_section_that_is_left_is_not_removed_and_one_can_follow_it() -> None:
    stage = playing()
    asked(stage, p.EditPlan("end"))
    assert "stays" in asked(stage, p.EditPart(ids(stage)[-1], "remove"))
    heard(stage, stage.state.plan[0].bars + 1)
    assert stage.state.here == len(stage.state.plan) - 1
    assert "is inserted after" in asked(stage, p.InsertPart("drop"))
    bars = stage.state.plan[-2].bars
    assert heard(stage, bars)[-1] == (stage.state.plan[-1].name, stage.state.plan[-1].bars)


def test_nothing_is_inserted_once_the_set_is_over() -> None:
    stage = playing(24)
    while not stage.player.finished:
        work(stage)
        stage.advance(BAR)
    assert "over" in asked(stage, p.InsertPart("drop"))


# ------------------------------------------------------------ curves


@pytest.mark.parametrize("curve", p.CURVES)
def test_curve_reaches_the_request_of_the_section_it_leans(curve: p.Curve) -> None:
    stage = playing()
    second, third = ids(stage)[1:3]
    asked(stage, p.SetCurve(curve, 0.15, third))
    heard(stage, stage.state.plan[0].bars)
    request = next(job.version.request for job in reversed(made(stage)) if job.version.index == 2)
    other = next(job.version.request for job in reversed(made(stage)) if job.version.index == 1)
    assert getattr(request, curve) == 0.15
    assert getattr(other, curve) == getattr(stage.state.plan[1], curve) != 0.15
    assert ids(stage)[1:3] == [second, third]


def test_curve_of_the_next_section_makes_it_anew_and_leaves_what_sounds() -> None:
    stage = playing()
    assert stage.state.work.next is not None and stage.state.transport.now is not None
    sounds = stage.state.transport.now.version.wish
    asked(stage, p.SetCurve("density", 0.9))
    assert stage.state.work.next.wish.density == 0.9
    assert stage.state.transport.now.version.wish == sounds


def test_curve_moves_by_steps_from_where_it_is_and_stays_within_its_range() -> None:
    stage = playing()
    part = ids(stage)[2]
    asked(stage, p.SetCurve("energy", 0.93, part))
    for _ in range(3):
        asked(stage, p.StepCurve("energy", 0.05, part))
    assert stage.state.plan[2].energy == 1.0
    asked(stage, p.StepCurve("energy", -0.25, part))
    assert stage.state.plan[2].energy == 0.75
    for wrong in (float("nan"), float("inf"), 0.0):
        asked(stage, p.StepCurve("energy", wrong, part))
    asked(stage, p.SetCurve("energy", float("nan"), part))
    assert 0.0 <= stage.state.plan[2].energy <= 1.0


def test_turns_of_one_curve_are_one_move_and_are_undone_also_after_the_next_section_has_begun() -> None:
    stage = playing()
    far = ids(stage)[4]
    before = stage.state.plan[4].energy
    for _ in range(3):
        asked(stage, p.StepCurve("energy", -0.05, far))
    assert len(stage.state.moves) == 1
    heard(stage, stage.state.plan[0].bars + 1)
    assert "Undone: energy of" in asked(stage, p.Undo())
    assert stage.state.plan[4].energy == before
    asked(stage, p.Redo())
    assert stage.state.plan[4].energy < before


def test_curve_of_a_section_that_has_begun_since_stays() -> None:
    stage = playing()
    asked(stage, p.SetCurve("energy", 0.11))
    heard(stage, stage.state.plan[0].bars + 1)
    assert stage.state.here == 1
    assert "moved on" in asked(stage, p.Undo())
    assert stage.state.plan[1].energy == 0.11 and not stage.state.moves


# ------------------------------------------------------------ in any order

EDITS = ("remove", "repeat", "sooner", "later", "next", "longer", "shorter")


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, int, object]:
    kind = draw(st.sampled_from(["edit", "insert", "curve", "step", "undo", "redo", "next", "drop", "go on", "lock"]))
    place = draw(st.integers(0, 9))
    what: dict[str, st.SearchStrategy[object]] = {
        "edit": st.sampled_from(EDITS),
        "insert": st.sampled_from(p.ROLES),
        "curve": st.floats(0, 1),
        "step": st.sampled_from([-0.05, 0.25]),
    }
    return kind, place, draw(what.get(kind, st.none()))


def command_of(stage: Stage, kind: str, place: int, what: object) -> p.Command:
    there = ids(stage)
    part = there[place % len(there)]
    curve = p.CURVES[place % 3]
    commands: dict[str, p.Command] = {
        "edit": p.EditPart(part, what),  # type: ignore[arg-type]
        "insert": p.InsertPart(what, part if place % 4 else None, bool(place % 2)),  # type: ignore[arg-type]
        "curve": p.SetCurve(curve, what, part if place % 4 else None),  # type: ignore[arg-type]
        "step": p.StepCurve(curve, what, part),  # type: ignore[arg-type]
        "undo": p.Undo(),
        "redo": p.Redo(),
        "next": p.NextNow(),
        "drop": p.EditPlan("drop"),
        "go on": p.GoOn(1.0),
        "lock": p.SetLock("section"),
    }
    return commands[kind]


@settings(max_examples=50, deadline=None)
@given(st.booleans(), st.lists(st.tuples(changes(), st.integers(1, 4 * BAR), st.booleans()), max_size=20))
def test_changes_in_any_order_never_stop_the_music_and_keep_to_the_grid(
    live: bool, asked_for: list[tuple[tuple[str, int, object], int, bool]]
) -> None:
    stage = playing(120) if live else slow(120)
    stage.state = identified(stage.state)
    for (kind, place, what), frames, works in asked_for:
        command = command_of(stage, kind, place, what)
        before = plan(stage.state), stage.state.settings.total_bars
        moves = len(stage.state.moves)
        stage.command(command)
        if isinstance(command, p.EditPart | p.InsertPart | p.SetCurve | p.StepCurve) and len(stage.state.moves) > moves:
            after = plan(stage.state), stage.state.settings.total_bars
            stage.command(p.Undo())
            assert (plan(stage.state), stage.state.settings.total_bars) == before
            stage.command(p.Redo())
            assert (plan(stage.state), stage.state.settings.total_bars) == after
        if works:
            work(stage)
        stage.advance(frames)
        there = ids(stage)
        assert len(set(there)) == len(there)
        assert all(part.bars > 0 and 0 <= part.energy <= 1 for part in stage.state.plan)
    asked(stage, p.EditPlan("end"))
    stage.command(p.SetLock("section", on=False))
    while not stage.player.finished and stage.player.frame < 3000 * BAR:
        work(stage)
        stage.advance(BAR)
    assert stage.player.finished
    assert stage.player.unfilled < QUANTUM
    for cue, _ in stage.player.starts:
        assert abs(GRID.frame_of_bar(GRID.bar_at(cue.origin_frame + SLACK)) - cue.origin_frame) <= SLACK


def test_plan_of_a_preset_whose_sections_share_a_name_is_told_apart() -> None:
    stage = playing()
    named = tuple(replace(part, name="part", id=0) for part in stage.state.plan)
    there = identified(replace(stage.state, plan=named)).plan
    assert len({part.id for part in there}) == len(there)


def test_copies_of_parts_and_of_their_pieces_are_told_apart_from_them() -> None:
    stage = playing()
    drop = next(part for part in stage.state.plan[1:] if part.role == "drop")
    stage.state = within_limits(stage.state.with_work(room=8))
    pieces = tuple(part for part in stage.state.plan if part.id == drop.id)
    there = identified(replace(stage.state, plan=(*stage.state.plan, *pieces))).plan
    copies = {part.id for part in there[-len(pieces) :]}
    assert len(copies) == 1 and copies.isdisjoint(ids(stage))
    assert [part.id for part in there[: -len(pieces)]] == ids(stage)
