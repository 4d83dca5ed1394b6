"""The plan edited while it plays: what was asked for comes, the set is as much longer or shorter, and never silent."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.replan import within_limits
from engine.timebase import QUANTUM
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, opening

LONG = 400


def playing(bars: int = LONG) -> Stage:
    stage = opening(bars)
    stage.up()
    work(stage)
    stage.advance(2 * BAR)
    return stage


def work(stage: Stage) -> None:
    for job in tuple(stage.jobs):
        stage.finish(job)


def edited(stage: Stage, edit: p.PlanEdit) -> None:
    stage.command(p.EditPlan(edit))
    work(stage)


def ahead(stage: Stage) -> list[tuple[str, int]]:
    return [(part.name, part.bars) for part in stage.state.plan[1:]]


def heard(stage: Stage, bars: int) -> list[tuple[str, int]]:
    """The sections that have begun after so many more bars."""
    for _ in range(bars):
        work(stage)
        stage.advance(BAR)
    return [(section.name, section.bars) for section in stage.state.transport.history]


def test_next_section_is_left_out() -> None:
    stage = playing()
    before, total = ahead(stage), stage.state.settings.total_bars
    edited(stage, "skip")
    assert ahead(stage) == before[1:]
    assert stage.state.settings.total_bars == total - before[0][1]
    assert heard(stage, 60)[1] == before[1]


def test_section_that_sounds_comes_once_more() -> None:
    stage = playing()
    first, total = stage.state.plan[0], stage.state.settings.total_bars
    edited(stage, "repeat")
    assert stage.state.settings.total_bars == total + first.bars
    assert heard(stage, 60)[1] == (f"{first.name} 2", first.bars)


@pytest.mark.parametrize(("edit", "by"), [("longer", 8), ("shorter", -8)])
def test_next_section_is_made_longer_or_shorter(edit: p.PlanEdit, by: int) -> None:
    stage = playing()
    before, total = ahead(stage), stage.state.settings.total_bars
    edited(stage, edit)
    assert ahead(stage) == [(before[0][0], before[0][1] + by), *before[1:]]
    assert stage.state.settings.total_bars == total + by
    assert heard(stage, 80)[1] == (before[0][0], before[0][1] + by)


def test_section_of_few_bars_cannot_be_shorter() -> None:
    stage = playing()
    for _ in range(20):
        edited(stage, "shorter")
    assert 4 <= stage.state.plan[1].bars < 12
    assert "shorter it cannot be" in stage.told[-1]


def test_drop_comes_next_and_what_was_before_it_follows() -> None:
    stage = playing()
    before, total = ahead(stage), stage.state.settings.total_bars
    at = next(i for i, part in enumerate(stage.state.plan[1:]) if part.role == "drop")
    edited(stage, "drop")
    assert ahead(stage) == [before[at], *before[:at], *before[at + 1 :]]
    assert stage.state.settings.total_bars == total
    assert heard(stage, 60)[1] == before[at]
    edited(stage, "drop")


def test_part_in_pieces_is_edited_as_a_whole() -> None:
    stage = playing()
    stage.state = within_limits(stage.state.with_work(room=8))
    names = [part.name for part in stage.state.plan[1:]]
    pieces = [name for name in names if name.split(" · ")[0] == "drop"]
    assert len(pieces) > 1, "split"
    stage.command(p.EditPlan("drop"))
    assert [part.name for part in stage.state.plan[1 : 1 + len(pieces)]] == pieces
    stage.command(p.EditPlan("skip"))
    assert not any(part.name.split(" · ")[0] == "drop" for part in stage.state.plan)


def test_ending_comes_next_and_the_set_is_over_then() -> None:
    stage = playing()
    last = ahead(stage)[-1]
    edited(stage, "end")
    assert heard(stage, 150)[-1] == last
    assert stage.player.finished
    assert len(stage.state.transport.history) == 2


def test_edits_are_undone_until_the_next_section_has_begun() -> None:
    stage = playing()
    for edit in get_args(p.PlanEdit):
        before, total = ahead(stage), stage.state.settings.total_bars
        edited(stage, edit)
        stage.advance(2 * BAR)
        stage.command(p.Undo())
        assert (ahead(stage), stage.state.settings.total_bars) == (before, total)
        stage.command(p.Redo())
        stage.command(p.Undo())
        assert (ahead(stage), stage.state.settings.total_bars) == (before, total)
        work(stage)
    stage = playing()
    edited(stage, "skip")
    heard(stage, stage.state.plan[0].bars)
    after = ahead(stage)
    stage.command(p.Undo())
    assert "moved on" in stage.told[-1]
    assert ahead(stage) == after


def test_last_section_cannot_be_changed() -> None:
    stage = playing()
    edited(stage, "end")
    heard(stage, stage.state.plan[0].bars)
    for edit in get_args(p.PlanEdit):
        before = stage.state.plan
        stage.command(p.EditPlan(edit))
        assert stage.state.plan == before


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([*get_args(p.PlanEdit)[:5], "undo", "next"]), st.integers(1, 6 * BAR), st.booleans())))
def test_edits_in_any_order_never_stop_the_music(edits: list[tuple[str, int, bool]]) -> None:
    stage = playing(160)
    for edit, frames, works in edits:
        stage.command(
            p.Undo() if edit == "undo" else p.NextNow() if edit == "next" else p.EditPlan(edit)  # type: ignore[arg-type]
        )
        if works:
            work(stage)
        stage.advance(frames)
    while not stage.player.finished and stage.state.transport.frame < 3000 * BAR:
        work(stage)
        stage.advance(BAR)
    assert stage.player.unfilled < QUANTUM
    assert stage.player.finished
