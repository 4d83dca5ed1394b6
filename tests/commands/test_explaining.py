"""`liveset explain`: what is printed of a prompt."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from engine.prompts.vocabulary import vocabulary
from liveset.commands.explain import explain


def test_explain_names_values_words_guesses_and_unknown_words(capsys: pytest.CaptureFixture[str]) -> None:
    explain("very dark tecno with flurbles, no hats, 131 BPM in D dorian", False)
    page = capsys.readouterr().out
    for said in ("techno", "131 BPM", "D dorian", "hats", '"very dark"', '"tecno" was taken for "techno"', '"flurbles"'):
        assert said in page, said


def test_json_holds_every_parameter_with_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    explain("warm house, long echoes, flurbles", True)
    said = json.loads(capsys.readouterr().out)
    assert set(said["parameters"]) == set(vocabulary().parameters)
    assert said["parameters"]["echo"]["words"] == ["long echoes"]
    assert said["parameters"]["swing"]["words"] == []
    assert said["unknown"] == ["flurbles"]
    assert said["styles"] == [{"name": "house", "share": 1.0}]
    assert said["silencing_words"] == []


def test_explain_shows_words_beside_silences_and_instruments(capsys: pytest.CaptureFixture[str]) -> None:
    explain("no drums, warm pads, rhodes", False)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "drums" in lines["silent"]
    assert '"no drums"' in lines["silent"]
    assert '"warm pads"' in lines["pad"]
    assert "rhodes" not in lines["pad"]
    assert '"rhodes"' in lines["comp"]


def test_page_fits_eighty_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    explain("dreamy melancholic dub techno, very dark, warm pads, rhodes, more echo, less dirty, dusty vinyl, long reverb", False)
    assert max(len(line.rstrip()) for line in capsys.readouterr().out.splitlines()) <= 80


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_characters_that_the_terminal_lacks_are_replaced(encoding: str) -> None:
    argv = [sys.executable, "-m", "liveset", "explain", "techno, no drums"]
    said = subprocess.run(argv, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": encoding})
    assert said.returncode == 0, said.stderr
    assert b"techno" in said.stdout and b"+ every word was understood" in said.stdout  # its mark is a tick elsewhere
    assert b"Error" not in said.stderr
