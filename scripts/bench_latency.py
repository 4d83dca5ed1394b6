"""How soon steering is heard, in frames from the command to the first changed sample.

Plays a set live, in real processes and real time (silently, without a sound device), records what is heard, and sends one
command at a known frame of the player. The same set rehearsed without the command is the reference: the first sample that
differs is where the command was heard. Prints frames, and their ratio to a beat (weights) or to the output latency (macros).

    .venv/bin/python scripts/bench_latency.py [PRESET]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from engine.presets import load_preset
from engine.processes.client import EngineClient, EngineProcess
from engine.processes.latest import STATUS, SharedBlock
from engine.processes.layout import STATUS_FILE
from engine.protocol import Command, Quit, SetMacro, SetOptions, SetWeight, Snapshot
from engine.rehearsal.rehearsal import Rehearsal

MINUTES = 0.6
MOVED_AT_S = (9.0, 9.17, 9.31)
AFTER_S = 3.0
LIMIT_S = 60.0
AUDIBLE = 1e-4

Sound = npt.NDArray[np.float32]


def reference(preset: str, folder: Path) -> tuple[Sound, float]:
    """The set as it sounds untouched, and frames a beat."""
    out = folder / "reference.wav"
    rehearsal = Rehearsal(load_preset(preset), SetOptions(record=str(out), minutes=MINUTES))
    rehearsal.run()
    return soundfile.read(out, dtype="float32")[0], float(rehearsal.state.settings.grid.frames_per_beat)


def wait(client: EngineClient, until: Callable[[Snapshot], bool]) -> Snapshot:
    """The first snapshot for which something holds."""
    deadline = time.monotonic() + LIMIT_S
    for shown in client.snapshots(1.0):
        if shown is not None and until(shown):
            return shown
        if time.monotonic() > deadline:
            break
    raise SystemExit("the set did not get that far")


def play(preset: str, command: Command, at_s: float, out: Path) -> tuple[int, float]:
    """Play live, send the command, and return the player's frame when it was sent and the output latency in frames."""
    engine = EngineProcess(SetOptions(preset, device="none", record=str(out), minutes=MINUTES))
    engine.verdict()
    client = EngineClient(engine.folder)
    wait(client, lambda shown: shown.state == "playing" and shown.elapsed_s > 1)
    status = SharedBlock(engine.folder / STATUS_FILE, STATUS)
    while status["frame"] < at_s * 44_100:
        time.sleep(0.0005)
    sent = int(status["frame"])
    client.send(command)
    shown = wait(client, lambda shown: shown.elapsed_s > at_s + AFTER_S)
    client.send(Quit())
    while client.connected():
        time.sleep(0.05)
    client.close()
    return sent, shown.audio.latency_s * 44_100


def align(recorded: Sound, plain: Sound) -> int:
    """How many frames of silence the recording has in front of the reference's frame 0."""
    probe = plain[4 * 44_100 : 6 * 44_100, 0]
    size = 1 << 20
    lag = np.fft.irfft(np.fft.rfft(recorded[:size, 0], size) * np.conj(np.fft.rfft(probe, size)), size)
    return int(np.argmax(lag)) - 4 * 44_100


def main() -> int:
    """Print both latencies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", nargs="?", default="sunrise", help="a preset's name or file (default sunrise)")
    preset = parser.parse_args().preset
    with tempfile.TemporaryDirectory(prefix="lb") as name:
        folder = Path(name)
        os.environ["XDG_RUNTIME_DIR"] = name
        os.environ["XDG_CACHE_HOME"] = name
        plain, beat = reference(preset, folder)
        for kind, command in (("weight", SetWeight(0, 0.1)), ("macro", SetMacro("filter", 0.2))):
            for i, at_s in enumerate(MOVED_AT_S):
                out = folder / f"{kind}{i}.wav"
                sent, latency = play(preset, command, at_s, out)
                recorded, _ = soundfile.read(out, dtype="float32")
                shift = align(recorded, plain)
                heard = recorded[shift:] if shift >= 0 else np.pad(recorded, ((-shift, 0), (0, 0)))
                common = min(len(heard), len(plain))
                different = np.flatnonzero(np.abs(heard[:common] - plain[:common]).max(axis=1) > AUDIBLE)
                different = different[different > 44_100]
                if not len(different):
                    print(f"{kind:7} nothing changed")
                    continue
                frames = int(different[0]) - sent
                ratio = f"{frames / beat:.2f} of a beat" if kind == "weight" else f"{frames / latency:.2f} of the output latency"
                print(f"{kind:7} first changed sample {frames} frames after the command: {ratio}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
