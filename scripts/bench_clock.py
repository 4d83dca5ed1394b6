"""How even the MIDI clock is that a set sends, heard on a real port of a JACK server of the bench's own.

    python scripts/bench_clock.py --seconds 60

    python scripts/bench_clock.py --follow --minutes 10

How far a set's bars are from those of a clock that it follows, reckoned with a clock that jitters by 2 ms and drifts by 1 %.

Needs jackd, but to follow. JACK hands messages over once a period (1.3 ms here), which no clock can be better than.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import mido

from engine.midi.devices.system import BACKEND
from tests.support.clocks import MASTER_BPM, phase_errors

PERIOD = 64
RATE = 48_000
SERVER = f"liveset-bench-{os.getpid()}"
POLL_S = 0.0002
SETTLED = 8
"""Bars after which a set has come to a clock's bars."""


def heard(port: mido.ports.BaseInput, seconds: float) -> list[float]:
    """When clocks came."""
    port._midi.ignore_types(sysex=True, timing=False, active_sense=True)
    times: list[float] = []
    until = time.perf_counter() + seconds
    while (now := time.perf_counter()) < until:
        while (message := port._receive(block=False)) is not None:
            if message.type == "clock":
                times.append(now)
        time.sleep(POLL_S)
    return times


def follow(minutes: float) -> None:
    """Print how far the bars of a set that begins a third of a beat off are from a clock's."""
    errors = phase_errors(minutes, jitter_s=0.002, drift=0.01, bpm=MASTER_BPM - 3, beats=-1 / 3)
    print(f"bars 1 to 6: {', '.join(f'{1000 * each:+.1f}' for _, each in errors[:6])} ms off")
    later = sorted(1000 * abs(each) for bar, each in errors if bar >= SETTLED)
    shares = ", ".join(f"{share:.0%} within {later[int(share * len(later))]:.2f} ms" for share in (0.5, 0.9, 0.99))
    print(f"from bar {SETTLED + 1} to {len(errors)}: {shares}, worst {later[-1]:.2f} ms")


def main() -> None:
    """Play a set without a device, and listen to its clock."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=30.0, help="how long the clock is listened to")
    parser.add_argument("--follow", action="store_true", help="reckon how a clock is followed")
    parser.add_argument("--minutes", type=float, default=10.0, help="how long it is followed")
    given = parser.parse_args()
    if given.follow:
        follow(given.minutes)
        return
    os.environ |= {"JACK_DEFAULT_SERVER": SERVER, "LIVESET_MIDI_API": "jack", "JACK_NO_AUDIO_RESERVATION": "1"}
    argv = ["jackd", "-n", SERVER, "-r", "-t", "5000", "-d", "dummy", "-r", str(RATE), "-p", str(PERIOD)]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["jack_wait", "-s", SERVER, "-w", "-t", "10"], stdout=subprocess.DEVNULL, check=True)
    try:
        port = mido.Backend(f"{BACKEND}/UNIX_JACK").open_input("in", virtual=True, client_name="bench")
        with tempfile.TemporaryDirectory(prefix="ls") as home:
            environment = {**os.environ, "XDG_RUNTIME_DIR": home, "XDG_CACHE_HOME": home}
            command = [sys.executable, "-m", "liveset", "play", "sunrise", "--device", "none", "--no-screen", "--clock", "bench"]
            playing = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                while len(heard(port, 1.0)) < 20:
                    pass
                times = heard(port, given.seconds)
            finally:
                playing.terminate()
                playing.wait(20)
        tick = 60.0 / 124 / 24
        places = [round((at - times[0]) / tick) for at in times]
        off = [at - times[0] - place * tick for at, place in zip(times, places, strict=True)]
        middle = statistics.median(off)
        error = sorted(1000 * abs(each - middle) for each in off)
        lost = places[-1] + 1 - len(set(places))
        print(f"{len(times)} ticks, {lost} lost on the way, a JACK period of {1000 * PERIOD / RATE:.1f} ms")
        shares = ", ".join(f"{share:.0%} within {error[int(share * len(error))]:.2f} ms" for share in (0.5, 0.9, 0.99))
        print(f"from an even clock: {shares}, worst {error[-1]:.2f} ms")
        port.close()
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    main()
