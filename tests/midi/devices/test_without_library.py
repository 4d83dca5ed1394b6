"""Where the MIDI library cannot be loaded: said once, in a line that fits the screen, and everything else goes on."""

from __future__ import annotations

import sys

import pytest

from engine.errors import MidiError
from engine.midi.devices.ports import MidiInput
from engine.midi.devices.system import BACKEND, find_system, midi_off
from liveset.commands.doctor import Finding, _midi
from tests.midi.messages import generic


@pytest.fixture(autouse=True)
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, BACKEND, raising=False)
    monkeypatch.setitem(sys.modules, "supriya_midi", None)
    monkeypatch.setenv("LIVESET_MIDI_API", "jack")


def test_the_search_for_a_midi_system_says_what_is_missing() -> None:
    with pytest.raises(MidiError, match=r"MIDI is off: the package supriya-midi is not installed; pip install supriya-midi"):
        find_system()


def test_live_input_tells_the_performer_once_and_has_no_ports() -> None:
    midi = MidiInput(generic(), lambda: None)
    for _ in range(3):
        midi._watcher.scan()
    batch = midi.drain()
    assert batch.ports == ()
    assert [notice[:12] for notice in batch.notices] == ["MIDI is off:"]
    assert len(batch.notices[0]) <= 100


def test_doctor_notes_it_and_names_the_package() -> None:
    assert list(_midi()) == [
        Finding("note", "MIDI: MIDI is off: the package supriya-midi is not installed", "pip install supriya-midi")
    ]


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("libasound.so.2: cannot open shared object file: No such file or directory", "(libasound.so.2)"),
        ("DLL load failed while importing rtmidi_ext: The specified module could not be found.", "(DLL load failed"),
        ("/lib/x86_64-linux-gnu/libm.so.6: version `GLIBC_2.99' not found (required by /home/a/very/long/path.so)", "(/lib"),
    ],
)
def test_a_library_that_does_not_load_is_named_in_one_short_line(reason: str, shown: str) -> None:
    said = str(midi_off(ImportError(reason)))
    assert shown in said and len(said) <= 120
