"""`liveset sessions`, `replay`, `export`, `resume`, `report` and `recover` as they are typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import soundfile

from engine.performances.entries import KEPT_SECTIONS
from engine.performances.folders import performances_root
from tests.support.commands import liveset, same_signals
from tests.support.rehearsing import TONES

__all__ = ["same_signals"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIVESET_SESSIONS", str(tmp_path / "sessions"))
    (tmp_path / "cache").mkdir(mode=0o700)  # one that others may read stands for the system's, where a set may play
    for name in ("XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    return tmp_path


def rehearsed(home: Path, generator: str) -> str:
    """Rehearse a set of a bar or two; its session's name."""
    text = TONES.format(minutes=0.1, generator=generator).replace('"Tones"', '"My set"')
    (home / "mine.toml").write_text(text, encoding="utf-8")
    assert liveset("rehearse", str(home / "mine.toml"), "--out", str(home / "mine.flac")).exit_code == 0
    (folder,) = performances_root().iterdir()
    return folder.name


def test_a_set_is_listed_played_again_and_removed(home: Path) -> None:
    name = rehearsed(home, "pocket")
    assert name.startswith("My-set-")
    listed = liveset("sessions").output
    assert name in listed
    assert "My set, rehearsed" in listed
    assert "seed 5" in listed
    (card,) = json.loads(liveset("sessions", "--json").output)["sessions"]
    assert card["length_s"] == pytest.approx(soundfile.info(home / "mine.flac").duration, abs=0.1)
    assert card["preset"] == str(home / "mine.toml")
    assert liveset("replay", "last", "--out", str(home / "again.flac")).exit_code == 0
    assert (home / "again.flac").read_bytes() == (home / "mine.flac").read_bytes()
    assert liveset("report", "last", "--out", str(home / "report")).exit_code == 0
    assert sorted(path.name for path in (home / "report").iterdir()) == ["report.html", "report.json", "set.png"]
    assert "no recording of My-set-" in liveset("recover").output
    assert liveset("sessions", "--remove", name).exit_code == 0
    assert "no set was played yet" in liveset("sessions").output


def test_what_cannot_be_done_is_one_sentence(home: Path) -> None:
    name = rehearsed(home, "tests.generators.tones:Tones")
    shutil.rmtree(performances_root() / name / KEPT_SECTIONS)
    for words, said in (
        (("replay", "last", "--out", str(home / "a.flac")), "which makes nothing twice; only what pocket made, or what is kept"),
        (("replay", "none", "--out", str(home / "a.flac")), "there is no session none"),
        (("replay", "last", "--out", str(home / "a.mp3")), "neither .flac nor .wav"),
        (("replay", "last", "--out", str(home / "mine.flac")), "is there already"),
        (("replay", "last", "--out", str(home / "b.flac"), "--from", "0"), "which makes nothing twice"),
        (("export", "last", "--daw", str(home / "daw")), "which makes nothing twice"),
        (("resume",), "was a rehearsal"),
        (("report",), "which makes nothing twice"),
        (("recover", "none"), "there is no session none"),
        (("recover", str(home / "none.flac")), "No such file or directory; name another file"),
        (("recover", "--minutes", "3", "--out", str(home / "c.wav")), "there are no last minutes of My-set-"),
        (("recover", "--minutes", "3", "--out", str(home / "mine.flac")), "is there already"),
        (("sessions", "--remove", "none"), "there is no session none"),
    ):
        result = liveset(*words)
        assert (result.exit_code, result.output.count("\n")) == (2, 1), result.output
        assert said in result.output
    assert not (home / "daw").exists()
    assert not (home / "a.flac").exists()
