"""The lights of every profile: whole, and nothing but bytes that MIDI knows."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest

from engine.errors import MidiError
from engine.midi import profiles
from engine.midi.devices.outputs import Plan, lit
from engine.midi.feedback.lights import image, parse_lights
from engine.midi.feedback.states import STATES, Shown
from engine.midi.profiles import load_profile, profile_names

NAMES = [name for name in profile_names() if name != "generic"]
WITHOUT = {"mpk_mini_3"}
"""No source tells of their lights."""


def plan(name: str) -> Plan:
    profile = load_profile(name)
    return Plan(profile.lights, {control: bound.action.name for control, bound in profile.controls.items() if bound is not None})


@pytest.mark.parametrize("name", NAMES)
def test_every_state_has_a_message_that_midi_knows(name: str) -> None:
    profile, here = load_profile(name), plan(name)
    assert profile.source, "where the numbers come from"
    assert bool(profile.lights) == (name not in WITHOUT)
    for data in (*profile.lights.enter, *profile.lights.leave):
        mido.Message.from_bytes(data)
    for state in STATES:
        for value in (0.0, 0.5, 1.0):
            everywhere = dict.fromkeys(here.actions.values(), Shown(state, value))
            for data in image(here.lights, here.actions, everywhere, lit(0.0)).values():
                mido.Message.from_bytes(data)


@pytest.mark.parametrize("name", sorted(set(NAMES) - WITHOUT))
def test_states_of_a_light_differ_in_rhythm_and_not_in_colour_alone(name: str) -> None:
    here = plan(name)
    for first, second in (("playing", "standing in"), ("next safe", "next late"), ("scene stored", "scene active")):
        assert STATES[first] != STATES[second]
        names = dict.fromkeys(here.actions.values())
        dark = {"slow": False, "fast": False, "on": True, "off": False}
        off, one, two = (
            image(here.lights, here.actions, {each: Shown(state, 0.0) for each in names}, dark)  # type: ignore[arg-type]
            for state in ("off", first, second)
        )
        blinks = [light for light in off if one[light] != off[light]]
        assert blinks and all(two[light] != one[light] for light in blinks), name


def test_controllers_show_what_the_makers_write() -> None:
    here = plan("apc40_mk2")
    sent = image(here.lights, here.actions, {"mute bass": Shown("muted", 1.0), "macro filter": Shown("raised", 1.0)}, lit(0.0))
    assert bytes.fromhex("913201") in sent.values(), "activator of track 2, on channel 2"
    assert bytes.fromhex("b0307f") in sent.values() and bytes.fromhex("b03802") in sent.values(), "a ring, and its style"
    mackie = plan("mackie")
    sent = image(mackie.lights, mackie.actions, {"prompt 2": Shown("raised", 1.0)}, lit(0.0))
    assert bytes.fromhex("e17f7f") in sent.values(), "fader 2 at its upper end"
    assert b"\xf0\x00\x00\x66\x14\x12\x072   99 \xf7" in sent.values(), "the display above it"
    pads = plan("lpd8_mk2")
    (frame,) = image(pads.lights, pads.actions, {"mute drums": Shown("muted", 1.0)}, lit(0.0)).values()
    assert len(frame) == 56 and frame[13:19] == bytes([1, 127, 0, 0, 0, 0]), "all pads in one message"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"pads": {"off": "90 n 00"}}, "it lacks the message"),
        ({"pads": {"off": "90 n 00", "on": "9Z n 01"}}, "is no byte"),
        ({"pads": {"of": "note", "of_": 1}}, "unknown key"),
        ({"pads": {"off": "90 n 00", "on": "90 n c", "colours": {"playin": 3}}}, 'did you mean "playing"'),
        ({"pads": {"off": "90 n 00", "on": "90 n c", "numbers": [1]}}, "two whole numbers"),
    ],
)
def test_mistake_in_a_profile_is_named(table: dict[str, object], said: str) -> None:
    with pytest.raises(MidiError, match=said):
        parse_lights(table, "mine")


def test_users_own_profile_comes_before_those_that_ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "controllers_folder", lambda: tmp_path)
    lights = '[lights.a]\nof = "cc"\nnumbers = [1, 1]\nvalue = "B0 n v"\n'
    text = f'title = "Box"\nports = ["My Box"]\n[controls]\ncc1 = "prompt 1"\n{lights}'
    (tmp_path / "my_box.toml").write_text(text, encoding="utf-8")
    (tmp_path / "my_broken_box.toml").write_text("[", encoding="utf-8")
    found = profiles.profile_of_port("My Box MIDI 1", load_profile("generic"))
    assert found.title == "Box" and [kind.name for kind in found.lights.kinds] == ["a"]
    assert profiles.profile_of_port("My broken box", load_profile("generic")).name == "generic", "a broken one costs nothing"
