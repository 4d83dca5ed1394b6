"""The generators of a rehearsal over real sockets: their reports reach the set at counted frames, however quick they are."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.conductor.events import At, JobDone, JobFailed, JobProgress, WorkerLost, WorkerUp
from engine.conductor.state import Job
from engine.errors import GeneratorError
from engine.presets import load_preset
from engine.processes.channels import connect, send
from engine.processes.layout import ENGINE, generator_errors
from engine.protocol import DropSection, MakeSection, SectionDone, SectionFailed, SectionProgress, SetOptions, Traits
from engine.rehearsal.workers import VIRTUAL_SPEED, OfflineWorkers, Refused
from engine.session.opening import opening_state
from engine.session.session import Session
from engine.timebase import SAMPLE_RATE
from tests.support.engine_alone import FakeGenerator, NoChildren
from tests.support.hands import Hands
from tests.support.sessions import session_folder
from tests.support.waiting import LIMIT_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets are files here")


class Nursery(NoChildren):
    """Children that the test plays: each that would be started does as it says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SetOptions())
        self.each: Callable[[str], None] = lambda place: None

    def start_worker(self, place: str, name: str) -> None:
        super().start_worker(place, name)
        self.each(place)


class Rehearsed:
    """Workers of a rehearsal, and the generator that answers them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children = Nursery(folder)
        self.workers = OfflineWorkers(folder, self.children, SAMPLE_RATE)
        self.generators: list[FakeGenerator] = []
        self.children.each = self.join

    def join(self, place: str) -> None:
        self.generators.append(FakeGenerator(self.folder, self.children.sections, place))

    def job(self) -> Job:
        """The first job of a set, handed to its generator; the generator has it."""
        hands = Hands()
        session = Session(opening_state(load_preset("sunrise")), hands, hands, self.folder, lambda: At(0, 0))
        session.take(WorkerUp("main", "pocket", Traits(live=True)))
        (job,) = [each for each in hands.did if isinstance(each, Job)]
        self.workers.start(job)
        assert self.order(MakeSection).job_id == job.job_id
        return job

    def order(self, kind: type) -> Any:
        order = self.generators[-1].orders.get(timeout=LIMIT_S)
        assert isinstance(order, kind)
        return order


@pytest.fixture
def rehearsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rehearsed]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with session_folder() as folder:
        made = Rehearsed(folder)
        yield made
        made.workers.close()


def test_opening_waits_for_the_generator(rehearsed: Rehearsed) -> None:
    (up,) = rehearsed.workers.open({"main": "pocket"})
    assert (up.place, up.name, up.traits.live) == ("main", "pocket", True)


def test_a_generator_that_cannot_be_loaded_says_why(rehearsed: Rehearsed) -> None:
    def refuses(place: str) -> None:
        send(connect(rehearsed.folder, ENGINE), SectionFailed(-1, "the model is not here"))

    rehearsed.children.each = refuses
    with pytest.raises(Refused, match="the model is not here"):
        rehearsed.workers.open({"main": "other"})
    rehearsed.children.each = rehearsed.join
    (up,) = rehearsed.workers.reopen("pocket")
    assert up.name == "pocket"


def test_a_generator_that_dies_as_it_starts_is_told_with_its_last_words(rehearsed: Rehearsed) -> None:
    def dies(place: str) -> None:
        generator_errors(rehearsed.folder, place).write_text("Traceback\nMemoryError: no room\n")
        rehearsed.children.workers[place].kill()

    rehearsed.children.each = dies
    with pytest.raises(GeneratorError, match="did not start: MemoryError: no room"):
        rehearsed.workers.open({"main": "pocket"})


def test_reports_come_at_frames_that_the_request_alone_decides(rehearsed: Rehearsed) -> None:
    rehearsed.workers.open({"main": "pocket"})
    job = rehearsed.job()
    total = job.version.total
    rehearsed.generators[-1].line.send(SectionProgress(job.job_id, total))  # it was quicker than it is taken to be
    rehearsed.generators[-1].line.send(SectionDone(job.job_id, 0.01))
    half = round(total / VIRTUAL_SPEED / 2)
    assert rehearsed.workers.due(0) == []
    assert rehearsed.workers.due(half) == [JobProgress(job.job_id, round(half * VIRTUAL_SPEED))]
    (done,) = rehearsed.workers.due(2 * half + 1)
    assert done == JobDone(job.job_id, total / SAMPLE_RATE / VIRTUAL_SPEED, None)
    assert rehearsed.workers.due(3 * half) == []
    assert rehearsed.workers.work_s == {job.version.id: 0.01}


def test_a_generator_that_is_slower_than_taken_is_waited_for(rehearsed: Rehearsed) -> None:
    rehearsed.workers.open({"main": "pocket"})
    job = rehearsed.job()
    for ready in (1000, 50_000, 100_000):
        rehearsed.generators[-1].line.send(SectionProgress(job.job_id, ready))
    clock = round(90_000 / VIRTUAL_SPEED)
    assert rehearsed.workers.due(clock) == [JobProgress(job.job_id, round(clock * VIRTUAL_SPEED))]


def test_a_failed_job_is_told_and_a_dropped_one_forgotten(rehearsed: Rehearsed) -> None:
    rehearsed.workers.open({"main": "pocket"})
    job = rehearsed.job()
    rehearsed.generators[-1].line.send(SectionFailed(job.job_id, "it broke"))
    assert rehearsed.workers.due(100) == [JobFailed(job.job_id, "it broke")]
    rehearsed.workers.start(job)
    rehearsed.order(MakeSection)
    rehearsed.workers.cancel(job)
    assert rehearsed.order(DropSection).job_id == job.job_id
    assert rehearsed.workers.due(job.version.total) == []


def test_a_generator_that_is_lost_is_started_again(rehearsed: Rehearsed) -> None:
    rehearsed.workers.open({"main": "pocket"})
    job = rehearsed.job()
    rehearsed.generators[-1].line.close()
    assert rehearsed.workers.due(job.version.total) == [WorkerLost("main")]
    assert len(rehearsed.generators) == 2
    kind, up = rehearsed.workers.inbox.get(timeout=LIMIT_S)
    assert kind == "up" and isinstance(up, WorkerUp)
    again = rehearsed.job()
    rehearsed.generators[-1].line.send(SectionFailed(again.job_id, "it broke"))
    assert rehearsed.workers.due(100) == [JobFailed(again.job_id, "it broke")]


def test_strangers_at_the_door_of_a_rehearsal_are_sent_away(rehearsed: Rehearsed) -> None:
    rehearsed.workers.open({"main": "pocket"})
    stranger = connect(rehearsed.folder, ENGINE)
    send(stranger, "hello?")
    with pytest.raises((EOFError, OSError)):
        stranger.recv()
    with pytest.raises(queue.Empty):
        rehearsed.workers.inbox.get_nowait()


def test_what_was_made_ahead_is_the_job_that_asks_for_the_same(rehearsed: Rehearsed) -> None:
    rehearsed.workers.open({"main": "pocket"})
    first = rehearsed.job()
    rehearsed.generators[-1].line.send(SectionProgress(first.job_id, first.version.total))
    rehearsed.generators[-1].line.send(SectionDone(first.job_id, 0.01))
    rehearsed.workers.begin_ahead(first)
    assert rehearsed.workers.ahead is None, "it has something to do"
    rehearsed.workers.due(first.version.total)
    again = replace(first, job_id=7, asked_at=500)
    rehearsed.workers.begin_ahead(again)
    ahead = rehearsed.order(MakeSection)
    assert ahead.job_id < 0 and ahead.path == first.version.path
    rehearsed.generators[-1].line.send(SectionProgress(ahead.job_id, first.version.total))
    rehearsed.generators[-1].line.send(SectionDone(ahead.job_id, 0.02))
    rehearsed.workers.start(again)
    assert rehearsed.workers.due(500) == [], "its sound is there, and told of as if it had been begun now"
    (done,) = rehearsed.workers.due(500 + first.version.total)
    assert done == JobDone(7, first.version.total / SAMPLE_RATE / VIRTUAL_SPEED, None)


def test_what_was_made_ahead_in_vain_gives_way(rehearsed: Rehearsed) -> None:
    rehearsed.workers.open({"main": "pocket"})
    first = rehearsed.job()
    rehearsed.workers.cancel(first)
    assert rehearsed.order(DropSection).job_id == first.job_id
    rehearsed.workers.begin_ahead(first)
    ahead = rehearsed.order(MakeSection).job_id
    other = replace(first.version, request=replace(first.version.request, energy=0.123))
    rehearsed.workers.begin_ahead(replace(first, version=other))
    assert rehearsed.order(DropSection).job_id == ahead
    ahead = rehearsed.order(MakeSection).job_id
    rehearsed.workers.start(first)
    assert rehearsed.order(DropSection).job_id == ahead
    assert rehearsed.order(MakeSection).job_id == first.job_id
