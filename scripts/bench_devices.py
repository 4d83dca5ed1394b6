"""Measures how a set survives its sound server: PulseAudio sinks of many shapes, a default that changes, goes and returns.

    python scripts/bench_devices.py             # every fault, some 12 s each
    python scripts/bench_devices.py rates       # sinks at 8 to 192 kHz, mono and with 8 channels
    python scripts/bench_devices.py default     # the default sink changes, is removed and comes back
    python scripts/bench_devices.py pause       # all processes stand still for 30 s
    python scripts/bench_devices.py kills       # each process is killed ten times in a row

Needs pulseaudio, pactl and parec. Every line says how long the loudspeaker got nothing: seconds and gaps over 5 ms, counted
in what was captured from the sink.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RATES = (8_000, 16_000, 24_000, 48_000, 96_000, 192_000)
CHANNELS = (1, 2, 8)
CAPTURED_HZ = 44_100
GAP_S = 0.005
LISTEN_S = 8.0
PAUSED_S = 30.0
KILLS = 10
KILLS_S = 90.0
SERVER = "pulseaudio -n --daemonize=no --exit-idle-time=-1 --disallow-exit --use-pid-file=no --system=no --realtime=no"


@dataclass
class Stage:
    """A sound server of the bench's own and the set that plays on it."""

    folder: Path

    def sink(self, name: str, rate: int = 44_100, channels: int = 2) -> str:
        """Add a null sink; its module's number."""
        shape = f"sink_name={name} norewinds=1 format=float32le rate={rate} channels={channels}"
        return pactl("load-module", "module-null-sink", *shape.split())

    @contextmanager
    def playing(self) -> Iterator[int]:
        """A set plays, found by the number of its process."""
        argv = [sys.executable, "-m", "liveset", "play", "sunrise", "--no-screen"]
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            for pid in pids(self, "engine."):  # of a set whose every process was killed, and whose command gave it up
                os.kill(pid, signal.SIGKILL)

    def captured(self, sink: str, seconds: float) -> np.ndarray:
        """What a sink gets from now on: (frames,) peaks of both sides at 44.1 kHz."""
        argv = ["parec", f"--device={sink}.monitor", "--format=float32le", f"--rate={CAPTURED_HZ}", "--channels=2", "--raw"]
        with subprocess.Popen([*argv, "--latency-msec=20"], stdout=subprocess.PIPE) as recorder:
            assert recorder.stdout is not None
            data = recorder.stdout.read(int(seconds * CAPTURED_HZ) * 8)
            recorder.kill()
        sound = np.frombuffer(data[: len(data) // 8 * 8], "<f4").reshape(-1, 2)
        peaks: np.ndarray = np.abs(sound).max(axis=1)
        return peaks


def pactl(*words: str) -> str:
    """Ask the sound server."""
    return subprocess.run(["pactl", *words], capture_output=True, text=True, check=False).stdout.strip()


def gaps(peaks: np.ndarray) -> str:
    """Stretches in which nothing came, from the first sound on."""
    loud = np.flatnonzero(peaks > 1e-4)
    if not len(loud):
        return "NOTHING was heard"
    quiet = (peaks[loud[0] : loud[-1]] == 0).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], quiet, [0])))).reshape(-1, 2)
    lengths = [(end - start) / CAPTURED_HZ for start, end in edges if (end - start) / CAPTURED_HZ >= GAP_S]
    return f"{len(lengths)} gaps, {sum(lengths):.2f} s, longest {max(lengths, default=0):.2f} s"


def wait_for_sound(stage: Stage, sink: str, limit_s: float = 60.0) -> float:
    """Seconds until a sink gets sound."""
    started = time.monotonic()
    while time.monotonic() - started < limit_s and not (stage.captured(sink, 0.1) > 1e-4).any():
        pass
    return time.monotonic() - started


def bench_rates(stage: Stage) -> None:
    """A set on each shape of sink, moved from one to the next while it plays."""
    with stage.playing():
        wait_for_sound(stage, "first")
        for rate in RATES:
            for channels in CHANNELS:
                module = stage.sink("shaped", rate, channels)
                pactl("set-default-sink", "shaped")
                wait_for_sound(stage, "shaped")
                print(f"{rate:>7} Hz, {channels} channels: {gaps(stage.captured('shaped', LISTEN_S))}", flush=True)
                pactl("set-default-sink", "first")
                wait_for_sound(stage, "first")
                pactl("unload-module", module)


