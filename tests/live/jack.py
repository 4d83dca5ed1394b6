"""A JACK server of the test's own, for MIDI ports without hardware."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import mido
import pytest

from engine.midi.devices import backend
from engine.midi.devices.system import BACKEND
from tests.support.waiting import LIMIT_S, comes_true

MISSING = [name for name in ("jackd", "jack_wait") if shutil.which(name) is None]
pytestmark = [
    pytest.mark.midi,
    pytest.mark.skipif(bool(MISSING), reason=f"needs {' and '.join(MISSING)} (Debian: jackd2)"),
    pytest.mark.skipif("UNIX_JACK" not in backend.get_api_names(), reason="this MIDI library has no JACK"),
]


PATIENCE_S = 5.0
TRIES = 5
STARTS_S = 15.0


class Server:
    """A JACK server without hardware, under a name of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; once more where it does not come: two that begin at once on a fresh machine get into each other's way."""
        for _ in range(TRIES):
            if self._started():
                return
            self.stop()
        pytest.fail(f"no JACK server in {TRIES} tries")

    def _started(self) -> bool:
        environment = {**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"}
        command = ["jackd", "-n", self.name, "-r", "-p", "64", "-d", "dummy", "-r", "48000", "-p", "512"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        wait = ["jack_wait", "-s", self.name, "-w", "-t", f"{STARTS_S:.0f}"]
        done = subprocess.run(wait, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=2 * STARTS_S)
        return done.returncode == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(LIMIT_S)
            self.process = None


@contextmanager
def running(name: str) -> Iterator[Server]:
    """A server that the processes started meanwhile take for theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", name)
        patch.setenv("LIVESET_MIDI_API", "jack")
        server = Server(name)
        server.start()
        yield server
        server.stop()


@pytest.fixture
def server() -> Iterator[Server]:
    """For one test, which may stop it."""
    with running(f"liveset-{os.getpid()}") as server:
        yield server


@pytest.fixture(scope="module")
def lasting_server() -> Iterator[Server]:
    """For all the tests of a module."""
    with running(f"liveset-{os.getpid()}-lasting") as server:
        yield server


def sent_until(send: Callable[[], object], came: Callable[[], bool]) -> int:
    """Send something until it came, and how often that took.

    JACK goes on without a client that the machine holds up, and what was sent in that round is lost, be it a whole burst.
    """
    for tries in range(1, TRIES + 1):
        send()
        if comes_true(came, PATIENCE_S):
            return tries
    pytest.fail(f"sent {TRIES} times, and it never came")


def controller(name: str) -> mido.ports.BaseOutput:
    return mido.Backend(f"{BACKEND}/UNIX_JACK").open_output("knobs", virtual=True, client_name=name)
