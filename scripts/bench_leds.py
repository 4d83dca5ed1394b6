"""How soon a controller's light shows what its control did: a mute button pressed, and its light lit, over real JACK ports.

Plays a set live, in real processes, with a virtual Midi Fighter Twister. Needs jackd; starts a server of its own.

    .venv/bin/python scripts/bench_leds.py [PRESSES]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

import mido
import numpy as np

from engine.midi.devices.system import BACKEND
from engine.processes.client import EngineClient, EngineProcess
from engine.protocol import Quit, SetOptions

LIMIT_S: Final = 20.0
LOST_S: Final = 2.0
"""Seconds after which a press or its light was lost: an asynchronous JACK server on a busy machine loses some."""

APART_S: Final = 0.35
"""Between two presses: longer than what a hand's double press is taken for."""

SETTLED_S: Final = 2.0
"""Seconds of music before the first press: what a device sends as it is plugged in counts for nothing."""

PRESET: Final = '[set]\nminutes = 6\n[[prompt]]\ntext = "techno"\n[midi]\ncontroller = "midi_fighter_twister"\n'
LIGHT: Final = (1, 12)
"""Channel, from 0, and number of the switch that mutes the drums."""


class Box:
    """The controller: when its light changed last."""

    def __init__(self) -> None:
        system = mido.Backend(f"{BACKEND}/UNIX_JACK")
        self.changed, self.at = threading.Event(), 0.0
        self.out = system.open_output("MIDI 1", virtual=True, client_name="twister (capture)")
        self.lights = system.open_input("MIDI 1", virtual=True, client_name="twister (playback)", callback=self._hear)

    def _hear(self, message: mido.Message) -> None:
        if message.type == "control_change" and (message.channel, message.control) == LIGHT:
            self.at = time.perf_counter()
            self.changed.set()

    def _switch(self, value: int) -> None:
        self.out.send(mido.Message("control_change", channel=LIGHT[0], control=LIGHT[1], value=value))

    def press(self) -> float | None:
        """Seconds from the press to the light; None where JACK lost a message."""
        self.changed.clear()
        pressed = time.perf_counter()
        self._switch(127)
        followed = self.changed.wait(LOST_S)
        self._switch(0)
        return self.at - pressed if followed else None


def measure(client: EngineClient, presses: int) -> tuple[list[float], int]:
    """Milliseconds from each press to its light, and how many presses had none within `LOST_S`."""
    box = Box()
    for shown in client.snapshots(LIMIT_S):
        if shown is not None and shown.midi.ports and shown.state == "playing" and shown.elapsed_s > SETTLED_S:
            break
    times, lost = list[float](), 0
    while len(times) < presses:
        time.sleep(APART_S)
        if (took := box.press()) is not None:
            times.append(1000 * took)
        elif (lost := lost + 1) > presses:
            raise SystemExit("the light did not follow")
    return times, lost


def main() -> int:
    """Press, and print the times."""
    parser = argparse.ArgumentParser(description="Measures the time from a control to its light.")
    parser.add_argument("presses", nargs="?", type=int, default=60)
    presses = parser.parse_args().presses
    os.environ |= {"JACK_DEFAULT_SERVER": f"bench-{os.getpid()}", "LIVESET_MIDI_API": "jack", "JACK_NO_AUDIO_RESERVATION": "1"}
    name = os.environ["JACK_DEFAULT_SERVER"]
    quiet = subprocess.DEVNULL
    jack = subprocess.Popen(
        ["jackd", "-n", name, "-r", "-t", "20000", "-d", "dummy", "-r", "48000", "-p", "128"], stdout=quiet, stderr=quiet
    )
    try:
        subprocess.run(["jack_wait", "-s", name, "-w", "-t", f"{LIMIT_S:.0f}"], stdout=quiet, check=True)
        with tempfile.TemporaryDirectory() as folder:
            preset = Path(folder) / "bench.toml"
            preset.write_text(PRESET, encoding="utf-8")
            engine = EngineProcess(SetOptions(str(preset), device="none"))
            engine.verdict(LIMIT_S)
            client = EngineClient(engine.folder, LIMIT_S)
            try:
                times, lost = measure(client, presses)
            finally:
                client.send(Quit())
                engine.process.wait(LIMIT_S)
    finally:
        jack.terminate()
    half, most, worst = np.percentile(times, [50, 95, 100])
    print(f"control to light, {presses} presses: median {half:.1f} ms, 95 % within {most:.1f} ms, worst {worst:.1f} ms")
    print(f"{lost} presses more had no light within {LOST_S:g} s: JACK lost a message, or the set was that late")
    return 0


if __name__ == "__main__":
    sys.exit(main())
