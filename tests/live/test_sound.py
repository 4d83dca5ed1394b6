"""One set through a real sound server: what the loudspeaker would get is captured, and checked sample by sample."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from engine.protocol import Quit, SetMacro, SetWeight
from tests.live.conftest import Show
from tests.support.waiting import comes_true

NEEDED = ("pulseaudio", "pactl", "parec")
TONES = """
[set]
minutes = {minutes}
bpm = 200
key = "A minor"
generator = "tests.generators.tones:Tones"

[[prompt]]
text = "house"
weight = 0.8
"""


@dataclass
class Server:
    """A PulseAudio server of the test's own, with a null sink, and a recorder on its monitor."""

    process: subprocess.Popen[bytes]
    capture: Path
    recorder: subprocess.Popen[bytes]

    def again(self) -> subprocess.Popen[bytes]:
        """Start the server a second time, after it was killed."""
        return subprocess.Popen(self.process.args, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def captured(self) -> np.ndarray:
        """What came out so far: (frames, 2) float32."""
        raw = np.fromfile(self.capture, dtype="<f4")
        return raw[: len(raw) // 2 * 2].reshape(-1, 2)


@pytest.fixture
def server(private: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no sound server here: {', '.join(missing)} not installed")
    rt = private / "rt"
    rt.mkdir(mode=0o700)
    monkeypatch.setenv("PULSE_RUNTIME_PATH", str(rt))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{private}/native")
    argv = "pulseaudio -n --daemonize=no --exit-idle-time=-1 --disallow-exit --use-pid-file=no --system=no --realtime=no"
    argv += " --high-priority=no"
    modules = [
        f"module-native-protocol-unix socket={private}/native auth-anonymous=1",
        # norewinds: without it the null sink stalls for over a second after the first callback.
        "module-null-sink sink_name=out norewinds=1 format=float32le rate=44100 channels=2",
    ]
    options = [word for module in modules for word in ("-L", module)]
    process = subprocess.Popen([*argv.split(), *options], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        up = comes_true(lambda: subprocess.run(["pactl", "info"], capture_output=True, check=False).returncode == 0, 10)
        if not up:
            pytest.skip("PulseAudio does not start here")
        capture = private / "captured.raw"
        with capture.open("wb") as file:
            wanted = "parec --device=out.monitor --format=float32le --rate=44100 --channels=2 --raw --latency-msec=20"
            recorder = subprocess.Popen(wanted.split(), stdout=file, stderr=subprocess.DEVNULL)
        yield Server(process, capture, recorder)
        recorder.kill()
    finally:
        process.kill()
        process.wait()


def runs_of_zeros(sound: np.ndarray, least: int) -> list[tuple[int, int]]:
    """(start, length) of stretches in which nothing came out."""
    quiet = (np.abs(sound).max(axis=1) == 0).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], quiet, [0])))).reshape(-1, 2)
    return [(int(a), int(b - a)) for a, b in edges if b - a >= least]


def heard(server: Server, start: int) -> np.ndarray:
    """What was captured from the first sound after ``start`` on."""
    sound = server.captured()[start:]
    loud = np.flatnonzero(np.abs(sound).max(axis=1) > 0.001)
    return sound[loud[0] :] if len(loud) else sound[:0]


CAPTURES = 3
"""Sets of which one must come through whole at the default latency: a shared machine now and then stops the sound server
itself for longer than that, which is no fault of the player; a player that makes gaps makes them every time."""


@pytest.mark.sound
def test_captured_sound_has_no_gap(server: Server, show: Callable[..., Show]) -> None:
    found = []
    for _ in range(CAPTURES):
        gaps, counted = captured_gaps(server, show)
        if not gaps and not counted:
            return
        found.append((counted, gaps))
    pytest.fail(f"breaks counted, and (start, length) of the gaps, in {CAPTURES} captures: {found}")


def captured_gaps(server: Server, show: Callable[..., Show]) -> tuple[list[tuple[int, int]], float]:
    """Play a little of a set, steered, and look at what was captured of it: gaps, and the breaks that the player counted."""
    before = len(server.captured())
    one = show(minutes=2, text=TONES)
    shown = one.wait(lambda s: s.state == "playing" and s.elapsed_s > 1, "the first sound")
    assert not shown.audio.silent, shown.notices
    assert 0 < shown.audio.latency_s < 0.03
    one.client.send(SetWeight(0, 0.4))
    one.client.send(SetMacro("reverb", 0.5))
    shown = one.wait(lambda s: s.elapsed_s > 12, "twelve seconds")
    sound = heard(server, before)[: 11 * 44_100]
    assert len(sound) > 8 * 44_100
    one.client.send(Quit())
    one.wait_gone()
    return runs_of_zeros(sound, 32), shown.audio.underruns


@pytest.mark.sound
def test_device_that_vanishes_is_waited_for_while_time_goes_on(server: Server, show: Callable[..., Show]) -> None:
    one = show(minutes=2, text=TONES, block=1024)
    shown = one.wait(lambda s: s.state == "playing" and s.elapsed_s > 1 and s.audio.device != "", "the first sound")
    assert not shown.audio.silent, shown.notices
    os.kill(server.process.pid, signal.SIGKILL)
    one.wait(lambda s: any("gone" in notice.text for notice in s.notices), "the loss")
    at = one.wait(lambda s: s.elapsed_s > shown.elapsed_s, "time going on").elapsed_s
    shown = one.wait(lambda s: s.elapsed_s > at + 2, "two more seconds")
    assert shown.audio.silent
    again = server.again()
    try:
        one.wait(lambda s: not s.audio.silent and s.audio.device != "", "the device's return")
        one.wait(lambda s: any("Playing on" in notice.text for notice in s.notices), "the word of it")
    finally:
        again.kill()
        again.wait()
