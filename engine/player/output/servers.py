"""Which sound servers run on this machine, and whether they, and the player, may run in real time. Linux alone tells."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.player.output.priority import SERVICE

SERVERS: Final = {
    "pipewire": "install rtkit, and log in again",
    "pipewire-pulse": "install rtkit, and log in again",
    "pulseaudio": "install rtkit, set realtime-scheduling = yes in /etc/pulse/daemon.conf, and log in again",
    "jackd": "start it with -R",
    "jackdbus": "switch its realtime setting on",
}
"""Sound servers by the name of their process, and how each comes to run in real time."""

_PROCESSES: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Server:
    """A sound server that runs; ``realtime`` if one of its threads does so in real time."""

    name: str
    realtime: bool


def running_servers(processes: Path = _PROCESSES) -> tuple[Server, ...]:
    """The sound servers that run, one of each name.

    Args:
        processes: the folder in which the system describes them.
    """
    found: dict[str, bool] = {}
    if sys.platform != "linux":
        return ()
    for folder in processes.glob("[0-9]*"):
        try:
            name = (folder / "comm").read_text("utf-8").strip()
            if name in SERVERS:
                threads = [int(task.name) for task in (folder / "task").iterdir()]
                found[name] = found.get(name, False) or any(_in_real_time(thread) for thread in threads)
        except (OSError, ValueError):  # it has ended meanwhile
            continue
    return tuple(Server(name, realtime) for name, realtime in sorted(found.items()))


def _in_real_time(thread: int) -> bool:
    try:
        return sys.platform == "linux" and os.sched_getscheduler(thread) & ~os.SCHED_RESET_ON_FORK in (os.SCHED_FIFO, os.SCHED_RR)
    except OSError:
        return False


def may_run_in_real_time() -> bool:
    """Whether this user's programs may: tried on a thread of its own, which ends with it. True where nobody has to ask."""
    if sys.platform != "linux":
        return True
    allowed: list[bool] = []

    def ask() -> None:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(SERVICE))
        except OSError:
            allowed.append(False)
        else:
            allowed.append(True)

    thread = threading.Thread(target=ask, name="priority")
    thread.start()
    thread.join()
    return allowed[0]
