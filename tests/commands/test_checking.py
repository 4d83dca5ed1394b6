"""What `liveset check` notes about a preset that plays otherwise than its writer may think."""

from __future__ import annotations

from pathlib import Path

import pytest

from liveset.commands.rehearse import check_preset


def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> list[str]:
    path = tmp_path / "set.toml"
    path.write_text(text, encoding="utf-8")
    check_preset([str(path)])
    return [line.removeprefix("note: ") for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]


def test_check_notes_weightless_prompts_and_competing_tempos(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = '[[prompt]]\ntext = "techno, 140 BPM"\nweight = {}\n[[prompt]]\ntext = "house, 120 BPM"\nweight = 0.0\n'
    assert said(tmp_path, capsys, two.format("0.0")) == [
        "no prompt has any weight: house plays until one does",
        "prompts ask for 120 and 140 BPM: that of the heaviest counts",
    ]
    assert said(tmp_path, capsys, "[set]\nbpm = 130\n" + two.format("0.5")) == []


def test_check_notes_words_without_meaning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(tmp_path, capsys, '[[prompt]]\ntext = "tecno, flurbles, no house"\n') == [
        'prompt 1: nothing was understood from "flurbles"',
        'prompt 1: nothing was understood from "no house"',
        'prompt 1: "tecno" was taken for "techno"',
    ]


def test_check_says_where_the_tempo_and_the_key_move_and_how_long_the_set_is_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ten bars at 120 BPM are 20 s, and as many at 60 BPM twice that; sections that name nothing stay where it is."""
    path = tmp_path / "set.toml"
    head = '[set]\nbpm = 120\nkey = "F minor"\n[[prompt]]\ntext = "house"\n'
    path.write_text(
        head + '[[section]]\nbars = 10\n[[section]]\nbars = 6\nbpm = 60\nkey = "C minor"\n[[section]]\nbars = 4\n'
        "[[section]]\nbars = 4\nbpm = 120\nglide = 8\n",
        encoding="utf-8",
    )
    check_preset([str(path)])
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("from bar")] == [
        "from bar 11: 60 BPM, C minor",
        "from bar 21: 120 BPM over 4 bars",
    ]
    assert ": 120 BPM, F minor, 4 beats a bar, 1:13 minutes" in out
