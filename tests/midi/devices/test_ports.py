"""Ports that come and go, on a MIDI system in memory; the real one is in tests/live/test_midi_ports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import islice

import mido
import pytest

from engine.errors import MidiError
from engine.midi.devices.mailbox import Mailbox
from engine.midi.devices.monitor import list_ports, monitor
from engine.midi.devices.ports import MidiBatch, MidiInput
from engine.midi.devices.system import MidiSystem, OpenPort, api_names
from engine.midi.devices.watcher import PortWatcher
from engine.midi.mapping import Mapping
from engine.midi.profiles import load_profile
from engine.protocol import SetWeight, TogglePlay
from tests.midi.messages import cc, generic, note


class Desk:
    """A MIDI system in memory: plug controllers in, pull them out, send from them; it has a clock of its own.

    ``fails`` is raised instead of a list of inputs.
    """

    def __init__(self, *names: str | None) -> None:
        self.names: list[str | None] = list(names)
        self.listeners: dict[str | None, Callable[[bytes], None]] = {}
        self.seconds: dict[tuple[str | None, int], Callable[[bytes], None]] = {}
        self.fails: Exception | None = None
        self.busy: set[str | None] = set()
        self.now = 1000.0

    def inputs(self) -> list[str | None]:
        if self.fails is not None:
            raise self.fails
        return list(self.names)

    def open(self, name: str | None, on_message: Callable[[bytes], None], place: int = 0) -> OpenPort:
        if name in self.busy:
            raise OSError("in use by another program")
        self.seconds[name, place] = on_message
        self.listeners[name] = on_message
        return Plug(self, name, place)

    def close(self) -> None:
        self.listeners.clear()
        self.seconds.clear()

    def send(self, name: str | None, *messages: object, place: int = 0, apart: float = 0.1) -> None:
        for message in messages:
            self.now += apart
            self.seconds[name, place](bytes(message.bytes()))  # type: ignore[attr-defined]


class Plug:
    def __init__(self, desk: Desk, name: str | None, place: int) -> None:
        self.desk, self.name, self.place = desk, name, place

    def close(self) -> None:
        self.desk.listeners.pop(self.name, None)
        self.desk.seconds.pop((self.name, self.place), None)


class Rig:
    """A MidiInput that is scanned by hand, a second apart."""

    def __init__(self, desk: Desk | None, **table: object) -> None:
        self.found: list[MidiSystem | None] = [desk]
        self.desk = desk
        self.mapper = Mapping(load_profile("generic"), table)
        self.midi = MidiInput(self.mapper, lambda: None, lambda: self.found[-1], lambda: self.desk.now if self.desk else 0.0)

    def scan(self) -> None:
        self.midi._watcher.scan()
        if self.desk is not None:
            self.desk.now += 1.0

    def drain(self) -> MidiBatch:
        """What came, once no press waits any more."""
        if self.desk is not None:
            self.desk.now += 1.0
        return self.midi.drain()


def test_controller_is_opened_as_it_appears_and_dropped_as_it_vanishes() -> None:
    desk = Desk()
    rig = Rig(desk, notes=True)
    rig.scan()
    assert rig.drain().ports == ()
    desk.names = ["nanoKONTROL2 1", "Keys"]
    rig.scan()
    batch = rig.drain()
    assert batch.ports == ("nanoKONTROL2 1", "Keys")
    assert batch.notices == (
        "MIDI: nanoKONTROL2 1 is connected (Korg nanoKONTROL2)",
        "MIDI: Keys is connected (any controller; 17 notes send commands)",
    )
    desk.send("Keys", cc(16, 0), note(36), cc(16, 5))
    batch = rig.drain()
    assert batch.commands == (TogglePlay(), SetWeight(0, 5 / 128)) and batch.messages_count == 3
    assert batch.last == "Keys: cc16 ch1 = 5 -> prompt 1"
    assert batch.notices == ("Keys: note36 ch1 -> play/stop",), "who did it is said"
    desk.names = ["nanoKONTROL2 1"]
    rig.scan()
    assert rig.drain().ports == ("nanoKONTROL2 1",) and "Keys" not in desk.listeners
    assert rig.mapper.pickups() == {}


def test_own_and_loopback_ports_are_not_opened() -> None:
    desk = Desk("Midi Through:Midi Through Port-0 14:0", "liveset:in", "liveset-scan:x", "Pads")
    rig = Rig(desk)
    rig.scan()
    assert list(desk.listeners) == ["Pads"]
    assert [(port.name, port.used) for port in list_ports(generic(), lambda: desk)][-1] == ("Pads", True)


def test_missing_midi_system_is_reported_once_and_retried() -> None:
    rig = Rig(None)
    for _ in range(5):
        rig.scan()
    assert len(rig.drain().notices) == 1
    desk = Desk("Keys")
    rig.found.append(desk)
    rig.scan()
    assert rig.drain().ports == ("Keys",)


def test_ports_return_after_the_midi_server_restarts() -> None:
    desk = Desk("Keys")
    rig = Rig(desk, notes=True)
    rig.scan()
    desk.fails = OSError("the server is gone")
    rig.found.append(None)
    rig.scan()
    rig.scan()
    batch = rig.drain()
    assert batch.ports == () and len(batch.notices) == 3
    desk.fails = None
    rig.found.append(desk)
    rig.scan()
    desk.send("Keys", cc(16, 0), note(36))
    assert rig.drain().commands == (TogglePlay(),)


def test_unopenable_port_is_reported_once_and_retried() -> None:
    desk = Desk("Keys")
    desk.busy = {"Keys"}
    rig = Rig(desk)
    for _ in range(3):
        rig.scan()
    assert rig.drain().notices == ("MIDI port Keys cannot be opened: in use by another program",)
    desk.busy = set()
    rig.scan()
    assert rig.drain().ports == ("Keys",)


def test_flood_between_two_drains_is_a_few_commands_and_every_note() -> None:
    desk = Desk("Keys")
    rig = Rig(desk, notes=True)
    rig.scan()
    for n in range(10_000):
        desk.send("Keys", cc(16 + n % 8, n // 80), apart=0.0001)
        if n % 1000 == 0:
            desk.send("Keys", note(36), apart=0.0001)
    batch = rig.drain()
    assert batch.messages_count == 10_010
    assert batch.commands.count(TogglePlay()) == 10
    assert len(batch.commands) <= 10 + 8 * 12


def test_replug_between_two_drains_leaves_one_port() -> None:
    desk = Desk("Keys")
    rig = Rig(desk)
    rig.scan()
    desk.names = []
    rig.scan()
    desk.names = ["Keys"]
    rig.scan()
    assert rig.drain().ports == ("Keys",)
    desk.names = []
    rig.scan()
    desk.names = ["Keys"]
    rig.scan()
    assert rig.drain().ports == ("Keys",)


def test_bytes_that_are_no_message_are_ignored() -> None:
    desk = Desk("Keys")
    rig = Rig(desk)
    rig.scan()
    for data in (b"", b"\xb0", b"\xb0\x10", b"\xb0\x10\xff", b"\x10\x10\x10"):
        desk.listeners["Keys"](data)
    desk.send("Keys", cc(16, 1))
    assert rig.drain().commands == (SetWeight(0, 1 / 128),)


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
    lines = monitor(Mapping(load_profile("generic")), stopped, lambda: desk, lambda: desk.now)
    assert next(lines) == "MIDI: Keys is connected (any controller; its notes do nothing)"
    desk.now += 1.0
    desk.send("Keys", cc(16, 1), cc(16, 2), note(36), cc(99, 1), mido.Message("program_change", program=3))
    assert list(islice(lines, 5)) == [
        "Keys: cc16 ch1 = 1 -> prompt 1",
        "Keys: cc16 ch1 = 2 -> prompt 1",
        "Keys: note36 ch1 = 100, would be play/stop with notes = true",
        "Keys: cc99 ch1 = 1",
        "Keys: program3 ch1",
    ]
    stopped.set()
    list(lines)
    assert not desk.listeners, "the port is closed when the monitor ends"


def test_without_a_midi_system_listing_is_a_clear_error() -> None:
    with pytest.raises(MidiError, match="no MIDI system"):
        list_ports(generic(), lambda: None)


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
