"""Real engines, players and generators in private folders, on the silent backend or a PulseAudio server of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.processes.client import EngineClient, EngineProcess
from engine.protocol import Quit, SetOptions, Snapshot

LIMIT_S = 60.0

PRESET = """
[set]
title = "Test"
minutes = {minutes}
bpm = 200
key = "A minor"
seed = 3

[[prompt]]
text = "driving techno"
weight = 0.8

[[prompt]]
text = "bright bells"
weight = 0.1
"""


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own: short, since sockets have short names."""
    folder = Path(tempfile.mkdtemp(prefix="ls"))
    for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_MUSIC_DIR"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setenv("PULSE_SERVER", "unix:/nonexistent")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Show:
    """A set that plays in processes of its own."""

    engine: EngineProcess
    client: EngineClient

    def wait(self, until: Callable[[Snapshot], bool], what: str) -> Snapshot:
        """The first snapshot for which something holds."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            if not self.client.reconnect():
                time.sleep(0.02)  # the only way to wait for a process that is not there yet
            for shown in self.client.snapshots(1.0):
                if shown is not None and until(shown):
                    return shown
                if time.monotonic() > deadline:
                    break
        log = "\n".join(path.read_text(errors="replace") for path in self.engine.folder.glob("*.log"))
        pytest.fail(f"{what} did not come within {LIMIT_S:g} s; last: {self.client.snapshot()}\n{log}")

    def wait_gone(self) -> None:
        """Until the engine has let go of this screen."""
        for _ in self.client.snapshots(1.0):
            pass

    def pids(self, module: str) -> list[int]:
        """Processes of this session that run a module."""
        listing = subprocess.run(["ps", "-eww", "-o", "pid,args"], capture_output=True, text=True, check=True).stdout
        lines = [line.split(None, 1) for line in listing.splitlines()]
        return [int(pid) for pid, args in lines if f"-m {module} {self.engine.folder}" in args]

    def kill(self, module: str) -> None:
        """End a process of this session without a word."""
        for pid in self.pids(module):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def show(private: Path) -> Iterator[Callable[..., Show]]:
    """Starts sets, and ends them after the test."""
    shows: list[Show] = []

    def start(minutes: float = 0.5, text: str = PRESET, **options: object) -> Show:
        preset = private / "test.toml"
        preset.write_text(text.format(minutes=minutes), encoding="utf-8")
        engine = EngineProcess(SetOptions(str(preset), **options))  # type: ignore[arg-type]
        engine.verdict()
        shows.append(Show(engine, EngineClient(engine.folder)))
        return shows[-1]

    yield start
    for one in shows:
        one.client.reconnect()
        one.client.send(Quit())
        deadline = time.monotonic() + 6
        while one.client.connected() and time.monotonic() < deadline:
            next(one.client.snapshots(0.1), None)
        one.client.close()
        for module in ("engine.live", "engine.player", "engine.generators.worker"):
            one.kill(module)
        one.engine.process.wait(10)
