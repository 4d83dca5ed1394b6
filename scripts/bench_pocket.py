"""How fast pocket is here, on one thread: seconds of sound a second, time to the first block, memory.

    python scripts/bench_pocket.py [--seconds 60] [style ...]

A style may be a mix of several of equal weight: "house + techno + trance + jungle".
Processor time is counted, not the clock on the wall, so that other programs do not blur it.
"""

from __future__ import annotations

import argparse
import resource
import time

import torch

from engine.generators.pocket import Pocket
from engine.prompts.mix import decide_bpm
from engine.prompts.vocabulary import style_names
from engine.protocol import PromptWeight, SectionRequest

_MIX = "house + techno + trance + jungle"


def request_for(style: str, seconds: float, from_frame: int = 0) -> SectionRequest:
    """A full-energy drop of whole bars nearest to a duration."""
    prompts = tuple(PromptWeight(each.strip(), 1.0) for each in style.split("+"))
    bpm = decide_bpm(prompts, 1)
    bars = max(4, round(seconds * bpm / 240.0))
    return SectionRequest(
        "bench",
        prompts,
        bars,
        bpm,
        "F minor",
        1,
        role="drop",
        energy=1.0,
        previous_role="build",
        next_role="breakdown",
        from_frame=from_frame,
    )


def timed(pocket: Pocket, request: SectionRequest) -> tuple[float, float, float]:
    """(seconds of sound, seconds of work, seconds of work to the first block)."""
    start = time.process_time()
    first = 0.0
    frames = 0
    for block in pocket.generate(request, lambda _: None, lambda: False):
        first = first or time.process_time() - start
        frames += len(block)
    return frames / pocket.rate, time.process_time() - start, first


def main() -> None:
    """Print one line a style."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("styles", nargs="*", default=["house", "techno", "drum and bass", "hip hop", "ambient", _MIX])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--all", action="store_true", help="every style there is")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    start = time.process_time()
    pocket = Pocket()
    pocket.warm_up()
    print(f"warm-up {time.process_time() - start:.2f} s of work; one thread")
    for style in style_names() if arguments.all else arguments.styles:
        request = request_for(style, arguments.seconds)
        cold = timed(pocket, request)
        warm = timed(pocket, request)
        middle = request.total_frames(pocket.rate) // 2
        again = timed(pocket, request_for(style, arguments.seconds, middle))
        beat = 60.0 / request.bpm
        print(
            f"{style:14} {cold[0] / cold[1]:5.0f} s of sound a second at first, {warm[0] / warm[1]:5.0f} warm;"
            f" first block {cold[2] / beat:.2f} beats cold, {warm[2] / beat:.2f} warm, {again[2] / beat:.2f} from the middle"
            f" ({1000 * again[2]:.0f} ms)"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
