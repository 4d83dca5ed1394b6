"""How long OSC takes through a set that plays: from a message to the answer that the value has moved, and how even beats come.

python scripts/bench_osc.py
python scripts/bench_osc.py --times 200 --seconds 30
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from pythonosc.osc_message_builder import build_msg
from pythonosc.osc_packet import OscPacket

PORT = 9765
ECHO = "/liveset/macro/echo"


class Program:
    """Another program on this machine."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.5)

    def send(self, address: str, *args: Any) -> float:
        """Send a message; when it went out."""
        at = time.perf_counter()
        self.socket.sendto(build_msg(address, list(args)).dgram, ("127.0.0.1", PORT))
        return at

    def wait(self, wanted: str, value: float | None = None, limit_s: float = 5.0) -> tuple[float, list[Any]] | None:
        """When an address came, with a value where one is asked for, and what it said."""
        until = time.perf_counter() + limit_s
        while time.perf_counter() < until:
            try:
                data = self.socket.recv(65_535)
            except TimeoutError:
                continue
            at = time.perf_counter()
            for each in OscPacket(data).messages:
                params = list(each.message.params)
                if each.message.address == wanted and (value is None or abs(params[0] - value) < 1e-4):
                    return at, params
        return None


def main() -> None:
    """Play a set without a device, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--times", type=int, default=100, help="messages that are answered")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long beats are listened to")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ls") as home:
        environment = {**os.environ, "XDG_RUNTIME_DIR": home, "XDG_CACHE_HOME": home}
        argv = [sys.executable, "-m", "liveset", "play", "sunrise", "--device", "none", "--no-screen", "--osc", str(PORT)]
        playing = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        program = Program()
        try:
            while program.send("/liveset/subscribe") and program.wait("/liveset/beat") is None:
                pass
            ways = []
            for n in range(given.times):
                value = round(0.1 + 0.8 * (n % 7) / 7, 3)
                sent = program.send(ECHO, value)
                if (found := program.wait(ECHO, value)) is not None:
                    ways.append(1000 * (found[0] - sent))
            ways.sort()
            print(
                f"{len(ways)} of {given.times} answered; message to answer: median {statistics.median(ways):.1f} ms, "
                f"95 % within {ways[int(0.95 * len(ways))]:.1f} ms (snapshots go out every 33 ms)"
            )
            program.send("/liveset/subscribe")
            times, bpm = [], 0.0
            until = time.perf_counter() + given.seconds
            while time.perf_counter() < until:
                if (found := program.wait("/liveset/beat")) is not None:
                    times.append(found[0])
                    bpm = found[1][2]
            beat = 60.0 / bpm
            late = [at - times[0] - n * beat for n, at in enumerate(times)]
            middle = statistics.median(late)
            off = sorted(1000 * abs(each - middle) for each in late)
            print(
                f"{len(times)} beats at {bpm:g} BPM: 95 % within {off[int(0.95 * len(off))]:.1f} ms of even, "
                f"worst {off[-1]:.1f} ms"
            )
        finally:
            playing.terminate()
            playing.wait(20)


if __name__ == "__main__":
    main()
