"""The player's process: ``python -m engine.player SESSION_DIR [--device NAME] [--block N] [--respawn JSON]``."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported; a quantum is too small to share out

import argparse
import contextlib
import gc
import json
import logging
import signal
import sys
from functools import partial
from pathlib import Path

import numpy as np

from engine.errors import LivesetError
from engine.player.headphones.device import HeadphonesDevice
from engine.player.link import EngineLink
from engine.player.output.backends import BUFFER_FRAMES, open_portaudio
from engine.player.output.listening import Listening
from engine.player.output.priority import SERVICE, raise_priority
from engine.player.output.routes import Routes
from engine.player.service import Respawn, Service
from engine.processes.latest import COUNTED, PARAMS, STATUS, SharedBlock
from engine.processes.layout import PARAMS_FILE, PLAYER_LOG, STATUS_FILE
from engine.protocol import pair_of
from engine.timebase import QUANTUM

SWITCH_INTERVAL_S = 0.0005


def fresh_status(path: Path, broken: bool) -> SharedBlock:
    """A player's latest values, at 0 but for what is counted through a whole set, whatever players it had.

    Args:
        path: of the file; a player before this one may have left its values there.
        broken: that player ended while it played, which is a break in the sound as well.
    """
    before = dict.fromkeys(COUNTED, 0.0)
    with contextlib.suppress(OSError, ValueError):
        old = SharedBlock(path, STATUS)
        before = {name: old[name] for name in COUNTED}
    path.unlink(missing_ok=True)
    status = SharedBlock(path, STATUS, create=True)
    status.update(before)
    status["underruns"] += broken
    return status


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="engine.player")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", default=None, help="a name or number as the command devices lists it, or none")
    parser.add_argument("--block", type=int, default=256)
    parser.add_argument("--buffer", type=int, default=BUFFER_FRAMES, help="frames the sound library is asked to hold")
    parser.add_argument("--frame", type=int, default=0, help="where the transport stands: where a player before got to")
    parser.add_argument("--outputs", default="1,2", help="the outputs of the device that the set is on, counted from 1")
    parser.add_argument("--cue", default=None, help="the outputs for the headphones; they are on the same device")
    parser.add_argument("--cue-device", default=None, help="or on this one")
    parser.add_argument("--performance", type=Path, default=None, help="a folder in which what is played is written down")
    parser.add_argument("--respawn", type=json.loads, default=[], help="JSON list: the command that starts an engine")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Run a player until it is told to stop."""
    arguments = _arguments(argv)
    folder: Path = arguments.folder
    _redirect_noise(folder / PLAYER_LOG)
    for name in ("SIGINT", "SIGHUP", "SIGTSTP", "SIGTTOU", "SIGTTIN", "SIGPIPE"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    np.seterr(all="ignore")  # a damaged section is made finite, not reported block by block
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    block = max(1, round(arguments.block / QUANTUM)) * QUANTUM
    try:
        params = SharedBlock(folder / PARAMS_FILE, PARAMS)
        status = fresh_status(folder / STATUS_FILE, broken=arguments.frame > 0)
        main, cue, other = pair_of(arguments.outputs, "--outputs"), arguments.cue, arguments.cue_device
        routes = Routes(main, None if cue is None or other is not None else pair_of(cue, "--cue"))
        opener = partial(open_portaudio, buffer=arguments.buffer, routes=routes)
        apart = None if other is None else partial(HeadphonesDevice, folder, other, cue or "1,2", block)
        raise_priority(SERVICE)
        link = EngineLink(folder)
        service = Service(
            link,
            params,
            status,
            device=arguments.device,
            block=block,
            respawn=Respawn(tuple(arguments.respawn)),
            opener=opener,
            log=2,
            frame=arguments.frame,
            performance=arguments.performance,
            listening=Listening(routes),
            apart=apart,
        )
        gc.collect()
        gc.freeze()
        gc.disable()
        service.run()
    except (LivesetError, OSError, ValueError):
        logging.exception("the player ended")
        return 1
    return 0


def _redirect_noise(log: Path) -> None:
    """Sound libraries write to the terminal, which belongs to the screen: send it to a file."""
    try:
        fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        fd = os.open(os.devnull, os.O_WRONLY)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(fd)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    logging.shutdown()
    os._exit(code)  # a thread that hangs in a sound library must not keep the process
