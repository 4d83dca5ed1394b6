"""A slow generator that barely keeps up, its pace changing under it: pocket's opening waits for the second section."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.events import CancelJob, JobDone, JobProgress, StartJob, WorkerUp
from engine.conductor.jobs import choose_jobs
from engine.conductor.state import OPENING, Job
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, BAR_S, SLOW, check_grid, made, opening

RATE, LOOK = 44_100, 8192
BARS = 186


def waiting() -> Stage:
    """A set of six minutes that pocket opens, its slow generator just there."""
    stage = opening(BARS, traits=SLOW, generator="slow", stand_in="pocket")
    stage.state = replace(stage.state, settings=replace(stage.state.settings, opens=True))
    stage.take(WorkerUp("stand-in", "pocket", p.Traits(live=True)))
    stage.advance(2 * RATE, LOOK)
    stage.up()
    return stage


def needs(job: Job) -> tuple[float, float]:
    """Seconds of work at full steps in real time that a job takes, and the share of it before the first sound."""
    request = job.version.request
    share = SLOW.step_share * request.steps / SLOW.steps
    kept_s = SLOW.kept_bars(BAR_S) * BAR_S if request.continue_path else 0.0
    return (request.total_frames() / RATE + kept_s) * (1 - SLOW.step_share + share), share / (1 - SLOW.step_share + share)


def play(stage: Stage, pace: Callable[[float], float], seconds: float = 900.0) -> None:
    """Let time pass while the generator works at a pace: seconds of work a second of sound, at a moment of the set."""
    done: dict[int, float] = {}
    began: dict[int, float] = {}
    while not stage.player.finished and stage.clock < seconds * RATE:
        stage.advance(LOOK, LOOK)
        at = stage.clock / RATE
        for number, job in list(stage.jobs.items()):
            if job.place == "stand-in":
                stage.finish(number)
                continue
            work_s, silent = needs(job)
            began.setdefault(number, at)
            done[number] = done.get(number, 0.0) + LOOK / RATE / pace(at)
            part, file = min(1.0, done[number] / work_s), stage.player.files[job.version.path]
            file.write_to(round(job.version.total * max(0.0, (part - silent) / (1 - silent))))
            if part < 1:
                stage.take(JobProgress(number, file.ready, part))
            else:
                del stage.jobs[number]
                stage.take(JobDone(number, at - began[number] + LOOK / RATE, None))


@settings(max_examples=12, deadline=None)
@given(st.floats(0.3, 1.2))
def test_a_steady_pace_needs_the_ladder_once_at_most(pace: float) -> None:
    stage = waiting()
    play(stage, lambda _at: pace)
    assert stage.player.finished and stage.player.unfilled == 0
    assert stage.state.transport.holds <= 1
    check_grid(stage)


@pytest.mark.parametrize("pace", [0.55, 0.8, 1.0, 1.2])
def test_the_second_section_is_not_late_after_an_opening(pace: float) -> None:
    stage = waiting()
    play(stage, lambda _at: pace, 180.0)
    transport = stage.state.transport
    assert transport.holds == 0
    assert [played.index for played in transport.history][:3] == [OPENING, 0, 1]
    second = next(job for job in made(stage) if job.version.index == 1)
    first = next(job for job in made(stage) if job.version.index == 0)
    assert second.version.request.continue_path == first.version.path


def test_next_now_ends_an_opening_that_waits() -> None:
    stage = waiting()
    (first,) = [job for job in stage.jobs.values() if job.place == "main"]
    play(stage, lambda _at: 1.2, 60.0)
    assert first.job_id not in stage.jobs and [job.purpose for job in stage.jobs.values()] == ["after"]
    stage.advance(2 * BAR)
    assert stage.state.transport.history[-1].index == OPENING
    stage.command(p.NextNow())
    stage.advance(2 * BAR)
    assert stage.state.transport.history[-1].index == 0
    assert [job.purpose for job in stage.state.work.jobs] == ["next"], "what was begun goes on"


def test_an_opening_does_not_wait_without_end() -> None:
    stage = waiting()
    play(stage, lambda at: 1.0 if at < 60 else 60.0, 200.0)
    assert [played.index for played in stage.state.transport.history][:2] == [OPENING, 0]
    assert stage.state.transport.history[1].start_bar <= 66


def test_a_second_section_for_another_take_than_the_one_that_comes_is_ended() -> None:
    stage = waiting()
    play(stage, lambda _at: 1.2, 60.0)
    (job,) = stage.state.work.jobs
    first = stage.state.work.next
    assert job.purpose == "after" and first is not None
    _, actions = choose_jobs(stage.state)
    assert not actions, "neither begun twice nor given up for a take"
    _, actions = choose_jobs(stage.state.with_work(next=replace(first, path="another take")))
    cancelled, begun = actions
    assert cancelled == CancelJob(job)
    assert isinstance(begun, StartJob) and begun.job.purpose == "after"
    assert begun.job.version.request.continue_path == "another take"
