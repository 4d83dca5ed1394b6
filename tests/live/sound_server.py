"""A PulseAudio server of a test's own, with as many null sinks as it asks for."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.live.conftest import FRAMES_S
from tests.support.waiting import LIMIT_S, comes_true, wait_until

NEEDED = ("pulseaudio", "pactl", "parec")
MAPS = {2: "front-left,front-right", 4: "front-left,front-right,rear-left,rear-right"}
"""The channels of a sink by their number, in the order of a device's outputs."""


@dataclass
class Recorded:
    """What a recorder writes: raw float32, interleaved."""

    path: Path
    channels: int

    def all(self) -> npt.NDArray[np.float32]:
        """All so far: (frames, channels)."""
        raw = np.fromfile(self.path, dtype="<f4")
        return raw[: len(raw) // self.channels * self.channels].reshape(-1, self.channels)

    def silent(self) -> int:
        """Wait until nothing comes out any more, of what was on its way too; returns the frames until then."""
        last = int(FRAMES_S / 2)
        wait_until(lambda: len(self.all()) > last and not self.all()[-last:].any(), "silence")
        return len(self.all())

    def heard(self, seconds: float, start: int = 0) -> npt.NDArray[np.float32]:
        """Everything from a frame on, once so many seconds from the first sound on are there."""
        frames = int(seconds * FRAMES_S)

        def enough() -> bool:
            sound = self.all()[start:]
            loud = np.flatnonzero(np.abs(sound).max(axis=1) > 0.001)
            return bool(len(loud)) and len(sound) - loud[0] >= frames

        wait_until(enough, f"{seconds:g} seconds of sound")
        return self.all()[start:]


@dataclass
class Server:
    """The server; its first sink becomes the default."""

    folder: Path

    @property
    def address(self) -> str:
        return f"unix:{self.folder}/native"

    def ask(self, *words: str) -> str:
        """What it answers to an order."""
        argv = ["pactl", "--server", self.address, *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=LIMIT_S).stdout.strip()

    def sink(self, name: str, channels: int) -> str:
        """Make a null sink; returns its module's number."""
        form = ("format=float32le", "rate=44100", f"channels={channels}", f"channel_map={MAPS[channels]}")
        return self.ask("load-module", "module-null-sink", f"sink_name={name}", "norewinds=1", *form)

    @contextmanager
    def capture(self, sink: str, channels: int = 2, name: str = "captured") -> Iterator[Recorded]:
        """Record what comes out of a sink from now on."""
        path = self.folder / f"{name}.raw"
        wanted = f"parec --server={self.address} --device={sink}.monitor --format=float32le --rate=44100 --raw --latency-msec=20"
        shape = [f"--channels={channels}", f"--channel-map={MAPS[channels]}"]
        with path.open("wb") as file:
            recorder = subprocess.Popen([*wanted.split(), *shape], stdout=file, stderr=subprocess.DEVNULL)
        try:
            yield Recorded(path, channels)
        finally:
            recorder.kill()
            recorder.wait()


def private_server(home: Path) -> Iterator[Server]:
    """A server for one test, in its home."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no sound server here: {', '.join(missing)} not installed")
    (home / "rt").mkdir(mode=0o700)
    server = Server(home)
    argv = "pulseaudio -n --daemonize=no --exit-idle-time=-1 --disallow-exit --use-pid-file=no --system=no --realtime=no"
    protocol = f"module-native-protocol-unix socket={home}/native auth-anonymous=1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULSE_RUNTIME_PATH", str(home / "rt"))
        patch.setenv("PULSE_SERVER", server.address)
        process = subprocess.Popen(
            [*argv.split(), "--high-priority=no", "-L", protocol], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with contextlib.suppress(AttributeError, OSError):  # as a desktop runs it: where that is allowed
            os.sched_setscheduler(process.pid, os.SCHED_FIFO, os.sched_param(5))
        try:
            ask = ["pactl", "--server", server.address, "info"]
            if not comes_true(lambda: subprocess.run(ask, capture_output=True, check=False).returncode == 0):
                pytest.skip("PulseAudio does not start here")
            yield server
        finally:
            process.kill()
            process.wait()
