"""The generators of a rehearsal: processes of their own, whose reports come at frames that the requests alone decide."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from engine import protocol as p
from engine.command_line import command
from engine.conductor.events import Event, JobDone, JobFailed, JobProgress, WorkerLost, WorkerUp
from engine.conductor.state import Job
from engine.errors import GeneratorError
from engine.processes.channels import Door, Line, Wire
from engine.processes.children import Children
from engine.processes.layout import ENGINE, generator_errors
from engine.session.files import with_files
from engine.session.session import greeted

VIRTUAL_SPEED: Final = 20.0
"""Seconds of sound a second of the set's time that generators are taken to make; slower ones are waited for."""

START_S: Final = 60.0


class Refused(GeneratorError):
    """A generator says itself that it cannot be loaded."""


@dataclass(slots=True)
class _Real:
    """A job as its generator's process really stands, and the number of the order by which that knows it."""

    job: Job
    order: int
    ready_to: int
    work_s: float | None = None
    fit: p.GridFit | None = None
    failed: str | None = None
    full: bool = False


@dataclass
class OfflineWorkers:
    """The generators' processes, whose reports are let through at counted frames."""

    folder: Path
    children: Children
    rate: int
    inbox: queue.SimpleQueue[tuple[str, Any]] = field(default_factory=queue.SimpleQueue)
    connections: dict[str, Line] = field(default_factory=dict)
    jobs: dict[int, _Real] = field(default_factory=dict)
    ahead: _Real | None = None
    """What is made before it is asked for; its job is the one foreseen."""
    begun_ahead: int = 0
    work_s: dict[str, float] = field(default_factory=dict)
    spare: dict[str, str] = field(default_factory=dict)

    def open(self, places: dict[str, str]) -> list[WorkerUp]:
        """Start the set's own generator and wait until it is ready; one that stands in is started when it is needed.

        Raises:
            GeneratorError: if the set's own does not start; `Refused` if it cannot be loaded.
        """
        self.door = Door(self.folder, ENGINE, self._greeted, hears=True)
        self.spare = {place: name for place, name in places.items() if place != "main"}
        ups = [self._start_worker("main", places["main"])]
        return [*ups, *(WorkerUp("stand-in", name, p.Traits(live=True)) for name in self.spare.values())]

    def reopen(self, name: str) -> list[WorkerUp]:
        """Start another generator in place of the set's own that could not be loaded.

        Raises:
            GeneratorError: if that does not start either.
        """
        self.spare = {}
        return [self._start_worker("main", name)]

    def _start_worker(self, place: str, name: str) -> WorkerUp:
        self.children.start_worker(place, name)
        deadline = time.monotonic() + START_S
        later: list[tuple[str, Any]] = []
        while True:
            try:
                kind, message = self.inbox.get(timeout=0.1)
            except queue.Empty:
                if self.children.dead_workers() or time.monotonic() > deadline:
                    log = generator_errors(self.children.folder, place)
                    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] if log.exists() else []
                    raise GeneratorError(
                        "the generator did not start" + "".join(f": {line}" for line in tail), command("doctor")
                    ) from None
                continue
            if kind == "refused":
                raise Refused(message)
            if kind == "up" and message.place == place:
                for waiting in later:
                    self.inbox.put(waiting)
                up: WorkerUp = message
                return up
            later.append((kind, message))

    def _greeted(self, connection: Wire, hello: object) -> None:
        """On the connection's own thread: its first word says who it is."""
        if isinstance(hello, p.SectionFailed):
            self.inbox.put(("refused", hello.message))
        if not isinstance(hello, p.ClientHello):
            connection.close()
            return
        line = self.connections[hello.place] = Line(connection)
        gone = ("gone", hello.place)
        line.open(lambda report: self.inbox.put(("report", report)), lambda: self.inbox.put(gone))
        self.inbox.put(("up", greeted(hello)))

    def start(self, job: Job) -> None:
        """Hand a job to its generator, or take what that has made of it ahead."""
        if job.place == "main" and self._taken(job):
            return
        if job.place not in self.connections and job.place in self.spare:
            self._start_worker(job.place, self.spare.pop(job.place))
        self.jobs[job.job_id] = _Real(job, job.job_id, job.version.request.from_frame)
        self._order(self.jobs[job.job_id])

    def _taken(self, job: Job) -> bool:
        """Whether a job is what is made ahead; if it is something else, that gives way."""
        ahead, self.ahead = self.ahead, None
        if ahead is None:
            return False
        theirs, ours = ahead.job.version, job.version
        if (theirs.request, theirs.path, theirs.generator) == (ours.request, ours.path, ours.generator):
            self.jobs[job.job_id] = replace(ahead, job=job)
            return True
        self._tell("main", p.DropSection(ahead.order))
        return False

    def begin_ahead(self, job: Job) -> None:
        """Have the set's own generator begin with what it will be asked for, if it has nothing else to do."""
        if any(real.job.place == "main" for real in self.jobs.values()):
            return
        if self.ahead is not None:
            if self.ahead.job.version.request == job.version.request:
                return
            self._tell("main", p.DropSection(self.ahead.order))
        self.begun_ahead += 1
        self.ahead = _Real(job, -self.begun_ahead, job.version.request.from_frame)
        self._order(self.ahead)

    def _order(self, real: _Real) -> None:
        version = real.job.version
        request = with_files(version.request, self.children.sections)
        self._tell(real.job.place, p.MakeSection(real.order, request, version.path))

    def cancel(self, job: Job) -> None:
        """Tell a generator to drop a job, and forget it."""
        real = self.jobs.pop(job.job_id, None)
        self._tell(job.place, p.DropSection(job.job_id if real is None else real.order))

    def _tell(self, place: p.Place, order: p.MakeSection | p.DropSection) -> None:
        """Hand an order to a generator, if it is there."""
        if (line := self.connections.get(place)) is not None:
            line.send(order)

    def due(self, clock: int) -> list[Event]:
        """What is to be reported by a moment; waits for generators that are slower than taken."""
        events: list[Event] = []
        for job_id, real in list(self.jobs.items()):
            version = real.job.version
            first, total = version.request.from_frame, version.total
            promised = min(total, first + round((clock - real.job.asked_at) * VIRTUAL_SPEED))
            while real.failed is None and (real.ready_to < promised or (promised == total and real.work_s is None)):
                events += self._hear()
                if job_id not in self.jobs:
                    break
            if job_id not in self.jobs:
                continue
            if real.failed is not None:
                events.append(JobFailed(job_id, real.failed, real.full))
            elif promised == total:
                self.work_s[version.id] = real.work_s or 0.0
                events.append(JobDone(job_id, (total - first) / self.rate / VIRTUAL_SPEED, real.fit))
            elif promised > first:
                events.append(JobProgress(job_id, promised))
            if real.failed is not None or promised == total:
                del self.jobs[job_id]
        return events

    def _hear(self) -> list[Event]:
        """Take one report of a generator's process; a lost process ends its jobs and is started again."""
        kind, message = self.inbox.get(timeout=600)
        if kind == "up":
            return [message]
        if kind == "gone":
            return self._lost(message)
        self._note(message)
        return []

    def _note(self, message: Any) -> None:
        """Remember how a job really stands."""
        everything = (*self.jobs.values(), *(() if self.ahead is None else (self.ahead,)))
        real = next((each for each in everything if each.order == getattr(message, "job_id", None)), None)
        if real is None:
            return
        match message:
            case p.SectionProgress(_, ready_to):
                real.ready_to = ready_to
            case p.SectionDone(_, work_s, fit):
                real.work_s, real.fit = work_s, fit
            case p.SectionFailed(_, text, full):
                real.failed, real.full = text, full

    def _lost(self, place: p.Place) -> list[Event]:
        self.connections.pop(place, None)
        self.ahead = None if place == "main" else self.ahead
        self.jobs = {key: real for key, real in self.jobs.items() if real.job.place != place}
        self.children.start_worker(place, self.children.names[place])
        return [WorkerLost(place)]

    def close(self) -> None:
        """End the processes."""
        self.children.stop()
        self.door.close()
