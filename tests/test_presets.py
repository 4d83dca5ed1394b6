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
    (PROMPT + "[[section]]\nbpm = 19\n", "[[section]] number 1, bpm", "20"),
    (PROMPT + "[[section]]\ntempo = 120\n", "tempo", 'did you mean "bpm"?'),
    (PROMPT + "[[section]]\nglide = 65\n", "[[section]] number 1, glide", "64"),
    (PROMPT + '[[section]]\nkey = "H minor"\n', "[[section]] number 1, key", ""),
    (PROMPT + "[[section]]\nbars = 0\n", "[[section]] number 1, bars", ""),
    ("[set]\n", "no [[prompt]]", "add one"),
    ('[set]\ngenerator = "pockit"\n' + PROMPT, "pockit", 'did you mean "pocket"?'),
    (PROMPT * 17, "there are 17 [[prompt]] tables", "at most 16 can be"),
    (PROMPT + '[[lora]]\npath = "nowhere.safetensors"\n', "nowhere.safetensors", "the preset's own folder"),
    (PROMPT + '[[lora]]\npath = "a"\nstrength = 2.5\n', "[[lora]] number 1, strength", "2"),
    (PROMPT + "[[lora]]\nstrength = 1\n", "[[lora]] number 1, path is missing", "add"),
    (PROMPT + '[[lora]]\npath = "a"\nstrenght = 1\n', "strenght", 'did you mean "strength"?'),
    (PROMPT + '[[lora]]\npath = "a"\n' * 9, "lora", "8"),
    (PROMPT + '[input]\ndevice = "mic=soon"\n', "[input], device", "milliseconds from -500 to 500"),
    ("[set\n", "not valid TOML", "line"),
]


@pytest.mark.parametrize(("text", "names", "says"), WRONG)
def test_wrong_presets_name_the_key_and_the_nearest(text: str, names: str, says: str) -> None:
    with pytest.raises(PresetError) as raised:
        parse_preset(text, "mine.toml")
    assert raised.value.message.startswith("mine.toml")
    assert names in str(raised.value)
    assert says in str(raised.value)
    assert "\n" not in raised.value.message


def refused(text: str) -> str:
    with pytest.raises(PresetError) as raised:
        parse_preset(text, "mine.toml")
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[set]\nseed = " + "9" * 5000 + "\n" + PROMPT, "not valid TOML: a number"),
        ("[set]\ntitle = " + "[" * 2000 + "\n" + PROMPT, "not valid TOML: its brackets"),
        ('[set]\nmeter = "7/8"\n' + PROMPT, 'did you mean "beats_per_bar"?'),
        ("[set]\ntempo = 120\n" + PROMPT, 'did you mean "bpm"?'),
        ("[set]\nlength = 6\n" + PROMPT, 'did you mean "minutes"?'),
        ('[[prompt]]\nprompt = "house"\n', 'did you mean "text"?'),
        ('[[prompt]]\ntext = "a"\nweight = 80\n', "weight is 80; did you mean 0.8?"),
        (PROMPT + "[[section]]\nprompts = { 1 = 70 }\n", "prompts.1 is 70; did you mean 0.7?"),
        ('[[prompt]]\ntext = "' + "a" * 1001 + '"\n', "number 1, text has 1,001 characters; at most 1,000"),
        ('[[prompt]]\ntext = "\\u200b"\n', "number 1, text is empty"),
        ('[set]\ntime_signature = "seven"\n' + PROMPT, '"7/8"'),
        ("[set]\ntitle = Night\n" + PROMPT, 'text needs quotes: title = "Night"'),
        ('[set]\ntitle: "x"\n' + PROMPT, "write title = ... instead of"),
        ("[[prompt]]\ntext = “house”\n", "straight quotes"),
        ('[set]\nbpm = "fast"\n' + PROMPT, "bpm must be a number (got fast)"),
        ('[set]\nkey = "\\u001b[31mX"\n' + PROMPT, "[set], key"),
    ],
)
def test_what_people_write_instead_is_told_in_their_words(text: str, says: str) -> None:
    told = refused(text)
    assert says in told and "\n" not in told and "\x1b" not in told


def test_all_mistakes_of_a_preset_are_told_at_once() -> None:
    told = refused('[set]\nbpm = 500\nkey = "X"\n[[prompt]]\ntxt = "a"\nweight = 80\n[[section]]\nrole = "dorp"\n').splitlines()
    assert told[0] == "mine.toml has 5 mistakes:" and len(told) == 6
    assert 'did you mean "text"?' in told[4] and 'did you mean "drop"?' in told[5]
    told = refused("[set]\ntitle = Night\n[[prompt]]\ntext = warm house\n").splitlines()
    assert [line.split("; ")[1] for line in told[1:]] == [
        'text needs quotes: title = "Night"',
        'text needs quotes: text = "warm house"',
    ]


@pytest.mark.parametrize(
    "text", ['[prompt]\ntext = "dub"', 'prompt = "dub"', 'prompt = ["dub"]', '\ufeff[[prompt]]\ntext = "dub"']
)
def test_prompts_are_read_however_they_are_written(text: str) -> None:
    assert [prompt.text for prompt in parse_preset(text).prompt] == ["dub"]


def test_a_time_signature_sets_the_beats_of_a_bar() -> None:
    assert parse_preset('[set]\ntime_signature = "7/8"\n' + PROMPT).set.beats_per_bar == 7


@pytest.mark.parametrize(("said", "beats"), [("", 3), ("beats_per_bar = 4", 4), ('time_signature = "7/8"', 7)])
def test_a_style_has_its_beats_a_bar_unless_the_preset_says_others(said: str, beats: int) -> None:
    assert opening_state(parse_preset(f"[set]\n{said}\n" + PROMPT.replace("house", "waltz"))).settings.grid.beats_per_bar == beats


@pytest.mark.parametrize(("written", "key"), [("8A", "A minor"), ("h-Moll", "B minor"), ("B-Dur", "Bb major")])
def test_keys_of_djs_and_of_germans_are_read(written: str, key: str) -> None:
    assert parse_preset(f'[set]\nkey = "{written}"\n' + PROMPT).set.key == key


def test_what_cannot_be_seen_is_left_out_and_lines_become_one() -> None:
    preset = parse_preset(
        '[[prompt]]\ntext = "techno\\u001b[31m wob\\u200bbl\\u001b]0;hi\\u0007"\n[[section]]\nname = "[/drop]\\t1"\n'
    )
    assert preset.prompt[0].text == "techno wobbl" and preset.section[0].name == "[/drop] 1"
    assert parse_preset('[[prompt]]\ntext = """- techno\n- warm pads,\nno bass"""').prompt[0].text == "techno, warm pads, no bass"


def test_the_ending_of_a_presets_name_may_be_in_capitals(tmp_path: Path) -> None:
    (tmp_path / "Night.TOML").write_text(PROMPT, encoding="utf-8")
    assert load_preset(str(tmp_path / "Night.TOML")).prompt[0].text == "house"


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
