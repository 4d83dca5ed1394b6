"""Undo and redo of moves about the future: whatever the order, all is as it was, and the music goes on."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.state import State
from engine.timebase import QUANTUM
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, opening

APART = 2 * 44_100


def future(state: State) -> tuple[Any, ...]:
    """All about the future that a move changes."""
    steering = state.steering
    leanings = tuple((part.name, part.prompts) for part in state.plan)
    seam = steering.transition, steering.transition_bars
    return steering.slots, steering.loras, steering.scenes, steering.take, steering.variation, seam, leanings


def moved(stage: Stage, command: p.Command) -> None:
    """A move, and so long after it that the next is another."""
    stage.command(command)
    stage.advance(APART)


def playing() -> Stage:
    stage = opening(400)
    stage.up()
    for job in tuple(stage.jobs):
        stage.finish(job)
    stage.advance(2 * BAR)
    return stage


def test_each_move_is_undone_and_done_again() -> None:
    stage = playing()
    for command in (
        p.SetWeight(1, 0.9),
        p.SetPrompt(0, "deep house"),
        p.SetPrompt(2, "choir"),
        p.MovePrompt(0, 1),
        p.RemovePrompt(0),
        p.ReRoll(),
        p.ChooseTransition("echo-out"),
        p.StretchTransition(2),
        p.StoreScene(3),
    ):
        before = future(stage.state)
        moved(stage, command)
        after = future(stage.state)
        assert after != before
        stage.command(p.Undo())
        assert future(stage.state) == before
        stage.command(p.Redo())
        assert future(stage.state) == after


def test_turned_knob_is_one_move() -> None:
    stage = playing()
    before = future(stage.state)
    for step in range(20):
        stage.command(p.SetWeight(1, step / 20))
        stage.advance(441)
    moved(stage, p.SetWeight(0, 0.2))
    stage.command(p.Undo())
    assert stage.told[-1] == "Undone: weight of prompt 1."
    stage.command(p.Undo())
    assert stage.told[-1] == "Undone: weight of prompt 2."
    assert future(stage.state) == before


def test_presses_in_a_row_are_moves_of_their_own() -> None:
    stage = playing()
    takes = []
    for _ in range(3):
        takes.append(stage.state.steering.take)
        stage.command(p.ReRoll())
    for take in reversed(takes):
        stage.command(p.Undo())
        assert stage.state.steering.take == take


def test_set_made_longer_is_undone_and_not_lost_with_an_edit_before_it() -> None:
    stage = playing()
    totals = []
    for command in (p.EditPlan("longer"), p.GoOn(5.0), p.EditPlan("skip")):
        totals.append((stage.state.plan, stage.state.settings.total_bars))
        stage.command(command)
    for plan, total in reversed(totals):
        stage.command(p.Undo())
        assert (stage.state.plan, stage.state.settings.total_bars) == (plan, total)


def test_set_that_is_played_again_has_nothing_to_undo() -> None:
    stage = playing()
    moved(stage, p.EditPlan("end"))
    for _ in range(200):
        for job in tuple(stage.jobs):
            stage.finish(job)
        stage.advance(BAR)
    assert stage.player.finished
    stage.command(p.PlayAgain())
    stage.command(p.Undo())
    assert stage.told[-1] == "There is nothing to undo."


def test_what_sounds_is_not_undone_but_for_a_scene() -> None:
    stage = playing()
    moved(stage, p.StoreScene(1))
    moved(stage, p.SetMacro("filter", 0.2))
    moved(stage, p.SetWeight(1, 0.7))
    stage.command(p.Undo())
    assert stage.state.steering.macro("filter") == 0.2
    moved(stage, p.RecallScene(1, "now", 0))
    assert stage.state.steering.macro("filter") != 0.2
    stage.command(p.Undo())
    assert stage.state.steering.macro("filter") == 0.2


def test_take_of_a_section_that_has_begun_stays() -> None:
    stage = playing()
    moved(stage, p.ReRoll())
    for job in tuple(stage.jobs):
        stage.finish(job)
    stage.command(p.NextNow())
    stage.advance(3 * BAR)
    assert stage.state.transport.now is not None
    assert stage.state.transport.now.version.index == 1
    stage.command(p.Undo())
    assert stage.state.steering.take == 0


def test_nothing_to_undo_is_said() -> None:
    stage = playing()
    stage.command(p.Undo())
    assert stage.told[-1] == "There is nothing to undo."
    stage.command(p.Redo())
    assert stage.told[-1] == "There is nothing to do again."


MOVES = st.one_of(
    st.builds(p.SetWeight, st.integers(0, 3), st.floats(0, 1)),
    st.builds(p.SetPrompt, st.integers(0, 3), st.sampled_from(["techno", "bells", "rain"])),
    st.builds(p.RemovePrompt, st.integers(0, 3)),
    st.builds(p.MovePrompt, st.integers(0, 3), st.integers(0, 3)),
    st.builds(p.StoreScene, st.integers(1, 3)),
    st.builds(p.RecallScene, st.integers(1, 3), st.sampled_from(["now", "bar"]), st.integers(0, 2)),
    st.builds(p.SetMacro, st.just("filter"), st.floats(0, 1)),
    st.builds(p.SetCurve, st.sampled_from(p.CURVES), st.floats(0, 1)),
    st.builds(p.InsertPart, st.sampled_from(p.ROLES)),
    st.sampled_from([p.ReRoll(), p.VaryNext(), p.NextNow(), p.Undo(), p.Redo()]),
    st.sampled_from([p.StepTransition(), p.StretchTransition(1), p.ChooseTransition("echo-out"), p.ChooseTransition()]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(MOVES, st.integers(1, 3 * BAR)), max_size=25))
def test_moves_and_undo_in_any_order_never_stop_the_music(moves: list[tuple[p.Command, int]]) -> None:
    stage = playing()
    for command, frames in moves:
        stage.command(command)
        for job in tuple(stage.jobs):
            stage.finish(job)
        stage.advance(frames)
    assert stage.player.unfilled < QUANTUM
    then = stage.state
    redone = len(then.undone)
    while stage.state.moves:
        stage.command(p.Undo())
    while len(stage.state.undone) > redone:
        stage.command(p.Redo())
    assert stage.state.steering.slots == then.steering.slots
    assert stage.state.steering.scenes == then.steering.scenes
