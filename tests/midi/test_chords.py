"""A keyboard's held keys as harmony: which chord they mean, when it counts, and which inputs are keyboards."""

from __future__ import annotations

import pytest

from engine.errors import MidiError
from engine.midi.mapping import Mapping
from engine.midi.meaning.chords import LIFTED_S, PEDAL, PRESSED_S, chord_of
from engine.midi.profiles import load_profile
from engine.music.chords import chord_name, root_of
from engine.protocol import Command, HeldChord, HoldChord, SetWeight, TogglePlay
from tests.midi.messages import cc, note, off

C_MAJOR, A_MINOR = HeldChord((0, 4, 7), 0), HeldChord((0, 4, 9), 9)


@pytest.mark.parametrize(
    ("notes", "chord"),
    [
        ((60, 64, 67), C_MAJOR),
        ((64, 67, 72), C_MAJOR),  # an inversion: the root is found
        ((45, 60, 64, 67), HeldChord((0, 4, 7), 9)),  # a bass note is the root
        ((36, 64, 67), C_MAJOR),
        ((45,), HeldChord((), 9)),  # a bass alone
        ((57, 60, 64), A_MINOR),
        ((60, 67), HeldChord((0, 7), 0)),
        ((60,), None),
        ((60, 72), None),
        ((), None),
    ],
)
def test_held_notes_are_a_chord(notes: tuple[int, ...], chord: HeldChord | None) -> None:
    assert chord_of(notes) == chord


@pytest.mark.parametrize(
    ("tones", "bass", "name"),
    [
        ((0, 4, 7), 0, "C"),
        ((0, 4, 9), 9, "Am"),
        ((0, 4, 7), 4, "C/E"),
        ((0, 4, 7), 9, "Am7"),
        ((2, 5, 8, 0), 2, "Dm7b5"),
        ((0, 7), 0, "C5"),
        ((), 9, "bass A"),
        ((0, 1, 2), 0, "C C# D"),
        ((0, 1, 2), 6, "C C# D/F#"),
    ],
)
def test_chords_have_names(tones: tuple[int, ...], bass: int, name: str) -> None:
    assert chord_name(tones, bass) == name


def test_the_root_is_what_the_others_stand_on() -> None:
    assert root_of((4, 7, 0)) == 0
    assert root_of((0, 4, 8)) == 0, "of equals the lowest"


def keyboard(**midi: object) -> Mapping:
    return Mapping(load_profile("generic"), {"harmony": "Keys*", "notes": True, **midi})


def held(mapping: Mapping, *messages: object, port: str = "Keys 1", at: float = 10.0) -> list[Command]:
    """The commands of messages that come at once, and of the wait after them."""
    found = [command for message in messages for command in mapping.feed(port, message, at)]
    return [*found, *mapping.due(at + LIFTED_S)]


def test_keys_on_a_keyboard_are_one_chord_and_no_commands() -> None:
    mapping = keyboard()
    assert mapping.feed("Keys 1", note(36), 10.0) == []
    assert mapping.feed("Keys 1", note(64), 10.02) == []
    assert mapping.feed("Keys 1", note(67), 10.04) == [] and mapping.waiting
    assert mapping.due(10.04 + PRESSED_S / 2) == []
    assert mapping.due(10.04 + PRESSED_S) == [HoldChord(C_MAJOR)] and not mapping.waiting
    assert held(mapping, off(67), note(67)) == [], "the same chord again is nothing new"
    assert held(mapping, off(36), off(64), off(67)) == [HoldChord(None)]


def test_a_hand_goes_from_chord_to_chord_without_a_gap() -> None:
    mapping = keyboard()
    assert held(mapping, note(60), note(64), note(67)) == [HoldChord(C_MAJOR)]
    for number in (60, 64, 67):
        assert mapping.feed("Keys 1", off(number), 20.0) == []
    assert mapping.due(20.0 + LIFTED_S / 2) == []
    assert held(mapping, note(57), note(60), note(64), at=20.0 + LIFTED_S / 2) == [HoldChord(A_MINOR)]


def test_a_sustain_pedal_keeps_what_was_held() -> None:
    mapping = keyboard()
    pedal = [note(60), note(64), note(67), cc(PEDAL, 127), off(60), off(64), off(67)]
    assert held(mapping, *pedal) == [HoldChord(C_MAJOR)]
    assert held(mapping, cc(PEDAL, 0), at=20.0) == [HoldChord(None)]


def test_other_inputs_and_a_keyboards_knobs_stay_as_they_are() -> None:
    mapping = keyboard()
    assert held(mapping, note(36), port="Pads") == [TogglePlay()]
    mapping.feed("Keys 1", cc(16, 1), 10.0)
    assert any(isinstance(command, SetWeight) for n in range(2, 9) for command in mapping.feed("Keys 1", cc(16, n), 10.0 + n))
    assert "harmony" in mapping.greeting("Keys 1") and "harmony" not in mapping.greeting("Pads")
    assert mapping.describe("Keys 1", note(60)) == "note60 ch1 = 100 -> harmony"


def test_one_channel_alone_may_be_the_keyboard() -> None:
    mapping = keyboard(harmony={"channel": 2})
    assert held(mapping, note(60, channel=2), note(64, channel=2), note(67, channel=2), port="Any") == [HoldChord(C_MAJOR)]
    assert held(mapping, note(36, channel=1), port="Any") == [TogglePlay()]


def test_the_performer_chooses_the_keyboard_and_gives_it_back() -> None:
    mapping = Mapping(load_profile("generic"), {"notes": True})
    assert not mapping.plays_harmony("Keys 1")
    mapping.use_as_keyboard("Keys 1", True)
    assert held(mapping, note(60), note(64), note(67)) == [HoldChord(C_MAJOR)]
    mapping.use_as_keyboard("Keys 1", False)
    assert mapping.due(30.0) == [HoldChord(None)], "nothing is held any more"
    assert held(mapping, note(36), at=40.0) == [TogglePlay()]


def test_a_keyboard_that_is_gone_holds_nothing() -> None:
    mapping = keyboard()
    assert held(mapping, note(60), note(64), note(67)) == [HoldChord(C_MAJOR)]
    mapping.closed("Keys 1")
    assert mapping.due(20.0) == [HoldChord(None)]


@pytest.mark.parametrize(("harmony", "said"), [(5, "not an input"), ({"channel": 17}, "no channel 17"), ({"port": 3}, "no name")])
def test_a_keyboard_that_makes_no_sense_is_told(harmony: object, said: str) -> None:
    with pytest.raises(MidiError, match=said):
        keyboard(harmony=harmony)
