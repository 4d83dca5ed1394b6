"""Real MIDI ports through a JACK server: appear, send, vanish, come back; and a server that dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import mido
import pytest

from engine.midi.devices.ports import MidiBatch, MidiInput
from engine.protocol import SetWeight, TogglePlay
from tests.live.jack import Server, controller, pytestmark, sent_until, server
from tests.midi.messages import cc, generic, note
from tests.support.waiting import LIMIT_S

__all__ = ["pytestmark", "server"]


class Listener:
    """A running MidiInput, drained whenever it wakes; collects all it gives."""

    def __init__(self) -> None:
        self.woken = threading.Event()
        self.midi = MidiInput(generic(), self.woken.set)
        self.commands: list[object] = []
        self.notices: list[str] = []
        self.messages = 0
        self.batch = MidiBatch()

    def until(self, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not true():
            assert time.monotonic() < deadline, f"waited in vain: {self.messages} messages, {self.batch}, {self.notices}"
            self.woken.wait(0.2)
            self.woken.clear()
            self.drain()

    def drain(self) -> None:
        """Collect what has come."""
        self.batch = self.midi.drain()
        self.commands += self.batch.commands
        self.notices += self.batch.notices
        self.messages += self.batch.messages_count

    def hear(self, knobs: mido.ports.BaseOutput, message: mido.Message) -> None:
        """Turn a knob until it is heard: JACK may still be wiring a port that is listed, and what is sent then is lost."""
        before = self.messages

        def heard() -> bool:
            if self.messages == before:
                knobs.send(message)
            return self.messages > before

        self.until(heard)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.midi.stop()


def test_controller_comes_plays_goes_and_comes_back(server: Server, listener: Listener) -> None:
    listener.midi.start()
    knobs = controller("controller")
    listener.until(lambda: listener.batch.ports == ("controller:knobs",))

    def play(burst: range) -> None:
        """A hundred messages of eight knobs, and a press."""
        for n in burst:
            knobs.send(cc(16 + n % 8, (n // 8) % 128))
        knobs.send(note(36))

    lost = 0
    for first in range(0, 2000, 100):
        sent, before = range(first, first + 100), listener.messages

        def came(before: int = before) -> bool:
            listener.drain()
            return listener.messages - before >= 101

        lost += sent_until(lambda sent=sent: play(sent), came) - 1  # type: ignore[misc]
    assert lost <= 2, "a burst is lost by JACK now and then, but not by us"
    assert listener.messages >= 2020
    assert listener.commands.count(TogglePlay()) >= 20
    last = {command.slot: command.value for command in listener.commands if isinstance(command, SetWeight)}
    assert last == {slot: pytest.approx(0.5 + (249 - 128 - 64) / 126) for slot in range(8)}

    knobs.close()
    listener.until(lambda: listener.batch.ports == ())
    knobs = controller("controller")
    listener.until(lambda: listener.batch.ports == ("controller:knobs",))
    listener.hear(knobs, cc(16, 1))
    assert listener.commands[-1] == SetWeight(0, 1 / 128)
    knobs.close()


def test_server_that_dies_is_survived_and_found_again(server: Server, listener: Listener) -> None:
    listener.midi.start()
    knobs = controller("first")
    listener.until(lambda: listener.batch.ports == ("first:knobs",))
    server.stop()
    listener.until(lambda: any("no MIDI system" in notice for notice in listener.notices))
    assert listener.batch.ports == ()
    knobs.close()
    server.start()
    knobs = controller("second")
    listener.until(lambda: listener.batch.ports == ("second:knobs",))
    listener.hear(knobs, cc(16, 1))
    assert listener.commands[-1] == SetWeight(0, 1 / 128)
    knobs.close()
