"""Locks: what is locked stays as it is while the rest is made another way, and can be undone like any move."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.state import State
from engine.session.takes import takes_view
from tests.conductor.test_conductor import BAR, OPERATIONS, made, opening, perform_all, slow
from tests.conductor.test_slow import finish_all, version_next, version_now
from tests.conductor.test_take_stems import newest, ready
from tests.conductor.test_takes import CHOICES, with_takes


def test_locked_stems_stay_while_the_rest_is_re_rolled() -> None:
    stage = ready()
    before = version_next(stage).request
    stage.command(p.SetLock("drums"))
    stage.command(p.SetLock("lead", True))
    assert stage.told[-1] == "The lead is locked: it stays as it is."
    for _ in range(2):
        stage.command(p.ReRoll())
        request = newest(stage)
        assert (request.seed, request.ideas, request.progression) == (before.seed, before.ideas, before.progression)
        assert [change.parts for change in request.changes] == [("bass", "harmony")]
    assert request.changes[0].seed != before.seed


def test_locked_drums_let_the_chords_change_and_locked_chords_do_not() -> None:
    stage = ready()
    before = version_next(stage).request
    stage.command(p.SetLock("drums"))
    stage.command(p.ReRoll())
    assert newest(stage).progression != before.progression
    stage.command(p.SetLock("drums", False))
    stage.command(p.SetLock("chords"))
    own = version_next(stage).request
    stage.command(p.ReRoll())
    request = newest(stage)
    assert (request.progression, request.changes) == (own.progression, ())
    assert request.seed != own.seed


def test_locked_motif_keeps_the_tune_and_lets_the_arpeggios_go() -> None:
    stage = ready()
    stage.command(p.SetLock("motif"))
    stage.command(p.ReRoll())
    assert newest(stage).changes[0].parts == ("drums", "bass", "harmony", "arp")


def test_other_takes_have_what_is_locked_in_common_with_the_chosen_one() -> None:
    stage = ready()
    b = made(stage)[2].version.request
    stage.command(p.ChooseTake(1))
    stage.command(p.SetLock("bass"))
    finish_all(stage)
    chosen = version_next(stage).request
    assert (chosen.seed, chosen.changes) == (b.seed, ()), "the chosen take is what it was"
    others = {version.take: version.request for version in stage.state.work.others}
    assert others[2].seed == b.seed and "bass" not in others[2].changes[0].parts
    assert others[0].changes == () and others[0].seed != b.seed, "A stays as it is"


def test_locked_section_stays_whatever_is_moved_until_it_has_begun() -> None:
    stage = ready()
    before = version_next(stage)
    stage.command(p.SetLock("section"))
    for command in (p.ReRoll(), p.ChooseTake(1), p.VaryNext(), p.RemakeBars(1, 4), p.EditPlan("skip")):
        stage.command(command)
        assert stage.told[-1] == "The next section is locked: let go of the lock first."
    stage.command(p.SetWeight(0, 0.1))
    finish_all(stage)
    assert version_next(stage) == before
    stage.command(p.NextNow())
    stage.advance(2 * BAR)
    assert version_now(stage).wish.take == before.wish.take
    assert stage.state.steering.locks == ()


def test_section_that_is_not_there_cannot_be_locked() -> None:
    stage = opening(96)
    stage.up()
    stage.command(p.SetLock("section"))
    assert "lock it once it is ready" in stage.told[-1]
    assert stage.state.steering.locks == ()


def test_locked_tempo_and_key_are_kept_from_hand_clock_and_plan_and_given_back() -> None:
    stage = ready()
    plan = tuple(replace(part, bpm=140.0, key="A minor") if i else part for i, part in enumerate(stage.state.plan))
    stage.state = replace(stage.state, plan=plan)
    stage.command(p.SetLock("tempo"))
    stage.command(p.SetLock("key"))
    told = len(stage.told)
    stage.command(p.SetTempo(99.0, follows=True))
    assert len(stage.told) == told, "a clock is told nothing"
    for command in (p.SetTempo(99.0), p.StepTempo(1.0), p.TapTempo(), p.SetKey(2), p.StepKey(7)):
        stage.command(command)
        assert "locked" in stage.told[-1]
    assert (newest(stage).bpm, newest(stage).key) == (124.0, "F minor")
    stage.command(p.SetLock("tempo", False))
    stage.command(p.SetLock("key", False))
    assert (newest(stage).bpm, newest(stage).key) == (140.0, "A minor")


def test_locked_tempo_is_kept_from_a_scene() -> None:
    stage = ready()
    stage.command(p.SetTempo(130.0))
    stage.command(p.StoreScene(1))
    stage.command(p.SetTempo(120.0))
    stage.command(p.SetLock("tempo"))
    stage.command(p.RecallScene(1, "now", 0))
    stage.advance(BAR)
    assert stage.state.steering.bpm == 120.0


def test_tempo_set_by_hand_stays_when_its_lock_is_let_go() -> None:
    stage = ready()
    stage.command(p.SetTempo(130.0))
    stage.command(p.SetLock("tempo"))
    stage.command(p.SetLock("tempo"))
    assert stage.state.steering.bpm == 130.0


def test_locked_stem_is_not_re_rolled_by_itself_and_all_locked_leaves_nothing() -> None:
    stage = ready()
    stage.command(p.SetLock("drums"))
    for command in (p.ReRollStem("drums"), p.TakeStem("drums", 1)):
        stage.command(command)
        assert stage.told[-1] == "The drums are locked: let go of the lock first."
    for stem in ("bass", "harmony", "lead"):
        stage.command(p.SetLock(stem))
    stage.command(p.ReRoll())
    assert "All stems are locked" in stage.told[-1]


@pytest.mark.parametrize("what", ["drums", "motif", "chords"])
def test_generator_of_one_mix_has_only_its_section_to_lock(what: str) -> None:
    stage = slow()
    stage.command(p.SetLock(what))
    assert stage.told[-1] == "slow makes one mix: lock the next section as a whole instead."
    finish_all(stage)
    stage.command(p.SetLock("section"))
    assert stage.state.steering.locks == ("section",)


def future(state: State) -> tuple[Any, ...]:
    own = state.steering
    return own.locks, own.takes, own.chosen, own.bpm, own.key, own.slots, state.plan


LOCKING: list[p.Command] = [
    *(p.SetLock(what) for what in p.LOCKS), p.ReRoll(), p.ReRollStem("bass"), p.TakeStem("drums", 2), p.VaryNext(),
    p.InsertPart("drop"), p.SetCurve("density", 0.2), p.EditPlan("longer"),
    p.EditPlan("skip"), p.EditPlan("repeat"), p.SetTempo(130.0), p.StepKey(7), p.SetWeight(0, 0.2),
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([*LOCKING, *CHOICES[:3]]), max_size=16))
def test_undo_of_do_is_as_before(moves: list[p.Command]) -> None:
    stage = ready()
    stage.state = replace(stage.state, settings=replace(stage.state.settings, takes=1))
    states = [future(stage.state)]
    for command in moves:
        moved = len(stage.state.moves)
        stage.command(command)
        finish_all(stage)
        stage.advance(2 * 44_100 if isinstance(command, p.SetTempo | p.SetWeight) else 256)
        if len(stage.state.moves) > moved:
            states.append(future(stage.state))
    assume(not version_now(stage).index and "section" not in stage.state.steering.locks)
    for then in reversed(states[:-1]):
        stage.command(p.Undo())
        assert future(stage.state) == then
    for then in states[1:]:
        stage.command(p.Redo())
        assert future(stage.state) == then


ALL = st.one_of(OPERATIONS, st.tuples(st.just("command"), st.sampled_from([*LOCKING, *CHOICES])))


@settings(max_examples=40, deadline=None)
@given(st.lists(ALL, max_size=60))
def test_locks_takes_undo_and_plan_edits_in_any_order_leave_no_frame_unfilled(operations: list[tuple[str, Any]]) -> None:
    perform_all(with_takes(opening(32)), operations)


@settings(max_examples=25, deadline=None)
@given(st.lists(ALL, max_size=60))
def test_the_same_on_a_slow_generator_leaves_no_frame_unfilled(operations: list[tuple[str, Any]]) -> None:
    perform_all(with_takes(slow(96)), operations)


def test_takes_say_what_a_lock_leaves_to_differ() -> None:
    stage = ready()
    stage.command(p.SetLock("drums"))
    finish_all(stage)
    assert [take.what for take in takes_view(stage.state, 1)] == ["", "bass harmony lead", "bass harmony lead"]
