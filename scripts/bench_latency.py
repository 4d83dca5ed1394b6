"""How soon steering is heard, in frames from the command to the first changed sample.

Plays one set three times through the real conductor, renderer and generator: untouched, with a weight moved, and with a macro
moved, and finds the first sample that differs. Prints frames, and the ratio to a beat or to the renderer's quantum.

    .venv/bin/python scripts/bench_latency.py [PRESET]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from engine.presets import load_preset
from engine.protocol import Command, SetMacro, SetWeight
from engine.rehearsal import Rehearsal, RehearsalOptions
from engine.session import SetOptions
from engine.stage import State
from engine.timebase import QUANTUM

MOVED_AT_S = (13.0, 13.13, 13.29, 13.41)
MINUTES = 0.5


class Moved:
    """A timeline of one command, in place of a MIDI file."""

    def __init__(self, at: int, command: Command | None) -> None:
        self.at, self.command, self.took = at, command, -1

    def due(self, frame: int, state: State) -> list[Command]:
        """The command, once its time has come."""
        if self.command is None or frame < self.at or self.took >= 0:
            return []
        self.took = frame
        return [self.command]


def play(preset: str, at_s: float, command: Command | None) -> tuple[np.ndarray, int, float]:
    """The set's sound, the frame the command was taken at, and frames a beat."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set.wav"
        rehearsal = Rehearsal(load_preset(preset), RehearsalOptions(out, set=SetOptions(minutes=MINUTES)))
        moved = Moved(round(at_s * rehearsal.rate), command)
        rehearsal.timeline = moved  # type: ignore[assignment]
        rehearsal.run()
        audio, _ = soundfile.read(out, dtype="float32")
        return audio, moved.took, float(rehearsal.state.settings.grid.frames_per_beat)


def main() -> int:
    """Print both latencies."""
    preset = sys.argv[1] if len(sys.argv) > 1 else "sunrise"
    plain, _, beat = play(preset, 0.0, None)
    for name, command in (("weight", SetWeight(0, 0.1)), ("macro", SetMacro("filter", 0.2))):
        for at_s in MOVED_AT_S:
            audio, took, _ = play(preset, at_s, command)
            common = min(len(audio), len(plain))
            different = np.flatnonzero(np.abs(audio[:common] - plain[:common]).max(axis=1) > 1e-6)
            frames = int(different[0]) - took if len(different) else -1
            against = f"{frames / beat:.2f} of a beat" if name == "weight" else f"{frames / QUANTUM:.2f} of a quantum"
            print(f"{name:7} command at frame {took}: first changed sample {frames} frames later, {against}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
