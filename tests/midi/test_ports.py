"""Ports that come and go, on a MIDI system in memory; the real one is in tests/live/test_midi_ports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import islice

import pytest

from engine.errors import MidiError
from engine.midi.mailbox import Mailbox
from engine.midi.monitor import list_ports, monitor
from engine.midi.ports import MidiInput, PortWatcher
from engine.midi.profiles import load_profile
from engine.midi.system import MidiSystem, OpenPort, api_names
from engine.protocol import SetWeight, TogglePlay
from tests.midi.messages import cc, generic, note


class Desk:
    """A MIDI system in memory: plug controllers in, pull them out, send from them."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.listeners: dict[str, Callable[[bytes], None]] = {}
        self.dead = False
        self.busy: set[str] = set()

    def inputs(self) -> list[str]:
        if self.dead:
            raise OSError("the server is gone")
        return list(self.names)

    def open(self, name: str, on_message: Callable[[bytes], None]) -> OpenPort:
        if name in self.busy:
            raise OSError("in use by another program")
        self.listeners[name] = on_message
        return Plug(self, name)

    def close(self) -> None:
        self.listeners.clear()

    def send(self, name: str, *messages: object) -> None:
        for message in messages:
            self.listeners[name](bytes(message.bytes()))  # type: ignore[attr-defined]


class Plug:
    def __init__(self, desk: Desk, name: str) -> None:
        self.desk, self.name = desk, name

    def close(self) -> None:
        self.desk.listeners.pop(self.name, None)


class Rig:
    """A MidiInput that is scanned by hand."""

    def __init__(self, desk: Desk | None) -> None:
        self.found: list[MidiSystem | None] = [desk]
        self.mapper = generic(takeover=True)
        self.midi = MidiInput(self.mapper, lambda: None, lambda: self.found[-1])

    def scan(self) -> None:
        self.midi._watcher.scan()


def test_controller_is_opened_as_it_appears_and_dropped_as_it_vanishes() -> None:
    desk = Desk()
    rig = Rig(desk)
    rig.scan()
    assert rig.midi.drain().ports == ()
    desk.names = ["nanoKONTROL2 1", "Keys"]
    rig.scan()
    batch = rig.midi.drain()
    assert batch.ports == ("nanoKONTROL2 1", "Keys")
    assert batch.notices == ("MIDI: nanoKONTROL2 1 is connected (Korg nanoKONTROL2)", "MIDI: Keys is connected (any controller)")
    desk.send("Keys", cc(16, 0), note(36), cc(16, 5))
    batch = rig.midi.drain()
    assert batch.commands == (TogglePlay(), SetWeight(0, 5 / 128)) and batch.messages_count == 3
    assert batch.last == "cc16 ch1 = 5 -> prompt 1"
    desk.names = ["nanoKONTROL2 1"]
    rig.scan()
    assert rig.midi.drain().ports == ("nanoKONTROL2 1",) and "Keys" not in desk.listeners
    assert rig.mapper.pickups() == {}


def test_own_and_loopback_ports_are_not_opened() -> None:
    desk = Desk("Midi Through:Midi Through Port-0 14:0", "liveset:in", "liveset-scan:x", "Pads")
    rig = Rig(desk)
    rig.scan()
    assert list(desk.listeners) == ["Pads"]
    assert [(port.name, port.used) for port in list_ports(load_profile("generic"), lambda: desk)][-1] == ("Pads", True)


def test_missing_midi_system_is_reported_once_and_retried() -> None:
    rig = Rig(None)
    for _ in range(5):
        rig.scan()
    assert len(rig.midi.drain().notices) == 1
    desk = Desk("Keys")
    rig.found.append(desk)
    rig.scan()
    assert rig.midi.drain().ports == ("Keys",)


def test_ports_return_after_the_midi_server_restarts() -> None:
    desk = Desk("Keys")
    rig = Rig(desk)
    rig.scan()
    desk.dead = True
    rig.found.append(None)
    rig.scan()
    rig.scan()
    batch = rig.midi.drain()
    assert batch.ports == () and len(batch.notices) == 3
    desk.dead = False
    rig.found.append(desk)
    rig.scan()
    desk.send("Keys", cc(16, 0), note(36))
    assert rig.midi.drain().commands == (TogglePlay(),)


