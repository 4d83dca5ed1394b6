"""The conductor: whatever happens in whatever order, every frame is filled and every start lies on the grid."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.events import StartJob, WorkerUp
from engine.conductor.planning.pace import Pace
from engine.conductor.planning.plan import arc
from engine.conductor.requests import make_version, wish
from engine.conductor.state import Job, Settings, State
from engine.conductor.steering import Slot, Steering, take_name
from engine.timebase import Grid
from tests.conductor.simulation import FADE, Stage

GRID = Grid(124.0)
BAR = GRID.frame_of_bar(1)
BAR_S = BAR / 44_100

SLOW = p.Traits(max_seconds=120.0, steps=8, step_share=0.7, kept_s=8.0, most_stretched=0.05)
"""A generator that is not live."""


def opening(bars: int = 48, **changes: Any) -> Stage:
    plan = arc(bars)
    own = Settings(grid=GRID, key="F minor", seed=7, title="test", total_bars=bars, stand_in=changes.pop("stand_in", ""))
    slots = (Slot("house", 0.8), Slot("dub chords", 0.2), Slot("drone", 0.0))
    state = State(own, plan, Steering(slots, loras=changes.pop("loras", ())))
    state = state.with_transport(wants_play=changes.pop("wants_play", True))
    traits = changes.pop("traits", p.Traits(live=True))
    return Stage(state.with_work(**{"generator": "pocket", "traits": traits} | changes))


def started(bars: int = 48, **changes: Any) -> Stage:
    stage = opening(bars, **changes)
    stage.healthy(BAR)
    assert stage.state.transport.now is not None
    return stage


def slow(bars: int = 96, max_seconds: float = 120.0, **changes: Any) -> Stage:
    """A set that plays on a generator which is not live, its first section sounding."""
    loras = (p.LoraStrength("warm.safetensors", 0.5),)
    traits = replace(SLOW, max_seconds=max_seconds)
    stage = opening(bars, traits=traits, generator="slow", loras=loras, **changes)
    stage.up()
    stage.finish(next(iter(stage.jobs)))
    stage.advance(4096)
    assert stage.state.transport.now is not None
    return stage


def made(stage: Stage) -> list[Job]:
    """Everything a generator was asked for so far."""
    return [action.job for action in stage.actions if isinstance(action, StartJob)]


def test_request_names_the_parts_beyond_short_neighbours() -> None:
    """At 124 BPM four bars are under eight seconds, eight are over fifteen."""
    bars = (8, 4, 16, 4, 4)
    plan = tuple(replace(part, bars=length) for part, length in zip(arc(192)[:5], bars, strict=True))
    state = replace(opening().state, plan=plan)
    asked = [make_version(state, i, wish(state, i, 0), "main", start_bar=0).request for i in range(5)]
    assert [request.role for request in asked] == ["intro", "build", "drop", "breakdown", "build"]
    drop, build, intro = (p.Neighbour(asked[i].role, asked[i].prompts) for i in (2, 4, 0))
    assert [request.after_next for request in asked] == [(drop,), (), (build,), (), ()]
    assert [request.before_previous for request in asked] == [(), (), (intro,), (), (drop,)]


def test_request_names_the_next_sections_prompts() -> None:
    """The plan's leaning, unless the performer has moved the slot."""
    state = opening().state
    plan = tuple(replace(part, prompts=((0, 0.1 * number),)) for number, part in enumerate(state.plan[:3]))
    state = replace(state, plan=plan)
    asked = [make_version(state, i, wish(state, i, 0), "main", start_bar=0).request for i in range(3)]
    assert [request.next_prompts for request in asked] == [asked[1].prompts, asked[2].prompts, ()]
    assert asked[1].prompts != asked[2].prompts
    moved = state.with_steering(slots=(replace(state.steering.slots[0], weight=0.7, touched=True), *state.steering.slots[1:]))
    request = make_version(moved, 0, wish(moved, 0, 0), "main", start_bar=0).request
    assert request.next_prompts == request.prompts
    assert request.prompts[0].weight == 0.7


def without_next(bars: int = 48) -> Stage:
    stage = opening(bars)
    stage.up()
    stage.finish(next(iter(stage.jobs)))
    stage.advance(4096)
    assert stage.state.transport.now is not None
    return stage


