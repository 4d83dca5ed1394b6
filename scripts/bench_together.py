"""How well a set stays in time with another instrument: its beats as captured, against a MIDI clock that jitters and drifts.

    .venv/bin/python scripts/bench_together.py --minutes 10

Plays a set of clicks in real processes on a PulseAudio server of its own, with a clock on a real port of a JACK server of its
own. The clock begins 2 % slower than the set, has 2 ms of jitter, and is 1 % faster at the end. What the sound server delays is
not known, and PulseAudio without hardware delays a little more by and by (170 ppm, also of a program that only writes): errors
are printed as they come, against their median, and with that straight line taken out. Needs pulseaudio, pactl, parec and jackd.

What is another machine on a stage (the clock, and both servers) goes before everything else here where the system allows it, so
that a set on a busy machine is measured, and not the other instrument: it says whether it could.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

import mido
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.midi.devices.system import BACKEND

RATE: Final = 44_100
BPM: Final = 124.0
SLOWER: Final = 0.98
JITTER_S: Final = 0.002
DRIFT: Final = 0.01
STARTS: Final = 3
"""JACK loses one or two messages in a hundred here; a start that comes again before the first tick starts nothing twice."""
SETTLED_BARS: Final = 4
WINDOW_S: Final = 0.08
OUTLIER_S: Final = 0.008
SERVER: Final = "liveset-together"
PRESET: Final = f"""
[set]
minutes = {{minutes}}
bpm = {BPM:g}
seed = 5
generator = "tests.generators.tones:Tones"
[[prompt]]
text = "techno, four on the floor"
[start]
muted = ["bass", "harmony", "lead"]
"""
Times = npt.NDArray[np.float64]
PRIORITY: Final = 40


def go_first() -> bool:
    """Have this process, not those it starts, go before all others. Returns whether the system allows it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except (AttributeError, OSError):
        return False
    return True


