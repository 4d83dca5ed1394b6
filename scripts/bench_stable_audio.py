"""How long Stable Audio 3 small takes on this machine, how much memory, and how far the faster precisions are off.

Random weights of the published size are made on the spot (1.7 GB in a temporary folder); the work is that of the real model.
The errors are those of random weights and say how precise the arithmetic is, not how the music differs.

    python scripts/bench_stable_audio.py --precision float32 bfloat16 int8 --seconds 10 30 120
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import numpy.typing as npt
import torch

from engine.generators.stable_audio import StableAudio, measure_precisions
from engine.generators.stable_audio.model.precision import PRECISIONS, Precision
from tests.support.random_checkpoint import Dimensions, write_checkpoint

PROMPT = "warm analog house groove 124 BPM in F minor"


@dataclass(frozen=True)
class Row:
    """For ``seconds`` of sound in ``count`` steps: seconds until all steps, the first block and the last block are done, the last
    two in processor time over all cores as well (which other programs do not blur), and the error against float32."""

    seconds: float
    count: int
    steps: float
    first: float
    total: float
    processor_first: float
    processor: float
    error: float | None


@dataclass(frozen=True)
class Report:
    """One precision's figures; peak in bytes, taken in a process of its own."""

    load: float
    peak: int
    rows: list[Row]


def measure(model: StableAudio, seconds: float, steps: int, exact: Path) -> Row:
    """Time one piece after the prompt has been encoded once, as in a set."""
    marks: list[float] = []
    start, processor = time.perf_counter(), time.process_time()
    stream = model.stream(PROMPT, seconds, steps, seed=1, on_progress=lambda fraction: marks.append(time.perf_counter() - start))
    blocks = [next(stream)]
    first, processor_first = time.perf_counter() - start, time.process_time() - processor
    blocks.extend(stream)
    total, processor = time.perf_counter() - start, time.process_time() - processor
    error = compare(np.concatenate(blocks), exact)
    return Row(seconds, steps, marks[-1], first, total, processor_first, processor, error)


def compare(sound: npt.NDArray[np.float32], exact: Path) -> float | None:
    """Relative error (energy) against what float32 left in a file; written by whoever comes first."""
    if not exact.is_file():
        np.save(exact, sound)
        return None
    reference = np.load(exact)
    return float(np.linalg.norm(sound - reference) / np.linalg.norm(reference))


def run(folder: Path, precision: Precision, options: argparse.Namespace, answer: Connection) -> None:
    """Measure one precision; runs in a process of its own, so that its peak is its own."""
    if options.threads:
        torch.set_num_threads(options.threads)
    start = time.perf_counter()
    model = StableAudio.load(folder, precision, options.device)
    load = time.perf_counter() - start
    model.generate(PROMPT, 1.0, steps=1)
    pieces = [(seconds, steps) for seconds in options.seconds for steps in options.steps]
    rows = [measure(model, seconds, steps, folder / f"exact-{seconds:g}-{steps}.npy") for seconds, steps in pieces]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    answer.send(Report(load, peak, rows))


def measured_apart(folder: Path, precision: Precision, options: argparse.Namespace) -> Report:
    """``run`` in a fresh process."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=run, args=(folder, precision, options, theirs))
    process.start()
    theirs.close()
    report: Report = ours.recv()
    process.join()
    return report


def show(precision: Precision, report: Report) -> None:
    """Print a table of one precision. Times in brackets are of the processor, over all cores."""
    print(f"\n{precision}: loaded in {report.load:.1f} s, peak {report.peak / 2**20:.0f} MB")
    print("  sound  steps  a step   steps   decode    first sound              all   of real time   error against float32")
    for row in report.rows:
        error = "the reference" if row.error is None else f"{row.error:.2%}"
        work = f"{row.steps / row.count:6.2f} s {row.steps:5.1f} s {row.total - row.steps:6.2f} s"
        first, whole = f"{row.first:6.1f} ({row.processor_first:5.1f}) s", f"{row.total:6.1f} ({row.processor:5.1f}) s"
        print(f"{row.seconds:6.0f} s {row.count:5d} {work} {first} {whole} {row.total / row.seconds:12.2f}   {error}")


def main() -> None:
    """Measure each precision in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=list(PRECISIONS), help="float32 first gives errors")
    parser.add_argument("--seconds", nargs="+", type=float, default=[10.0, 30.0, 120.0])
    parser.add_argument("--steps", type=int, nargs="+", default=[8], help="how much sooner the first sound comes with fewer")
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--folder", type=Path, help="keep the random checkpoint here and use it again")
    options = parser.parse_args()
    found = measure_precisions(options.device)
    print("10^9 operations a second:", ", ".join(f"{name} {speed:.0f}" for name, speed in found.gigaflops.items()), end="; ")
    print(f"auto picks {found.best}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if not (folder / "model_config.json").is_file():
            print("making random weights of the published size ...", flush=True)
            write_checkpoint(folder, Dimensions())
        for precision in options.precision:
            show(precision, measured_apart(folder, precision, options))


if __name__ == "__main__":
    main()
