"""Real MIDI ports through a JACK server: appear, send, vanish, come back; and a server that dies."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import mido
import pytest

from engine.midi import backend
from engine.midi.ports import MidiBatch, MidiInput
from engine.midi.system import BACKEND
from engine.protocol import SetWeight, TogglePlay
from tests.midi.messages import cc, generic, note

MISSING = [name for name in ("jackd", "jack_wait") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.midi,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)} (Debian: jackd2)"),
    pytest.mark.skipif("UNIX_JACK" not in backend.get_api_names(), reason="this MIDI library has no JACK"),
]

TIMEOUT_S = 20.0


class Server:
    """A JACK server without hardware, under a name of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"}
        command = ["jackd", "-n", self.name, "-r", "-p", "64", "-d", "dummy", "-r", "48000", "-p", "512"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        wait = ["jack_wait", "-s", self.name, "-w", "-t", "15"]
        subprocess.run(wait, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=20)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


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
        deadline = time.monotonic() + TIMEOUT_S
        while not true():
            assert time.monotonic() < deadline, f"waited in vain: {self.messages} messages, {self.batch}, {self.notices}"
            self.woken.wait(0.2)
            self.woken.clear()
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
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(f"liveset-{os.getpid()}")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    monkeypatch.setenv("LIVESET_MIDI_API", "jack")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.midi.stop()


def controller(name: str) -> mido.ports.BaseOutput:
    return mido.Backend(f"{BACKEND}/UNIX_JACK").open_output("knobs", virtual=True, client_name=name)


def test_a_controller_comes_plays_goes_and_comes_back(server: Server, listener: Listener) -> None:
    listener.midi.start()
    knobs = controller("controller")
    listener.until(lambda: listener.batch.ports == ("controller:knobs",))

    for n in range(2000):
        knobs.send(cc(16 + n % 8, (n // 8) % 128))
        if n % 100 == 99:
            knobs.send(note(36))
            listener.until(lambda sent=n + 1 + (n + 1) // 100: listener.messages >= sent)  # type: ignore[misc]
    assert listener.messages == 2020
    assert listener.commands.count(TogglePlay()) == 20
    last = {command.slot: command.value for command in listener.commands if isinstance(command, SetWeight)}
    assert last == {slot: pytest.approx(0.5 + (249 - 128 - 64) / 126) for slot in range(8)}

    knobs.close()
    listener.until(lambda: listener.batch.ports == ())
    knobs = controller("controller")
    listener.until(lambda: listener.batch.ports == ("controller:knobs",))
    listener.hear(knobs, cc(16, 1))
    assert listener.commands[-1] == SetWeight(0, 1 / 128)
    knobs.close()


def test_a_server_that_dies_is_survived_and_found_again(server: Server, listener: Listener) -> None:
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
