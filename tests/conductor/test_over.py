"""A set that is over: played again, made longer, and what it says to commands that come too late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.events import CancelJob
from engine.conductor.forecast import end_bar
from engine.conductor.planning.plan import arc, total_bars
from engine.conductor.reacting.over import OVER, longer
from engine.conductor.state import State
from engine.session.snapshots import Surroundings, snapshot
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, GRID, slow, started


def over(bars: int = 16) -> Stage:
    """A set that has been played to its end."""
    stage = started(bars)
    stage.healthy((bars + 4) * BAR)
    assert stage.state.transport.run == "finished"
    return stage


def run(stage: Stage) -> p.RunState:
    return stage.state.transport.run


def shown(stage: Stage, **status: float) -> p.Snapshot:
    around = Surroundings(
        status={"heard_frame": float(stage.player.frame), **status}, waveforms={}, words={}, labels={}, pickups={},
        midi=p.MidiView(), device=None, recording=None, notices=(), generator_state="ready", kept=("one",),
        recordings=(p.RecordingView("night.flac", 31.0),),
    )  # fmt: skip
    return snapshot(stage.state, around, 1)


def sections(state: State) -> list[tuple[str, int, int]]:
    return [(part.name, part.start_bar, part.seed) for part in state.transport.history]


@pytest.mark.parametrize(
    "command", [p.Play(), p.Stop(), p.TogglePlay(), p.NextNow(), p.Hold(), p.ReRoll(), p.VaryNext(), p.RemakeBars(1, 4)]
)
def test_a_command_that_comes_too_late_is_answered_truthfully(command: p.Command) -> None:
    stage = over()
    before = stage.state
    stage.command(command)
    assert stage.told[-1] == OVER
    assert stage.state == before


def test_the_clock_stands_still_at_the_end() -> None:
    stage = over(16)
    length = GRID.frame_of_bar(16) / GRID.rate
    assert shown(stage).elapsed_s == shown(stage).total_s == length
    frame = stage.player.frame
    stage.advance(20 * BAR)
    assert stage.player.frame == frame


def test_a_set_that_is_over_says_what_it_came_to() -> None:
    stage = over(16)
    summary = shown(stage, underruns=2.0).summary
    assert summary is not None
    assert summary.length_s == GRID.frame_of_bar(16) / GRID.rate
    assert (summary.sections, summary.breaks, summary.holds, summary.stand_ins) == (len(stage.state.transport.history), 2, 0, 0)
    assert (summary.keepers, summary.recordings) == (("one",), (p.RecordingView("night.flac", 31.0),))


def test_no_summary_while_a_set_plays() -> None:
    assert shown(started()).summary is None


def test_what_is_being_made_when_the_set_ends_is_dropped() -> None:
    stage = started(16)
    stage.advance(BAR)
    stage.healthy(12 * BAR)
    stage.command(p.SetWeight(1, 0.9))
    working = dict(stage.jobs)
    assert working
    stage.advance(12 * BAR)
    assert stage.state.transport.run == "finished"
    assert not stage.jobs
    assert {action.job.job_id for action in stage.actions if isinstance(action, CancelJob)} >= set(working)


def test_played_again_a_set_is_the_same_from_its_start() -> None:
    stage = over(24)
    first, frame, unfilled = sections(stage.state), stage.player.frame, stage.player.unfilled
    stage.command(p.PlayAgain())
    assert run(stage) == "starting"
    stage.healthy(4 * BAR)
    assert run(stage) == "playing"
    assert stage.player.starts[-1][1] - frame < GRID.rate // 5, "it begins at once"
    assert 0 < shown(stage).elapsed_s < 5 * BAR / GRID.rate
    stage.healthy(24 * BAR)
    assert stage.state.transport.run == "finished"
    assert sections(stage.state) == first
    assert stage.player.unfilled == unfilled
    assert end_bar(stage.state) == 24


def test_played_again_with_what_was_steered_meanwhile() -> None:
    stage = over()
    stage.command(p.SetWeight(1, 0.9))
    stage.command(p.PlayAgain())
    stage.healthy(BAR)
    assert stage.state.transport.history[0].prompts[1].weight == 0.9


def test_a_set_that_plays_is_not_played_again() -> None:
    stage = started()
    before = stage.state
    stage.command(p.PlayAgain())
    assert stage.state == before
    assert stage.told == ["The set is not over yet: it can be played again after its end."]


def test_a_set_that_is_over_goes_on_from_its_end() -> None:
    stage = over(16)
    before, frame, unfilled = sections(stage.state), stage.player.frame, stage.player.unfilled
    stage.command(p.GoOn(0.5))
    more = total_bars(0.5, GRID)
    stage.healthy(4 * BAR)
    assert stage.player.starts[-1][1] - frame < GRID.rate // 5
    assert 16 * BAR < shown(stage).elapsed_s * GRID.rate < 21 * BAR
    stage.healthy((more + 4) * BAR)
    assert stage.state.transport.run == "finished"
    assert sections(stage.state)[: len(before)] == before
    assert sections(stage.state)[len(before)][1] == 16, "its bars are counted on"
    assert abs(end_bar(stage.state) - 16 - more) <= 1
    assert stage.player.unfilled == unfilled


def test_a_set_that_plays_can_be_made_longer_and_keeps_its_ending() -> None:
    stage = started(48)
    ending = stage.state.plan[-1]
    stage.command(p.GoOn(2))
    more = round(GRID.bars_in(120))
    assert stage.state.settings.total_bars == 48 + more
    assert (stage.state.plan[-1].name, stage.state.plan[-1].role) == (ending.name, "outro")
    assert stage.told[-1] == f"The set goes on for 2 minutes: {more} bars more."
    stage.healthy((48 + more + 4) * BAR)
    assert stage.state.transport.run == "finished"
    assert end_bar(stage.state) == 48 + more


def test_the_last_section_goes_on_too_once_it_plays() -> None:
    stage = started(16)
    stage.healthy(13 * BAR)
    assert stage.state.here == len(stage.state.plan) - 1
    stage.command(p.GoOn(1))
    stage.healthy((16 + 31 + 4) * BAR)
    assert stage.state.transport.run == "finished"
    assert abs(end_bar(stage.state) - 47) <= 1
    assert stage.player.unfilled == 0


def test_a_slow_generators_set_goes_on_as_well() -> None:
    stage = slow(24)
    stage.healthy(30 * BAR)
    assert stage.state.transport.run == "finished"
    stage.command(p.GoOn(1))
    stage.healthy(40 * BAR)
    assert stage.state.transport.run == "finished"
    assert end_bar(stage.state) > 50
    assert stage.player.unfilled == 0


@pytest.mark.parametrize("minutes", [0.0, -1.0, float("nan"), float("inf")])
def test_a_length_that_is_none_is_refused(minutes: float) -> None:
    stage = started()
    before = stage.state
    stage.command(p.GoOn(minutes))
    assert stage.state == before
    assert "more than 0 minutes" in stage.told[-1]


@given(st.integers(1, 400), st.integers(1, 400), st.booleans())
def test_a_longer_plan_has_the_bars_and_names_each_part_once(bars: int, more: int, behind: bool) -> None:
    plan = longer(arc(bars), more, 17.0, behind=behind)
    assert sum(part.bars for part in plan) == bars + more
    assert len({part.name for part in plan}) == len(plan)
    assert (plan[-1].transition, plan[-1].transition_bars) == ("cut", 0)
    assert all(part.bars >= 1 for part in plan)
