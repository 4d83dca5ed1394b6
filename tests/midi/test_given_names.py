"""What performers call their MIDI inputs: kept in one file, told in place of the ports' own names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from engine.errors import MidiError
from engine.live.outside.naming import Naming
from engine.midi.teaching import given_names
from engine.protocol import LONGEST_PORT, MidiView
from tests.midi.messages import Hand, generic, note

Result = TypeVar("Result")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings" / "inputs.toml"


def at_once(work: Callable[[], Result], done: Callable[[Result], None]) -> None:
    done(work())


def naming(path: Path, told: list[str] | None = None) -> tuple[Naming, Hand]:
    mapping = generic(notes=True)
    heard = [] if told is None else told
    return Naming(mapping, path, at_once, lambda _level, text: heard.append(text)), mapping


def test_a_name_is_told_in_place_of_the_ports_and_kept_for_the_next_set(path: Path) -> None:
    names, mapping = naming(path)
    names.rename("USB MIDI 1", "  left   box ")
    names.rename("Keys (2)", "organ")
    assert mapping.play(note(38), port="USB MIDI 1")
    assert mapping.did() == ["left box: note38 ch1 -> next"]
    later, _ = naming(path)
    assert dict(later.shown) == {"USB MIDI 1": "left box", "Keys (2)": "organ"}
    assert MidiView(names=later.shown).called("Keys (2)") == "organ"
    assert MidiView(names=later.shown).called("Keys") == "Keys"


@pytest.mark.parametrize("own", ["", "   ", "Keys"])
def test_an_input_gets_its_own_name_back(path: Path, own: str) -> None:
    names, mapping = naming(path)
    names.rename("Keys", "organ")
    names.rename("Keys", own)
    assert names.shown == () and mapping.called("Keys") == "Keys"
    assert given_names.load(path) == ({}, "")


def test_a_long_name_is_cut_to_what_lines_have_room_for(path: Path) -> None:
    names, mapping = naming(path)
    names.rename("Keys", "a very long name for a small keyboard")
    assert len(mapping.called("Keys")) <= LONGEST_PORT


def test_a_file_with_a_mistake_is_told_and_put_aside_not_written_over(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("[names\nKeys = organ\n", encoding="utf-8")
    told: list[str] = []
    names, _ = naming(path, told)
    assert told == ["MIDI: inputs.toml is left out, and inputs have their own names; see the log"]
    names.rename("Pads", "drums")
    assert given_names.load(path)[0] == {"Pads": "drums"}
    assert "organ" in path.with_suffix(".bak").read_text(encoding="utf-8")


def test_lines_that_are_no_names_are_left_out(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('[names]\nKeys = 3\nPads = ""\nBox = "left"\n', encoding="utf-8")
    assert given_names.load(path) == ({"Box": "left"}, "")
    path.write_text("names = 3\n", encoding="utf-8")
    assert given_names.load(path) == ({}, "")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders that are files")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("a file", encoding="utf-8")
    with pytest.raises(MidiError, match="names of inputs cannot be kept"):
        given_names.save(tmp_path / "settings" / "inputs.toml", {"a": "b"})
