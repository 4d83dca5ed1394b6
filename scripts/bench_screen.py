"""What the perform screen costs: processor time as a share of one core while everything on it moves, in a real terminal.

The screen runs in a child process on a pseudo-terminal that is read and thrown away, fed by a set that plays by the clock
at thirty snapshots a second. Also printed: how long from starting Python to the first frame.

    .venv/bin/python scripts/bench_screen.py [--seconds 6] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import fcntl
import os
import pstats
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

SIZES = ((80, 24), (120, 40), (200, 60))
ALLOWED = 0.10
START_S = 1.5
"""Left out of the measurement: importing and the first frames."""

ROOT = Path(__file__).resolve().parent.parent
PROFILE = ROOT / "out" / "screen.prof.txt"


def run_screen(seconds: float, profile: bool) -> None:
    """The child: run the application for a while and write its share of a core to file descriptor 3."""
    from liveset.ui.app import LivesetApp
    from tests.ui.fake_link import FakeLink, live

    begun = time.monotonic()
    app = LivesetApp(FakeLink(lambda: live(60 + time.monotonic() - begun)))
    marks: list[tuple[float, float]] = []
    profiler = cProfile.Profile()

    def mark() -> None:
        marks.append((time.monotonic(), time.process_time()))
        if profile and len(marks) == 1:
            profiler.enable()
        if len(marks) == 2:
            profiler.disable()
            app.exit("left")

    def start() -> None:
        app.set_timer(START_S, mark)
        app.set_timer(START_S + seconds, mark)

    app.call_later(start)
    app.run()
    (wall, cpu), (wall_end, cpu_end) = marks
    os.write(3, f"{(cpu_end - cpu) / (wall_end - wall):.4f}".encode())
    if profile:
        PROFILE.parent.mkdir(exist_ok=True)
        with PROFILE.open("w", encoding="utf-8") as out:
            pstats.Stats(profiler, stream=out).sort_stats("tottime").print_stats(40)


def in_terminal(arguments: list[str], size: tuple[int, int]) -> tuple[str, float, int]:
    """Run this script's child on a pseudo-terminal: what it reported, seconds to its first frame, bytes it wrote."""
    read, write = os.pipe()
    begun = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.dup2(write, 3)
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
        os.execve(sys.executable, [sys.executable, __file__, *arguments], environment)
    os.close(write)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    first, written = 0.0, 0
    seen = b""
    while True:
        select.select([terminal], [], [], 1.0)
        try:
            data = os.read(terminal, 65536)
        except OSError:  # the child has closed its side
            break
        written += len(data)
        seen = seen[-64:] + data
        if not first and b"PROMPTS" in seen:
            first = time.monotonic() - begun
    os.waitpid(pid, 0)
    os.close(terminal)
    with os.fdopen(read) as report:
        return report.read(), first, written


def main() -> None:
    """Measure each size and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each measurement")
    parser.add_argument("--profile", action="store_true", help="write out/screen.prof.txt for the middle size")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        run_screen(given.seconds, given.profile)
        return
    if given.profile:
        in_terminal(["--child", "--profile", "--seconds", str(given.seconds)], SIZES[1])
        return
    for size in SIZES:
        share, first, written = in_terminal(["--child", "--seconds", str(given.seconds)], size)
        kept = "kept" if float(share) <= ALLOWED else "NOT kept"
        print(
            f"{size[0]:3d}x{size[1]:<3d} {100 * float(share):5.1f} % of a core at 30 updates a second "
            f"({ALLOWED:.0%}: {kept})   {written / (given.seconds + START_S) / 1000:6.1f} kB/s   first frame after {first:.2f} s"
        )
    imported = subprocess.run(
        [sys.executable, "-c", "import sys, liveset.ui.app; print(len({'numpy', 'torch', 'pydantic'} & set(sys.modules)))"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    print(f"of numpy, torch and pydantic the screen imports {imported.stdout.strip()}")


if __name__ == "__main__":
    main()
