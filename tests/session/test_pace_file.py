"""The speed a generator had in the set before: read back as written, and nothing from what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.conductor.planning.pace import Pace
from engine.live import pace_file
from engine.live.pace_file import remember, remembered

PACE = Pace(((4, 0.2), (8, 0.35)))


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "liveset" / "pace.json"
    monkeypatch.setattr(pace_file, "_path", lambda: path)
    return path


def test_each_generator_model_and_precision_has_its_own_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    assert remembered("stable-audio") == Pace()
    remember("stable-audio", PACE)
    remember("other", Pace(((8, 2.0),)))
    assert remembered("stable-audio") == PACE
    assert remembered("other") == Pace(((8, 2.0),))
    monkeypatch.setenv("LIVESET_PRECISION", "int8")
    assert remembered("stable-audio") == Pace()


@pytest.mark.parametrize(
    "bad", ["", "[]", "3", '{"KEY": 3}', '{"KEY": [[8]]}', '{"KEY": [["a", "b"]]}', '{"KEY": [[8, -1.0]]}', '{"KEY": null}']
)
def test_unreadable_pace_file_counts_as_unknown(file: Path, bad: str) -> None:
    remember("stable-audio", PACE)
    key = next(iter(json.loads(file.read_text())))
    file.write_text(bad.replace("KEY", key))
    assert remembered("stable-audio") == Pace()
    remember("stable-audio", PACE)
    assert remembered("stable-audio") == PACE


def test_pace_that_cannot_be_saved_is_ignored(file: Path) -> None:
    file.parent.write_text("a file where the folder should be")
    remember("stable-audio", PACE)
    assert remembered("stable-audio") == Pace()