def bench_default(stage: Stage) -> None:
    """The default sink changes, is taken away while the set plays on it, and comes back."""
    with stage.playing():
        wait_for_sound(stage, "first")
        second = stage.sink("second")
        pactl("set-default-sink", "second")
        print(f"the default changes: heard there after {wait_for_sound(stage, 'second'):.2f} s", flush=True)
        pactl("unload-module", second)
        print(f"it is removed: heard on what is left after {wait_for_sound(stage, 'first'):.2f} s", flush=True)
        stage.sink("second")
        pactl("set-default-sink", "second")
        print(f"it comes back: heard there after {wait_for_sound(stage, 'second'):.2f} s", flush=True)
        print(f"and then: {gaps(stage.captured('second', LISTEN_S))}", flush=True)


def pids(stage: Stage, module: str) -> list[int]:
    """The processes of the set that run a module, or any of those whose names begin so."""
    listing = subprocess.run(["ps", "-eww", "-o", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in listing.splitlines() if str(stage.folder) in line and f"-m {module}" in line]


def bench_pause(stage: Stage) -> None:
    """Every process of the set stands still, as when a laptop's lid is closed."""
    with stage.playing():
        wait_for_sound(stage, "first")
        stopped = pids(stage, "engine.")
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(PAUSED_S)
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        print(
            f"{len(stopped)} processes stood still for {PAUSED_S:g} s: heard {wait_for_sound(stage, 'first'):.2f} s after",
            flush=True,
        )
        print(f"and then: {gaps(stage.captured('first', LISTEN_S))}", flush=True)


def bench_kills(stage: Stage) -> None:
    """Generators, engines and players that are killed as soon as another is there, beside a stretch in which nothing is.

    A sound server without real-time rights, on a machine that others share, has gaps of its own: only what is beyond those of
    the first line is of the set's making.
    """
    with stage.playing():
        wait_for_sound(stage, "first")
        for module in ("", "engine.generators.worker", "engine.live", "engine.player"):
            found: list[np.ndarray] = []
            listening = threading.Thread(target=lambda found=found: found.append(stage.captured("first", KILLS_S)))
            listening.start()
            killed, begun = set[int](), time.monotonic()
            while time.monotonic() < begun + KILLS_S - 1.0 and len(killed) < KILLS:
                for pid in set(pids(stage, module) if module else ()) - killed:
                    killed.add(pid)
                    os.kill(pid, signal.SIGKILL)
                time.sleep(1.0)
            listening.join()
            print(f"{module or 'nothing'} killed {len(killed)} times in {KILLS_S:g} s: {gaps(found[0])}", flush=True)


BENCHES = {"rates": bench_rates, "default": bench_default, "pause": bench_pause, "kills": bench_kills}


def main(argv: list[str]) -> int:
    """Run the faults that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=f"{', '.join(BENCHES)}; all if none is named")
    faults = parser.parse_args(argv).faults or list(BENCHES)
    if unknown := [fault for fault in faults if fault not in BENCHES]:
        parser.error(f"there is no {unknown[0]}; choose from {', '.join(BENCHES)}")
    missing = [name for name in ("pulseaudio", "pactl", "parec") if shutil.which(name) is None]
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="bd") as name:
        folder = Path(name)
        (folder / "rt").mkdir(mode=0o700)
        folders = dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME"), name)
        os.environ.update(folders, PULSE_RUNTIME_PATH=str(folder / "rt"), PULSE_SERVER=f"unix:{folder}/native")
        native = f"module-native-protocol-unix socket={folder}/native auth-anonymous=1"
        first = "module-null-sink sink_name=first norewinds=1 format=float32le rate=44100 channels=2"
        options = ["-L", native, "-L", first, "-L", "module-rescue-streams"]
        server = subprocess.Popen([*SERVER.split(), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not pactl("info"):
                time.sleep(0.05)
            for fault in faults:
                BENCHES[fault](Stage(folder))
        finally:
            server.kill()
            server.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
