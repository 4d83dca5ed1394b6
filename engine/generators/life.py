"""That a generator's process lives: a thread of its own says so once a second, with the processor time the process has had.

A machine that is busy with other things starves a generator; one that starves is not hung, and its time shows the difference.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.protocol import Heartbeat

BEAT_S: Final = 1.0
"""Seconds between two heartbeats."""

LEAST_S: Final = 0.05
"""Seconds of wanting a core below which nothing is said of how much of one there was."""

NICENESS: Final = 10
"""Of work that nobody waits for."""

_TASKS: Final = Path("/proc/self/task")


def waited_s(leave_out: int = 0) -> float:
    """Seconds that this process's threads have waited for a core while they could have run; 0 where the system does not tell.

    Args:
        leave_out: a thread's native id that is not counted.
    """
    total = 0
    try:
        for task in _TASKS.iterdir():
            if task.name != str(leave_out):
                total += int((task / "schedstat").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):  # not Linux, or a thread that ended meanwhile
        pass
    return total / 1e9


def share_of(cpu_s: float, waited_s: float) -> float | None:
    """The part of the time it wanted a core that something had one, 0..1; None if it hardly wanted one.

    Args:
        cpu_s: processor seconds that it had.
        waited_s: seconds that it waited for a core.
    """
    wanted = max(0.0, cpu_s) + max(0.0, waited_s)
    return max(0.0, cpu_s) / wanted if wanted >= LEAST_S else None


class Stopwatch:
    """How much of a core this process gets, from when it was made on."""

    def __init__(self) -> None:
        self._cpu, self._waited = time.process_time(), waited_s()

    def share(self) -> float:
        """The part of the time it wanted a core that it had one, 0..1."""
        found = share_of(time.process_time() - self._cpu, waited_s() - self._waited)
        return 1.0 if found is None else found


def beat_for_ever(send: Callable[[Heartbeat], object], beat_s: float = BEAT_S) -> None:
    """Start the thread that says that this process lives, until the process ends."""

    def run() -> None:
        own = threading.get_native_id()
        while True:
            send(Heartbeat(time.process_time(), waited_s(own)))
            time.sleep(beat_s)

    threading.Thread(target=run, name="heart", daemon=True).start()


def calm() -> None:
    """Have this thread give way to all others. Only Linux has priorities of threads that need no rights: elsewhere, nothing."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
