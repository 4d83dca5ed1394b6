"""Tempo and key: whenever they are asked for, what follows comes in on a bar line, and its bars are as long as its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.events import SetParams
from engine.conductor.tempo import hand_over, planned, start_bar
from tests.conductor.simulation import FADE, Stage
from tests.conductor.test_conductor import (
    BAR,
    GRID,
    OPERATIONS,
    TEMPOS,
    check_grid,
    made,
    opening,
    perform_all,
    slow,
    started,
)


def sounding(stage: Stage) -> p.SectionRequest:
    now = stage.state.transport.now
    assert now is not None
    return now.version.request


def with_parts(stage: Stage, *parts: dict[str, Any]) -> Stage:
    """The stage with some fields of its plan's parts changed, from the first on."""
    plan = stage.state.plan
    changed = (*(replace(part, **more) for part, more in zip(plan, parts, strict=False)), *plan[len(parts) :])
    stage.state = replace(stage.state, plan=changed, settings=replace(stage.state.settings, plan=changed))
    return stage


def to_end(stage: Stage) -> None:
    stage.healthy(BAR * 400)
    assert stage.player.finished
    assert stage.player.unfilled == 0
    check_grid(stage)


def test_a_tempo_comes_in_on_the_next_bar_line_and_bars_go_on_in_it() -> None:
    stage = started()
    stage.advance(BAR // 3)
    stage.command(p.SetTempo(140.0))
    stage.healthy(BAR)
    tempo = stage.state.tempo
    (change,) = tempo.changes
    assert stage.state.grid.bpm == sounding(stage).bpm == 140.0
    cue, frame = stage.player.starts[-1]
    assert frame == GRID.frame_of_bar(change.bar) - FADE
    assert start_bar(stage.state) == 0
    assert cue.origin_frame == change.grid.frame_of_bar(0)
    to_end(stage)
    last = stage.state.transport.history[-1]
    assert last.start_bar + last.bars == 48
    assert {played.bpm for played in stage.state.transport.history[1:]} == {140.0}
    starts = [frame for cue, frame in stage.player.starts if cue.start_frame == cue.origin_frame]
    assert starts[1:] == [tempo.frame_of_bar(played.start_bar) for played in stage.state.transport.history[1:]]


def test_what_follows_another_tempo_is_told_with_it_where_its_bars_will_be() -> None:
    stage = started()
    stage.healthy(BAR // 3)
    stage.command(p.SetTempo(140.0))
    line = stage.state.grid.next_bar(stage.player.frame + BAR // 4)
    for job_id in list(stage.jobs):
        stage.finish(job_id)
    for job_id in list(stage.jobs):
        stage.finish(job_id)
    switch, following = stage.state.transport.cues
    assert switch.start_frame + FADE == GRID.frame_of_bar(line)
    assert following.start_frame == GRID.from_bar(line, 140.0).frame_of_bar(sounding(stage).bars)


def test_no_tempo_changes_nothing() -> None:
    stage = started()
    stage.healthy(BAR * 4)
    stage.command(p.SetTempo(GRID.bpm))
    stage.command(p.StepKey(12))
    to_end(stage)
    assert not stage.state.transport.changes
    assert not [job for job in made(stage) if job.purpose == "remake"]


def test_a_tempo_that_is_asked_for_too_late_begins_within_the_next_section() -> None:
    stage = started()
    bars = sounding(stage).bars
    stage.healthy(GRID.frame_of_bar(bars - 1) + BAR // 2 - stage.player.frame)
    stage.command(p.SetTempo(100.0))
    stage.healthy(2 * BAR)
    assert [change.bar for change in stage.state.tempo.changes] == [bars + 1]  # there is no time to make its first bar anew
    assert sounding(stage).index == 1
    to_end(stage)


def test_a_held_section_goes_on_in_the_new_tempo() -> None:
    stage = started()
    stage.command(p.Hold())
    stage.healthy(BAR * 30)
    stage.command(p.SetTempo(90.0))
    stage.healthy(BAR * 10)
    assert sounding(stage).index == 0
    assert sounding(stage).bpm == 90.0
    stage.command(p.SetTempo(150.0))
    stage.healthy(BAR * 10)
    stage.command(p.Hold())
    to_end(stage)
    assert [change.grid.bpm for change in stage.state.tempo.changes] == [90.0, 150.0]


def test_a_slow_generator_is_asked_for_the_next_section_in_the_tempo_and_key() -> None:
    stage = slow()
    stage.command(p.SetTempo(128.0))
    stage.command(p.StepKey(7))
    assert any("next section is asked for in 128 BPM" in text for text in stage.told)
    while sounding(stage).index == 0:
        stage.healthy(BAR)
    asked = sounding(stage)
    assert (asked.bpm, asked.key, asked.continue_path) == (128.0, "C minor", None)
    assert stage.state.transport.history[0].bpm == GRID.bpm
    check_grid(stage)
    assert stage.player.unfilled == 0


def test_four_taps_say_a_tempo() -> None:
    stage = started()
    for at in (10.0, 10.5, 11.0):
        stage.command(p.TapTempo(at))
    stage.command(p.TapTempo(11.1))  # a pad that rings
    assert stage.state.steering.bpm is None
    stage.command(p.TapTempo(11.5))
    assert stage.state.steering.bpm == 120.0
    assert stage.told[-1] == "Tapped: 120 BPM."
    stage.command(p.TapTempo(30.0))
    assert stage.state.steering.taps == (30.0,)


def test_taps_without_a_time_are_timed_by_the_frames() -> None:
    stage = started()
    for _ in range(4):
        stage.command(p.TapTempo())
        stage.healthy(44_100 // 2)
    assert stage.state.steering.bpm == pytest.approx(120.0, abs=0.5)


@pytest.mark.parametrize(("asked", "is_"), [(5.0, 20.0), (1e9, 300.0), (123.4564, 123.456)])
def test_a_tempo_is_held_within_what_a_set_can_have(asked: float, is_: float) -> None:
    stage = started()
    stage.command(p.SetTempo(asked))
    assert stage.state.steering.bpm == is_


def test_a_key_comes_in_on_the_next_bar_line_and_stays() -> None:
    stage = started()
    stage.advance(BAR // 3)
    stage.command(p.SetKey(9))
    stage.healthy(BAR)
    assert sounding(stage).key == "A minor"
    _, frame = stage.player.starts[-1]
    assert frame + FADE == GRID.frame_of_bar(GRID.bar_at(frame + FADE))
    stage.command(p.SetKey(0, "dorian"))
    stage.command(p.StepKey(-1))
    to_end(stage)
    assert stage.state.transport.history[-1].key == "B dorian"


def test_a_part_of_the_plan_brings_its_tempo_and_key() -> None:
    stage = with_parts(opening(), {}, {"bpm": 130.0, "key": "A minor"})
    first = stage.state.plan[0].bars
    assert planned(stage.state).changes[0].bar == first
    stage.healthy(BAR)
    foreseen = planned(stage.state)
    to_end(stage)
    assert stage.state.tempo == foreseen
    assert [(played.bpm, played.key) for played in stage.state.transport.history[:3]] == [
        (124.0, "F minor"), (130.0, "A minor"), (130.0, "A minor"),
    ]  # fmt: skip
    assert hand_over(stage.state, 0) == ("cut", 0)
    assert stage.state.transport.history[0].transition == p.HandOver("cut", GRID.frame_of_bar(first) / 44_100, 0.0)


def test_an_echo_rings_out_over_a_part_in_another_tempo_and_key() -> None:
    echo = {"transition": "echo-out", "transition_bars": 2}
    stage = with_parts(opening(), echo, {"bpm": 130.0, "key": "A minor"})
    to_end(stage)
    line = GRID.frame_of_bar(stage.state.plan[0].bars)
    new = GRID.from_bar(stage.state.plan[0].bars, 130.0)
    length = new.frame_of_bar(stage.state.plan[0].bars + 2) - line
    assert stage.state.transport.history[0].transition == p.HandOver("echo-out", line / 44_100, length / 44_100)


def test_a_glide_comes_to_its_tempo_bar_by_bar() -> None:
    stage = with_parts(opening(), {}, {"bpm": 132.0, "glide": 4})
    first = stage.state.plan[0].bars
    foreseen = planned(stage.state)
    stage.healthy(BAR * (first + 8), look=1024)
    assert [(change.bar - first, change.grid.bpm) for change in foreseen.changes] == [
        (1, 126.0),
        (2, 128.0),
        (3, 130.0),
        (4, 132.0),
    ]
    assert stage.state.tempo == foreseen
    check_grid(stage)
    to_end(stage)


def test_a_hands_tempo_counts_more_than_the_plans() -> None:
    stage = with_parts(started(), {}, {"bpm": 132.0, "glide": 4, "key": "A minor"})
    stage.command(p.SetTempo(118.0))
    to_end(stage)
    assert {played.bpm for played in stage.state.transport.history[1:]} == {118.0}
    assert {played.key for played in stage.state.transport.history[1:]} == {"A minor"}


def test_a_set_that_is_played_again_begins_in_the_tempo_that_was_asked_for() -> None:
    stage = started()
    stage.command(p.SetTempo(150.0))
    to_end(stage)
    again = stage.player.frame
    stage.command(p.PlayAgain())
    stage.healthy(BAR * 4)
    assert stage.state.tempo.bar_at(stage.player.frame) < 8
    assert stage.state.tempo.start >= again
    assert stage.state.grid.bpm == 150.0
    assert stage.state.transport.history[0].start_s == 0.0


def test_a_set_that_goes_on_keeps_its_tempo_and_its_bars() -> None:
    stage = started()
    stage.healthy(BAR * 8)
    stage.command(p.SetTempo(150.0))
    to_end(stage)
    stage.command(p.GoOn(1.0))
    stage.healthy(BAR * 2)
    played = stage.state.transport.history[-1]
    assert (played.start_bar, played.bpm) == (48, 150.0)
    assert stage.state.transport.run == "playing"


PARTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "bpm": st.sampled_from([110.0, 124.0, 133.3, 171.5]),
            "glide": st.integers(0, 6),
            "key": st.sampled_from(["A minor", "D dorian"]),
        },
    ),
    max_size=6,
)
MORE = st.one_of(OPERATIONS, st.tuples(st.just("command"), st.sampled_from(TEMPOS)))


@settings(max_examples=60, deadline=None)
@given(PARTS, st.lists(MORE, max_size=30))
def test_any_order_of_tempos_and_all_else_fills_every_frame_on_the_grid(
    parts: list[dict[str, Any]], operations: list[tuple[str, Any]]
) -> None:
    perform_all(with_parts(opening(), *parts), operations)


def test_more_taps_say_a_tempo_better_and_nothing_new_within_what_a_hand_strays() -> None:
    stage = started()
    for at in (10.0, 10.5, 11.0, 11.5, 12.004):
        stage.command(p.TapTempo(at))
    assert stage.state.steering.bpm == 120.0
    for at in (12.45, 12.9, 13.35):
        stage.command(p.TapTempo(at))
    assert stage.state.steering.bpm == pytest.approx(125.4, abs=0.1)


def test_a_tempo_and_a_key_are_undone_and_what_a_clock_asked_for_is_not() -> None:
    stage = started()

    def asked() -> tuple[float | None, str | None]:
        return stage.state.steering.bpm, stage.state.steering.key

    stage.command(p.SetTempo(130.0))
    stage.command(p.StepKey(7))
    stage.command(p.SetTempo(131.0, follows=True))
    stage.command(p.TapTempo(1.0))
    stage.command(p.Undo())
    assert asked() == (131.0, None)
    stage.command(p.Undo())
    assert asked() == (131.0, None), "the clock has it"
    assert params(stage, "tempo") == 0.0
    assert not stage.state.moves
    stage.command(p.Redo())
    stage.command(p.Redo())
    assert asked() == (131.0, "C minor")
    to_end(stage)


def params(stage: Stage, name: str) -> float:
    """What the player was told of it last."""
    told = [dict(action.values) for action in stage.actions if isinstance(action, SetParams)]
    return next(values[name] for values in reversed(told) if name in values)


def test_what_sounds_is_bent_to_a_tempo_until_it_is_made_anew_but_not_for_a_clock() -> None:
    stage = started()
    stage.command(p.SetTempo(126.0))
    assert params(stage, "tempo") == 126.0
    stage.command(p.Undo())
    assert params(stage, "tempo") == 0.0
    stage.command(p.StepTempo(1.0))
    assert params(stage, "tempo") == GRID.bpm + 1
    stage.command(p.SetTempo(127.3, follows=True))
    assert params(stage, "tempo") == 0.0, "whoever hears the clock pulls"


def test_nudges_add_up_and_bars_stay_as_they_are() -> None:
    stage = started()
    grid = stage.state.grid
    stage.command(p.NudgeTime(5.0))
    stage.command(p.NudgeTime(5.0))
    assert params(stage, "ahead") == 0.01
    stage.command(p.NudgeTime(-9_000.0))
    assert params(stage, "ahead") == pytest.approx(-0.49), "half a second at once at most"
    stage.command(p.NudgeTime(float("nan")))
    assert stage.state.transport.ahead == pytest.approx(-0.49)
    stage.command(p.NudgeTime(490.0))
    assert "back in its place" in stage.told[-1]
    assert stage.state.grid == grid
