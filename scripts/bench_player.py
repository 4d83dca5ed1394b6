"""Measure the player: the renderer's time as a fraction of its block, and breaks in what a sound server receives.

.venv/bin/python scripts/bench_player.py                      # renderer, with both cores loaded
.venv/bin/python scripts/bench_player.py --live 6             # six minutes against a private PulseAudio
.venv/bin/python scripts/bench_player.py --live 1 --block 256 512 --buffer 512 1024
"""

# ruff: noqa: E402
from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from multiprocessing.connection import Client
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from engine.player.decks import open_decks
from engine.player.offline import OfflinePlayer
from engine.player.output.priority import RENDER, raise_priority
from engine.player.rendering.headphones import Programme
from engine.processes.latest import PARAM_DEFAULTS, PARAMS, STATUS, SharedBlock
from engine.processes.layout import KEY_FILE, PARAMS_FILE, PLAYER, STATUS_FILE, address
from engine.protocol import Cue, DeviceOpened, SetCues, StopPlayer
from engine.sections.file import SectionInfo, SectionWriter
from engine.timebase import QUANTUM, SAMPLE_RATE, Grid

LOAD = """
import os, sys
os.nice(10)
import torch
from engine.generators.pocket.generator import Pocket
from engine.protocol import PromptWeight, SectionRequest
torch.set_num_threads(1)
pocket = Pocket()
pocket.warm_up()
print("loading", flush=True)
number = 0
while True:
    number += 1
    prompt = ("warm house", "dark techno", "drum and bass", "hip hop")[number % 4]
    request = SectionRequest("load", (PromptWeight(prompt, 1.0),), 16, 124.0, "F minor", number, energy=0.9, role="drop")
    for block in pocket.generate(request, lambda _: None, lambda: False):
        pass
"""
"""What keeps a core busy: the embedded generator, as fast as it goes."""

GRID = Grid(120.0)
CODES = 1 << 16
"""The test signal counts its samples modulo this, in values from 0 to just below 0.5, which float32 holds exactly."""

EFFECTS = {"filter": 0.35, "drive": 0.3, "echo": 0.4, "reverb": 0.4, "volume": 0.9}


@contextmanager
def load(wanted: bool) -> Iterator[None]:
    """A generator at work on every core, at nice 10."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", LOAD], stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        for _ in range(os.cpu_count() or 1 if wanted else 0)
    ]
    try:
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


def section(path: Path, bars: int, stems: tuple[str, ...], counting: bool) -> Cue:
    """A section file of noise, or of the counting signal, and a cue that plays it from frame 0."""
    frames = GRID.frame_of_bar(bars + 2)
    info = SectionInfo(path.stem, stems, SAMPLE_RATE, 0, frames, bars, 2, 4, GRID.bpm, "C", 0, "bench")
    writer = SectionWriter(path, info)
    rng = np.random.default_rng(1)
    for start in range(0, frames, SAMPLE_RATE):
        n = np.arange(start, min(start + SAMPLE_RATE, frames))
        if counting:
            wave = np.repeat((n % CODES / (2 * CODES))[:, None, None], 2, axis=2)
        else:
            wave = 0.1 * rng.standard_normal((len(n), len(stems), 2))
        writer.write(wave.astype(np.float32))
    writer.close()
    return Cue(1, str(path), 0, 0, GRID.frame_of_bar(bars), GRID)


def bench_renderer(folder: Path, seconds: float, realtime: bool) -> None:
    """Print the renderer's time as a fraction of a 256-frame block, in real time and scheduled as in the player."""
    if realtime:
        raise_priority(RENDER)
    cue = section(folder / "noise", 16, ("drums", "bass", "harmony", "lead"), counting=False)
    count = int(seconds * SAMPLE_RATE / QUANTUM)
    block_s = QUANTUM / SAMPLE_RATE
    print(f"renderer, {count} blocks of {QUANTUM} frames ({block_s * 1e3:.2f} ms), in % of a block:")
    for name, values in (("neutral", {}), ("all effects", EFFECTS)):
        player = OfflinePlayer()
        player.params.update({"run": 1.0, **values})
        player.order(SetCues((cue,)))
        out = np.zeros((QUANTUM, 2), dtype=np.float32)
        times = np.zeros(count)
        start = time.perf_counter()
        for i in range(count):
            time.sleep(max(0.0, start + i * block_s - time.perf_counter()))
            begin = time.perf_counter()
            player.renderer.render(out)
            times[i] = time.perf_counter() - begin
        shares = times / block_s * 100
        median, rare = np.percentile(shares, (50, 99.9))
        print(f"  {name:12}  median {median:5.1f} %   99.9th percentile {rare:6.1f} %   worst {shares.max():6.1f} %")


