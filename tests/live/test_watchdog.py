"""Which generators are taken for hung, and how soon one that died is started again: by counters alone, no process is started."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

import pytest

from engine.conductor.state import State
from engine.live.links import Links
from engine.live.vitals import Vitals
from engine.live.watchdog import RESTART_S, SILENT_S, Watchdog
from engine.processes.children import Children
from engine.protocol import SetWeight
from tests.conductor.test_conductor import slow, started


class Processes:
    """Children that are numbers: what was started and ended, and the processor time each has had as the system tells it."""

    def __init__(self) -> None:
        self.names = {"main": "pocket"}
        self.started = 0
        self.killed = 0
        self.dead = False
        self.cpu = 0.0

    def dead_workers(self) -> list[str]:
        return ["main"] if self.dead else []

    def kill_worker(self, place: str) -> None:
        self.killed += 1

    def start_worker(self, place: str, name: str) -> None:
        self.started += 1
        self.dead = False

    def cpu_s(self, place: str) -> float:
        return self.cpu


class Lines:
    """Links as far as the watchdog looks into them."""

    def __init__(self) -> None:
        self.workers: dict[str, object] = {}
        self.vitals = {"main": Vitals()}


class Watched:
    """A watchdog and what it looks at; time passes when the test says so."""

    def __init__(self, state: State) -> None:
        self.state, self.processes, self.lines = state, Processes(), Lines()
        self.dog = Watchdog(cast(Children, self.processes), cast(Links, self.lines))
        self.now, self.cpu = 5000.0, 0.0
        self.vitals.told += 1
        self.look(0.0)

    @property
    def vitals(self) -> Vitals:
        return self.lines.vitals["main"]

    def look(self, seconds: float) -> None:
        self.now += seconds
        self.dog.look(self.state, self.now)

    def live(self, seconds: int, *, share: float = 1.0, beats: bool = True, told: bool = False) -> None:
        """So many seconds with so much of a core, with or without heartbeats and reports."""
        for _ in range(seconds):
            self.cpu += share
            self.processes.cpu = self.cpu
            if beats:
                self.vitals.beat(self.cpu, 0.0)
            self.vitals.told += told
            for _ in range(4):
                self.look(0.25)


@pytest.fixture
def busy() -> Watched:
    """A live generator at work."""
    stage = started()
    stage.command(SetWeight(1, 0.9))
    assert stage.state.work.jobs and stage.state.work.traits.live
    return Watched(stage.state)


@pytest.mark.parametrize("share", [0.01, 0.06, 1.0])
def test_a_generator_whose_processor_time_grows_is_not_hung(busy: Watched, share: float) -> None:
    busy.live(60, share=share)
    assert not busy.processes.killed


def test_one_that_says_nothing_but_works_is_not_hung(busy: Watched) -> None:
    busy.live(60, share=0.06, beats=False)
    assert not busy.processes.killed


def test_one_without_heartbeat_and_processor_time_is_ended(busy: Watched) -> None:
    busy.live(int(SILENT_S), share=0.0, beats=False)
    before = busy.processes.killed
    busy.live(1, share=0.0, beats=False)
    assert (before, busy.processes.killed) == (0, 1)


def test_one_that_lives_but_gets_nowhere_and_computes_nothing_is_ended(busy: Watched) -> None:
    busy.live(9, share=0.0003)
    assert busy.processes.killed == 1


def test_one_that_computes_for_minutes_without_a_word_is_ended(busy: Watched) -> None:
    busy.live(110)
    assert not busy.processes.killed
    busy.live(15)
    assert busy.processes.killed >= 1


def test_a_slow_generator_has_three_minutes_for_a_step() -> None:
    stage = slow()
    assert stage.state.work.jobs
    watched = Watched(stage.state)
    watched.live(170, share=0.0003)
    assert not watched.processes.killed
    watched.live(300, share=0.0003)
    assert watched.processes.killed


def test_nothing_is_ended_when_everything_stood_still_for_a_while(busy: Watched) -> None:
    busy.live(3)
    busy.look(30.0)
    busy.look(0.25)
    assert not busy.processes.killed
    busy.live(20)
    assert not busy.processes.killed


def test_an_idle_generator_is_left_alone(busy: Watched) -> None:
    busy.state = busy.state.with_work(jobs=())
    busy.live(60, share=0.0, beats=False)
    assert not busy.processes.killed


def starts(watched: Watched, seconds: int) -> list[int]:
    """In which seconds a generator that dies at once is started."""
    found = []
    for second in range(seconds):
        watched.processes.dead = True
        before = watched.processes.started
        watched.look(1.0)
        if watched.processes.started > before:
            found.append(second)
    return found


def test_a_generator_that_keeps_dying_is_started_ever_more_rarely(busy: Watched) -> None:
    at = starts(busy, 130)
    assert [later - earlier for earlier, later in pairwise(at)] == [1, 2, 4, 8, 16, 30, 30, 30]
    assert RESTART_S == (1.0, 30.0)


def test_a_section_that_was_made_has_the_next_start_come_soon_again(busy: Watched) -> None:
    starts(busy, 20)
    busy.vitals.sections += 1
    at = starts(busy, 40)
    assert at[1] - at[0] == 1


def test_a_share_is_said_only_of_seconds_in_which_a_core_was_wanted() -> None:
    vitals = Vitals()
    assert not vitals.beat(3.0, 9.0), "its start"
    assert not vitals.beat(3.01, 9.02)
    for second in range(1, 20):
        assert vitals.beat(3.01 + 0.06 * second, 9.02 + 0.94 * second)
    assert vitals.share == pytest.approx(0.06, abs=0.01)
