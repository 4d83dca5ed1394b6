"""Looking after the generators' processes: one that hangs is ended, and one that has ended is started again."""

from __future__ import annotations

from typing import Final

from engine.conductor.forecast import request_cost_s
from engine.conductor.state import Job, State
from engine.live.links import Links
from engine.processes.children import Children

RESTART_S: Final = 1.0
"""A generator that dies is started again at most once in so many seconds."""

HUNG_S: Final = {True: 8.0, False: 180.0}
"""Seconds without a word after which a generator at work (a live one, or not) is taken for hung, and ended."""

HUNG_WORK: Final = 3.0
"""So many times the work that is expected of it a slow generator may be silent, if that is longer."""


class Watchdog:
    """Looks after a session's generators.

    Args:
        children: their processes.
        links: knows when each was last heard of.
    """

    def __init__(self, children: Children, links: Links) -> None:
        self._children, self._links = children, links
        self._restart_at: dict[str, float] = {}

    def look(self, state: State, now: float) -> None:
        """End a generator that hangs, and start one that died again; ``now`` in monotonic seconds."""
        for job in state.work.jobs:
            if now - self._links.heard_at.get(job.place, now) > patience_s(state, job):
                self._links.heard_at[job.place] = now
                self._children.kill_worker(job.place)
        for place in self._children.dead_workers():
            if place in self._links.workers or now < self._restart_at.get(place, 0.0):
                continue  # its end is not heard of yet, or it has just been started
            self._restart_at[place] = now + RESTART_S
            self._children.start_worker(place, self._children.names[place])


def patience_s(state: State, job: Job) -> float:
    """Seconds without a word after which a job's generator is taken for hung; long work in many tries takes longer."""
    request = job.version.request
    if state.work.traits.live or job.place == "stand-in":
        return HUNG_S[True]
    return max(HUNG_S[False], HUNG_WORK * request.tries * request_cost_s(state, request))
