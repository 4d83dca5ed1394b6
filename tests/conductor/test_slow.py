"""A slow generator in the conductor: what is asked of it and how often, variation, bars made again, giving way to pocket."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine import protocol as p
from engine.conductor.events import JobProgress, WorkerLost, WorkerRefused, WorkerUp
from engine.conductor.forecast import SPARE, effort, next_cost_s
from engine.conductor.planning.pace import Pace
from engine.conductor.reacting.on_generator import ALONE
from engine.conductor.reacting.values import values_by_target
from engine.conductor.state import State, Version
from engine.session.files import with_files
from engine.session.snapshots import Surroundings, next_view, now_view, snapshot
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, BAR_S, SLOW, made, opening, slow, started

FIT = p.GridFit(124.1, 6.0, 1.002, 2, 8, 0.9)
NOWHERE = Surroundings({}, {}, {}, {}, {}, p.MidiView(), None, None, (), "ready")


def version_now(stage: Stage) -> Version:
    assert stage.state.transport.now is not None
    return stage.state.transport.now.version


def version_next(stage: Stage) -> Version:
    assert stage.state.work.next is not None
    return stage.state.work.next


def finish_all(stage: Stage) -> None:
    while stage.jobs:
        stage.finish(next(iter(stage.jobs)))


def at_pace(state: State, work: float) -> State:
    return state.with_work(pace=Pace(((4, 0.6 * work), (6, 0.8 * work), (8, work))), speed=1 / work)


# ------------------------------------------------------------ what is asked


def test_request_carries_the_previous_mix_and_lora_files() -> None:
    stage = slow()
    stage.command(p.SetWeight(1, 0.9))
    stage.command(p.SetLora(0, 1.5))
    finish_all(stage)
    first, *_, last = [job.version.request for job in made(stage)]
    assert first.previous_prompts == ()
    assert last.previous_prompts == first.prompts
    assert last.prompts != first.prompts
    assert first.loras == (p.LoraStrength("warm.safetensors", 0.5),)
    assert last.loras == (p.LoraStrength("warm.safetensors", 1.5),)


@pytest.mark.parametrize(("asked", "got"), [(9.0, 2.0), (-1.0, 0.0), (float("nan"), 0.0), (0.25, 0.25)])
def test_lora_strength_is_limited(asked: float, got: float) -> None:
    stage = slow()
    stage.command(p.SetLora(0, asked))
    assert stage.state.steering.loras[0].strength == got
    assert values_by_target(stage.state)["lora 1"] == got / 2


def test_screen_shows_lora_files_below_the_macros() -> None:
    stage = slow()
    around = replace(NOWHERE, labels={"lora 1": "cc24"}, pickups={"lora 1": 0.3})
    last = snapshot(stage.state, around, 1).macros[-1]
    assert (last.name, last.value, last.control, last.pickup, last.lora) == ("warm", 0.25, "cc24", 0.3, 0)
    pocket = started(loras=(p.LoraStrength("warm.safetensors", 0.5),))
    assert all(macro.lora is None for macro in snapshot(pocket.state, NOWHERE, 1).macros)


def test_lora_change_does_not_remake_live_sections() -> None:
    stage = started(loras=(p.LoraStrength("warm.safetensors", 0.5),))
    stage.healthy(BAR)
    before = len(made(stage))
    stage.command(p.SetLora(0, 1.5))
    stage.healthy(BAR)
    assert len(made(stage)) == before


def test_request_files_are_located_in_the_folder() -> None:
    request = p.SectionRequest("s2", (), 8, 120.0, "A minor", 1, continue_path="a.section", vary_path="b.section")
    there = with_files(request, Path("/there"))
    assert (there.continue_path, there.vary_path) == ("/there/a.section", "/there/b.section")
    plain = with_files(replace(request, continue_path=None, vary_path=None), Path("/there"))
    assert (plain.continue_path, plain.vary_path) == (None, None)


# ------------------------------------------------------------ the deadline


def test_less_time_means_fewer_tries_then_fewer_steps() -> None:
    stage = slow()
    index = version_now(stage).index + 1
    efforts = [effort(at_pace(stage.state, work), index) for work in (0.05, 0.3, 0.5, 0.6, 0.75, 0.95, 3.0)]
    assert efforts[0] == (8, 3)
    assert efforts[-1] == (4, 1)
    assert [steps for steps, _ in efforts] == sorted((steps for steps, _ in efforts), reverse=True)
    assert {steps for steps, _ in efforts} == {8, 6, 4}
    assert all(tries == 1 for steps, tries in efforts if steps < 8)
    assert {tries for _, tries in efforts} >= {1, 2, 3}


def test_tries_fit_before_the_deadline() -> None:
    stage = slow()
    index = version_now(stage).index + 1
    for work in (0.1, 0.2, 0.3, 0.4, 0.5):
        state = at_pace(stage.state, work)
        steps, tries = effort(state, index)
        left = (BAR * version_now(stage).request.bars - state.transport.frame) / 44_100
        assert steps == 8
        assert next_cost_s(state, index, steps) * tries < left


def test_the_first_section_and_live_generators_take_full_steps_once() -> None:
    assert [(job.version.request.steps, job.version.request.tries) for job in made(slow())[:1]] == [(8, 1)]
    stage = started()
    stage.healthy(BAR * 40)
    assert {(job.version.request.steps, job.version.request.tries) for job in made(stage)} == {(0, 1)}, "it takes no steps"


def test_base_model_gets_fifty_steps_and_half_near_a_deadline() -> None:
    stage = opening(96, traits=SLOW, generator="slow")
    stage.take(WorkerUp("main", "slow", replace(SLOW, steps=50)))
    (first,) = made(stage)
    assert first.version.request.steps == 50
    stage.work(first.job_id, lambda steps: 0.01 * steps)
    stage.advance(4096)
    index = version_now(stage).index + 1
    paces = [effort(stage.state.with_work(pace=Pace(((50, work),))), index)[0] for work in (0.1, 0.6, 0.9, 3.0)]
    assert (paces[0], paces[-1]) == (50, 25) and set(paces) <= {50, 37, 25}
    stage.state = stage.state.with_work(pace=Pace(((50, 0.9),)), speed=1 / 0.9)
    finish_all(stage)
    stage.advance(BAR * (version_now(stage).request.bars - 8) - stage.player.frame)
    stage.command(p.ReRoll())
    stage.healthy(BAR * 400, look=16_384)
    assert stage.player.finished and stage.player.unfilled == 0
    assert {job.version.request.steps for job in made(stage)} <= {50, 37, 25}


def test_pace_counts_one_try() -> None:
    stage = slow()
    stage.fit = replace(FIT, tries=4)
    (job_id,) = stage.jobs
    before = stage.state.work.pace.per_second(8, 1.0, SLOW)
    stage.work(job_id, lambda _: 4 * before)
    assert stage.state.work.pace.per_second(8, 1.0, SLOW) == pytest.approx(before, rel=0.01)


@pytest.mark.parametrize("work", [0.3, 0.45, 0.6, 0.75])
def test_whole_set_at_real_pace_is_never_late(work: float) -> None:
    """As slow as three quarters of a second of work a second of sound: the ladder is not needed once, no bar is lost."""
    stage = opening(186, traits=SLOW, generator="slow")
    stage.up()
    cost = {8: work, 6: 0.8 * work, 4: 0.6 * work}
    for _ in range(200):
        if stage.player.finished:
            break
        if stage.jobs:
            alone = 1 / ALONE if stage.state.transport.now is None else 1.0
            costs = {steps: seconds * alone for steps, seconds in cost.items()}
            stage.work(next(iter(stage.jobs)), costs.__getitem__)
        else:
            stage.advance(BAR)
    assert stage.player.finished
    assert (stage.state.transport.holds, stage.player.unfilled) == (0, 0)
    last = stage.state.transport.history[-1]
    assert last.start_bar + last.bars == 186


def test_parts_are_split_when_the_generator_announces_its_limit() -> None:
    stage = slow(96, max_seconds=40.0)
    assert all((part.bars + 2 + SLOW.kept_bars(BAR_S)) * BAR_S <= 40 for part in stage.state.plan)
    assert sum(part.bars for part in stage.state.plan) == 96


def test_started_section_keeps_its_length() -> None:
    stage = slow()
    begun = next(iter(stage.jobs.values())).version
    stage.take(WorkerUp("main", "slow", replace(SLOW, max_seconds=20.0)))
    assert stage.state.plan[begun.index].bars == begun.request.bars
    assert all((part.bars + 2 + SLOW.kept_bars(BAR_S)) * BAR_S <= 20 for part in stage.state.plan[begun.index + 1 :])


def test_late_change_is_made_with_fewer_steps() -> None:
    stage = slow()
    finish_all(stage)
    bars = version_now(stage).request.bars
    stage.state = at_pace(stage.state, 0.45)
    index = version_now(stage).index + 1
    left = SPARE * next_cost_s(stage.state, index, 4) + 1.0
    stage.advance(BAR * bars - stage.player.frame - round(left * 44_100))
    stage.command(p.SetWeight(0, 0.2))
    asked = made(stage)[-1].version.request
    assert asked.prompts[0].weight == 0.2
    assert asked.steps == 4
    assert next_view(stage.state).steps == 4
    assert next_view(stage.state).state == "ready", "the one there is stays safe meanwhile"


def test_silent_work_is_shown_by_the_clock() -> None:
    stage = slow()
    stage.state = at_pace(stage.state, 0.3)
    before = next_view(stage.state)
    stage.advance(2 * 44_100)
    after = next_view(stage.state)
    assert after.ready_in_s == pytest.approx(before.ready_in_s - 2, abs=0.1)
    assert before.progress < after.progress < 1
    stage.advance(60 * 44_100)
    assert next_view(stage.state).progress == 0.95


def test_reported_progress_corrects_the_time_left() -> None:
    stage = slow()
    stage.state = at_pace(stage.state, 0.3)
    (job_id,) = stage.jobs
    expected = next_view(stage.state).ready_in_s
    stage.advance(round(expected * 44_100))  # half of the work takes as long as was expected of all of it
    stage.take(JobProgress(job_id, 0, 0.5))
    half = next_view(stage.state)
    assert 0.5 <= half.progress < 0.9
    assert 0.7 * expected < half.ready_in_s < 0.9 * expected
    assert stage.state.work.next is None, "nothing of it can be heard yet"
    stage.advance(44_100)
    assert half.progress < next_view(stage.state).progress < 1
    stage.take(JobProgress(job_id, 0, 1.0))
    assert next_view(stage.state).progress == 1.0
    stage.take(JobProgress(job_id, 0, 0.125))  # off the grid, made again
    again = next_view(stage.state)
    assert again.progress < 0.3 and again.ready_in_s > 0.7 * expected


# ------------------------------------------------------------ variation, and bars made again


def test_grid_fit_reaches_the_screen_and_the_history() -> None:
    stage = slow()
    assert next_view(stage.state).fit is None
    stage.fit = FIT
    finish_all(stage)
    assert next_view(stage.state).fit == FIT
    stage.command(p.NextNow())
    stage.advance(BAR * 2)
    assert now_view(stage.state, NOWHERE, stage.player.frame).fit == FIT
    assert [played.grid for played in stage.state.transport.history] == [None, FIT]


def test_grid_fit_of_a_playing_section_is_recorded() -> None:
    stage = slow()
    job_id = next(iter(stage.jobs))
    stage.progress(job_id, 0.6)
    stage.command(p.NextNow())
    stage.advance(BAR * 2)
    assert not version_now(stage).complete
    stage.fit = FIT
    stage.finish(job_id)
    assert version_now(stage).fit == FIT
    assert [played.grid for played in stage.state.transport.history] == [None, FIT]


# ------------------------------------------------------------ a generator that cannot be loaded


def test_stand_in_replaces_a_generator_that_cannot_load() -> None:
    stage = slow(stand_in="pocket")
    stage.take(WorkerUp("stand-in", "pocket", p.Traits(live=True)))
    finish_all(stage)
    stage.command(p.VaryNext(0.4))
    stage.take(WorkerLost("main"))
    told = len(stage.told)
    stage.take(WorkerRefused("the model is not here"))
    assert stage.told[told:] == ["the model is not here; the set plays on pocket"]
    state = stage.state
    work = state.work
    assert (work.generator, work.traits.live, work.up, work.jobs, state.settings.stand_in) == ("pocket", True, (), (), "")
    stage.jobs.clear()
    stage.take(WorkerRefused("the model is not here"))
    assert stage.state.work.generator == "pocket"
    stage.traits = None
    stage.healthy(BAR * 200)
    assert stage.player.finished
    assert stage.player.unfilled == 0
    assert {job.version.generator for job in made(stage)[-3:]} == {"pocket"}


def test_stems_follow_the_generator() -> None:
    stage = slow()
    stage.take(WorkerUp("main", "slow", replace(SLOW, stems=("mix",))))
    assert stage.state.steering.levels == (("mix", 1.0, False),)
    stage.command(p.SetStem("mix", level=0.5))
    stage.take(WorkerUp("main", "slow", replace(SLOW, stems=("mix",))))
    assert stage.state.steering.levels == (("mix", 0.5, False),)
