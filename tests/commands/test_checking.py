"""What `liveset check` notes about a preset that plays otherwise than its writer may think."""

from __future__ import annotations

from pathlib import Path

import pytest

from liveset.commands.rehearse import check_preset


def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> list[str]:
    path = tmp_path / "set.toml"
    path.write_text(text, encoding="utf-8")
    check_preset(str(path))
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
