"""Pocket opens the set of a slow generator: sound at once, the first section on a bar line, and no rung of the ladder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.events import WorkerLost, WorkerRefused, WorkerUp
from engine.conductor.planning.pace import Pace
from engine.conductor.reacting.values import values_by_target
from engine.conductor.state import OPENING
from engine.session.snapshots import arc_view, next_view, now_view
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, GRID, OPERATIONS, SLOW, check_grid, made, opening, perform_all
from tests.conductor.test_slow import NOWHERE, finish_all


def waiting(bars: int = 96, **changes: Any) -> Stage:
    """A slow generator's set before anything sounds, its pocket there first."""
    stage = opening(bars, traits=SLOW, generator="slow", stand_in="pocket", **changes)
    stage.state = replace(stage.state, settings=replace(stage.state.settings, opens=True))
    stage.take(WorkerUp("stand-in", "pocket", p.Traits(live=True)))
    return stage


def opened(bars: int = 96) -> Stage:
    """The set opened by pocket, the generator at work on its first section."""
    stage = waiting(bars)
    stage.finish(next(iter(stage.jobs)))
    stage.advance(4096)
    stage.up()
    stage.advance(4096)
    return stage


def test_stand_in_opens_at_once_and_hands_over_on_a_bar() -> None:
    stage = opened()
    now = stage.state.transport.now
    assert now is not None and now.version.index == OPENING and stage.player.starts[0][1] == 0
    assert any("pocket opens the set" in text for text in stage.told)
    (first,) = [job for job in stage.jobs.values() if job.place == "main"]
    request = first.version.request
    assert (request.index, request.continue_path, request.steps, request.tries) == (0, None, 8, 1)
    stage.advance(BAR * 21)
    assert stage.state.transport.now is not None and stage.state.transport.now.version.index == OPENING
    stage.finish(first.job_id)
    stage.advance(BAR * 2)
    cue, frame = stage.player.starts[-1]
    assert frame == GRID.frame_of_bar(GRID.bar_at(frame)) and 22 <= GRID.bar_at(frame) <= 23
    assert (cue.transition, cue.length) == ("equal-power", BAR) or abs(cue.length - BAR) < 2
    assert stage.state.transport.now.version.index == 0
    assert (stage.state.transport.holds, stage.state.transport.pockets, stage.player.unfilled) == (0, 0, 0)
    assert not any("late" in text for text in stage.told)
    first_played = stage.state.transport.history[0]
    assert (first_played.name, first_played.index) == ("opening", OPENING)
    check_grid(stage)


def test_opening_is_shown_and_the_plan_lands() -> None:
    stage = opened()
    assert now_view(stage.state, NOWHERE, 0).name == "opening"
    view = next_view(stage.state)
    assert view.name == stage.state.plan[0].name and (view.transition, view.transition_bars) == ("equal-power", 1)
    assert view.state == "making" and view.headroom_s == 0
    assert view.at_bar - 1 == pytest.approx(view.ready_in_s / (BAR / 44_100), abs=1.5)
    assert [part.state for part in arc_view(stage.state)][:2] == ["now", "plan"]
    assert values_by_target(stage.state)["prompt 1"] == 0.8
    stage.advance(BAR * 5)
    finish_all(stage)
    stage.healthy(BAR * 400, look=16_384)
    assert stage.player.finished
    last = stage.state.transport.history[-1]
    assert abs(last.start_bar + last.bars - 96) <= 1
    assert all(played.index == i - 1 for i, played in enumerate(stage.state.transport.history))


def test_no_opening_when_not_needed() -> None:
    live = opening(48, stand_in="pocket")
    live.state = replace(live.state, settings=replace(live.state.settings, opens=True))
    live.up()
    assert [job.version.index for job in made(live)] == [0]
    stopped = opening(96, traits=SLOW, generator="slow", stand_in="pocket", wants_play=False)
    stopped.state = replace(stopped.state, settings=replace(stopped.state.settings, opens=True))
    stopped.take(WorkerUp("stand-in", "pocket", p.Traits(live=True)))
    assert not stopped.jobs
    quick = waiting()
    quick.up()
    main = next(job.job_id for job in quick.jobs.values() if job.place == "main")
    quick.finish(main)
    quick.advance(BAR)
    assert quick.state.transport.now is not None and quick.state.transport.now.version.index == 0


@pytest.mark.parametrize(("work", "opens"), [(0.02, False), (0.2, True)])
def test_known_speed_decides_about_the_opening(work: float, opens: bool) -> None:
    stage = opening(96, traits=SLOW, generator="slow", stand_in="pocket", pace=Pace(((8, work),)))
    stage.state = replace(stage.state, settings=replace(stage.state.settings, opens=True))
    stage.up()
    stage.take(WorkerUp("stand-in", "pocket", p.Traits(live=True)))
    assert any(job.version.index == OPENING for job in made(stage)) == opens
    stage.advance(44_100 * 3)
    assert any(job.version.index == OPENING for job in made(stage)) == opens
    stage.advance(44_100 * 2)
    assert any(job.version.index == OPENING for job in made(stage)), "what was expected did not come"


def test_opening_lasts_as_long_as_the_first_section_takes() -> None:
    (unknown,) = made(waiting())
    (quick,) = made(waiting(pace=Pace(((8, 0.1),))))
    (slowest,) = made(waiting(pace=Pace(((8, 3.0),))))
    assert (quick.version.request.bars, slowest.version.request.bars) == (16, 64)
    assert 16 <= unknown.version.request.bars <= 64


@pytest.mark.parametrize("refused", [False, True])
def test_stand_in_keeps_playing_without_a_generator(refused: bool) -> None:
    stage = waiting(48)
    stage.finish(next(iter(stage.jobs)))
    stage.advance(BAR)
    stage.take(WorkerRefused("no model") if refused else WorkerLost("main"))
    stage.advance(BAR * 40)
    assert stage.player.unfilled == 0 and stage.player.running
    stage.up()
    stage.healthy(BAR * 400, look=16_384)
    assert stage.player.finished and stage.player.unfilled == 0


def test_commands_during_the_opening_are_safe() -> None:
    stage = opened()
    for command in (p.NextNow(), p.Hold(), p.ReRoll(), p.VaryNext(), p.RemakeBars(1, 2), p.SetWeight(1, 0.9), p.Hold(False)):
        stage.command(command)
        stage.advance(BAR)
    finish_all(stage)
    stage.advance(BAR * 2)
    assert stage.state.transport.now is not None and stage.state.transport.now.version.index == 0
    assert stage.player.unfilled == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(OPERATIONS, max_size=60), st.sampled_from([(), ((8, 0.02),), ((8, 0.5),)]))
def test_any_order_of_events_after_an_opening_leaves_no_frame_unfilled(
    operations: list[tuple[str, Any]], measured: tuple[tuple[int, float], ...]
) -> None:
    stage = waiting(96, pace=Pace(measured))
    perform_all(stage, operations)
