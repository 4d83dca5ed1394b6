"""Looking after the generators' processes: one that hangs is ended, and one that has ended is started again.

A generator on a busy machine is slow, not hung: as long as its processor time grows it is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.conductor.forecast import request_cost_s
from engine.conductor.state import Job, State
from engine.live.links import Links
from engine.live.vitals import Vitals
from engine.processes.children import Children

RESTART_S: Final = (1.0, 30.0)
"""Seconds from a generator's start to its next one at the least: twice as long each time up to the most, until it has made
a section."""

SILENT_S: Final = 8.0
"""Seconds without a heartbeat and without processor time after which a generator at work is taken for hung."""

STUCK_S: Final = {True: 8.0, False: 180.0}
"""Seconds without any progress and without processor time after which a generator (a live one, or not) that still has a
heartbeat is taken for locked up."""

ASTRAY_S: Final = {True: 120.0, False: 1800.0}
"""Processor seconds without any progress after which a generator (a live one, or not) is taken to have gone astray."""

HUNG_WORK: Final = 3.0
"""So many times the work that is expected of it a slow generator may get nowhere, if that is longer."""

IDLE_SHARE: Final = 0.002
"""Of a core: what a process that does nothing takes for its heartbeats."""

GROWN_S: Final = 0.02
"""Processor seconds from which on they have grown."""

LONGEST_STEP_S: Final = 1.0
"""The most time between two looks that counts: with more, this process stood still itself, and so did the others."""


@dataclass
class _Seen:
    """What a look saw of a generator, and when, in the watchdog's own seconds."""

    vitals: Vitals
    told: int = -1
    beats: int = -1
    sections: int = 0
    cpu_s: float = 0.0
    cpu_at_told: float = 0.0
    told_at: float = 0.0
    beat_at: float = 0.0
    grew_at: float = 0.0


class Watchdog:
    """Looks after a session's generators.

    Args:
        children: their processes.
        links: knows what each has said of itself.
    """

    def __init__(self, children: Children, links: Links) -> None:
        self._children, self._links = children, links
        self._clock, self._last = 0.0, -1.0
        self._seen: dict[str, _Seen] = {}
        self._restart_at: dict[str, float] = {}
        self._wait_s: dict[str, float] = {}

    def look(self, state: State, now: float) -> tuple[str, ...]:
        """End a generator that hangs, and start one that died again; ``now`` in monotonic seconds.

        Returns:
            The places whose generators were started again.
        """
        if self._last >= 0:
            self._clock += min(max(0.0, now - self._last), LONGEST_STEP_S)
        self._last = now
        for place in tuple(self._links.vitals):
            self._see(place)
        for job in state.work.jobs:
            if self.hung(state, job):
                self._seen.pop(job.place, None)
                self._children.kill_worker(job.place)
        return tuple(place for place in self._children.dead_workers() if self._started(place))

    def _started(self, place: str) -> bool:
        if place in self._links.workers or self._clock < self._restart_at.get(place, 0.0):
            return False  # its end is not heard of yet, or it has just been started
        wait = self._wait_s.get(place, RESTART_S[0])
        self._restart_at[place], self._wait_s[place] = self._clock + wait, min(2 * wait, RESTART_S[1])
        self._children.start_worker(place, self._children.names[place])
        return True

    def _see(self, place: str) -> None:
        vitals, clock = self._links.vitals[place], self._clock
        seen = self._seen.get(place)
        if seen is None or seen.vitals is not vitals:
            seen = self._seen[place] = _Seen(vitals, grew_at=clock)
        cpu_s = max(vitals.cpu_s, self._children.cpu_s(place))
        if vitals.told != seen.told:
            seen.told, seen.told_at, seen.cpu_at_told = vitals.told, clock, cpu_s
            seen.cpu_s, seen.grew_at = cpu_s, clock
        if vitals.beats != seen.beats:
            seen.beats, seen.beat_at = vitals.beats, clock
        if cpu_s - seen.cpu_s > GROWN_S + IDLE_SHARE * (clock - seen.grew_at):
            seen.cpu_s, seen.grew_at = cpu_s, clock
        if vitals.sections != seen.sections:
            seen.sections = vitals.sections
            self._wait_s.pop(place, None)

    def hung(self, state: State, job: Job) -> bool:
        """Whether a job's generator is hung, as of the last look."""
        seen = self._seen.get(job.place)
        if seen is None:
            return False
        live = state.work.traits.live or job.place == "stand-in"
        work_s = 0.0 if live else HUNG_WORK * job.version.request.tries * request_cost_s(state, job.version.request)
        idle_s = self._clock - seen.grew_at
        silent = min(idle_s, self._clock - max(seen.beat_at, seen.told_at)) > SILENT_S
        stuck = min(idle_s, self._clock - seen.told_at) > max(STUCK_S[live], work_s)
        astray = max(seen.cpu_s, seen.vitals.cpu_s) - seen.cpu_at_told > max(ASTRAY_S[live], work_s)
        return silent or stuck or astray
