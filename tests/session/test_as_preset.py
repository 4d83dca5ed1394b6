"""A set as it stands, saved as a preset, is the same set again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.reacting.on_command import take_command
from engine.conductor.reacting.values import values_by_target
from engine.conductor.state import State
from engine.errors import PresetError
from engine.live.outside.saving import Saving
from engine.midi.mapping import mapping_of
from engine.midi.profiles import Binding, Control, action_of
from engine.presets import load_preset, load_set, parse_preset, preset_names
from engine.presets.tables import MidiTable
from engine.session.as_preset import pieces_written, save_preset, save_set, written
from engine.session.opening import opening_state
from tests.support.set_lists import set_list


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIVESET_PRESETS", str(tmp_path / "own"))
    return tmp_path / "own"


WRITTEN_ANEW = {"transition_bars": 0, "prompts": (), "purpose": "statement", "occurrence": 1}
"""What follows from a plan's parts again: over how many bars they hand over, and the script."""


def again(state: State, name: str = "sunrise") -> State:
    return opening_state(parse_preset(written(state, load_preset(name)), "saved"))


def commanded(state: State, *commands: p.Command) -> State:
    for command in commands:
        state, _ = take_command(state, command)
    return state


def same(one: State, other: State) -> None:
    """Two sets that play alike and stand alike."""
    for name in ("grid", "key", "seed", "title", "total_bars", "motif", "stand_in", "loads", "scene_at", "scene_bars"):
        assert getattr(one.settings, name) == getattr(other.settings, name), name
    plans = [[replace(part, **WRITTEN_ANEW) for part in state.plan] for state in (one, other)]  # type: ignore[arg-type]
    assert plans[0] == plans[1]
    assert values_by_target(one) == pytest.approx(values_by_target(other), abs=1e-4)
    assert [slot.text for slot in one.steering.slots] == [slot.text for slot in other.steering.slots]
    assert [number for number, _ in one.steering.scenes] == [number for number, _ in other.steering.scenes]
    for (_, scene), (_, back) in zip(one.steering.scenes, other.steering.scenes, strict=True):
        assert [text for text, _ in sorted(scene.prompts)] == [text for text, _ in sorted(back.prompts)]
        assert [to for _, to in sorted(scene.prompts)] == pytest.approx([to for _, to in sorted(back.prompts)], abs=1e-4)
        assert dict(scene.values) == pytest.approx(dict(back.values), abs=1e-4)
        assert back.whole


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_comes_back_as_it_was(name: str) -> None:
    state = opening_state(load_preset(name))
    back = again(state, name)
    same(state, back)
    assert [(part.purpose, part.occurrence) for part in back.plan] == [(part.purpose, part.occurrence) for part in state.plan]


TEXTS = ["acid", 'a "quoted" \\ one', "naïve ♪ 宇", "[x] = 3 # no", "808", "2", "²"]
MOVES = st.one_of(
    st.builds(p.SetWeight, st.integers(0, 3), st.floats(0, 1)),
    st.builds(p.SetMacro, st.sampled_from(p.MACROS), st.floats(0, 1)),
    st.builds(p.SetStem, st.sampled_from(p.STEMS), st.floats(0, 1), st.booleans()),
    st.builds(p.StoreScene, st.integers(1, p.MAX_SCENES)),
    st.builds(p.SetPrompt, st.integers(0, 5), st.sampled_from(TEXTS)),
    st.builds(p.RecallScene, st.integers(1, p.MAX_SCENES), st.just("now"), st.just(0)),
    st.builds(p.GoOn, st.floats(1, 5)),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(MOVES, max_size=12))
def test_steered_set_comes_back_as_it_stands(moves: list[p.Command]) -> None:
    state = commanded(opening_state(load_preset("sunrise")), *moves)
    found = again(state)
    same(replace(state, settings=replace(state.settings, total_bars=sum(part.bars for part in state.plan))), found)


def test_mapping_is_saved_with_it() -> None:
    midi = '[midi]\ncontroller = "none"\ncc20 = { to = "macro drive", range = [1, 0] }\n[midi.port."LPD8 (2)"]\nnotes = true\n'
    preset = parse_preset(f'[[prompt]]\ntext = "house"\n{midi}', "x")
    back = parse_preset(written(opening_state(preset), preset), "saved")
    assert back.midi == preset.midi


def test_saved_preset_is_found_by_its_name_and_not_replaced_unasked(own: Path) -> None:
    text = written(opening_state(load_preset("sunrise")), load_preset("sunrise"))
    path = save_preset("friday night", text)
    assert path == own / "friday night.toml" and load_preset("friday night").set.title == "Sunrise"
    assert "friday night" in preset_names() and "friday night" not in preset_names(own=False)
    with pytest.raises(PresetError, match="already"):
        save_preset("friday night", text)
    assert save_preset("friday night", text.replace("Sunrise", "Other"), force=True) == path
    assert load_preset("friday night").set.title == "Other"


