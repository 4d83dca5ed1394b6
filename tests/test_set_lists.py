"""Set lists as they are read: several presets, or a file that names them; what is wrong is told with the file it is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import LivesetError, PresetError
from engine.live.__main__ import _peek_generator
from engine.presets import SetList, load_preset, load_set, parse_preset
from engine.presets.set_lists import copy_set, reread
from engine.protocol import MAX_PIECES, SetOptions
from engine.session.opening import notes, opening_state, pieces_of
from tests.support.set_lists import TONES, set_list, written

LIST = '[setlist]\ntitle = "One night"\npieces = ["a.toml", "b.toml", "sunrise"]\n'


def listed(folder: Path, text: str = LIST) -> str:
    written(folder)
    (folder / "night.toml").write_text(text, encoding="utf-8")
    return str(folder / "night.toml")


def test_several_presets_are_a_set(tmp_path: Path) -> None:
    chosen = load_set([*written(tmp_path), "sunrise"])
    assert [piece.set.title for piece in chosen.pieces] == ["Alpha", "Beta", "Gamma", "Sunrise"]
    assert chosen.name == "Alpha and 3 more"


def test_file_with_a_set_list_names_its_pieces_from_its_own_folder(tmp_path: Path) -> None:
    chosen = load_set([listed(tmp_path)])
    assert [piece.set.title for piece in chosen.pieces] == ["Alpha", "Beta", "Sunrise"]
    assert opening_state(chosen).settings.title == "One night"


def test_one_preset_is_a_set_of_one_piece(tmp_path: Path) -> None:
    assert len(load_set(written(tmp_path)[:1]).pieces) == 1
    assert load_set([]).name == "Sunrise"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[setlist]\npieces = ["a.toml", "gone.toml"]', r"night.toml: \[setlist\] pieces, number 2: there is no preset"),
        ('[setlist]\npieces = ["a.toml", "night.toml"]', "number 2: night.toml is a set list itself"),
        ('[setlist]\npieces = ["broken.toml"]', r"broken.toml: \[\[prompt\]\] number 1, weight"),
        ("[setlist]\npieces = []", r"\[setlist\], pieces is empty"),
        ('[setlist]\npieces = "a.toml"', r"\[setlist\], pieces"),
        ("[setlist]\n", r"\[setlist\], pieces is missing"),
        ('[setlist]\nsongs = ["a.toml"]', 'unknown key "songs" in .setlist.'),
        ('[setlist]\npieces = ["a.toml"]\n[set]\nbpm = 3', r"\[set\] stands beside \[setlist\]"),
        (f"[setlist]\npieces = {['a.toml'] * (MAX_PIECES + 1)}", "pieces"),
        ('[setlist]\npieces = ["a\\u0000"]', "number 1: there is no preset"),
        ("setlist = 3", "setlist"),
    ],
)
def test_what_is_wrong_with_a_list_is_told_with_its_file(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "broken.toml").write_text('[[prompt]]\ntext = "x"\nweight = 7\n', encoding="utf-8")
    with pytest.raises(PresetError, match=said) as refused:
        load_set([listed(tmp_path, text)])
    assert "night.toml" in refused.value.message or "broken.toml" in refused.value.message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match=r"gone\.toml"):
        load_set([*written(tmp_path), str(tmp_path / "gone.toml")])


def test_a_set_list_is_no_piece_of_another(tmp_path: Path) -> None:
    night = listed(tmp_path)
    with pytest.raises(PresetError, match=r"night\.toml is a set list, which cannot be a piece of another"):
        load_set(["sunrise", night])
    with pytest.raises(PresetError, match="too long a list"):
        load_set(["sunrise"] * (MAX_PIECES + 1))


def test_pieces_share_one_metre() -> None:
    waltz = parse_preset('[set]\nbeats_per_bar = 3\n[[prompt]]\ntext = "house"\n', "waltz.toml")
    with pytest.raises(PresetError, match=r"waltz\.toml: 3 beats a bar, and a has 4"):
        opening_state(SetList((set_list().first, waltz)))


def test_pieces_that_are_too_long_together_are_refused() -> None:
    day = parse_preset('[set]\nminutes = 1000\n[[prompt]]\ntext = "house"\n', "day.toml")
    with pytest.raises(LivesetError, match="hours long"):
        opening_state(SetList((day, day)))


def test_another_generator_than_the_first_pieces_is_told() -> None:
    slow = parse_preset('[set]\ntitle = "Slow"\ngenerator = "stable-audio"\n[[prompt]]\ntext = "house"\n', "slow.toml")
    chosen = SetList((set_list("pocket").first, slow))
    assert notes(chosen) == ("Slow asks for stable-audio; the first piece's pocket plays it",)
    assert notes(chosen, SetOptions(generator="pocket")) == ()
    assert opening_state(chosen).settings.loads == "pocket"


def test_minutes_are_shared_out_and_a_seed_gives_each_piece_another_one() -> None:
    short, long = (
        parse_preset(f'[set]\nminutes = {minutes}\nbpm = 120\n[[prompt]]\ntext = "house"\n', "x") for minutes in (4, 12)
    )
    pieces, _ = pieces_of(SetList((short, long)), SetOptions(minutes=8.0, seed=20))
    assert [sum(part.bars for part in piece.plan) for piece in pieces] == [60, 180]
    assert [piece.seed for piece in pieces] == [20, 21]


def test_options_carry_all_presets(tmp_path: Path) -> None:
    options = SetOptions(seed=3).with_presets(["a", "b c", "d"])
    options.write(tmp_path / "options.json")
    assert SetOptions.read(tmp_path / "options.json").presets == ("a", "b c", "d")
    assert SetOptions().presets == () and SetOptions("a").presets == ("a",)


def test_generator_of_the_first_piece_is_found_before_the_list_is_read(tmp_path: Path) -> None:
    assert _peek_generator(listed(tmp_path)) == (TONES, "")
    assert _peek_generator(listed(tmp_path, '[setlist]\npieces = ["night.toml"]')) == ("pocket", "")


def test_copies_of_a_set_list_are_read_again(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    for names in ([listed(tmp_path)], [*written(tmp_path)[:2], "sunrise"]):
        copy_set(names, tmp_path / "log", "preset.toml")
        again = reread(tmp_path / "log" / "preset.toml", [])
        assert again is not None and [piece.set.title for piece in again.pieces] == ["Alpha", "Beta", "Sunrise"]
    copy_set(written(tmp_path)[:1], tmp_path / "log", "preset.toml")
    assert reread(tmp_path / "log" / "preset.toml", []) is None
    copy_set(["none-of-these", "gone.toml"], tmp_path / "log", "other.toml")
    assert not (tmp_path / "log" / "other.toml").exists()


def test_where_one_piece_is_wanted_a_list_is_told_from_a_broken_preset(tmp_path: Path) -> None:
    with pytest.raises(PresetError, match=r"night\.toml is a set list: one piece is wanted here"):
        load_preset(listed(tmp_path))
