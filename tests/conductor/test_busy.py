"""A machine that is busy, or a performer who sweeps a knob: what is late goes first, and nothing is made in vain."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.events import CancelJob, JobDone, PlayerSaid, StartJob, WorkerShare
from engine.conductor.forecast import estimate_s, next_safe, outlook, playing_end, progress_of
from engine.conductor.state import Job
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, BAR_S, made, opening, slow, started

RATE = 44_100


def share(stage: Stage, *shares: float) -> None:
    for each in shares:
        stage.take(WorkerShare("main", each))


def job(stage: Stage, purpose: str) -> Job:
    return next(job for job in stage.jobs.values() if job.purpose == purpose)


def live(bars: int = 96) -> Stage:
    """A live set with its first section whole, and the next one just begun."""
    stage = opening(bars)
    stage.up()
    stage.finish(next(iter(stage.jobs)))
    stage.advance(4096)
    assert [each.purpose for each in stage.jobs.values()] == ["next"]
    return stage


# ------------------------------------------------------------ the next section goes first


def late() -> Stage:
    """A live set whose next section was begun with little time left."""
    stage = live()
    stage.lose()
    stage.advance(playing_end(stage.state) - stage.player.frame - BAR)
    stage.up()
    stage.advance(4096)
    assert not next_safe(stage.state)
    return stage


def test_a_knob_swept_while_the_next_section_is_late_does_not_throw_it_away() -> None:
    stage = late()
    begun = job(stage, "next")
    for turn in range(200):
        stage.command(p.SetWeight(1, turn / 200))
        stage.advance(4096)
        assert list(stage.jobs) == [begun.job_id]
    stage.finish(begun.job_id)
    stage.healthy(2 * BAR)
    assert stage.state.transport.holds == 1
    assert stage.state.transport.now is not None and stage.state.transport.now.version.index == begun.version.index
    assert not [action for action in stage.actions if isinstance(action, CancelJob) and action.job.job_id == begun.job_id]


def test_a_re_make_of_what_sounds_waits_until_the_late_section_is_there() -> None:
    stage = late()
    stage.command(p.SetWeight(1, 0.9))
    assert [each.purpose for each in stage.jobs.values()] == ["next"]


def test_with_time_in_hand_a_re_make_of_what_sounds_comes_before_the_next_section() -> None:
    stage = live()
    stage.command(p.SetWeight(1, 0.9))
    assert [each.purpose for each in stage.jobs.values()] == ["remake"]


# ------------------------------------------------------------ what cannot arrive is not begun


@settings(max_examples=40, deadline=None)
@given(st.floats(0.05, 1.0), st.integers(0, 15))
def test_a_re_make_that_is_begun_is_heard_for_a_bar(part: float, bar: int) -> None:
    stage = live()
    stage.healthy(bar * BAR)
    share(stage, part)
    before = len(made(stage))
    stage.command(p.SetWeight(1, 0.9))
    if any(each.purpose == "remake" for each in made(stage)[before:]):
        first_s = 1.25 * BAR_S / (stage.state.work.speed * stage.state.work.share)
        assert stage.player.frame + (first_s + BAR_S) * RATE <= playing_end(stage.state) + 1


def test_a_re_make_that_would_come_after_the_sections_end_is_not_begun() -> None:
    stage = live()
    stage.state = stage.state.with_work(speed=12.0)
    share(stage, 0.02)
    before = len(made(stage))
    stage.command(p.SetWeight(1, 0.9))
    assert not [each for each in made(stage)[before:] if each.purpose == "remake"]


def test_while_held_a_slow_generators_re_make_has_all_the_time_there_is() -> None:
    stage = slow(96)
    while stage.jobs:
        stage.finish(next(iter(stage.jobs)))
    stage.command(p.Hold(True))
    stage.advance(playing_end(stage.state) - stage.player.frame - BAR)
    before = len(made(stage))
    stage.command(p.SetWeight(1, 0.9))
    (again,) = made(stage)[before:]
    assert (again.purpose, again.version.request.steps, again.urgent) == ("next", 8, False)


# ------------------------------------------------------------ the estimate moves


def test_the_time_left_of_a_live_section_follows_how_fast_it_comes() -> None:
    stage = live()
    begun = job(stage, "next")
    expected = progress_of(stage.state, begun)[1]
    left = []
    for quarter in (0.25, 0.5, 0.75):
        stage.advance(4 * RATE)  # far slower than expected
        stage.progress(begun.job_id, quarter)
        left.append(progress_of(stage.state, stage.state.work.jobs[0])[1])
    assert left[0] > expected
    assert len(set(left)) == 3, "it moves"
    assert left[-1] == pytest.approx(4.0, rel=0.3)


def test_a_section_of_which_nothing_comes_is_not_always_ready_in_a_moment() -> None:
    stage = live()
    stage.advance(round(8 * BAR))
    left = progress_of(stage.state, stage.state.work.jobs[0])[1]
    assert left > 2.0


def test_the_next_section_waits_for_what_is_made_before_it() -> None:
    stage = live()
    alone = outlook(stage.state, 1).ready_in_s
    stage.command(p.SetWeight(1, 0.9))
    assert outlook(stage.state, 1).ready_in_s > alone


# ------------------------------------------------------------ starvation


def test_starvation_is_said_once_and_its_end_too() -> None:
    stage = started()
    share(stage, 0.9, 0.5, 0.39, 0.06, 0.062, 0.3, 0.5, 0.7, 0.74)
    assert stage.told == ["This machine is busy: the generator gets 39 % of a core."]
    share(stage, 0.8, 0.6, 0.5)
    assert stage.told[1:] == ["This machine has time again: the generator gets 80 % of a core."]


def test_a_starved_generators_work_is_expected_to_take_longer() -> None:
    stage = started()
    stage.state = stage.state.with_work(speed=10.0)
    alone = estimate_s(stage.state, 20 * RATE)
    share(stage, 0.1)
    assert estimate_s(stage.state, 20 * RATE) == pytest.approx(10 * alone, rel=0.1)
    share(stage, 0.9)
    assert estimate_s(stage.state, 20 * RATE) == alone


def test_what_is_learned_of_a_generator_does_not_depend_on_what_else_the_machine_did() -> None:
    speeds = []
    for part in (1.0, 0.1):
        stage = slow(96)
        (begun,) = stage.jobs.values()
        stage.take(JobDone(begun.job_id, 4.0 / part, None, part))
        speeds.append((stage.state.work.speed, stage.state.work.pace))
    assert speeds[0] == speeds[1]


def test_estimates_hold_still_while_the_share_hardly_changes() -> None:
    stage = started()
    share(stage, 0.10)
    before = estimate_s(stage.state, 20 * RATE)
    share(stage, 0.11, 0.09, 0.12)
    assert estimate_s(stage.state, 20 * RATE) == before


def test_a_stand_in_that_starves_is_not_told_of() -> None:
    stage = started()
    stage.take(WorkerShare("stand-in", 0.05))
    assert not stage.told


def test_only_what_somebody_waits_for_is_urgent() -> None:
    stage = live()
    assert job(stage, "next").urgent
    stage.command(p.SetWeight(1, 0.9))
    assert job(stage, "remake").urgent
    stage.healthy(2 * BAR)
    before = len(stage.actions)
    stage.command(p.ReRoll())
    again = [action.job for action in stage.actions[before:] if isinstance(action, StartJob)]
    assert [each.urgent for each in again if each.purpose == "next"] == [False]


def test_a_player_whose_first_word_comes_late_has_begun_all_the_same() -> None:
    stage = opening(48)
    stage.up()
    stage.finish(next(iter(stage.jobs)))
    hello = p.PlayerHello(0, None, (), None, None)
    begun = stage.player.advance(1024)
    assert [type(said) for said in begun] == [p.CueStarted]
    for said in (hello, *begun):
        stage.take(PlayerSaid(said))
    assert stage.state.transport.now is not None and stage.state.transport.run == "playing"
    stage.advance(BAR)
    assert [frame for _, frame in stage.player.starts] == [0], "it begins once"
