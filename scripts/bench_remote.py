"""What other machines cost and bring: a section's overhead, and takes a minute with one and two makers.

    .venv/bin/python scripts/bench_remote.py --bars 16

Both machines of its cluster are this one: two makers only bring more where there are
cores for both. Ratios of one run; the machine should have nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.generators.pocket.generator import Pocket
from engine.generators.remote.generator import RemoteGenerator
from engine.generators.remote.where import keep_token
from engine.protocol import PromptWeight, SectionRequest
from tests.support.ray_cluster import TwoMachines

PORT = 6397
ROUNDS = 5
TAKES = 8


def made_in(generator: Pocket | RemoteGenerator, request: SectionRequest) -> tuple[float, float]:
    """Seconds to the first block, and to the last."""
    started, first = time.perf_counter(), 0.0
    for _ in generator.generate(request, lambda fraction: None, lambda: False):
        first = first or time.perf_counter() - started
    return first, time.perf_counter() - started


def takes_a_minute(make: Callable[[SectionRequest], object], request: SectionRequest, hands: int) -> float:
    """How many takes of a section are made in a minute by so many hands."""
    started = time.perf_counter()
    with ThreadPoolExecutor(hands) as pool:
        list(pool.map(make, (replace(request, seed=seed, ideas=seed) for seed in range(TAKES))))
    return 60 * TAKES / (time.perf_counter() - started)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=16, help="of each section")
    bars = parser.parse_args().bars
    folder = Path(tempfile.mkdtemp(prefix="ls"))
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(folder / "token")
    os.environ["OMP_NUM_THREADS"] = "1"
    keep_token()
    cluster = TwoMachines(folder, PORT)
    os.environ["LIVESET_REMOTE"] = cluster.address
    cluster.start()
    remote, local = RemoteGenerator("pocket"), Pocket()
    try:
        remote.warm_up()
        local.warm_up()
        while remote.makers() < 2:
            time.sleep(0.1)
        request = SectionRequest("s", (PromptWeight("driving techno", 1.0),), bars, 126.0, "A minor", 3)
        for _ in range(3):  # every maker has made one
            made_in(local, request), takes_a_minute(lambda each: made_in(remote, each), request, 2)
        found = [(made_in(local, request), made_in(remote, request)) for _ in range(ROUNDS)]
        for place, what in enumerate(("first block", "whole section")):
            here, there = (statistics.median(times[side][place] for times in found) for side in (0, 1))
            print(f"{what}, {bars} bars: here {1000 * here:.0f} ms, there {1000 * there:.0f} ms, {there / here:.2f} times")
        here = takes_a_minute(lambda each: made_in(local, each), request, 1)
        print(f"takes a minute: here {here:.0f}")
        for hands in (1, 2):
            there = takes_a_minute(lambda each: made_in(remote, each), request, hands)
            print(f"takes a minute: {hands} at once there {there:.0f}, {there / here:.2f} times")
    finally:
        remote.end()
        cluster.end()


if __name__ == "__main__":
    main()
