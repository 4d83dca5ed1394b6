"""`liveset midi --learn` and `--export`: a control is taught without the screen, and a map is handed on."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import MidiError
from engine.midi.devices import monitor, system
from engine.midi.meaning.values import MODES
from engine.midi.profiles import parse_bindings
from engine.midi.teaching.learned import load, save
from liveset.commands import inspect
from tests.midi.messages import cc


class Knobs:
    """A MIDI system with one input, which turns a knob as soon as somebody listens."""

    def inputs(self) -> list[str | None]:
        return ["Foo Pad"]

    def open(self, name: str | None, on_message: Callable[[bytes], None], place: int = 0) -> Knobs:
        for value in range(20, 60, 5):
            on_message(bytes(cc(33, value).bytes()))
        return self

    def close(self) -> None: ...


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(inspect, "learned_folder", lambda: tmp_path)
    monkeypatch.setattr("engine.midi.port.SETTLING_S", 0.0)
    monkeypatch.setattr("engine.midi.mapping.SETTLING_S", 0.0)
    for function in (monitor.learn, monitor.monitor, monitor.list_ports):
        patched = tuple(Knobs if default is system.find_system else default for default in function.__defaults__ or ())
        monkeypatch.setattr(function, "__defaults__", patched)
    return tmp_path


def test_control_is_taught_and_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inspect.learn_control("macro drive", "", add=False)
    said = capsys.readouterr().out
    assert "cc33 ch1 moves macro drive now" in said and str(folder) in said
    tables, _ = load(folder)
    assert [str(control) for control in tables["Foo Pad"]] == ["ch1 cc33"]
    assert next(iter(tables["Foo Pad"].values())).mode == MODES[0]  # type: ignore[union-attr]


def test_unknown_action_is_refused_before_anybody_waits(folder: Path) -> None:
    with pytest.raises(MidiError, match="nothing is called"):
        inspect.learn_control("macro fliter", "", add=False)


def test_map_is_exported_as_a_profile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(folder, "Foo Pad", parse_bindings({"ch1_cc33": {"to": "macro drive", "range": [1, 0]}, "cc16": "off"}))
    inspect.export_map("foo", "")
    data = tomllib.loads(capsys.readouterr().out)
    assert data["ports"] == ["Foo Pad"]
    assert data["controls"]["ch1_cc33"] == {"to": "macro drive", "range": [1.0, 0.0]}
    assert data["controls"]["cc17"] == "prompt 2" and "cc16" not in data["controls"]
    assert parse_bindings(data["controls"])


def test_unknown_input_is_named_with_those_there_are(folder: Path) -> None:
    with pytest.raises(MidiError, match="no input is called 'bar'"):
        inspect.export_map("bar", "")
