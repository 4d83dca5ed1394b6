"""What the screen says of the next section is what the scheduler does: a change before "steer until" reaches it, no later one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.forecast import needed_s, next_cost_s, progress_of, request_cost_s, steer_until, workable_s
from engine.conductor.planning.pace import Pace
from engine.session.snapshots import next_view
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, GRID, SLOW, slow, started

RATE = 44_100


def at_work(stage: Stage, frames: int, look: int = 2048) -> None:
    """Let time pass with generators that take exactly as long as is expected of them."""
    while frames > 0:
        for job in list(stage.jobs.values()):
            state = stage.state
            took = (stage.clock - job.asked_at) / RATE
            if job.job_id in stage.jobs and took >= request_cost_s(state, job.version.request):
                stage.finish(job.job_id)
        stage.advance(min(look, frames), look)
        frames -= look


def slow_at(work: float) -> Stage:
    """A slow generator that was measured, the next section made; nothing is worked on."""
    stage = slow()
    while stage.jobs:
        stage.finish(next(iter(stage.jobs)))
    pace = Pace(((4, 0.6 * work), (6, 0.8 * work), (8, work)))
    stage.state = stage.state.with_work(pace=pace, speed=1 / work)
    return stage


def change_at(stage: Stage, frame: int) -> None:
    """Let time pass up to a frame, then move a prompt."""
    stage.advance(max(0, frame - stage.player.frame))
    stage.command(p.SetWeight(0, 0.123))


def heard_in_next(stage: Stage, index: int) -> bool:
    """Whether the section at a place of the plan begins in the mix that was asked for."""
    for _ in range(200):
        now = stage.state.transport.now
        if now is not None and now.version.index == index:
            return any(prompt.weight == 0.123 for prompt in now.version.request.prompts)
        at_work(stage, BAR, look=8192)
    raise AssertionError("the next section never came")


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 0.5), st.floats(-8.0, 8.0))
def test_change_counts_until_the_forecast_frame_and_not_after(work: float, off_s: float) -> None:
    stage = slow_at(work)
    assert stage.state.transport.now is not None
    until, at = steer_until(stage.state), 0
    at = until + round(off_s * RATE)
    stage.advance(max(0, at - stage.player.frame))
    in_time = stage.player.frame <= steer_until(stage.state)
    assert in_time == (stage.player.frame <= until), "it stands still while nothing changes"
    stage.command(p.SetWeight(0, 0.123))
    assert heard_in_next(stage, 1) == in_time


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 0.4), st.floats(0.0, 1.0), st.integers(0, 3))
def test_change_during_work_counts_when_the_forecast_says_so(work: float, share: float, bar: int) -> None:
    stage = slow_at(work)
    stage.command(p.ReRoll())
    (job,) = stage.jobs.values()
    at_work(stage, round(share * request_cost_s(stage.state, job.version.request) * RATE) + bar * BAR)
    told = steer_until(stage.state) >= stage.player.frame
    stage.command(p.SetWeight(0, 0.123))
    if told:
        assert heard_in_next(stage, 1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 15), st.floats(0.0, 1.0), st.booleans())
def test_change_on_a_live_generator_counts_when_the_forecast_says_so(bar: int, share: float, busy: bool) -> None:
    stage = started()
    at_work(stage, 2 * BAR)
    stage.state = stage.state.with_work(speed=12.0)
    at_work(stage, bar * BAR + round(share * BAR))
    now = stage.state.transport.now
    assert now is not None
    if busy:
        stage.command(p.SetWeight(1, 0.9))
    told = steer_until(stage.state) >= stage.player.frame
    stage.command(p.SetWeight(0, 0.123))
    if told:
        assert heard_in_next(stage, now.version.index + 1)


@given(st.floats(0.05, 0.5))
@settings(max_examples=25, deadline=None)
def test_shown_bar_is_the_last_whose_start_is_in_time(work: float) -> None:
    stage = slow_at(work)
    shown = next_view(stage.state).steer_until_bar
    assert shown > 0
    line = GRID.frame_of_bar(shown - 1)
    assert line <= steer_until(stage.state) < GRID.frame_of_bar(shown)
    change_at(stage, line)
    assert heard_in_next(stage, 1)


def test_screen_shows_too_late_after_the_forecast_frame() -> None:
    stage = slow_at(0.4)
    stage.advance(steer_until(stage.state) + 4096 - stage.player.frame)
    assert next_view(stage.state).steer_until_bar == 0


@given(st.floats(0.0, 500.0))
def test_workable_time_is_the_inverse_of_needed_time(seconds: float) -> None:
    assert workable_s(needed_s(seconds)) == pytest.approx(seconds, abs=1e-9)


def test_cost_counts_the_tail_and_the_kept_bars() -> None:
    stage = slow_at(0.5)
    state = stage.state
    plan = tuple(replace(part, transition_bars=4) for part in state.plan)
    longer = next_cost_s(replace(state, plan=plan), 1, 8) - next_cost_s(
        replace(state, plan=tuple(replace(part, transition_bars=2) for part in plan)), 1, 8
    )
    assert longer == pytest.approx(2 * 0.5 * BAR / RATE, rel=1e-3)
    free = state.with_work(traits=replace(SLOW, kept_s=0.0))
    kept = next_cost_s(state, 1, 8) - next_cost_s(free, 1, 8)
    assert kept == pytest.approx(SLOW.kept_bars(BAR / RATE) * 0.5 * BAR / RATE, rel=1e-3)


def test_estimate_equals_the_cost_of_the_request() -> None:
    stage = slow_at(0.5)
    stage.command(p.ReRoll())
    (job,) = stage.state.work.jobs
    steps = job.version.request.steps
    assert next_cost_s(stage.state, 1, steps) == pytest.approx(request_cost_s(stage.state, job.version.request))
    assert progress_of(stage.state, job)[1] == pytest.approx(request_cost_s(stage.state, job.version.request))
