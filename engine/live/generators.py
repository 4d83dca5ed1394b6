"""The generators as the live engine sees them: who joins, reports, goes or cannot be loaded."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from engine import protocol as p
from engine.conductor.events import JobDone, JobFailed, JobProgress, WorkerLost, WorkerRefused, WorkerShare
from engine.conductor.planning.pace import Pace
from engine.live.background import Post
from engine.live.links import Links
from engine.live.pace_file import remember
from engine.live.vitals import Vitals
from engine.processes.channels import Line, Wire
from engine.processes.children import Children
from engine.protocol.checking import fits
from engine.session.session import Session, greeted


class Generators:
    """Tells the session what generators say; called on the deciding thread alone.

    Args:
        session: is told.
        links: keeps their lines.
        children: their processes.
        post: has a call made on the deciding thread.
    """

    def __init__(self, session: Session, links: Links, children: Children, post: Post) -> None:
        self._session, self._links, self._children, self._post = session, links, children, post

    def joined(self, hello: p.ClientHello, connection: Wire) -> None:
        """A generator is ready."""
        place = hello.place
        if place not in self._children.workers:  # one that was ended a moment ago
            connection.close()
            return
        line = self._links.workers[place] = Line(connection)
        self._links.vitals[place] = Vitals()
        line.open(
            lambda report: self._post(partial(self.reported, place, report)), lambda: self._post(partial(self.gone, place, line))
        )
        self._session.take(greeted(hello))

    def gone(self, place: p.Place, line: Line) -> None:
        """A generator's connection ended."""
        if self._links.workers.get(place) is line:
            del self._links.workers[place]
            self._session.take(WorkerLost(place))

    def refused(self, message: str) -> None:
        """The set's own generator cannot be loaded: the stand-in takes its place, and needs nobody to stand in for it."""
        before = self._session.state.work.generator
        self._session.take(WorkerRefused(message))
        after = self._session.state.work.generator
        if after == before:
            return
        self._links.workers.clear()
        self._children.stop_worker("stand-in")
        self._children.start_worker("main", after)

    def reported(self, place: p.Place, report: p.WorkerReport) -> None:
        """A generator says how its job stands."""
        if not fits(report, p.WorkerReport):
            return
        vitals = self._links.vitals.setdefault(place, Vitals())
        vitals.told += not isinstance(report, p.Heartbeat)
        match report:
            case p.Heartbeat(cpu_s, waited_s):
                if vitals.beat(cpu_s, waited_s):
                    self._session.take(WorkerShare(place, vitals.share))
            case p.SectionProgress(job_id, ready_to, done):
                self._session.take(JobProgress(job_id, ready_to, done))
            case p.SectionDone(job_id, work_s, fit, share):
                vitals.sections += 1
                known = self._session.state.work.pace
                self._session.take(JobDone(job_id, work_s, fit, share))
                self._remember(known)
            case p.ClientHello():
                self._session.take(greeted(replace(report, place=place)))
            case p.SectionFailed(job_id, text, full):
                self._session.take(JobFailed(job_id, text, full))

    def _remember(self, known: Pace) -> None:
        """Let the next set know how long a slow generator takes here."""
        work = self._session.state.work
        if not work.traits.live and work.pace != known:
            remember(self._session.state.settings.loads, work.pace)