class Master:
    """Another instrument: sends a clock on a thread of its own, and knows when its beats truly are."""

    def __init__(self, seconds: float) -> None:
        self._port = mido.Backend(f"{BACKEND}/UNIX_JACK").open_output("out", virtual=True, client_name="master")
        self._seconds, self._bpm, self._rng = seconds, BPM * SLOWER, random.Random(1)
        self.began = 0.0
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Send from now on."""
        self._thread.start()

    def time_of(self, beat: float) -> float:
        """When a beat is, in seconds of the clock."""
        rate, drift = self._bpm / 60, DRIFT / (2 * self._seconds)
        return self.began + (math.sqrt(1 + 4 * drift * beat / rate) - 1) / (2 * drift)

    def _run(self) -> None:
        self.began, tick = time.monotonic() + 0.1, 0
        for _ in range(STARTS):
            self._port.send(mido.Message("start"))
            time.sleep(0.02)
        while not self.ended.is_set():
            at = self.time_of(tick / 24) + self._rng.uniform(-JITTER_S / 2, JITTER_S / 2)
            time.sleep(max(0.0, at - time.monotonic()))
            self._port.send(mido.Message("clock"))
            tick += 1


class Capture:
    """What the sink gets, and when."""

    def __init__(self) -> None:
        argv = [
            "parec",
            "--device=out.monitor",
            "--format=float32le",
            f"--rate={RATE}",
            "--channels=1",
            "--raw",
            "--latency-msec=20",
        ]
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE)
        self._parts: list[bytes] = []
        self.began = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        assert self._process.stdout is not None
        while part := os.read(self._process.stdout.fileno(), 1 << 14):
            self.began = self.began or time.monotonic()
            self._parts.append(part)

    def stop(self) -> npt.NDArray[np.float32]:
        """All of it, one channel."""
        self._process.terminate()
        self._thread.join(5)
        data = b"".join(self._parts)
        return np.frombuffer(data[: len(data) // 4 * 4], "<f4")


def clicks(sound: npt.NDArray[np.float32], expected: Times) -> tuple[Times, npt.NDArray[np.bool_]]:
    """When the click begins near each of some times in seconds, and whether there is one."""
    rise = np.abs(np.diff(sound, prepend=np.float32(0)))
    found, sure = np.zeros(len(expected)), np.zeros(len(expected), bool)
    loud = float(rise.max())
    for i, at in enumerate(expected):
        first, last = int((at - WINDOW_S) * RATE), int((at + WINDOW_S) * RATE)
        if first < 0 or last > len(rise):
            continue
        above = np.flatnonzero(rise[first:last] > 0.25 * loud)
        if len(above):
            found[i], sure[i] = (first + above[0]) / RATE, True
    return found, sure


def told(errors: Times) -> str:
    """Errors in seconds, as shares."""
    size = np.sort(np.abs(errors)) * 1000
    shares = [f"{share:.0%} within {size[int(share * (len(size) - 1))]:.1f} ms" for share in (0.5, 0.9, 0.99)]
    return ", ".join([*shares, f"worst {size[-1]:.1f} ms"])


def measure(minutes: float, folder: Path) -> None:
    """Play, capture, and print."""
    (folder / "together.toml").write_text(PRESET.format(minutes=minutes + 1))
    argv = [sys.executable, "-m", "liveset", "play", str(folder / "together.toml"), "--no-screen", "--clock-in", "master"]
    master = Master(minutes * 60)
    with (folder / "said").open("wb") as said:
        playing = subprocess.Popen(argv, cwd=Path(__file__).resolve().parent.parent, stdout=said, stderr=said)
    capture = Capture()
    try:
        time.sleep(8.0)
        master.start()
        time.sleep(minutes * 60)
    finally:
        master.ended.set()
        sound = capture.stop()
        playing.terminate()
        playing.wait(20)
    lines = (folder / "said").read_text(encoding="utf-8", errors="replace")
    follows, stops = lines.count("the set follows"), lines.count("clock stopped")
    print(f"the set said {follows} times that it follows the clock, {stops} times that it stopped")
    last = int(minutes * 60 * BPM / 60 * SLOWER) - 8
    beats = np.arange(last)
    true = np.array([master.time_of(float(beat)) for beat in beats]) - capture.began
    # Settled, any beat of the set lies on one of the master's: what is left over is the delay of the capture.
    found, sure = clicks(sound, true)
    late = found - true
    settled = sure & (beats >= 4 * 8)
    middle = float(np.median(late[settled]))
    found, sure = clicks(sound, true + middle)
    late = found - true - middle
    print(f"{len(beats)} beats, {int(sure.sum())} with a click; delay of sound and capture {1000 * middle:.0f} ms")
    for bar in range(6):
        of = [f"{1000 * late[i]:+.1f}" if sure[i] else "-" for i in range(4 * bar, 4 * bar + 4)]
        print(f"bar {bar + 1}: {' '.join(of)} ms")
    after = sure & (beats >= 4 * SETTLED_BARS)
    missed = int((beats >= 4 * SETTLED_BARS).sum() - after.sum())
    print(
        f"from bar {SETTLED_BARS + 1} on {missed} beats without a click within {1000 * WINDOW_S:.0f} ms; bars are not told apart"
    )
    print(f"from bar {SETTLED_BARS + 1} on, against their median: {told(late[after])}")
    slope, begin = _line(true[after], late[after])
    print(f"creeping by {1e6 * slope:.0f} ppm; without that: {told(late[after] - begin - slope * true[after])}")


def _line(x: Times, y: Times) -> tuple[float, float]:
    """The straight line through most of the points: what is far off it counts for nothing."""
    keep = np.ones(len(x), bool)
    for _ in range(4):
        slope, begin = np.polyfit(x[keep], y[keep], 1)
        keep = np.abs(y - begin - slope * x) < OUTLIER_S
    return float(slope), float(begin)


def main() -> None:
    """Start the servers, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ls") as home:
        folder = Path(home)
        os.environ |= {
            "HOME": home,
            "XDG_RUNTIME_DIR": home,
            "XDG_CACHE_HOME": home,
            "XDG_STATE_HOME": home,
            "XDG_MUSIC_DIR": home,
        }
        os.environ |= {"PULSE_RUNTIME_PATH": home, "PULSE_SERVER": f"unix:{home}/native"}
        os.environ |= {"JACK_DEFAULT_SERVER": SERVER, "LIVESET_MIDI_API": "jack", "JACK_NO_AUDIO_RESERVATION": "1"}
        words = "pulseaudio -n --daemonize=no --exit-idle-time=-1 --disallow-exit --use-pid-file=no --system=no --realtime=no"
        unix = f"module-native-protocol-unix socket={home}/native auth-anonymous=1"
        sink = f"module-null-sink sink_name=out norewinds=1 format=float32le rate={RATE} channels=2"
        ahead = go_first()
        print("the other instrument goes before the set" if ahead else "the other instrument waits its turn like the set")
        first = ["chrt", "-f", str(PRIORITY)] if ahead else []
        urgent = ["-R", "-P", str(PRIORITY)] if ahead else ["-r"]
        sounds = subprocess.Popen(
            [*first, *words.split(), "-L", unix, "-L", sink], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        ports = subprocess.Popen(
            [*first, "jackd", "-n", SERVER, *urgent, "-t", "5000", "-d", "dummy", "-r", "48000", "-p", "64"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            subprocess.run(
                ["jack_wait", "-s", SERVER, "-w", "-t", "10"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            while subprocess.run(["pactl", "info"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
                time.sleep(0.05)
            measure(given.minutes, folder)
        finally:
            for server in (ports, sounds):
                server.terminate()
                server.wait(10)


if __name__ == "__main__":
    main()
