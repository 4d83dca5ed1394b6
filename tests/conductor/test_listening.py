"""What the headphones are asked to play: takes, keepers and the hand-over, until that is on air; the set goes on all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.events import PlayerSaid, SendListen
from engine.session.snapshots import headphones_view
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, OPERATIONS, opening, perform_all
from tests.conductor.test_slow import finish_all
from tests.conductor.test_takes import CHOICES, playing, with_takes

KEEPER = p.Keeper("late drop", "/kept/late drop/section", "Late", "drop", "drop", 8, 4, 124.0, "F minor", (), "pocket", 1, 1)
LISTENING: list[p.Command] = [
    p.ListenTake(0), p.ListenTake(1), p.ListenTake(2), p.ListenTake(9), p.ListenHandOver(), p.ListenKeeper(KEEPER),
    p.StopListening(), p.SetCueLevel(0.3), p.SetCueMix(0.6), p.Nudge("cue level", 0.1),
]  # fmt: skip


def with_headphones(stage: Stage) -> Stage:
    stage.take(PlayerSaid(p.HeadphonesOpened("outputs 3/4 of interface")))
    return stage


def orders(stage: Stage) -> list[p.Listen]:
    return [action.order for action in stage.actions if isinstance(action, SendListen)]


def test_without_headphones_nothing_is_cued_and_the_performer_is_told_what_to_do() -> None:
    stage = playing()
    finish_all(stage)
    stage.command(p.ListenTake(0))
    assert not orders(stage)
    assert "--cue 3,4" in stage.told[-1] and "X" in stage.told[-1]


def test_a_take_is_cued_whole_and_looped_on_its_bars_and_again_takes_it_away() -> None:
    stage = with_headphones(playing())
    finish_all(stage)
    stage.command(p.ListenTake(1))
    version = next(each for each in stage.state.work.takes if each.take == 1)
    (cue,) = orders(stage)[-1].cues
    assert (cue.path, cue.start_frame, cue.origin_frame, cue.loop_bars) == (version.path, 0, 0, version.request.bars)
    assert headphones_view(stage.state) == p.HeadphonesView("outputs 3/4 of interface", "take B")
    stage.command(p.ListenTake(1))
    assert orders(stage)[-1].cues == ()
    assert headphones_view(stage.state).what == ""


def test_a_take_that_is_not_made_yet_is_heard_once_it_is() -> None:
    stage = with_headphones(playing())
    stage.command(p.ListenTake(0))
    assert headphones_view(stage.state).waits and not orders(stage)
    finish_all(stage)
    assert orders(stage)[-1].cues and not headphones_view(stage.state).waits


def test_a_cue_ends_when_what_it_plays_is_on_air() -> None:
    stage = with_headphones(playing())
    finish_all(stage)
    for command in (p.ListenTake(0), p.ListenHandOver()):
        index = stage.state.here
        stage.command(command)
        assert orders(stage)[-1].cues
        while stage.state.here == index:
            stage.healthy(BAR)
        assert orders(stage)[-1].cues == () and headphones_view(stage.state).what == ""
        finish_all(stage)


def test_a_take_that_is_made_anew_is_heard_as_it_is_then() -> None:
    stage = with_headphones(playing())
    finish_all(stage)
    stage.command(p.ListenTake(0))
    before = orders(stage)[-1]
    stage.command(p.ReRoll())
    finish_all(stage)
    after = orders(stage)[-1]
    assert after.cues[0].path != before.cues[0].path and after.listen_id > before.listen_id


def test_the_hand_over_is_the_sets_own_cue_with_two_bars_before_it() -> None:
    stage = with_headphones(playing())
    finish_all(stage)
    stage.command(p.ListenHandOver())
    order, coming = orders(stage)[-1], stage.state.transport.cues[-1]
    sounds, follows = order.cues
    grid = stage.state.grid
    assert replace(follows, cue_id=coming.cue_id, final=coming.final) == coming
    assert order.first == sounds.start_frame == grid.frame_of_bar(grid.bar_at(coming.start_frame) - 2)
    assert order.as_mixed and order.first + order.again >= coming.start_frame + coming.length
    assert stage.state.transport.now is not None and sounds.path == stage.state.transport.now.version.path


def test_a_keeper_is_heard_until_it_is_taken_away() -> None:
    stage = with_headphones(playing())
    finish_all(stage)
    stage.command(p.ListenKeeper(KEEPER))
    index = stage.state.here
    while stage.state.here == index:
        stage.healthy(BAR)
    assert orders(stage)[-1].cues[0].path == KEEPER.path and len(orders(stage)) == 1
    stage.command(p.StopListening())
    assert orders(stage)[-1].cues == ()


def test_what_cannot_be_read_is_not_cued_any_more_and_the_performer_is_told() -> None:
    stage = with_headphones(playing())
    finish_all(stage)
    stage.command(p.ListenKeeper(KEEPER))
    stage.take(PlayerSaid(p.ListenFailed(orders(stage)[-1].listen_id, "no such file")))
    assert headphones_view(stage.state).what == "" and "no such file" in stage.told[-1]


def test_another_player_is_told_anew() -> None:
    stage = with_headphones(playing())
    finish_all(stage)
    stage.command(p.ListenTake(0))
    asked = orders(stage)[-1]
    stage.take(PlayerSaid(p.PlayerHello(stage.player.frame, None, (), None, None, p.HeadphonesOpened("ears"))))
    again = orders(stage)[-1]
    assert again.cues == asked.cues and again.listen_id > asked.listen_id
    assert headphones_view(stage.state).where == "ears"


@pytest.mark.parametrize(("command", "name"), [(p.SetCueLevel(0.25), "cue_level"), (p.SetCueMix(0.25), "cue_mix")])
def test_knobs_of_the_headphones_go_to_the_player_and_are_no_moves_to_undo(command: p.Command, name: str) -> None:
    stage = with_headphones(playing())
    moves = stage.state.moves
    stage.command(command)
    assert ((name, 0.25),) in [getattr(action, "values", ()) for action in stage.actions]
    assert stage.state.moves == moves


ALL: Any = st.one_of(OPERATIONS, st.tuples(st.just("command"), st.sampled_from([*LISTENING, *CHOICES])))


@settings(max_examples=20, deadline=None)
@given(st.lists(ALL, max_size=40))
def test_whatever_is_cued_when_the_music_goes_on(operations: list[Any]) -> None:
    stage = with_headphones(with_takes(opening(32)))
    perform_all(stage, operations)
    ids = [order.listen_id for order in orders(stage)]
    assert ids == sorted(set(ids))
    assert not orders(stage) or orders(stage)[-1].cues == () or orders(stage)[-1].cues[0].path == KEEPER.path
