"""Bars that are marked while they play, and sections that are built on them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.forecast import end_bar
from engine.conductor.reacting.hooks import NO_HOOK, bar_of
from engine.conductor.steering import Hook
from engine.session.takes import hook_shown
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, OPERATIONS, check_grid, opening, perform_all, slow
from tests.conductor.test_slow import finish_all, version_next, version_now
from tests.conductor.test_take_stems import newest, ready
from tests.conductor.test_takes import CHOICES, playing, with_takes


def marked(stage: Stage) -> Hook:
    assert stage.state.steering.hook is not None
    return stage.state.steering.hook


def in_bar(stage: Stage, bar: int) -> None:
    """Let time pass until the middle of a bar of the section that sounds, counted from 1."""
    stage.advance(round((bar - 0.5) * BAR) - stage.player.frame)


def test_bars_are_marked_from_the_one_that_sounds_to_the_one_that_sounds() -> None:
    stage = ready()
    in_bar(stage, 3)
    stage.command(p.MarkIn())
    assert hook_shown(stage.state) == "from bar 3"
    in_bar(stage, 5)
    stage.command(p.MarkOut())
    hook = marked(stage)
    assert (hook.path, hook.first, hook.last) == (version_now(stage).path, 3, 5)
    assert "Marked bars 3 to 5 of intro" in stage.told[-1]
    assert hook_shown(stage.state) == "intro 3-5"


@pytest.mark.parametrize(("bar", "bars"), [(1, (1, 1)), (2, (1, 1)), (3, (1, 2)), (5, (1, 4)), (9, (5, 8))])
def test_last_four_bars_are_those_that_were_heard_whole(bar: int, bars: tuple[int, int]) -> None:
    stage = ready()
    in_bar(stage, bar)
    stage.command(p.MarkLast())
    assert (marked(stage).first, marked(stage).last) == bars


def test_mark_out_without_mark_in_says_what_to_do() -> None:
    stage = ready()
    stage.command(p.MarkOut())
    assert "Mark the first bar before the last one" in stage.told[-1]
    assert stage.state.steering.hook is None
    fresh = opening(96)
    fresh.command(p.MarkLast())
    assert fresh.told[-1] == "Nothing to mark yet: nothing is playing."


def test_next_section_is_built_on_the_hooks_patterns_and_tune() -> None:
    stage = ready()
    in_bar(stage, 5)
    playing = version_now(stage).request
    stage.command(p.MarkLast())
    stage.command(p.BuildOnHook())
    assert stage.told[-1] == "The next section is built on bars 1 to 4 of intro."
    request = newest(stage)
    assert (request.seed, request.set_seed, request.ideas) == (playing.seed, playing.set_seed, playing.ideas)
    assert (request.purpose, request.built_on, request.built_bars) == (playing.purpose, playing, (1, 4))
    assert (request.role, request.bars) == (stage.state.plan[1].role, stage.state.plan[1].bars), "the plan's part it stays"
    stage.command(p.BuildOnHook(vary=True))
    assert [change.amount for change in newest(stage).changes] == [p.VARY_AMOUNT]
    stage.command(p.Undo())
    stage.command(p.Undo())
    assert stage.state.steering.variation is None


def test_generator_of_sound_goes_on_from_the_end_of_the_hook() -> None:
    stage = slow()
    finish_all(stage)
    in_bar(stage, 6)
    stage.command(p.MarkLast())
    stage.command(p.BuildOnHook())
    request = newest(stage)
    assert request.continue_path == version_now(stage).path
    assert abs(request.continue_frame - 5 * BAR) <= 1
    stage.command(p.BuildOnHook(vary=True))
    assert "Keep these bars" in stage.told[-1]


def test_bars_in_another_tempo_than_the_next_section_are_not_gone_on_from() -> None:
    stage = slow()
    finish_all(stage)
    in_bar(stage, 6)
    stage.command(p.MarkLast())
    stage.command(p.SetTempo(stage.state.grid.bpm + 3))
    stage.command(p.BuildOnHook())
    assert "mark others" in stage.told[-1]
    assert stage.state.steering.variation is None


def test_hooks_file_stays_as_long_as_it_is_marked() -> None:
    stage = playing(400)
    finish_all(stage)
    stage.command(p.MarkLast())
    path = marked(stage).path
    for _ in range(3):
        stage.command(p.NextNow())
        stage.advance(2 * BAR)
        finish_all(stage)
    gone = [getattr(action, "path", "") for action in stage.actions]
    assert version_now(stage).index == 3 and path not in gone
    stage.command(p.MarkLast())
    for _ in range(2):
        stage.command(p.NextNow())
        stage.advance(2 * BAR)
        finish_all(stage)
    assert path in [getattr(action, "path", "") for action in stage.actions]


def test_without_a_hook_nothing_is_built() -> None:
    stage = ready()
    before = version_next(stage)
    stage.command(p.BuildOnHook())
    assert stage.told[-1] == "No bars are marked yet: G marks the last four while they play."
    finish_all(stage)
    assert version_next(stage) == before


def test_marked_bars_loop_until_they_are_let_go_of_and_the_set_goes_on_behind_them() -> None:
    stage = ready()
    in_bar(stage, 7)
    stage.command(p.MarkLast())  # bars 3 to 6
    end = end_bar(stage.state)
    stage.command(p.LoopHook())
    assert stage.told[-1] == "Bars 3 to 6 loop until you let go: h, or loop hook again."
    stage.healthy(12 * BAR)
    assert hook_shown(stage.state) == "loops 3-6"
    assert bar_of(stage.state) == 6, "back at bar 3 in the set's bar 8, and in each fourth bar after it"
    assert end_bar(stage.state) == end + 5 + 4 + 4
    assert stage.state.transport.now is not None and stage.state.transport.now.version.index == 0
    stage.command(p.LoopHook())
    assert stage.told[-1] == "The set goes on behind bar 6."
    stage.healthy(BAR)
    assert bar_of(stage.state) == 7
    check_grid(stage)
    assert stage.player.unfilled == 0


def test_a_loop_is_moved_by_what_is_steered_and_goes_on() -> None:
    stage = ready()
    in_bar(stage, 7)
    stage.command(p.MarkLast())
    stage.command(p.LoopHook())
    stage.healthy(BAR)
    before = version_now(stage).id
    stage.command(p.SetWeight(0, 0.3))
    stage.healthy(2 * BAR)
    assert version_now(stage).id != before
    assert hook_shown(stage.state) == "loops 3-6"
    stage.healthy(24 * BAR)
    assert 3 <= (bar_of(stage.state) or 0) <= 6
    assert stage.player.unfilled == 0
    stage.command(p.Hold(False))
    stage.healthy(40 * BAR)
    assert stage.state.transport.now is not None and stage.state.transport.now.version.index > 0
    check_grid(stage)


def test_bars_that_cannot_loop_say_why() -> None:
    stage = ready()
    stage.command(p.LoopHook())
    assert stage.told[-1] == NO_HOOK
    in_bar(stage, 5)
    stage.command(p.MarkLast())
    stage.healthy((stage.state.plan[0].bars - 3) * BAR)
    stage.command(p.LoopHook())
    assert stage.told[-1] == "Bars of another section are marked: G marks the last four of this one."
    assert not stage.state.steering.held


LOOPS: list[p.Command] = [p.LoopHook(), p.LoopHook(False)]
HOOKS: list[p.Command] = [
    *LOOPS,
    p.MarkIn(),
    p.MarkOut(),
    p.MarkLast(),
    p.MarkLast(99),
    p.BuildOnHook(),
    p.BuildOnHook(vary=True),
]
ALL = st.one_of(OPERATIONS, st.tuples(st.just("command"), st.sampled_from([*HOOKS, *CHOICES])))


@settings(max_examples=25, deadline=None)
@given(st.lists(ALL, max_size=60), st.booleans())
def test_hooks_in_any_order_leave_no_frame_unfilled(operations: list[tuple[str, Any]], live: bool) -> None:
    perform_all(with_takes(opening(32) if live else slow(96)), operations)
