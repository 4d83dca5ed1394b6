"""Names of inputs that stay the same while ports come and go, and lists of inputs that libraries get wrong."""

from __future__ import annotations

import pytest

from engine.midi.names import input_names, once
from engine.protocol import SetWeight
from tests.midi.devices.test_ports import Desk, Rig
from tests.midi.messages import cc


def names(*listed: str | None) -> list[str]:
    return [each.name for each in input_names(listed)]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Foo Twister 9:Foo Twister 9", "Foo Twister 9"),
        ("LPD8:LPD8 MIDI 1", "LPD8 MIDI 1"),
        ("nanoKONTROL2:nanoKONTROL2 nanoKONTROL2 _ CTR", "nanoKONTROL2 _ CTR"),
        ("controller:knobs", "controller:knobs"),
        ("MIDI Mix MIDI:MIDI Mix", "MIDI Mix MIDI"),
        ("Keys", "Keys"),
        (":", ":"),
        ("a:", "a:"),
    ],
)
def test_each_name_stands_once(given: str, shown: str) -> None:
    assert once(given) == shown


def test_the_moving_number_is_no_part_of_a_name() -> None:
    assert names("LPD8 0", "nanoKONTROL2 1", "nanoKONTROL2 2") == ["LPD8", "nanoKONTROL2", "nanoKONTROL2 (2)"]
    assert names("nanoKONTROL2 0", "nanoKONTROL2 1") == ["nanoKONTROL2", "nanoKONTROL2 (2)"]
    assert names("LPD8:LPD8 MIDI 1 20:0", "LPD8:LPD8 MIDI 1 24:0") == ["LPD8 MIDI 1", "LPD8 MIDI 1 (2)"]
    assert names("Launchpad 2", "Keys 5") == ["Launchpad 2", "Keys 5"], "a number that is no place belongs to the name"


def test_an_input_without_a_name_is_called_by_its_place() -> None:
    assert names("Keys", "", None, "  ") == ["Keys", "MIDI input 2", "MIDI input 3", "MIDI input 4"]
    assert [(each.system, each.place) for each in input_names(["", "Keys", "", None])] == [
        ("", 0),
        ("Keys", 0),
        ("", 1),
        (None, 0),
    ]


def test_two_ports_of_one_name_are_both_open() -> None:
    desk = Desk("Foo", "Foo")
    rig = Rig(desk, port={"Foo (2)": {"cc16": "prompt 2"}})
    rig.scan()
    assert rig.drain().ports == ("Foo", "Foo (2)")
    desk.send("Foo", cc(16, 0), cc(16, 3))
    desk.send("Foo", cc(16, 0), cc(16, 5), place=1)
    assert rig.drain().commands == (SetWeight(0, 3 / 128), SetWeight(1, 5 / 128))


def test_when_one_of_two_goes_the_other_is_found_again() -> None:
    desk = Desk("Foo", "Foo")
    rig = Rig(desk)
    rig.scan()
    desk.names = ["Foo"]
    desk.seconds.clear()
    rig.scan()
    assert rig.drain().ports == ("Foo",)
    desk.send("Foo", cc(16, 0), cc(16, 3))
    assert rig.drain().commands == (SetWeight(0, 3 / 128),)


def test_a_port_keeps_its_name_when_another_is_pulled_out() -> None:
    desk = Desk("LPD8 0", "nanoKONTROL2 1", "nanoKONTROL2 2")
    rig = Rig(desk)
    rig.scan()
    rig.drain()
    desk.names = ["nanoKONTROL2 0", "nanoKONTROL2 1"]
    rig.scan()
    batch = rig.drain()
    assert batch.ports == ("nanoKONTROL2", "nanoKONTROL2 (2)")
    assert batch.notices == ("MIDI: LPD8 is gone",), "nothing else was opened or closed"


@pytest.mark.parametrize(
    "fault", [UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), RuntimeError("bad"), SystemError()]
)
def test_a_list_that_raises_is_said_once_and_read_again(fault: Exception) -> None:
    desk = Desk("Keys")
    rig = Rig(desk)
    rig.scan()
    rig.drain()
    desk.fails = fault
    for _ in range(5):
        rig.scan()
    batch = rig.drain()
    assert batch.ports == ("Keys",), "what is open stays open"
    (said,) = batch.notices
    assert said.startswith("MIDI: the inputs cannot be listed (") and len(said) <= 100
    desk.fails = None
    desk.names = ["Keys", "Pads"]
    rig.scan()
    assert rig.drain().ports == ("Keys", "Pads")


def test_inputs_without_names_are_opened() -> None:
    desk = Desk("Keys", None, "")
    rig = Rig(desk)
    rig.scan()
    assert rig.drain().ports == ("Keys", "MIDI input 2", "MIDI input 3")
    desk.send(None, cc(16, 0), cc(16, 3))
    assert rig.drain().last == "MIDI input 2: cc16 ch1 = 3 -> prompt 1"


def test_a_port_can_be_ignored_and_heard_again() -> None:
    desk = Desk("Drums", "Keys")
    rig = Rig(desk, notes=True)
    rig.scan()
    rig.drain()
    rig.midi.ignore("Drums")
    rig.scan()
    batch = rig.drain()
    assert (batch.ports, batch.ignored, batch.notices) == (("Keys",), ("Drums",), ("MIDI: Drums is ignored",))
    rig.midi.ignore("Drums", False)
    rig.scan()
    assert rig.drain().ports == ("Keys", "Drums")


def test_a_preset_chooses_the_inputs() -> None:
    desk = Desk("Drums", "nanoKONTROL2")
    rig = Rig(desk, inputs=["nano*"])
    rig.scan()
    assert rig.drain().ports == ("nanoKONTROL2",)
    assert list(desk.listeners) == ["nanoKONTROL2"]
