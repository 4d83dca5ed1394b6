"""A set in real time on Stable Audio 3 small at its published size, with random weights: is the next section always in time?

Random weights of the published size are made on the spot (1.7 GB in a temporary folder, or kept in --folder); they make noise,
but exactly the work of the real model. The set plays in real processes and real time, by default without a sound device.
Prints each section's headroom, and at the end breaks and rungs of the ladder; ends with 1 if there were any.

    .venv/bin/python scripts/set_stable_audio.py --minutes 6
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from engine.conductor.state import State
from engine.models.registry import MUSIC
from engine.processes.client import EngineClient, EngineProcess
from engine.protocol import PlayedSection, Quit, SetOptions, Snapshot
from engine.session.saving import load_state
from tests.support.random_checkpoint import Dimensions, write_checkpoint

PATIENCE_S = 240.0
"""For the first section, from a cold start."""


def install(root: Path) -> None:
    """Random weights where the set looks for the model."""
    folder = root / MUSIC
    if not (folder / "model_config.json").is_file():
        print("making random weights of the published size ...", flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        write_checkpoint(folder, Dimensions())


def line(played: PlayedSection) -> str:
    """How a section came about."""
    at, name = played.start_s, f"{played.name} ({played.generator})"
    steps = played.grid.steps if played.grid is not None else 0
    made = f"made in {played.generated_in_s:5.1f} s at {steps} steps"
    if played.index <= 0:
        return f"{at:6.1f} s  {name:28} {played.bars:3d} bars  {made}"
    return f"{at:6.1f} s  {name:28} {played.bars:3d} bars  {made}, headroom {played.headroom_s:5.1f} s"


def follow(client: EngineClient, minutes: float) -> tuple[Snapshot, State]:
    """Print each section as it starts, until the set is over; the last of what was seen."""
    started, said = time.monotonic(), 0
    shown, state = Snapshot(), None
    for new in client.snapshots(1.0):
        shown = new or shown
        if shown.state == "starting" and time.monotonic() - started > PATIENCE_S:
            client.send(Quit())
            raise SystemExit("the set did not start: " + "; ".join(notice.text for notice in shown.notices))
        state = load_state(client.folder) or state
        for played in state.transport.history[said:] if state is not None else ():
            if not said:
                print(f"first sound {time.monotonic() - started:.1f} s after the start", flush=True)
            print(line(played), flush=True)
            said += 1
        if shown.state == "finished" or shown.elapsed_s > minutes * 60 + 120:
            client.send(Quit())
            break
        time.sleep(0.2)
    if state is None:
        raise SystemExit("the engine said nothing")
    return shown, state


def main() -> int:
    """Play a set and judge it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=6.0)
    parser.add_argument("--preset", default="sunrise")
    parser.add_argument("--device", default="none", help="as `liveset devices` names it; none: silently, in real time")
    parser.add_argument("--folder", type=Path, help="keep the random model below this folder and use it again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.folder or Path(temporary)
        install(root)
        os.environ["LIVESET_MODELS"] = str(root)
        engine = EngineProcess(
            SetOptions(options.preset, device=options.device, minutes=options.minutes, generator="stable-audio")
        )
        engine.verdict()
        client = EngineClient(engine.folder)
        shown, state = follow(client, options.minutes)
        engine.process.wait(30)
    for notice in shown.notices:
        print(f"notice: {notice.text}")
    transport, work = state.transport, state.work
    tightest = min((played.headroom_s or 0.0 for played in transport.history[1:]), default=float("nan"))
    print(
        f"{len(transport.history)} sections, least headroom {tightest:.1f} s, {shown.audio.underruns} breaks, "
        f"held {transport.holds}, pocket {transport.pockets}, {work.restarts} restarts, "
        f"{work.speed:.1f} s of sound a second of work"
    )
    return int(bool(shown.audio.underruns or transport.holds or transport.pockets or work.restarts))


if __name__ == "__main__":
    sys.exit(main())
