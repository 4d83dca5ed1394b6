"""`liveset doctor --preset`: whether a set will hold, from its first minute and this machine's disks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import soundfile

from engine.errors import PresetError
from engine.protocol import SetOptions
from engine.rehearsal.rehearsal import Rehearsal
from engine.session.opening import opening_state
from liveset.commands import doctor
from liveset.commands.doctor import Finding, examine
from liveset.commands.preflight import _disks, _pace, _plan, checks, verdict
from tests.support.rehearsing import preset


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_rehearsal_ends_where_it_is_told_to(tmp_path: Path) -> None:
    Rehearsal(preset(), SetOptions(record=str(tmp_path / "part.wav"))).run(until_s=3.0)
    assert soundfile.info(tmp_path / "part.wav").duration == pytest.approx(3.0, abs=0.05)


def test_the_first_minute_says_how_fast_the_sets_generator_is(monkeypatch: pytest.MonkeyPatch) -> None:
    (finding,) = _pace(preset())
    assert finding.level == "ok"
    assert "makes" in finding.what
    assert "seconds of music a second" in finding.what
    monkeypatch.setattr("liveset.commands.preflight.LEAST_OTHERS", 1e9)
    (finding,) = _pace(preset())
    assert finding.level == "problem"


def test_the_plan_says_length_tempo_and_generator() -> None:
    chosen = preset("pocket", 2.0)
    what, how = (finding.what for finding in _plan(chosen, opening_state(chosen)))
    assert what == "set: Tones, 4 sections on pocket"
    assert how == "set: 2.0 minutes, 133.3 BPM, A minor"


@pytest.mark.parametrize(("free_mb", "levels"), [(100_000, ["ok", "ok"]), (40, ["problem", "ok"]), (1, ["problem", "problem"])])
def test_disks_must_have_room_for_the_whole_set(free_mb: int, levels: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, free_mb * 2**20))
    assert [finding.level for finding in _disks(opening_state(preset(minutes=2.0)))] == levels


def test_a_preset_that_is_not_there_is_said_before_anything_is_rendered() -> None:
    with pytest.raises(PresetError):
        checks("nothing-of-that-name")


def test_one_problem_is_enough_for_a_night_that_does_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    def found(*levels: doctor.Level) -> Iterator[Finding]:
        yield from (Finding(level, level) for level in levels)

    assert examine((lambda: found("ok"), lambda: found("note")), verdict) == 0
    assert examine((lambda: found("note"), lambda: found("problem", "ok")), verdict) == 1
    said = capsys.readouterr().out
    assert "the night will hold; 1 thing to know" in said
    assert "the night will not hold" in said