@pytest.mark.parametrize(
    "name", ["", "  ", ".hidden", "x" * 200, "sunrise", "Midnight", "vocabulary", "a\nb", "what?", "folder/", "/proc/nothing/x"]
)
def test_names_that_cannot_be_are_refused(name: str) -> None:
    with pytest.raises(PresetError) as refused:
        save_preset(name, "")
    assert refused.value.hint


def test_path_is_saved_where_it_says(tmp_path: Path) -> None:
    assert save_preset(str(tmp_path / "here.toml"), "x = 1\n") == tmp_path / "here.toml"


def test_prompts_of_one_text_and_of_figures_keep_their_places_in_scenes() -> None:
    texts = ("house", "house", "2", "808")
    state = opened("".join(f'[[prompt]]\ntext = "{text}"\n' for text in texts), first=False)
    state = commanded(state, *(p.SetWeight(slot, 0.1 * slot) for slot in range(4)), p.StoreScene(1))
    same(state, again(state))


def test_strengths_of_lora_files_are_saved_with_scenes(tmp_path: Path) -> None:
    (tmp_path / "warm.safetensors").write_bytes(b"")
    text = '[[prompt]]\ntext = "house"\n[[lora]]\npath = "warm.safetensors"\nstrength = 1.6\n'
    state = commanded(opening_state(parse_preset(text, "x", tmp_path)), p.StoreScene(1), p.SetLora(0, 0.5))
    back = again(state)
    same(state, back)
    assert commanded(back, p.RecallScene(1, "now")).steering.loras[0].strength == pytest.approx(1.6)


@pytest.mark.parametrize("name", ["friday", "friday night", "it's"])
def test_word_on_a_saved_set_is_a_command_that_plays_it(name: str) -> None:
    preset = load_preset("sunrise")
    told: list[str] = []
    saving = Saving(preset, lambda work, done: done(work()), lambda _level, said: told.append(said))
    saving.save(name, opening_state(preset), force=False, taught={})
    words = shlex.split(told[0])
    assert words[-5:] == ["play", name, "plays", "it", "again."]
    assert len(told[0]) <= 100


def test_word_on_a_set_saved_elsewhere_is_its_file(tmp_path: Path) -> None:
    preset = load_preset("sunrise")
    told: list[str] = []
    Saving(preset, lambda work, done: done(work()), lambda _level, said: told.append(said)).save(
        str(tmp_path / "here"), opening_state(preset), force=False, taught={}
    )
    assert told == ["Saved: here.toml is a preset now."]


def moved_by(midi: MidiTable, port: str) -> list[str]:
    """What a knob of a port moves in a set with such a table, to whom nothing was taught."""
    mapping = mapping_of("saved", midi.controller, midi.overrides)
    mapping.opened(port, 0.0)
    return [action.name for control, action in mapping.in_force(port) if "cc111" in control]


@pytest.mark.parametrize("own", ["", '[midi]\n[midi.port."Box*"]\ncc78 = "hold"\n'])
def test_what_controllers_were_taught_is_saved_with_the_set(tmp_path: Path, own: str) -> None:
    preset = parse_preset('[[prompt]]\ntext = "house"\n' + own, "bought")
    binding = Binding(Control("cc", 111, 1), action_of("macro echo", "test"), span=(1.0, 0.0))
    saving = Saving(preset, lambda work, done: done(work()), lambda _level, said: None)
    saving.save(str(tmp_path / "here"), opening_state(preset), force=False, taught={"Box 1": {binding.control: binding}})
    back = load_preset(str(tmp_path / "here.toml")).midi
    assert moved_by(preset.midi, "Box 1") == [] and moved_by(back, "Box 1") == ["macro echo"]
    assert moved_by(back, "Other") == []
    assert back.overrides["port"]["Box 1"]["ch1_cc111"] == {"to": "macro echo", "range": [1.0, 0.0]}
    assert back.overrides["port"]["Box 1"].get("cc78") == ("hold" if own else None), "the preset's own line stays"


# ------------------------------------------------------------ the tables of presets


TWO_PROMPTS = '[[prompt]]\ntext = "house"\n[[prompt]]\ntext = "bells"\n'


def opened(text: str, first: bool = True) -> State:
    return opening_state(parse_preset(f"{TWO_PROMPTS if first else ''}{text}", "x"))