def check_grid(stage: Stage) -> None:
    """Sections start on bar lines, and so does another tempo; a re-make ends its crossfade on a sixteenth.

    What a section plays at a bar line is one of its own bars, whatever its tempo.
    """
    tempo = stage.state.tempo
    for cue, frame in stage.player.starts:
        version = dict(stage.state.transport.cue_versions).get(cue.cue_id)
        line = tempo.frame_of_bar(tempo.next_bar(frame - 1))
        if cue.start_frame == cue.origin_frame:
            assert abs(frame - line) <= 1
        elif version is not None and cue.grid.bpm != tempo.bpm_at(frame - 2 * FADE):
            assert min(abs(frame + extra - line) for extra in (0, FADE)) <= 1
            bars = (line - cue.origin_frame) / cue.grid.frames_per_bar
            assert abs(bars - round(bars)) * cue.grid.frames_per_bar <= 2
        else:
            grid = tempo.at(frame + FADE)
            near = [grid.next_beat_frame(frame + extra - 1, 4) - frame - extra for extra in (0, FADE)]
            assert min(near) <= 1, frame
    indices = [dict(stage.state.transport.cue_versions).get(cue.cue_id) for cue, _ in stage.player.starts]
    played = [version.index for version in indices if version is not None]
    assert played == sorted(played)


def test_first_section_starts_the_transport() -> None:
    stage = opening()
    assert not stage.player.running
    stage.up()
    (job_id,) = stage.jobs
    stage.finish(job_id)
    assert stage.player.running
    stage.advance(4096)
    assert stage.player.starts[0][1] == 0


def test_whole_set_lands_on_its_bars() -> None:
    stage = started(64)
    stage.healthy(BAR * 80)
    assert stage.player.finished
    assert stage.player.unfilled == 0
    assert stage.state.transport.holds == 0
    last = stage.state.transport.history[-1]
    assert last.start_bar + last.bars == 64
    starts = [played.start_bar for played in stage.state.transport.history]
    lengths = [played.bars for played in stage.state.transport.history]
    assert starts == [sum(lengths[:i]) for i in range(len(lengths))]
    check_grid(stage)


def test_next_section_starts_with_the_current_one() -> None:
    stage = started()
    assert stage.state.work.next is not None or any(job.purpose == "next" for job in stage.state.work.jobs)


def test_weight_change_is_heard_within_a_beat_and_a_half() -> None:
    stage = started()
    stage.healthy(BAR * 2)
    asked = stage.player.frame
    stage.command(p.SetWeight(0, 0.1))
    stage.healthy(BAR, look=512)
    cue, frame = stage.player.starts[-1]
    assert cue.origin_frame != cue.start_frame
    assert frame - asked < 1.5 * float(GRID.frames_per_beat)
    assert stage.state.transport.now is not None
    assert stage.state.transport.now.version.request.prompts[0].weight == 0.1


def test_weight_change_also_remakes_the_next_section() -> None:
    stage = started()
    stage.healthy(BAR * 2)
    stage.command(p.SetWeight(2, 0.6))
    stage.healthy(BAR)
    assert stage.state.work.next is not None
    assert [prompt.weight for prompt in stage.state.work.next.wish.prompts] == [0.8, 0.2, 0.6]


def test_hold_loops_and_release_goes_on() -> None:
    stage = started()
    assert stage.state.transport.now is not None
    length = stage.state.transport.now.version.request.bars
    stage.command(p.Hold(True))
    stage.healthy(BAR * (length + 9))
    assert stage.state.transport.now is not None
    assert stage.state.transport.now.version.index == 0
    assert stage.state.transport.now.loops >= 2
    assert stage.state.transport.holds == 0
    stage.command(p.Hold(False))
    stage.healthy(BAR * 2 + 4096)
    assert stage.state.transport.now.version.index == 1
    check_grid(stage)


def test_set_still_ends_on_time_after_a_hold() -> None:
    stage = started(96)
    stage.command(p.Hold(True))
    assert stage.state.transport.now is not None
    stage.healthy(BAR * (stage.state.transport.now.version.request.bars + 6))
    stage.command(p.Hold(False))
    stage.healthy(BAR * 120)
    assert stage.player.finished
    last = stage.state.transport.history[-1]
    assert last.start_bar + last.bars == 96


def test_next_now_enters_on_the_next_bar() -> None:
    stage = started()
    stage.healthy(BAR * 2 + 5000)
    asked = stage.player.frame
    stage.command(p.NextNow())
    stage.healthy(BAR + 4096)
    assert stage.state.transport.now is not None
    assert stage.state.transport.now.version.index == 1
    assert stage.state.transport.now.started == GRID.frame_of_bar(GRID.next_bar(asked))