def test_unopenable_port_is_reported_once_and_retried() -> None:
    desk = Desk("Keys")
    desk.busy = {"Keys"}
    rig = Rig(desk)
    for _ in range(3):
        rig.scan()
    assert rig.midi.drain().notices == ("MIDI port Keys cannot be opened: in use by another program",)
    desk.busy = set()
    rig.scan()
    assert rig.midi.drain().ports == ("Keys",)


def test_flood_between_two_drains_is_a_few_commands_and_every_note() -> None:
    desk = Desk("Keys")
    rig = Rig(desk)
    rig.scan()
    for n in range(10_000):
        desk.send("Keys", cc(16 + n % 8, 0 if n < 8 else 127 - n % 2))
        if n % 1000 == 0:
            desk.send("Keys", note(36))
    batch = rig.midi.drain()
    assert batch.messages_count == 10_010
    assert batch.commands.count(TogglePlay()) == 10
    assert len(batch.commands) <= 18


def test_replug_between_two_drains_leaves_one_port() -> None:
    desk = Desk("Keys")
    rig = Rig(desk)
    rig.scan()
    desk.names = []
    rig.scan()
    desk.names = ["Keys"]
    rig.scan()
    assert rig.midi.drain().ports == ("Keys",)
    desk.names = []
    rig.scan()
    desk.names = ["Keys"]
    rig.scan()
    assert rig.midi.drain().ports == ("Keys",)


def test_bytes_that_are_no_message_are_ignored() -> None:
    desk = Desk("Keys")
    rig = Rig(desk)
    rig.scan()
    for data in (b"", b"\xb0", b"\xb0\x10", b"\xb0\x10\xff", b"\x10\x10\x10"):
        desk.listeners["Keys"](data)
    desk.send("Keys", cc(16, 1))
    assert rig.midi.drain().commands == (SetWeight(0, 1 / 128),)


def test_starting_and_stopping_opens_and_closes_the_ports() -> None:
    desk, woken = Desk("Keys"), threading.Event()
    midi = MidiInput(generic(), woken.set, lambda: desk)
    midi.start()
    assert woken.wait(5) and midi.drain().ports == ("Keys",)
    midi.stop()
    assert desk.listeners == {}
    assert midi.drain().ports == ()


def test_monitor_tells_what_arrives_and_what_it_moves() -> None:
    desk, stopped = Desk("Keys"), threading.Event()
    lines = monitor(generic(takeover=True), stopped, lambda: desk)
    assert next(lines) == "MIDI: Keys is connected (any controller)"
    desk.send("Keys", cc(16, 1), cc(16, 2), note(36), cc(99, 1))
    assert list(islice(lines, 4)) == [
        "Keys: cc16 ch1 = 1 -> prompt 1",
        "Keys: cc16 ch1 = 2 -> prompt 1",
        "Keys: note36 ch1 = 100 -> play/stop",
        "Keys: cc99 ch1 = 1",
    ]
    stopped.set()
    list(lines)
    assert desk.listeners == {}, "the port is closed when the monitor ends"


def test_without_a_midi_system_listing_is_a_clear_error() -> None:
    with pytest.raises(MidiError, match="no MIDI system"):
        list_ports(load_profile("generic"), lambda: None)


@pytest.mark.parametrize(
    ("environment", "platform", "names"),
    [
        ({"LIVESET_MIDI_API": "jack"}, "linux", ["jack"]),
        ({"LIVESET_MIDI_API": "ALSA"}, "linux", ["alsa"]),
        ({}, "darwin", ["coremidi"]),
        ({}, "win32", ["winmm"]),
    ],
)
def test_midi_system_can_be_chosen(environment: dict[str, str], platform: str, names: list[str]) -> None:
    assert api_names(environment, platform) == names


def test_unknown_midi_system_is_reported_once() -> None:
    with pytest.raises(MidiError, match="LIVESET_MIDI_API"):
        api_names({"LIVESET_MIDI_API": "oss"})

    def find() -> MidiSystem | None:
        raise MidiError("LIVESET_MIDI_API is 'oss'")

    watcher = PortWatcher(generic(), Mailbox(lambda: None), lambda: None, find)
    watcher.scan()
    watcher.scan()
    assert watcher.news()[1] == ["LIVESET_MIDI_API is 'oss'"]
