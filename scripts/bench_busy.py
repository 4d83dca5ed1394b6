"""Play a set beside busy programs while two knobs move, and count what went wrong: restarts, late sections, gaps.

.venv/bin/python scripts/bench_busy.py                        # three busy loops at nice 19, three minutes
.venv/bin/python scripts/bench_busy.py --loops 6 --nice 0 --minutes 1
.venv/bin/python scripts/bench_busy.py --apart                # each loop in a session of its own, as a program started by itself
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.processes.client import EngineClient, EngineProcess
from engine.processes.latest import STATUS, SharedBlock
from engine.processes.layout import STATUS_FILE
from engine.protocol import Quit, SetMacro, SetOptions, SetWeight

LOOP = "import os, sys; os.nice(int(sys.argv[1]));\nwhile True: pass"

PRESET = """
[set]
title = "Busy"
minutes = {minutes}
bpm = 124
key = "A minor"
seed = 3

[[prompt]]
text = "driving techno"
weight = 0.8

[[prompt]]
text = "bright bells"
weight = 0.1
"""

STEP_S = 0.1
"""Seconds between two positions of the knobs."""

SWEEP_S = (7.0, 11.0)
"""Seconds of a sweep up and down, of the prompt's knob and of the energy's."""


@contextmanager
def busy(loops: int, niceness: int, apart: bool) -> Iterator[None]:
    """Programs that take all the processor time they can get."""
    argv = [sys.executable, "-c", LOOP, str(niceness)]
    running = [subprocess.Popen(argv, start_new_session=apart) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def bench(folder: Path, minutes: float) -> dict[str, float]:
    """Play for so many minutes; what was counted."""
    preset = folder / "busy.toml"
    preset.write_text(PRESET.format(minutes=minutes + 2), encoding="utf-8")
    engine = EngineProcess(SetOptions(str(preset), device="none"))
    engine.verdict(120.0)
    client = EngineClient(engine.folder, 60.0)
    asked = time.monotonic()
    while (shown := client.snapshot()) is None or shown.elapsed_s < 0.5:
        time.sleep(STEP_S)
    began = time.monotonic()
    looped_s, last, told = 0.0, began, set[str]()
    while (now := time.monotonic()) - began < minutes * 60:
        sweep, other = (0.5 - 0.5 * math.cos(2 * math.pi * (now - began) / length) for length in SWEEP_S)
        client.send(SetWeight(1, sweep))
        client.send(SetMacro("energy", 0.2 + 0.6 * other))
        time.sleep(STEP_S)
        shown = client.snapshot() or shown
        looped_s += (now - last) * shown.now.looping
        last = now
        for notice in shown.notices:
            if notice.level != "info" and notice.text not in told and "sound device" not in notice.text:
                told.add(notice.text)
                print(f"  {now - began:5.1f} s  {notice.text}", flush=True)
    status = SharedBlock(engine.folder / STATUS_FILE, STATUS)
    found = {
        "seconds to the first sound": began - asked,
        "restarts": shown.restarts,
        "held": shown.ladder_hold,
        "stand-in": shown.ladder_pocket,
        "seconds looped": looped_s,
        "seconds of silence": status["silent_frames"] / 44_100,
        "gaps": shown.audio.underruns,
    }
    client.send(Quit())
    deadline = time.monotonic() + 10
    while client.connected() and time.monotonic() < deadline:
        time.sleep(STEP_S)
    client.close()
    if engine.process.poll() is None:
        engine.process.terminate()
    return found


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--loops", type=int, default=3, help="busy programs beside the set")
    parser.add_argument("--nice", type=int, default=19, help="their niceness")
    parser.add_argument("--apart", action="store_true", help="each in a session of its own")
    arguments = parser.parse_args()
    where = " apart" if arguments.apart else ""
    print(f"{arguments.loops} loops at nice {arguments.nice}{where}, {arguments.minutes:g} min, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="busy") as name:
        for variable in ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_MUSIC_DIR"):
            os.environ[variable] = name
        with busy(arguments.loops, arguments.nice, arguments.apart):
            found = bench(Path(name), arguments.minutes)
    print(", ".join(f"{what} {count:.1f}" if isinstance(count, float) else f"{what} {count}" for what, count in found.items()))


if __name__ == "__main__":
    main()
