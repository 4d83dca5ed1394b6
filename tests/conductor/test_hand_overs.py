"""How the next section comes in, chosen while it plays: used once, undone like the rest, and never what cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import protocol as p
from engine.conductor.seams import coming
from engine.conductor.tempo import hand_over
from engine.session.snapshots import next_view
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, GRID, check_grid, opening, started


def playing(traits: p.Traits | None = None) -> Stage:
    """A set in its third bar, whose next section is there; it is planned to hand over by a cross-fade over two bars."""
    stage = started(96) if traits is None else started(96, traits=traits)
    plan = stage.state.plan
    first = replace(plan[0], transition="equal-power", transition_bars=2)
    stage.state = replace(stage.state, plan=(first, *plan[1:]))
    stage.healthy(BAR * 2 + 4096)
    assert stage.state.work.next is not None
    return stage


def cue(stage: Stage) -> p.Cue:
    """What the player was told of the next section."""
    (cue,) = stage.state.transport.cues
    return cue


def length(stage: Stage, bars: int) -> int:
    bar = GRID.bar_at(cue(stage).start_frame)
    return GRID.frame_of_bar(bar + bars) - cue(stage).start_frame


def test_chosen_kind_comes_over_its_usual_bars_and_is_used_once() -> None:
    stage = playing()
    planned = hand_over(stage.state, 1)
    stage.command(p.ChooseTransition("echo-out"))
    assert stage.told[-1] == "Echo-out over 2 bars comes next."
    assert (cue(stage).transition, cue(stage).length) == ("echo-out", length(stage, 2))
    view = next_view(stage.state)
    assert (view.transition, view.transition_bars, view.transition_chosen) == ("echo-out", 2, True)
    stage.healthy(BAR * 40)
    check_grid(stage)
    first, second, *_ = stage.state.transport.history
    assert first.transition is not None and second.transition is not None
    assert (first.transition.kind, second.transition.kind) == ("echo-out", planned[0])
    assert not next_view(stage.state).transition_chosen


def test_keys_go_round_all_kinds_and_come_back_to_what_was_planned() -> None:
    stage = playing()
    seen = []
    for _ in p.TRANSITIONS[1:]:
        stage.command(p.StepTransition())
        seen.append(coming(stage.state)[0])
    assert sorted(seen) == sorted(set(p.TRANSITIONS) - {"equal-gain"}), "what is measured decides between the two cross-fades"
    assert seen[-1] == "equal-power"
    assert stage.state.steering.transition is None
    assert stage.told[-1] == "Equal-power over 2 bars comes next, as planned."
    stage.command(p.StepTransition(-1))
    assert coming(stage.state)[0] == "cut"


def test_length_moves_by_bars_as_far_as_the_tail_goes() -> None:
    stage = playing()
    stage.command(p.StretchTransition(-1))
    assert (cue(stage).length, stage.told[-1]) == (length(stage, 1), "Equal-power over 1 bar comes next.")
    stage.command(p.StretchTransition(-1))
    assert stage.told[-1] == "Equal-power over 1 bar can be no shorter."
    stage.command(p.StretchTransition(5))
    assert cue(stage).length == length(stage, 2)
    stage.command(p.StretchTransition(1))
    assert stage.told[-1] == "Equal-power over 2 bars can be no longer, by the tail of this section."


def test_an_echo_needs_no_tail_and_can_be_as_long_as_a_performer_likes() -> None:
    stage = playing()
    stage.command(p.ChooseTransition("echo-out"))
    stage.command(p.StretchTransition(20))
    assert coming(stage.state) == ("echo-out", min(p.MOST_TRANSITION_BARS, stage.state.plan[1].bars))
    stage.command(p.ChooseTransition("cut"))
    stage.command(p.StretchTransition(1))
    assert stage.told[-1] == "A cut has no length: choose another transition first."


def test_less_tail_than_a_kind_usually_takes_is_said() -> None:
    stage = playing()
    stage.command(p.ChooseTransition("stem-by-stem"))
    assert stage.told[-1] == "Stem-by-stem over 2 bars comes next, as long as it can be."


def test_a_mix_cross_fades_instead_of_stem_by_stem_and_the_keys_pass_over_it() -> None:
    stage = playing(traits=p.Traits(live=True, stems=("mix",)))
    stage.command(p.ChooseTransition("stem-by-stem"))
    assert stage.told[-1] == "Stem-by-stem needs stems on both sides: equal-power comes instead."
    assert cue(stage).transition == "equal-power"
    for _ in p.TRANSITIONS:
        stage.command(p.StepTransition())
        assert stage.state.steering.transition != "stem-by-stem"


def test_two_keys_are_not_heard_at_once_whatever_is_chosen() -> None:
    stage = opening()
    plan = stage.state.plan
    stage.state = replace(stage.state, plan=(plan[0], replace(plan[1], key="A minor"), *plan[2:]))
    stage.healthy(BAR * 2)
    stage.command(p.ChooseTransition("bass-swap"))
    assert stage.told[-1] == "Bass-swap would sound two tempos or keys at once: cut comes; echo-out can do it."
    assert cue(stage).transition == "cut"
    stage.command(p.StepTransition())
    assert cue(stage).transition == "echo-out"
    stage.command(p.StepTransition())
    assert cue(stage).transition == "cut"


def test_choice_comes_too_late_once_the_next_section_is_about_to_begin() -> None:
    stage = playing()
    stage.command(p.ChooseTransition("filter-sweep"))
    stage.command(p.NextNow())
    stage.advance(cue(stage).start_frame - stage.player.frame - 1024, look=256)
    stage.command(p.ChooseTransition("cut"))
    assert stage.told[-1] == "Too late: the next section comes in now."
    stage.advance(2 * BAR)
    (first, *_) = stage.state.transport.history
    assert first.transition is not None and first.transition.kind == "filter-sweep"


def test_choice_is_undone_and_done_again_until_the_section_has_begun() -> None:
    stage = playing()
    stage.command(p.ChooseTransition("echo-out"))
    stage.command(p.Undo())
    assert stage.told[-1] == "Undone: kind of the next transition."
    assert cue(stage).transition == "equal-power"
    stage.command(p.Redo())
    assert cue(stage).transition == "echo-out"
    stage.command(p.NextNow())
    stage.healthy(BAR * 3)
    stage.command(p.Undo())
    assert stage.state.steering.transition is None


@pytest.mark.parametrize("command", [p.ChooseTransition("cut"), p.StepTransition(), p.StretchTransition(1)])
def test_nothing_to_hand_over_is_said(command: p.Command) -> None:
    stage = opening()
    stage.command(command)
    assert stage.told[-1] == "Nothing plays yet that could hand over."
    stage = playing()
    while stage.state.here + 1 < len(stage.state.plan):
        stage.command(p.NextNow())
        stage.healthy(BAR * 2)
    stage.command(command)
    assert stage.told[-1] == "Nothing follows: this is the last section."


def test_a_section_made_after_the_choice_is_told_how_it_comes_in() -> None:
    stage = playing()
    stage.command(p.ChooseTransition("echo-out"))
    stage.command(p.ReRoll())
    stage.healthy(BAR)
    assert stage.state.work.next is not None
    assert stage.state.work.next.request.entry == "echo-out"
