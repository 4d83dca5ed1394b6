"""Real-time scheduling where the system allows it; quietly without where it does not.

Threads inherit it from the one that starts them. All of the player runs in real time, because a thread that is put aside
while it holds the interpreter holds up the render thread too, and so do the threads a sound library starts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SERVICE: Final = 10
RENDER: Final = 20
"""Priorities of SCHED_FIFO, above all ordinary threads; sound servers that use it take 5 to 20 or so."""

_NICE: Final = -10


def raise_priority(level: int) -> None:
    """Ask for real-time scheduling of the calling thread, or at least for a better nice value."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(level))
    except (AttributeError, OSError):
        try:
            os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        except (AttributeError, OSError):
            return


@contextmanager
def ordinary_priority() -> Iterator[None]:
    """The calling thread without real-time scheduling for a moment: for starting other programs, which would inherit it."""
    try:
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except (AttributeError, OSError):
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)
