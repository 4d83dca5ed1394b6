"""A JACK server of the test's own, for MIDI ports without hardware."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import mido
import pytest

from engine.midi.devices import backend
from engine.midi.devices.system import BACKEND

MISSING = [name for name in ("jackd", "jack_wait") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.midi,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)} (Debian: jackd2)"),
    pytest.mark.skipif("UNIX_JACK" not in backend.get_api_names(), reason="this MIDI library has no JACK"),
]


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


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(f"liveset-{os.getpid()}")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", server.name)
    monkeypatch.setenv("LIVESET_MIDI_API", "jack")
    server.start()
    yield server
    server.stop()


def controller(name: str) -> mido.ports.BaseOutput:
    return mido.Backend(f"{BACKEND}/UNIX_JACK").open_output("knobs", virtual=True, client_name=name)