def test_start_says_where_things_stand() -> None:
    state = opened('[start]\nmacros = { filter = 0.3 }\nstems = { bass = 0.5 }\nmuted = ["lead"]\n')
    there = values_by_target(state)
    assert (there["macro filter"], there["stem bass"], there["mute lead"], there["macro echo"]) == (0.3, 0.5, 1.0, 0.0)


def test_scene_of_a_preset_is_recalled_by_number() -> None:
    state = opened('[scenes]\nat = "now"\n[[scene]]\nnumber = 2\nprompts = { 2 = 0.7 }\nmuted = ["drums"]\n')
    there = values_by_target(commanded(state, p.RecallScene(2)))
    assert (there["prompt 1"], there["prompt 2"], there["mute drums"], there["mute bass"]) == (1.0, 0.7, 1.0, 0.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[start]\nmacros = { fliter = 0.3 }", "filter"),
        ("[start]\nstems = { bas = 0.3 }", "there is no stem"),
        ("[start]\nmacros = { filter = 3 }", "at most 1"),
        ("[scenes]\nat = 'never'", "now"),
        ("[scenes]\nbars = 900", "at most 64"),
        ("[[scene]]\nprompts = { 1 = 1 }", "number"),
        ("[[scene]]\nnumber = 9", "at most 8"),
        ("[[scene]]\nnumber = 1\nprompts = { 5 = 1 }", "prompts 1 to 2"),
        ("[[scene]]\nnumber = 1\n[[scene]]\nnumber = 1", "two scenes 1"),
        ("[[scene]]\nnumber = 1\nnmae = 'x'", "unknown key"),
        ("[[scene]]\nnumber = 1\nprompts = { '' = 1 }", "[[scene]]"),
        ("[[scene]]\nnumber = 1\nloras = { 1 = 1 }", "LoRA file 1"),
        ("[[scene]]\nnumber = 1\nloras = { one = 1 }", "a whole number"),
    ],
)
def test_mistakes_are_told(text: str, said: str) -> None:
    with pytest.raises(PresetError) as refused:
        opened(text)
    assert said in str(refused.value)


MOVING = """
[set]
bpm = 120
key = "F minor"
[[prompt]]
text = "house"
[[section]]
bars = 8
[[section]]
bars = 8
bpm = 128
glide = 4
key = "C minor"
"""


def test_a_tempo_and_a_key_of_a_section_are_saved() -> None:
    state = opening_state(parse_preset(MOVING))
    same(state, again(state))


def test_a_tempo_and_a_key_that_a_hand_moved_are_the_saved_sets_own() -> None:
    state = commanded(opening_state(parse_preset(MOVING)), p.SetTempo(99.5), p.StepKey(2))
    saved = again(state)
    assert (saved.settings.grid.bpm, saved.settings.key) == (99.5, "G minor")
    assert {(part.bpm, part.key, part.glide) for part in saved.plan} == {(None, None, 0)}


def test_plan_that_was_changed_is_saved_with_its_curves() -> None:
    state = opening_state(load_preset("sunrise"))
    third = state.plan[2].id
    moves = (p.SetCurve("density", 0.11, third), p.SetCurve("brightness", 0.93, third), p.SetCurve("energy", 0.37, third))
    state = commanded(state, *moves, p.InsertPart("breakdown", third), p.EditPart(state.plan[1].id, "later"))
    back = again(state)
    same(state, back)
    leant = next(part for part in back.plan if part.brightness == 0.93)
    assert (leant.energy, leant.density) == (0.37, 0.11)


def test_set_list_is_saved_with_its_pieces_the_one_that_sounds_as_it_is_steered(tmp_path: Path) -> None:
    chosen = set_list("pocket")
    state = commanded(opening_state(chosen), p.SetWeight(0, 0.2), p.StoreScene(3), p.EditPieces("skip"))
    texts = pieces_written(state, chosen)
    path = save_set(str(tmp_path / "night"), texts, "One night")
    assert path == tmp_path / "night.toml"
    back = load_set([str(path)])
    assert back.name == "One night" and [piece.set.title for piece in back.pieces] == ["Alpha", "Gamma"]
    again = opening_state(back)
    assert [(part.name, part.bars, part.bpm, part.key) for part in again.plan] == [
        (part.name, part.bars, part.bpm, part.key) for part in state.plan
    ]
    assert again.steering.slots[0].weight == 0.2 and [number for number, _ in again.steering.scenes] == [3]
    assert again.settings.pieces[1].slots == state.settings.pieces[2].slots
    assert [piece.seed for piece in again.settings.pieces] == [3, 5]
    with pytest.raises(PresetError, match="already"):
        save_set(str(tmp_path / "night"), texts, "One night")
    assert save_set(str(tmp_path / "night"), texts, "One night", force=True) == path
