"""Real engines, players and generators in private folders, on the silent backend or a PulseAudio server of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.processes.client import EngineClient, EngineProcess
from engine.processes.latest import STATUS, SharedBlock
from engine.processes.layout import STATUS_FILE
from engine.protocol import Hold, NextNow, Quit, SetOptions, Snapshot
from tests.support.waiting import LIMIT_S, PAUSE_S, wait_until

LASTING_MIN = 6
"""Longer than all the tests that share a set; a longer set has longer sections, which take longer to come."""
QUIT_S = 6.0
"""A set fades out within a second or two; one that was killed on purpose does not answer."""

FRAMES_S = 44_100.0

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


ON_TONES = PRESET.replace("seed = 3", 'seed = 3\ngenerator = "tests.generators.tones:Tones"')
"""Without torch: it takes a quarter of the processor time to start, and to start again. For all that is not about pocket."""


@contextmanager
def private_home() -> Iterator[Path]:
    """A home of its own, without a sound or MIDI server: short, since sockets have short names."""
    folder = Path(tempfile.mkdtemp(prefix="ls"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_MUSIC_DIR"):
            patch.setenv(name, str(folder))
        patch.setenv("PULSE_SERVER", "unix:/nonexistent")
        patch.setenv("JACK_NO_START_SERVER", "1")
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def private() -> Iterator[Path]:
    """A home for one test."""
    with private_home() as folder:
        yield folder


MODULES = ("engine.live", "engine.player", "engine.generators.worker")


@dataclass
class Show:
    """A set that plays in processes of its own."""

    engine: EngineProcess
    client: EngineClient

    def wait(self, until: Callable[[Snapshot], bool], what: str) -> Snapshot:
        """The first snapshot for which something holds; while no engine answers, nothing is shown."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            if not self.client.reconnect():
                time.sleep(PAUSE_S)  # the only way to wait for a process that is not there yet
            for shown in self.client.snapshots(1.0):
                if shown is not None and until(shown):
                    return shown
                if time.monotonic() > deadline:
                    break
        log = "\n".join(path.read_text(errors="replace") for path in self.engine.folder.glob("*.log"))
        pytest.fail(f"{what} did not come within {LIMIT_S:g} s; last: {self.client.snapshot()}\n{log}")

    def now(self) -> Snapshot:
        """What a fresh snapshot says."""
        return self.wait(lambda _: True, "a snapshot")

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
        self.signal(module, signal.SIGKILL)

    def signal(self, module: str, number: signal.Signals) -> None:
        """Signal the processes of this session that run a module."""
        for pid in self.pids(module):
            with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(pid, number)

    def status(self) -> SharedBlock:
        """What the player counts; while one takes another's place there is a moment without."""
        found: list[SharedBlock] = []

        def there() -> bool:
            with contextlib.suppress(OSError, ValueError):
                found.append(SharedBlock(self.engine.folder / STATUS_FILE, STATUS))
            return bool(found)

        wait_until(there, "the player's counts")
        return found[0]

    def wait_playing(self) -> Snapshot:
        """Until there is music."""
        return self.wait(lambda s: s.state == "playing" and s.elapsed_s > 0.5 and not s.hold, "music")

    def wait_on(self, seconds: float) -> Snapshot:
        """Until the set has gone on by so many seconds."""
        at = self.now().elapsed_s
        return self.wait(lambda s: s.elapsed_s > at + seconds, f"{seconds:g} more seconds")

    def wait_another(self, module: str, before: list[int]) -> list[int]:
        """The numbers of the processes that have taken the place of those that were killed."""
        wait_until(lambda: self.pids(module) and not set(self.pids(module)) & set(before), f"another {module}")
        return self.pids(module)

    def next_section(self, after: str) -> Snapshot:
        """Ask for the next section now, and wait until it plays."""
        self.client.send(NextNow())
        return self.wait(lambda s: s.now.name not in ("", after), "the next section")

    def end(self) -> None:
        """Quit as a screen does, and leave no process."""
        self.client.reconnect()
        self.client.send(Quit())
        deadline = time.monotonic() + QUIT_S
        while self.client.connected() and time.monotonic() < deadline:
            next(self.client.snapshots(0.1), None)
        self.client.close()
        for module in MODULES:
            self.kill(module)
        self.engine.process.wait(LIMIT_S)


def start_show(folder: Path, minutes: float = 0.5, text: str = ON_TONES, **options: object) -> Show:
    """Start a set in processes of its own."""
    preset = folder / "test.toml"
    preset.write_text(text.format(minutes=minutes), encoding="utf-8")
    engine = EngineProcess(SetOptions(str(preset), **options))  # type: ignore[arg-type]
    engine.verdict(LIMIT_S)
    return Show(engine, EngineClient(engine.folder, LIMIT_S))


@pytest.fixture
def show(private: Path) -> Iterator[Callable[..., Show]]:
    """Starts sets, and ends them after the test."""
    shows: list[Show] = []

    def start(minutes: float = 0.5, text: str = ON_TONES, **options: object) -> Show:
        shows.append(start_show(private, minutes, text, **options))
        return shows[-1]

    yield start
    for one in shows:
        one.end()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which tests failed, for `one`."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@dataclass
class Lasting:
    """The set that a module's tests share, once there is one, and its home; a module may name its preset as ``LASTING``."""

    home: Path
    text: str
    show: Show | None = None

    def end(self) -> None:
        if self.show is not None:
            self.show.end()
        self.show = None


@pytest.fixture(scope="module")
def lasting(request: pytest.FixtureRequest) -> Iterator[Lasting]:
    """Holds the shared set, and ends it after the module."""
    with private_home() as folder:
        made = Lasting(folder, getattr(request.module, "LASTING", ON_TONES))
        yield made
        made.end()


@pytest.fixture
def one(lasting: Lasting, request: pytest.FixtureRequest) -> Iterator[Show]:
    """A long set that plays, the same for all tests of a module; a new one after a test that failed."""
    if lasting.show is None:
        lasting.show = start_show(lasting.home, LASTING_MIN, lasting.text)
    lasting.show.client.send(Hold(False))
    lasting.show.wait_playing()
    yield lasting.show
    if request.node.stash.get(FAILED, False):
        lasting.end()