def test_re_roll_asks_for_another_seed() -> None:
    stage = started()
    stage.healthy(BAR)
    assert stage.state.work.next is not None
    before = stage.state.work.next.request.seed
    stage.command(p.ReRoll())
    stage.healthy(BAR)
    assert stage.state.work.next.request.seed != before
    assert take_name(stage.state.work.next.wish.take) == "A2"


def test_failed_generation_retries_with_another_seed_and_holds() -> None:
    stage = without_next()
    for job_id in list(stage.jobs):
        stage.fail(job_id)
    assert stage.state.transport.now is not None
    length = stage.state.transport.now.version.request.bars
    seeds = set()
    for _ in range(length + 4):
        for job_id in list(stage.jobs):
            seeds.add(stage.jobs[job_id].version.request.seed)
            stage.fail(job_id)
        stage.advance(BAR)
    assert len(seeds) > 1
    assert stage.state.transport.holds == 1
    assert stage.player.unfilled == 0
    stage.healthy(BAR * 4)
    assert stage.state.transport.now.version.index == 1
    check_grid(stage)


def test_lost_generator_falls_back_to_the_complete_version() -> None:
    stage = started()
    stage.healthy(BAR * 2)
    stage.command(p.SetWeight(0, 0.3))
    job_id = next(job.job_id for job in stage.jobs.values() if job.purpose == "remake")
    stage.progress(job_id, 0.5)
    stage.advance(BAR // 2, look=512)
    assert stage.state.transport.now is not None
    assert not stage.state.transport.now.version.complete
    stage.lose()
    stage.advance(BAR * 20)
    assert stage.player.unfilled == 0
    assert stage.state.work.restarts == 1


def test_stand_in_plays_when_the_generator_is_late() -> None:
    stage = opening(stand_in="pocket", generator="other", traits=SLOW)
    stage.up()
    stage.finish(next(iter(stage.jobs)))
    stage.take(WorkerUp("stand-in", "pocket", p.Traits(live=True)))
    stage.advance(BAR)
    assert stage.state.transport.now is not None
    length = stage.state.transport.now.version.request.bars
    stage.advance(BAR * (length + 2))
    assert stage.state.transport.holds == 1
    (filler,) = [job.job_id for job in stage.jobs.values() if job.place == "stand-in"]
    stage.finish(filler)
    stage.advance(BAR * 3)
    assert stage.state.transport.pockets == 1
    assert stage.state.transport.now.version.filler
    late = next(job.job_id for job in stage.jobs.values() if job.place == "main")
    stage.finish(late)
    stage.advance(BAR * 3)
    assert stage.state.transport.now.version.index == 1
    assert stage.player.unfilled == 0
    check_grid(stage)


def test_no_job_starts_that_would_miss_the_deadline() -> None:
    stage = started(traits=p.Traits(steps=8))
    for job_id in list(stage.jobs):
        stage.finish(job_id)
    stage.state = stage.state.with_work(speed=2.0, pace=Pace(((8, 0.5),)))
    assert stage.state.transport.now is not None
    length = stage.state.transport.now.version.request.bars
    stage.advance(BAR * (length - 2))
    before = len([action for action in stage.actions if isinstance(action, StartJob)])
    stage.command(p.ReRoll())
    stage.advance(4096)
    assert len([action for action in stage.actions if isinstance(action, StartJob)]) == before


TEMPOS: list[p.Command] = [
    p.SetTempo(140.0), p.SetTempo(124.0), p.SetTempo(60.5), p.StepTempo(1.0), p.StepTempo(-7.5), p.SetTempo(float("nan")),
    p.TapTempo(), p.TapTempo(3.0), p.TapTempo(3.5), p.StepKey(7), p.StepKey(-1), p.SetKey(3), p.SetKey(3, "dorian"),
    p.NudgeTime(5.0), p.NudgeTime(-900.0),
]  # fmt: skip

FROM_THE_ROOM = p.RoomBars("room-001.bars", 0, 2, GRID.beats_per_bar, GRID.bpm, p.HeardSound("room-001.bars", key="A major"))

STEERING: list[p.Command] = [
    p.ContinueRoom(taken=FROM_THE_ROOM), p.ContinueRoom(4, "answer", FROM_THE_ROOM), p.ContinueRoom(4, "vary", FROM_THE_ROOM),
    p.LoopRoom(taken=FROM_THE_ROOM), p.LoopRoom(on=False), p.ContinueRoom(),
    p.NextNow(), p.Hold(), p.ReRoll(), p.Panic(), p.RemovePrompt(0), p.MovePrompt(0, 1),
    p.VaryNext(), p.RemakeBars(2, 3), p.TogglePlay(), p.SetPrompt(1, "techno"), p.Play(),
    p.VaryNext(0.4), p.VaryNext(float("nan")), p.RemakeBars(5, 8), p.RemakeBars(99, -3), p.SetLora(0, 1.7), p.SetLora(3, 1.0),
    p.StoreScene(1), p.StoreScene(2), p.RecallScene(1), p.RecallScene(2, "now"), p.RecallScene(1, "bar", 8), p.RecallScene(9),
    p.HoldChord(p.HeldChord((0, 4, 7), 0)), p.HoldChord(p.HeldChord((), 9)), p.HoldChord(None),
    p.StepTransition(), p.StepTransition(-1), p.StretchTransition(1), p.StretchTransition(-1), p.ChooseTransition(),
    p.ChooseTransition("echo-out"), p.ChooseTransition("stem-by-stem"), p.ChooseTransition("cut"),
]  # fmt: skip

OPERATIONS = st.one_of(
    st.tuples(st.just("advance"), st.integers(256, 400_000)),
    st.tuples(st.just("progress"), st.floats(0.05, 0.95)),
    st.tuples(st.just("finish"), st.just(0)),
    st.tuples(st.just("fail"), st.just(0)),
    st.tuples(st.just("lose"), st.just(0)),
    st.tuples(st.just("up"), st.just(0)),
    st.tuples(st.just("weight"), st.floats(0, 1)),
    st.tuples(st.just("energy"), st.floats(0, 1)),
    st.tuples(st.just("command"), st.sampled_from(STEERING)),
    st.tuples(st.just("command"), st.sampled_from(TEMPOS)),
)


def perform(stage: Stage, name: str, value: Any) -> None:
    first = next(iter(stage.jobs), None)
    match name:
        case "advance":
            stage.advance(value)
        case "progress" if first is not None:
            stage.progress(first, value)
        case "finish" if first is not None:
            stage.finish(first)
        case "fail" if first is not None:
            stage.fail(first)
        case "lose":
            stage.lose()
        case "up":
            stage.up()
        case "weight":
            stage.command(p.SetWeight(0, value))
        case "energy":
            stage.command(p.SetMacro("energy", value))
        case "command":
            stage.command(value)


def perform_all(stage: Stage, operations: list[tuple[str, Any]]) -> None:
    for name, value in operations:
        perform(stage, name, value)
    assert stage.player.unfilled == 0
    check_grid(stage)
    stage.command(p.Hold(False))
    stage.command(p.Play())
    stage.healthy(BAR * 400, look=32_768)
    assert stage.player.finished
    assert stage.player.unfilled == 0
    check_grid(stage)


@settings(max_examples=60, deadline=None)
@given(st.lists(OPERATIONS, max_size=60))
@example([("weight", 0.0), ("progress", 0.1875), ("advance", 85_356)])
def test_any_order_of_events_leaves_no_frame_unfilled(operations: list[tuple[str, Any]]) -> None:
    perform_all(started(32), operations)


@settings(max_examples=40, deadline=None)
@given(st.lists(OPERATIONS, max_size=60), st.sampled_from([40.0, 60.0, 120.0]))
def test_any_order_of_events_on_a_slow_generator_leaves_no_frame_unfilled(
    operations: list[tuple[str, Any]], max_seconds: float
) -> None:
    stage = slow(96, max_seconds=max_seconds)
    perform_all(stage, operations)
    for job in made(stage):
        kept = SLOW.kept_bars(BAR_S) * BAR_S if job.version.request.continue_path else 0.0
        assert job.version.total / 44_100 + kept <= max_seconds


def test_remake_keeps_the_previous_prompts() -> None:
    state = without_next().state
    assert state.transport.now is not None
    before = (p.PromptWeight("hip hop", 1.0),)
    version = state.transport.now.version
    version = replace(version, request=replace(version.request, previous_prompts=before))
    state = state.with_transport(now=replace(state.transport.now, version=version))
    asked = make_version(state, version.index, version.wish, "main", start_bar=0, from_frame=44_100).request
    assert asked.previous_prompts == before
