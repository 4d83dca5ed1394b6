"""The headphones' device, played by a process of its own: ``python -m engine.player.headphones.process RING --device NAME``.

Whatever becomes of that device, and of the sound library that plays it, the set's own output knows nothing of it. What it opens
and loses is printed, a line of JSON each; it ends when nobody reads that any more, or its input is closed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported

import argparse
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Final

import numpy as np

from engine.errors import DeviceError
from engine.player.headphones.drift import Follower
from engine.player.headphones.ring import Ring
from engine.player.output.backends import Backend, open_portaudio
from engine.player.output.priority import RENDER, raise_priority
from engine.player.output.routes import Routes
from engine.player.output.varispeed import Varispeed
from engine.protocol import pair_of

READ_FRAMES: Final = 256
"""Frames that are read at a time."""

BUFFER_FRAMES: Final = 1024
"""Frames (23 ms) that PortAudio is asked to hold."""

SPARE_FRAMES: Final = 512
"""Frames that lie in the ring beside two blocks of the set's: this process may be so much late."""

RETRY_S: Final = 1.0


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="engine.player.headphones.process")
    parser.add_argument("ring", type=Path)
    parser.add_argument("--device", required=True)
    parser.add_argument("--outputs", default="1,2", help="of the device, counted from 1")
    parser.add_argument("--block", type=int, default=256, help="frames that are written at a time")
    return parser.parse_args(argv)


def _say(**words: str) -> None:
    print(json.dumps(words), flush=True)


def play(backend: Backend, ring: Ring, block: int, ended: threading.Event) -> None:
    """Play what is written to a ring until its writer has ended.

    Raises:
        DeviceError: if the device is gone.
    """
    follower, varispeed = Follower(READ_FRAMES, 2 * block + SPARE_FRAMES), Varispeed()
    silence = np.zeros((READ_FRAMES, 2), dtype=np.float32)
    while not ended.is_set():
        found = follower.next(ring.written)
        sound, speed = (silence, 1.0) if found is None else (ring.read(found[0], READ_FRAMES), found[1])
        backend.write(varispeed.process(sound, speed))


def main(argv: list[str]) -> int:
    """Open the device, play, and open it again when it is lost, until nobody is there any more."""
    arguments = _arguments(argv)
    for name in ("SIGINT", "SIGHUP", "SIGTSTP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, name="parent", daemon=True).start()
    raise_priority(RENDER)
    ring, routes, again = Ring(arguments.ring), Routes(pair_of(arguments.outputs, "--cue")), False
    while not ended.is_set():
        try:
            backend = open_portaudio(arguments.device, READ_FRAMES, again, BUFFER_FRAMES, routes)
            outputs = "" if backend.routes.main == (1, 2) else f"{backend.routes.main[0]}/{backend.routes.main[1]} of "
            _say(opened=f"{outputs}{backend.name}")
            play(backend, ring, arguments.block, ended)
            backend.close()
        except DeviceError as error:
            _say(lost=error.message)
        again = True
        ended.wait(RETRY_S)
    return 0


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except BrokenPipeError:  # nobody listens any more
        code = 0
    os._exit(code)  # a stream that hangs in a sound library must not keep the process
