"""Presets: what ships can be read; what is wrong is named, with the nearest right word."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PresetError
from engine.presets import find_preset, load_preset, parse_preset, preset_names
from engine.protocol import LoraStrength
from engine.session.opening import opening_state

PROMPT = '[[prompt]]\ntext = "house"\n'

WRONG = [
    ("[sett]\n" + PROMPT, "sett", 'did you mean "set"?'),
    ("[set]\nminuts = 6\n" + PROMPT, "minuts", 'did you mean "minutes"?'),
    ("[set]\nbpm = 500\n" + PROMPT, "[set], bpm", "300"),
    ('[set]\nkey = "H minor"\n' + PROMPT, "[set], key", ""),
    ('[[prompt]]\ntext = "a"\nwait = 1\n', "wait", 'did you mean "weight"?'),
    ('[[prompt]]\ntext = "a"\nweight = 2\n', "[[prompt]] number 1, weight", "1"),
    (PROMPT + '[[section]]\nrole = "dorp"\n', "dorp", 'did you mean "drop"?'),
    (PROMPT + '[[section]]\ntransition = "bass-swop"\n', "bass-swop", 'did you mean "bass-swap"?'),
    (PROMPT + "[[section]]\nprompts = { 3 = 0.5 }\n", "number 1 leans on prompt 3", "prompts 1 to 1"),
    (PROMPT + "[[section]]\nprompts = { one = 0.5 }\n", "by number", ""),
    (PROMPT + "[[section]]\nbars = 0\n", "[[section]] number 1, bars", ""),
    ("[set]\n", "no [[prompt]]", "add one"),
    ('[set]\ngenerator = "pockit"\n' + PROMPT, "pockit", 'did you mean "pocket"?'),
    (PROMPT * 17, "there are 17 [[prompt]] tables", "at most 16 can be"),
    (PROMPT + '[[lora]]\npath = "nowhere.safetensors"\n', "nowhere.safetensors", "the preset's own folder"),
    (PROMPT + '[[lora]]\npath = "a"\nstrength = 2.5\n', "[[lora]] number 1, strength", "2"),
    (PROMPT + "[[lora]]\nstrenght = 1\n", "", ""),
    (PROMPT + '[[lora]]\npath = "a"\nstrenght = 1\n', "strenght", 'did you mean "strength"?'),
    (PROMPT + '[[lora]]\npath = "a"\n' * 9, "lora", "8"),
    ("[set\n", "not valid TOML", "line"),
]


@pytest.mark.parametrize(("text", "names", "says"), WRONG)
def test_wrong_presets_name_the_key_and_the_nearest(text: str, names: str, says: str) -> None:
    with pytest.raises(PresetError) as raised:
        parse_preset(text, "mine.toml")
    assert "mine.toml" in raised.value.message
    assert names in str(raised.value)
    assert says in str(raised.value)
    assert "\n" not in raised.value.message


def test_at_least_six_presets_ship_and_can_be_read() -> None:
    names = preset_names()
    assert len(names) >= 6
    for name in names:
        assert load_preset(name).prompt


def test_keys_are_spelled_in_one_way() -> None:
    assert parse_preset('[set]\nkey = "f min"\n' + PROMPT).set.key == "F minor"


@pytest.mark.parametrize("name", ["", " "])
def test_empty_preset_name_is_reported(name: str) -> None:
    with pytest.raises(PresetError, match=r"the preset's name is empty.*sunrise"):
        find_preset(name)


def test_midi_overrides_are_kept_for_the_mapping() -> None:
    preset = parse_preset(PROMPT + '[midi]\ncontroller = "generic"\ncc20 = "prompt 3"\n')
    assert preset.midi.overrides == {"cc20": "prompt 3"}


def test_presets_are_found_by_name_and_by_path(tmp_path: Path) -> None:
    assert find_preset("sunrise").name == "sunrise.toml"
    mine = tmp_path / "mine.toml"
    mine.write_text(PROMPT, encoding="utf-8")
    assert find_preset(str(mine)) == mine
    with pytest.raises(PresetError, match='"sunrize"') as raised:
        find_preset("sunrize")
    assert "sunrise" in raised.value.hint


def test_binary_preset_is_reported(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PresetError, match="cannot read"):
        load_preset(str(mine))


def test_lora_files_are_found_from_the_presets_folder_and_reach_the_set(tmp_path: Path) -> None:
    (tmp_path / "loras").mkdir()
    (tmp_path / "loras" / "warm.safetensors").write_bytes(b"")
    (tmp_path / "other.safetensors").write_bytes(b"")
    lines = f'[[lora]]\npath = "loras/warm.safetensors"\nstrength = 1.5\n[[lora]]\npath = "{tmp_path}/other.safetensors"\n'
    (tmp_path / "mine.toml").write_text(PROMPT + lines, encoding="utf-8")
    state = opening_state(load_preset(str(tmp_path / "mine.toml")))
    warm, other = str(tmp_path / "loras" / "warm.safetensors"), str(tmp_path / "other.safetensors")
    assert state.steering.loras == (LoraStrength(warm, 1.5), LoraStrength(other, 1.0))