def bench_headphones(folder: Path, seconds: float, realtime: bool) -> None:
    """Print what the headphones cost: renderers without and with them take turns block by block, under one and the same load."""
    if realtime:
        raise_priority(RENDER)
    cue = section(folder / "heard", 16, ("drums", "bass", "harmony", "lead"), counting=False)
    players, names = [], ("without headphones", "headphones", "a take cued, and the set in the mix")
    for name in names:
        players.append(player := OfflinePlayer())
        player.params.update({"run": 1.0, "cue_mix": 0.25 if name == names[2] else 0.0})
        player.order(SetCues((cue,)))
        if name == names[2]:
            player.renderer.headphones.play(Programme(open_decks((replace(cue, loop_bars=16),), {})[0], 0, 0, as_mixed=False))
    out, beside = np.zeros((QUANTUM, 2), dtype=np.float32), np.zeros((QUANTUM, 2), dtype=np.float32)
    count, block_s = int(seconds * SAMPLE_RATE / QUANTUM), QUANTUM / SAMPLE_RATE
    times = np.zeros((len(players), count))
    start = time.perf_counter()
    for i in range(count):
        time.sleep(max(0.0, start + i * block_s - time.perf_counter()))
        for turn in range(len(players)):
            at = (i + turn) % len(players)  # whoever comes first finds the caches cold
            begin = time.perf_counter()
            players[at].renderer.render(out, None if at == 0 else beside)
            times[at, i] = time.perf_counter() - begin
    print(f"headphones, {count} blocks of {QUANTUM} frames, in turn, in % of a block:")
    for name, shares in zip(names, times / block_s * 100, strict=True):
        median, rare = np.percentile(shares, (50, 99.9))
        print(f"  {name:36} median {median:5.1f} %   99.9th percentile {rare:6.1f} %")


