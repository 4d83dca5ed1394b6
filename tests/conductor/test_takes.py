"""Takes of the next section: A first, others as time allows, one of them chosen; whatever is chosen when, the music goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.events import CancelJob, WorkerLost
from engine.conductor.planning.pace import Pace
from engine.conductor.state import Job
from engine.conductor.steering import take_name
from engine.session.takes import takes_view
from engine.timebase import QUANTUM
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, OPERATIONS, made, opening, perform_all, slow
from tests.conductor.test_slow import finish_all, version_next, version_now

CHOICES: list[p.Command] = [p.ChooseTake(0), p.ChooseTake(1), p.ChooseTake(2), p.ChooseTake(9), p.Undo(), p.Redo()]

MOVES: list[p.Command] = [p.ReRoll(), p.VaryNext(), p.SetWeight(0, 0.2)]


def with_takes(stage: Stage, count: int = 3, *, newest: bool = False) -> Stage:
    stage.state = replace(stage.state, settings=replace(stage.state.settings, takes=count, newest=newest))
    return stage


def playing(bars: int = 96, count: int = 3, *, newest: bool = False) -> Stage:
    """A set of a quick generator, its first section sounding and nothing else made."""
    stage = with_takes(opening(bars), count, newest=newest)
    stage.up()
    stage.finish(next(iter(stage.jobs)))
    stage.advance(4096)
    return stage


def names(jobs: list[Job]) -> list[tuple[int, str]]:
    """Of the sections that were asked for: the place in the plan, and the take."""
    return [(job.version.index, take_name(job.version.wish.take)) for job in jobs]


def shown(stage: Stage) -> list[tuple[str, str, bool, bool]]:
    return [(take.name, take.state, take.chosen, take.comes) for take in takes_view(stage.state, 1)]


def test_a_is_made_first_then_the_others_with_seeds_and_ideas_of_their_own() -> None:
    stage = playing()
    finish_all(stage)
    assert names(made(stage)) == [(0, "A"), (1, "A"), (1, "B"), (1, "C")]
    requests = [job.version.request for job in made(stage)[1:]]
    assert len({request.seed for request in requests}) == 3
    assert [(request.ideas, request.progression) for request in requests] == [(0, 0), (1, 1), (2, 2)]
    assert [job.urgent for job in made(stage)[1:]] == [True, False, False]
    assert shown(stage) == [("A", "ready", True, True), ("B", "ready", False, False), ("C", "ready", False, False)]


def test_chosen_take_comes_and_the_others_files_go() -> None:
    stage = playing()
    finish_all(stage)
    files = {job.version.path for job in made(stage)[1:]}
    stage.command(p.ChooseTake(2))
    assert stage.told[-1] == "Take C comes next."
    assert shown(stage)[2] == ("C", "ready", True, True)
    stage.command(p.NextNow())
    stage.advance(2 * BAR)
    assert take_name(version_now(stage).wish.take) == "C"
    gone = {getattr(action, "path", "") for action in stage.actions}
    assert files - gone == {version_now(stage).path}
    assert stage.state.steering.chosen == 0, "each section begins with A"


def test_choice_can_be_undone_and_done_again() -> None:
    stage = playing()
    finish_all(stage)
    stage.command(p.ChooseTake(1))
    stage.command(p.Undo())
    assert (stage.told[-1], version_next(stage).take) == ("Undone: take B chosen.", 0)
    stage.command(p.Redo())
    assert version_next(stage).take == 1


def test_chosen_take_that_is_not_there_leaves_its_place_to_a() -> None:
    stage = playing()
    stage.finish(next(iter(stage.jobs)))  # take A of the next section; B is in the making
    stage.command(p.ChooseTake(2))
    assert stage.told[-1] == "Take C is made; take A comes if it is not ready in time."
    assert names(list(stage.jobs.values())) == [(1, "C")], "what was chosen is made first"
    assert shown(stage)[0] == ("A", "ready", False, True)
    stage.command(p.NextNow())
    stage.advance(2 * BAR)
    assert take_name(version_now(stage).wish.take) == "A"
    assert "Take C was not ready in time: take A plays." in stage.told
    assert stage.player.unfilled == 0


def test_take_in_the_making_goes_on_when_it_is_chosen() -> None:
    stage = playing()
    stage.finish(next(iter(stage.jobs)))
    (job_id,) = stage.jobs
    stage.command(p.ChooseTake(1))
    assert list(stage.jobs) == [job_id]
    stage.finish(job_id)
    assert take_name(version_next(stage).wish.take) == "B"


def test_generator_with_two_hands_makes_b_and_c_at_once_and_the_next_section_takes_the_free_one() -> None:
    stage = with_takes(opening(96, traits=p.Traits(live=True, hands=2)))
    stage.up()
    stage.finish(next(iter(stage.jobs)))
    stage.advance(4096)
    assert names(list(stage.jobs.values())) == [(1, "A")]
    stage.finish(next(iter(stage.jobs)))
    assert names(list(stage.jobs.values())) == [(1, "B"), (1, "C")]
    first, second = stage.jobs
    stage.finish(second)
    assert list(stage.jobs) == [first]
    stage.finish(first)
    assert [each[1] for each in shown(stage)] == ["ready"] * 3


def test_second_of_two_takes_in_the_making_goes_on_when_it_is_chosen() -> None:
    stage = with_takes(opening(96, traits=p.Traits(live=True, hands=2)))
    stage.up()
    stage.finish(next(iter(stage.jobs)))
    stage.advance(4096)
    stage.finish(next(iter(stage.jobs)))
    before = list(stage.jobs)
    stage.command(p.ChooseTake(2))
    assert list(stage.jobs) == before
    assert [job.purpose for job in stage.state.work.jobs] == ["take", "next"]


def test_generator_with_two_hands_that_is_lost_leaves_no_job_behind() -> None:
    stage = with_takes(opening(96, traits=p.Traits(live=True, hands=2)))
    stage.up()
    stage.finish(next(iter(stage.jobs)))
    stage.advance(4096)
    stage.finish(next(iter(stage.jobs)))
    assert len(stage.jobs) == 2
    stage.take(WorkerLost("main"))
    assert not stage.state.work.jobs


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(OPERATIONS, st.tuples(st.just("command"), st.sampled_from(CHOICES))), max_size=60))
def test_choices_on_a_generator_with_three_hands_leave_no_frame_unfilled(operations: list[tuple[str, Any]]) -> None:
    perform_all(with_takes(opening(32, traits=p.Traits(live=True, hands=3))), operations)


def test_choice_comes_too_late_once_the_hand_over_has_begun() -> None:
    stage = playing()
    finish_all(stage)
    stage.command(p.NextNow())
    (cue,) = stage.state.transport.cues
    stage.advance(cue.start_frame - stage.player.frame - 1024, look=256)
    assert version_now(stage).index == 0
    stage.command(p.ChooseTake(1))
    assert stage.told[-1] == "Too late: take A comes in now."
    assert stage.state.steering.chosen == 0
    stage.advance(2 * BAR)
    assert take_name(version_now(stage).wish.take) == "A"


def test_all_takes_are_made_again_when_the_steering_moves_on_the_chosen_one_first() -> None:
    stage = playing()
    finish_all(stage)
    stage.command(p.ChooseTake(1))
    before = len(made(stage))
    stage.command(p.SetWeight(0, 0.3))
    assert [each[1] for each in shown(stage)] == ["old", "old", "old"]
    finish_all(stage)
    again = [job for job in made(stage)[before:] if job.purpose != "remake"]
    assert names(again) == [(1, "B"), (1, "A"), (1, "C")]
    assert [each[1] for each in shown(stage)] == ["ready"] * 3


def test_take_in_the_making_gives_way_to_what_was_moved() -> None:
    stage = playing()
    stage.finish(next(iter(stage.jobs)))
    (spare,) = stage.jobs.values()
    assert spare.purpose == "take"
    stage.command(p.SetWeight(0, 0.3))
    assert CancelJob(spare) in stage.actions
    assert [job.purpose for job in stage.jobs.values()] == ["remake"]


def test_re_roll_makes_the_chosen_take_another_way_and_leaves_the_others() -> None:
    stage = playing()
    finish_all(stage)
    stage.command(p.ChooseTake(1))
    before = len(made(stage))
    stage.command(p.ReRoll())
    finish_all(stage)
    assert names(made(stage)[before:]) == [(1, "B2")]
    assert [each[0] for each in shown(stage)] == ["A", "B2", "C"]


def test_newest_wins_until_the_performer_chooses() -> None:
    stage = playing(newest=True)
    finish_all(stage)
    assert take_name(version_next(stage).wish.take) == "C"
    stage = playing(newest=True)
    stage.finish(next(iter(stage.jobs)))
    stage.command(p.ChooseTake(0))
    finish_all(stage)
    assert take_name(version_next(stage).wish.take) == "A"


def test_take_that_fails_costs_nothing_but_itself() -> None:
    stage = playing()
    stage.finish(next(iter(stage.jobs)))
    stage.fail(next(iter(stage.jobs)))
    assert "Take B could not be made" in stage.told[-1]
    assert (stage.state.work.failures, dict(stage.jobs)) == (0, {})
    assert [each[1] for each in shown(stage)] == ["ready", "none", "none"]
    stage.command(p.NextNow())
    stage.advance(2 * BAR)
    finish_all(stage)
    assert names(made(stage))[-3:] == [(2, "A"), (2, "B"), (2, "C")]


def test_full_disk_gives_up_the_other_takes_without_a_word() -> None:
    stage = playing()
    stage.finish(next(iter(stage.jobs)))
    told = len(stage.told)
    stage.fail(next(iter(stage.jobs)), full=True)
    assert (stage.told[told:], stage.jobs, stage.state.work.room) == ([], {}, 0)


@pytest.mark.parametrize(("work", "more"), [(0.05, ["B", "C"]), (0.6, [])])
def test_slow_generator_makes_other_takes_only_where_it_keeps_up_easily(work: float, more: list[str]) -> None:
    stage = with_takes(slow())
    stage.state = stage.state.with_work(pace=Pace(((4, 0.6 * work), (6, 0.8 * work), (8, work))), speed=1 / work)
    while stage.jobs:
        job_id = next(iter(stage.jobs))
        stage.work(job_id, lambda steps: work)
    assert [name for index, name in names(made(stage)) if index == 1] == ["A", *more]


@pytest.mark.parametrize(("share", "more"), [(0.3, ["B", "C"]), (0.05, [])])
def test_starved_machine_makes_other_takes_only_with_much_time_to_spare(share: float, more: list[str]) -> None:
    stage = playing()
    stage.state = stage.state.with_work(starved=True, share=share)
    finish_all(stage)
    assert [name for index, name in names(made(stage)) if index == 1] == ["A", *more]


def test_set_with_one_take_shows_none_until_another_is_chosen() -> None:
    stage = playing(count=1)
    finish_all(stage)
    assert shown(stage) == []
    stage.command(p.ChooseTake(1))
    finish_all(stage)
    assert take_name(version_next(stage).wish.take) == "B"


CHOOSING = st.one_of(OPERATIONS, st.tuples(st.just("command"), st.sampled_from(CHOICES)))


@settings(max_examples=40, deadline=None)
@given(st.lists(CHOOSING, max_size=60), st.booleans())
def test_choices_in_any_order_leave_no_frame_unfilled(operations: list[tuple[str, Any]], newest: bool) -> None:
    perform_all(with_takes(opening(32), newest=newest), operations)


@settings(max_examples=25, deadline=None)
@given(st.lists(CHOOSING, max_size=60))
def test_choices_on_a_slow_generator_leave_no_frame_unfilled(operations: list[tuple[str, Any]]) -> None:
    stage = with_takes(slow(96))
    stage.state = stage.state.with_work(pace=Pace(((4, 0.03), (6, 0.04), (8, 0.05))), speed=20.0)
    perform_all(stage, operations)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([*CHOICES, p.ReRoll(), p.VaryNext(), p.SetWeight(0, 0.2)]), st.integers(1, BAR)), max_size=25
    )
)
def test_undone_choices_leave_the_takes_as_they_were(moves: list[tuple[p.Command, int]]) -> None:
    stage = playing(400)
    finish_all(stage)
    before = stage.state.steering.takes, stage.state.steering.chosen
    for command, frames in moves:
        stage.command(command)
        finish_all(stage)
        stage.advance(frames)
    if version_now(stage).index:
        return
    while stage.state.moves:
        stage.command(p.Undo())
    assert (stage.state.steering.takes, stage.state.steering.chosen) == before
    assert stage.player.unfilled < QUANTUM
