"""Scenes: what was stored comes back exactly, at once, on the bar or over some bars, and a hand is never fought."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.actions import ACTIONS
from engine.conductor.events import SetParams
from engine.conductor.reacting.scenes import NEAR, current
from engine.conductor.reacting.values import values_by_target
from engine.conductor.steering import Scene
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, opening, started


def values(stage: Stage) -> dict[str, float]:
    return values_by_target(stage.state)


def value(stage: Stage, name: str) -> float:
    return values(stage)[name]


def moved(stage: Stage) -> None:
    """Everything that a scene keeps is elsewhere than at first."""
    for command in (
        p.SetWeight(0, 0.1), p.SetWeight(2, 0.9), p.SetMacro("filter", 0.2), p.SetMacro("echo", 0.7),
        p.SetStem("bass", 0.4), p.SetStem("lead", muted=True),
    ):  # fmt: skip
        stage.command(command)


def two_scenes() -> Stage:
    """Scene 1 as the set began, scene 2 with everything elsewhere; scene 2 is on."""
    stage = started()
    stage.command(p.StoreScene(1))
    moved(stage)
    stage.command(p.StoreScene(2))
    assert stage.state.steering.scene == 2
    return stage


def test_recall_at_once_brings_everything_back_and_tells_the_player() -> None:
    stage = two_scenes()
    stage.actions.clear()
    stage.command(p.RecallScene(1, "now"))
    scenes = dict(stage.state.steering.scenes)
    assert current(stage.state) == scenes[1]
    assert stage.state.steering.scene == 1 and stage.state.steering.morph is None
    told = dict(pair for action in stage.actions if isinstance(action, SetParams) for pair in action.values)
    assert told == {"filter": 0.5, "echo": 0.0, "level_bass": 1.0, "level_lead": 1.0}


def test_recall_waits_for_the_bar_line() -> None:
    stage = two_scenes()
    stage.advance(3 * BAR // 4)
    assert 0.7 < stage.state.transport.frame / BAR % 1 < 0.8
    stage.command(p.RecallScene(1))
    assert value(stage, "macro filter") == 0.2
    stage.advance(BAR // 8)
    assert value(stage, "macro filter") == 0.2
    stage.advance(BAR // 4)
    assert current(stage.state) == dict(stage.state.steering.scenes)[1]


def test_morph_moves_everything_evenly_and_arrives_exactly() -> None:
    stage = two_scenes()
    stage.command(p.RecallScene(1, "now", 4))
    begun = stage.state.transport.frame
    found: list[tuple[float, dict[str, float]]] = []
    while stage.state.steering.morph is not None:
        stage.advance(BAR // 8)
        found.append(((stage.state.transport.frame - begun) / (4 * BAR), values(stage)))
    assert found[-1][0] == pytest.approx(1.0, abs=0.05)
    for done, there in found[:-1]:
        assert there["macro filter"] == pytest.approx(0.2 + 0.3 * done, abs=0.01)
        assert there["stem lead"] == pytest.approx(done, abs=0.02), "what is opened comes up from nothing"
        assert there["mute lead"] == 0.0
        assert there["prompt 1"] == pytest.approx(0.1 + 0.7 * done, abs=0.7 / 15)
    assert current(stage.state) == dict(stage.state.steering.scenes)[1]
    assert stage.state.steering.scene == 1


def test_what_a_scene_mutes_is_muted_last() -> None:
    stage = two_scenes()
    stage.command(p.RecallScene(1, "now"))
    stage.command(p.RecallScene(2, "now", 2))
    stage.advance(BAR)
    assert value(stage, "mute lead") == 0.0
    stage.advance(BAR + BAR // 8)
    assert value(stage, "mute lead") == 1.0


def test_hand_wins_over_the_value_it_moves_and_over_no_other() -> None:
    stage = two_scenes()
    stage.command(p.RecallScene(1, "now", 4))
    stage.advance(BAR)
    stage.command(p.SetMacro("echo", 0.66))
    stage.advance(4 * BAR)
    assert value(stage, "macro echo") == 0.66
    assert value(stage, "macro filter") == 0.5
    assert stage.state.steering.scene == 1, "the scene has come in; the hand was before that"
    stage.command(p.SetMacro("echo", 0.1))
    assert stage.state.steering.scene == 0


def test_prompts_are_known_by_their_texts() -> None:
    stage = two_scenes()
    stage.command(p.RemovePrompt(2))
    stage.command(p.SetPrompt(2, "bells"))
    stage.command(p.SetWeight(2, 0.5))
    stage.command(p.MovePrompt(0, 1))
    stage.command(p.RecallScene(2, "now"))
    there = {slot.text: slot.weight for slot in stage.state.steering.slots}
    assert there == {"dub chords": 0.2, "house": 0.1, "bells": 0.0, "drone": 0.9}
    assert "Scene 2 brings back a prompt that had gone." in stage.told


def test_prompts_stay_where_the_scene_has_them_when_the_next_part_leans_elsewhere() -> None:
    stage = started()
    led = replace(stage.state.plan[stage.state.here], prompts=((0, 0.3), (1, 0.9)))
    stage.command(p.StoreScene(1))
    stage.command(p.RecallScene(1, "now"))
    stage.state = replace(stage.state, plan=tuple(replace(part, prompts=led.prompts) for part in stage.state.plan))
    assert current(stage.state) == dict(stage.state.steering.scenes)[1]


def test_scene_whose_prompts_have_no_room_says_so() -> None:
    stage = two_scenes()
    for slot in range(3):
        stage.command(p.SetPrompt(slot, f"new {slot}"))
    for slot in range(3, p.MAX_PROMPTS):
        stage.command(p.SetPrompt(slot, f"more {slot}"))
    stage.command(p.RecallScene(1, "now"))
    assert "no room for 2 of its prompts" in stage.told[-1]


def test_prompt_removed_on_the_way_leaves_the_others_where_they_were_going() -> None:
    stage = two_scenes()
    stage.command(p.RecallScene(1, "now", 8))
    stage.advance(BAR)
    stage.command(p.RemovePrompt(1))
    assert [(slot.text, slot.weight) for slot in stage.state.steering.slots] == [("house", 0.8), ("drone", 0.0)]


def test_panic_ends_what_comes_in() -> None:
    stage = two_scenes()
    stage.command(p.RecallScene(2, "bar", 8))
    stage.command(p.Panic())
    stage.advance(9 * BAR)
    assert dict(stage.state.steering.macros) == p.MACRO_NEUTRAL


def test_set_that_stands_still_takes_a_scene_at_once() -> None:
    stage = two_scenes()
    stage.command(p.Stop())
    stage.command(p.RecallScene(1, "bar", 8))
    assert current(stage.state) == dict(stage.state.steering.scenes)[1]
    before = opening(wants_play=False)
    before.command(p.StoreScene(3))
    before.command(p.SetMacro("echo", 1.0))
    before.command(p.RecallScene(3))
    assert value(before, "macro echo") == 0.0


def test_empty_and_impossible_numbers_move_nothing() -> None:
    stage = two_scenes()
    before = stage.state.steering
    for number in (5, 0, -1, 99):
        stage.command(p.RecallScene(number))
    stage.command(p.StoreScene(99))
    assert stage.state.steering == before
    assert "Scene 5 is empty" in stage.told[-1]


def test_scene_of_a_few_values_leaves_the_rest() -> None:
    stage = two_scenes()
    partial = Scene((("drone", 0.3),), (("macro drive", 0.4), ("macro nothing", 0.4)), whole=False)
    stage.state = stage.state.with_steering(scenes=((7, partial),))
    before = values(stage)
    stage.command(p.RecallScene(7, "now"))
    changed = {name: to for name, to in values(stage).items() if to != before[name]}
    assert changed == {"prompt 3": 0.3, "macro drive": 0.4}


def test_scenes_come_in_as_the_set_says() -> None:
    stage = two_scenes()
    stage.state = replace(stage.state, settings=replace(stage.state.settings, scene_at="now", scene_bars=2))
    stage.command(p.RecallScene(1))
    assert stage.state.steering.morph is not None
    assert stage.state.steering.morph.last - stage.state.steering.morph.first == pytest.approx(2 * BAR, abs=1)


def test_recall_while_another_comes_in_takes_its_place_without_a_jump() -> None:
    stage = two_scenes()
    stage.command(p.RecallScene(1, "now", 4))
    stage.advance(2 * BAR)
    half = value(stage, "macro filter")
    stage.command(p.RecallScene(2, "now", 4))
    assert value(stage, "macro filter") == half
    stage.advance(5 * BAR)
    assert stage.state.steering.scene == 2 and value(stage, "macro filter") == 0.2


POSITIONS = [name for name, action in ACTIONS.items() if action.kind == "position" and not name.startswith(("lora", "prompt"))]
MOVES = st.one_of(
    st.builds(lambda name, to: ACTIONS[name].make(to), st.sampled_from(POSITIONS), st.floats(0, 1)),
    st.builds(p.SetWeight, st.integers(0, 3), st.floats(0, 1)),
    st.builds(p.RecallScene, st.integers(1, 3), st.sampled_from(["now", "bar"]), st.integers(0, 3)),
    st.builds(p.StoreScene, st.integers(1, 3)),
    st.sampled_from(
        [p.Panic(), p.RemovePrompt(0), p.MovePrompt(0, 1), p.SetPrompt(1, "techno"), p.TogglePlay(), p.ToggleMute("bass")]
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(MOVES, st.integers(0, 2 * BAR)), max_size=12))
def test_any_order_of_moves_and_scenes_ends_where_the_last_scene_is(moves: list[tuple[Any, int]]) -> None:
    stage = opening()
    stage.healthy(BAR)
    stage.command(p.StoreScene(1))
    for command, frames in moves:
        stage.command(command)
        stage.healthy(frames)
        assert all(0.0 <= to <= 1.0 for to in values(stage).values())
    stage.command(p.Play())
    stage.command(p.RecallScene(1, "bar", 1))
    stage.healthy(6 * BAR)  # two bars and a half of the slowest tempo that a knob asks for
    scene = dict(stage.state.steering.scenes)[1]
    there = current(stage.state)
    assert dict(there.values) == pytest.approx(dict(scene.values), abs=NEAR)
    assert stage.player.unfilled == 0


def test_a_scene_brings_its_tempo_and_key_with_it_and_one_without_leaves_them_to_the_plan() -> None:
    stage = opening()
    stage.healthy(BAR)
    stage.command(p.StoreScene(1))
    stage.command(p.SetTempo(131.0))
    stage.command(p.SetKey(3))
    stage.command(p.StoreScene(2))
    stage.command(p.RecallScene(1, "now", 0))
    assert (stage.state.steering.bpm, stage.state.steering.key) == (None, None)
    stage.command(p.RecallScene(2, "bar", 1))
    assert stage.state.steering.bpm is None, "it comes in on the bar line"
    stage.healthy(3 * BAR)
    assert stage.state.steering.bpm == 131.0
    assert stage.state.steering.key is not None and stage.state.steering.key.startswith(("D#", "Eb"))
    assert stage.state.grid.bpm == 131.0
    stage.command(p.Undo())
    assert stage.state.steering.bpm is None


def test_a_scene_keeps_no_clocks_tempo_and_leaves_a_clock_its_own() -> None:
    stage = opening()
    stage.healthy(BAR)
    stage.command(p.SetTempo(126.0))
    stage.command(p.StoreScene(1))
    stage.command(p.SetTempo(127.3, follows=True))
    stage.command(p.StoreScene(2))
    assert dict(stage.state.steering.scenes)[2].bpm is None
    stage.command(p.RecallScene(1, "now", 0))
    assert stage.state.steering.bpm == 127.3