@contextmanager
def pulse(folder: Path, realtime: bool) -> Iterator[dict[str, str]]:
    """A private PulseAudio with a null sink; gives the environment that reaches it."""
    for tool in ("pulseaudio", "pactl", "parec"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is missing: apt install pulseaudio pulseaudio-utils libasound2-plugins")
    env = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_RUNTIME_PATH": str(folder / "rt")}
    (folder / "rt").mkdir(mode=0o700)
    options = "--daemonize=no --exit-idle-time=-1 --disallow-exit --use-pid-file=no --system=no --realtime=no --high-priority=no"
    protocol = f"module-native-protocol-unix socket={folder}/native auth-anonymous=1"
    sink = "module-null-sink sink_name=out norewinds=1 format=float32le rate=44100 channels=2"
    command = ["pulseaudio", "-n", *options.split(), "-L", protocol, "-L", sink]
    if realtime:
        command = ["chrt", "-f", "5", *command]
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    env["PULSE_SERVER"] = f"unix:{folder}/native"
    try:
        while subprocess.run(["pactl", "info"], env=env, capture_output=True, check=False).returncode:
            time.sleep(0.05)
        yield env
    finally:
        server.terminate()
        server.wait()


def count_breaks(path: Path) -> tuple[int, float]:
    """Breaks in a capture of the counting signal (places where a sample is not its forerunner's successor), and seconds."""
    sound = np.fromfile(path, dtype="<f4")[::2]
    codes = np.round(sound * (2 * CODES)).astype(np.int64)
    heard = np.flatnonzero(codes)
    codes = codes[heard[0] + SAMPLE_RATE // 2 : heard[-1] - 2000]
    odd = np.flatnonzero(np.diff(codes) % CODES != 1)
    breaks = 0 if len(odd) == 0 else 1 + int((np.diff(odd) > SAMPLE_RATE // 50).sum())
    return breaks, len(codes) / SAMPLE_RATE


def bench_live(folder: Path, minutes: float, block: int, buffer: int, loaded: bool, realtime: bool) -> int:
    """Play the counting signal to a null sink and count the breaks in what it received."""
    folder.mkdir(mode=0o700)
    (folder / KEY_FILE).write_bytes(os.urandom(16))
    params = SharedBlock(folder / PARAMS_FILE, PARAMS, create=True)
    params.update({**PARAM_DEFAULTS, "run": 1.0})
    cue = section(folder / "count", int(minutes * 30) + 8, ("mix",), counting=True)
    with ExitStack() as stack:
        env = stack.enter_context(pulse(folder, realtime))
        command = [
            sys.executable,
            "-m",
            "engine.player",
            str(folder),
            "--device",
            "pulse",
            "--block",
            str(block),
            "--buffer",
            str(buffer),
        ]
        player = subprocess.Popen(command, env=env, cwd=ROOT, start_new_session=True)
        stack.callback(player.wait)
        stack.callback(player.kill)
        while not Path(address(folder, PLAYER)).exists():
            time.sleep(0.05)
        line = Client(address(folder, PLAYER), family="AF_UNIX", authkey=(folder / KEY_FILE).read_bytes())
        device = line.recv().device
        while device is None or device.silent:
            event = line.recv()
            device = event if isinstance(event, DeviceOpened) else device
        stack.enter_context(load(loaded))
        capture = folder / "capture.raw"
        with capture.open("wb") as file:
            parec = subprocess.Popen(
                ["parec", "--device=out.monitor", "--format=float32le", "--rate=44100", "--channels=2", "--raw",
                 "--latency-msec=20"],
                env=env, stdout=file,
            )  # fmt: skip
            line.send(SetCues((cue,)))
            time.sleep(minutes * 60)
            status = SharedBlock(folder / STATUS_FILE, STATUS)
            counted, worst, usual = status["underruns"], status["load_max"], status["load"]
            line.send(StopPlayer())
            parec.terminate()
            parec.wait()
    breaks, seconds = count_breaks(capture)
    print(
        f"  block {block:4}  buffer {buffer:4}  latency {device.latency_s * 1e3:5.1f} ms"
        f"  {seconds:6.1f} s captured  breaks {breaks:3}"
        f"  underruns counted {counted:.0f}  load {usual * 100:.1f} % (worst {worst * 100:.0f} %)",
        flush=True,
    )
    return breaks


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--live", type=float, nargs="?", const=6.0, metavar="MINUTES", help="play to a private PulseAudio (6 minutes)"
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="of sound to render without --live")
    parser.add_argument("--block", type=int, nargs="+", default=[256])
    parser.add_argument("--buffer", type=int, nargs="+", default=[1024], help="frames PortAudio is asked to hold")
    parser.add_argument("--no-realtime", action="store_true", help="measure the renderer at ordinary priority")
    parser.add_argument("--no-load", action="store_true", help="leave the other processes idle")
    parser.add_argument(
        "--realtime-server", action="store_true", help="run the sound server in real time, as desktops do (needs rights)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        if arguments.live is None:
            with load(not arguments.no_load):
                bench_renderer(folder, arguments.seconds, not arguments.no_realtime)
                bench_headphones(folder, arguments.seconds, not arguments.no_realtime)
            return
        print(
            f"live, PulseAudio null sink, {arguments.live:g} min each, {'no load' if arguments.no_load else 'all cores loaded'}:"
        )
        total = 0
        for block in arguments.block:
            for buffer in arguments.buffer:
                total += bench_live(
                    folder / f"{block}-{buffer}", arguments.live, block, buffer, not arguments.no_load, arguments.realtime_server
                )
    sys.exit(1 if total else 0)


if __name__ == "__main__":
    main()
