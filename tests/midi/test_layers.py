"""A second layer while a control is held, and banks of prompts: what moves, what the labels say, what the lights show."""

from __future__ import annotations

import pytest

from engine.errors import MidiError
from engine.live.outside.lights import plans_of
from engine.midi.feedback.lights import image
from engine.midi.feedback.states import shown
from engine.midi.mapping import Mapping
from engine.midi.meaning.presses import LONG_S
from engine.midi.profiles import load_profile
from engine.protocol import (
    GO_ON_MINUTES,
    Command,
    GoOn,
    Hold,
    NextNow,
    PromptView,
    RecallScene,
    ReRoll,
    SetMacro,
    SetWeight,
    Snapshot,
    StoreScene,
    TogglePlay,
)
from tests.midi.messages import Hand, cc, generic, note, off

BOX = {
    "notes": True,
    "note60": "hold",
    "note61": "bank",
    "note62": "scene 2",
    "shift": {"hold": "note98", "note60": "re-roll", "cc16": "macro echo", "note62": "store scene 2"},
}


def box(takeover: bool = False, **lines: object) -> Hand:
    return generic(takeover, **{**BOX, **lines})


def test_a_held_control_gives_others_a_second_meaning() -> None:
    mapping = box()
    assert mapping.play(note(60), off(60)) == [Hold()]
    assert mapping.play(note(98), note(60), off(60)) == [ReRoll()]
    assert mapping.play(note(38)) == [NextNow()], "what has no second meaning keeps its first"
    assert mapping.play(cc(16, 64)) == [SetMacro("echo", 0.5)]
    assert mapping.play(off(98), note(60)) == [Hold()]


def test_a_button_that_sends_controllers_can_be_held_too() -> None:
    mapping = generic(shift={"hold": "ch3_cc100", "note36": "next"}, notes=True)
    assert mapping.play(cc(100, 127, channel=1), note(36)) == [TogglePlay()], "another channel's"
    assert mapping.play(cc(100, 127, channel=3), note(36)) == [NextNow()]
    assert mapping.play(cc(100, 0, channel=3), note(36)) == [TogglePlay()]
    assert (3, 100) in mapping.queued("p"), "none of its messages is merged"


def test_a_pad_that_went_down_in_one_layer_comes_up_in_it() -> None:
    mapping = box(takeover=True)
    mapping.opened("p", 0.0)
    assert mapping.play(note(62), note(98), off(62)) == [RecallScene(2)]
    assert mapping.play(note(62), off(98), off(62)) == [StoreScene(2)]
    assert mapping.due(mapping.now + LONG_S) == []


def test_a_knob_is_picked_up_anew_in_the_other_layer() -> None:
    mapping = box(takeover=True)
    mapping.opened("p", 0.0)
    mapping.sync({"prompt 1": 0.5, "macro echo": 0.0})
    moved = mapping.play(*(cc(16, value) for value in range(60, 70)))
    assert moved and all(isinstance(command, SetWeight) for command in moved)
    mapping.play(note(98))
    assert mapping.play(*(cc(16, value) for value in range(69, 75))) == [], "echo is elsewhere"
    assert mapping.pickups() == {"macro echo": 0.0}
    down = mapping.play(*(cc(16, value) for value in range(75, -1, -1)), apart=0.01)
    assert down and all(isinstance(command, SetMacro) and command.value < 0.05 for command in down), "only once it is there"
    assert mapping.pickups() == {"macro echo": None}


def test_a_bank_moves_the_next_eight_prompts_on_every_port_and_back() -> None:
    mapping = box()
    assert mapping.play(cc(16, 127)) == [SetWeight(0, 1.0)]
    assert mapping.play(cc(23, 127), port="q") == [SetWeight(7, 1.0)]
    assert mapping.play(note(61)) == [] and mapping.upper
    assert mapping.told() == ["MIDI: the controllers move prompts 9 to 16"]
    assert mapping.play(cc(16, 127)) == [SetWeight(8, 1.0)]
    assert mapping.play(cc(23, 127), port="q") == [SetWeight(15, 1.0)]
    assert mapping.play(cc(1, 127)) == [SetMacro("energy", 1.0)]
    labels = mapping.labels()
    assert labels["prompt 9"] == "cc16" and "prompt 1" not in labels
    assert mapping.play(off(61), note(61)) == [] and not mapping.upper
    assert mapping.play(cc(17, 127)) == [SetWeight(1, 1.0)]
    assert mapping.labels()["prompt 1"] == "cc16"


def test_a_port_that_comes_later_is_in_the_bank_as_well() -> None:
    mapping = box()
    mapping.play(note(61))
    assert mapping.play(cc(16, 127), port="new") == [SetWeight(8, 1.0)]


def lit(mapping: Mapping, port: str, snapshot: Snapshot) -> dict[str, bytes]:
    plan = plans_of(mapping, [port])[port]
    return image(plan.lights, plan.actions, shown(snapshot), {"on": True, "off": False, "slow": True, "fast": True})


def test_lights_show_the_bank_and_the_layer_that_count() -> None:
    mapping, port = Hand(load_profile("generic"), {}, False), "APC40 mkII"
    prompts = tuple(PromptView(f"p{n}", float(n == 8)) for n in range(16))
    here = {"shift": 98, "bank": 103}
    snapshot = Snapshot(prompts=prompts)
    layers = mapping.layers
    first = lit(mapping, port, snapshot)
    mapping.play(note(here["bank"]), port=port)
    second = lit(mapping, port, snapshot)
    assert mapping.layers > layers, "so that they are shown at once"
    faders = {c: a for c, a in plans_of(mapping, [port])[port].actions.items() if c.kind == "cc" and c.number == 7}
    assert sorted(faders.values(), key=lambda name: int(name.split()[1])) == [f"prompt {n}" for n in range(9, 17)]
    mapping.play(note(here["shift"]), port=port)
    held = plans_of(mapping, [port])[port].actions
    assert {a for c, a in held.items() if c.kind == "note" and c.number == 32} == {"store scene 1"}
    assert second.keys() >= {name for name in first if name.startswith("pads")}


def test_shipped_controllers_have_a_second_layer() -> None:
    mapping = Hand(load_profile("apc_mini"), {}, False)
    assert mapping.play(note(98), note(82), note(56)) == [GoOn(GO_ON_MINUTES), StoreScene(1)]
    assert mapping.play(off(98), note(82)) == [TogglePlay()]


def test_a_presets_second_layer_takes_the_place_of_the_controllers() -> None:
    mapping = Hand(load_profile("apc_mini"), {"shift": {"hold": "note89", "note82": "next"}}, False)
    found: list[Command] = mapping.play(note(89), note(82))
    assert found == [NextNow()]


@pytest.mark.parametrize(
    ("shift", "said"),
    [
        ("note98", "does not say which control is held"),
        ({"note60": "hold"}, "does not say which control is held"),
        ({"hold": "pitch"}, "cannot be held"),
        ({"hold": "note98", "note60": "holdd"}, "holdd"),
    ],
)
def test_a_second_layer_that_makes_no_sense_is_told(shift: object, said: str) -> None:
    with pytest.raises(MidiError, match=said):
        generic(shift=shift)
