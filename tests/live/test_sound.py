"""One set through a real sound server: what the loudspeaker would get is captured, and checked sample by sample.

A machine that stands still for longer than the player's stream holds (23 ms) makes a gap that is no fault of the player: the
sound server, the recorder and the player may each be put aside by whatever else runs. So no gap at all is allowed where the
stream holds seconds of sound, which a machine hardly ever stands still for; there a gap was made by us, in what is rendered or
on its way to the server. With the stream as it is on stage, a second and a half must come out without a gap sooner or
later: the machine has such a spell however busy it is, and a player that is late by its own fault has none.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from engine.protocol import SetMacro, SetWeight
from tests.live.conftest import FRAMES_S, Lasting, Show
from tests.support.waiting import LIMIT_S, comes_true, wait_until

pytestmark = pytest.mark.sound

NEEDED = ("pulseaudio", "pactl", "parec")
AMPLE_MS = "2000"
"""What the stream to the server holds where no gap is allowed: PulseAudio's library reads it in the player's environment."""
CAPTURES = 3
"""Sets of which one must come through without a gap: even two seconds are not enough for every pause of a shared machine, but a
player that makes gaps makes them every time."""
SPELL_S = 1.5
TRIED_S = 45.0
"""Seconds without a gap that must come within so many."""
SHORTEST = 32
"""Frames of nothing that count as a gap: music passes through 0 for a few."""


@dataclass
class Server:
    """A PulseAudio server of the tests' own, with a null sink."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"unix:{self.folder}/native"

    def start(self) -> bool:
        """Start it, also a second time after it was killed. Returns whether it is there."""
        argv = "pulseaudio -n --daemonize=no --exit-idle-time=-1 --disallow-exit --use-pid-file=no --system=no --realtime=no"
        argv += " --high-priority=no"
        modules = [
            f"module-native-protocol-unix socket={self.folder}/native auth-anonymous=1",
            # norewinds: without it the null sink stalls for over a second after the first callback.
            "module-null-sink sink_name=out norewinds=1 format=float32le rate=44100 channels=2",
        ]
        options = [word for module in modules for word in ("-L", module)]
        self.process = subprocess.Popen([*argv.split(), *options], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        with contextlib.suppress(AttributeError, OSError):  # as a desktop runs it, and as the player runs: where that is allowed
            os.sched_setscheduler(self.process.pid, os.SCHED_FIFO, os.sched_param(5))
        ask = ["pactl", "--server", self.address, "info"]
        return comes_true(lambda: subprocess.run(ask, capture_output=True, check=False).returncode == 0)

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def ask(self, *words: str) -> str:
        """What the server answers to an order."""
        argv = ["pactl", "--server", self.address, *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=LIMIT_S).stdout.strip()

    @contextmanager
    def capture(self, sink: str = "out") -> Iterator[Capture]:
        """Record what comes out of a sink from now on."""
        path = self.folder / "captured.raw"
        wanted = f"parec --server={self.address} --device={sink}.monitor --format=float32le --rate=44100 --channels=2 --raw"
        with path.open("wb") as file:
            recorder = subprocess.Popen([*wanted.split(), "--latency-msec=20"], stdout=file, stderr=subprocess.DEVNULL)
        yield Capture(path)
        recorder.kill()
        recorder.wait()


@dataclass
class Capture:
    """What a recorder writes."""

    path: Path

    def heard(self, seconds: float) -> np.ndarray:
        """So many seconds from the first sound on, waited for: (frames, 2) float32."""
        frames = int(seconds * FRAMES_S)
        wait_until(lambda: len(self._sound()) >= frames, f"{seconds:g} seconds of sound")
        return self._sound()[:frames]

    def _sound(self) -> np.ndarray:
        raw = np.fromfile(self.path, dtype="<f4")
        sound = raw[: len(raw) // 2 * 2].reshape(-1, 2)
        loud = np.flatnonzero(np.abs(sound).max(axis=1) > 0.001)
        return sound[loud[0] :] if len(loud) else sound[:0]


@pytest.fixture(scope="module")
def server(lasting: Lasting) -> Iterator[Server]:
    """For all tests, and for the set that they share."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no sound server here: {', '.join(missing)} not installed")
    rt = lasting.home / "rt"
    rt.mkdir(mode=0o700)
    made = Server(lasting.home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULSE_RUNTIME_PATH", str(rt))
        patch.setenv("PULSE_SERVER", made.address)
        if not made.start():
            pytest.skip("PulseAudio does not start here")
        yield made
        lasting.end()  # as long as there is a device that it can let go
        made.kill()


def runs_of_zeros(sound: np.ndarray) -> list[tuple[int, int]]:
    """(start, length) of stretches in which nothing came out."""
    quiet = (np.abs(sound).max(axis=1) == 0).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], quiet, [0])))).reshape(-1, 2)
    return [(int(a), int(b - a)) for a, b in edges if b - a >= SHORTEST]


def test_captured_sound_has_no_gap(server: Server, show: Callable[..., Show], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", server.address)
    monkeypatch.setenv("PULSE_LATENCY_MSEC", AMPLE_MS)
    found = []
    for _ in range(CAPTURES):
        with server.capture() as capture:
            found.append(captured_gaps(capture, show))
        if not found[-1]:
            return
    pytest.fail(f"(start, length) of the gaps in {CAPTURES} captures: {found}")


def captured_gaps(capture: Capture, show: Callable[..., Show]) -> list[tuple[int, int]]:
    """Play the first two sections of a set, steered, and look at what was captured of them."""
    one = show()
    shown = one.wait_playing()
    assert not shown.audio.silent, shown.notices
    one.client.send(SetWeight(0, 0.4))
    one.client.send(SetMacro("reverb", 0.5))
    sound = capture.heard(7.0)
    assert sum(part.state == "played" for part in one.now().arc) >= 1, "a section has followed another"
    one.end()
    return runs_of_zeros(sound)


def longest_spell(sound: np.ndarray) -> int:
    """The most frames without a gap between them."""
    edges = [0, *(at for start, length in runs_of_zeros(sound) for at in (start, start + length)), len(sound)]
    return max(edges[n + 1] - edges[n] for n in range(0, len(edges), 2))


def test_seconds_come_out_whole_with_the_stream_as_it_is_on_stage(server: Server, one: Show) -> None:
    shown = one.now()
    assert not shown.audio.silent, shown.notices
    assert 0 < shown.audio.latency_s < 0.03
    with server.capture() as capture:
        spells, seconds = [0], 0.0
        while max(spells) < SPELL_S * FRAMES_S and seconds < TRIED_S:
            seconds += SPELL_S
            spells.append(longest_spell(capture.heard(seconds)))
    assert max(spells) >= SPELL_S * FRAMES_S, f"frames without a gap: {spells}"


def test_set_is_heard_on_the_default_output_as_it_changes_goes_and_comes_back(server: Server, one: Show) -> None:
    one.wait(lambda s: not s.audio.silent, "a device")
    for _ in range(2):
        module = server.ask("load-module", "module-null-sink", "sink_name=phones", "norewinds=1", "rate=48000", "channels=1")
        server.ask("set-default-sink", "phones")
        with server.capture("phones") as capture:
            assert capture.heard(0.5).any()
        server.ask("unload-module", module)
        with server.capture("out") as capture:
            assert capture.heard(0.5).any()
    before = one.now()
    assert not one.wait_on(1).audio.silent
    assert before.state == "playing"


def test_device_that_vanishes_is_waited_for_while_time_goes_on(server: Server, one: Show) -> None:
    shown = one.wait(lambda s: s.audio.device != "" and not s.audio.silent, "the device")
    server.kill()
    one.wait(lambda s: any("gone" in notice.text for notice in s.notices), "the loss")
    assert one.wait_on(2).audio.silent
    assert server.start()
    one.wait(lambda s: not s.audio.silent and s.audio.device == shown.audio.device, "the device's return")
    one.wait(lambda s: any("Playing on" in notice.text for notice in s.notices), "the word of it")
