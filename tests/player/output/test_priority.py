"""Real-time scheduling: asked for, given back for a moment, and done without where the system refuses."""

from __future__ import annotations

import os

import pytest

from engine.player.output.priority import RENDER, ordinary_priority, raise_priority

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_setscheduler"), reason="this system has no real-time scheduling")


class Scheduler:
    """What the system was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, refuses: bool = False, keeps_nice: bool = False) -> None:
        self.now = (os.SCHED_FIFO, RENDER)
        self.nice: int | None = None
        self.refuses, self.keeps_nice = refuses, keeps_nice
        monkeypatch.setattr(os, "sched_setscheduler", self.set)
        monkeypatch.setattr(os, "sched_getscheduler", lambda _pid: self.now[0])
        monkeypatch.setattr(os, "sched_getparam", lambda _pid: os.sched_param(self.now[1]))
        monkeypatch.setattr(os, "setpriority", self.set_nice)

    def set(self, _pid: int, policy: int, param: os.sched_param) -> None:
        if self.refuses:
            raise PermissionError
        self.now = (policy, param.sched_priority)

    def set_nice(self, _which: int, _who: int, value: int) -> None:
        if self.keeps_nice:
            raise PermissionError
        self.nice = value


def test_thread_gets_real_time_scheduling(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(monkeypatch)
    raise_priority(7)
    assert scheduler.now == (os.SCHED_FIFO, 7) and scheduler.nice is None


def test_refused_real_time_scheduling_becomes_a_better_nice_value(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(monkeypatch, refuses=True)
    raise_priority(7)
    assert scheduler.nice is not None and scheduler.nice < 0


def test_system_that_refuses_everything_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(monkeypatch, refuses=True, keeps_nice=True)
    raise_priority(7)
    assert scheduler.nice is None
    with ordinary_priority():
        assert scheduler.now == (os.SCHED_FIFO, RENDER)


def test_other_programs_start_without_real_time_scheduling(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Scheduler(monkeypatch)
    with pytest.raises(RuntimeError, match="did not start"), ordinary_priority():
        assert scheduler.now == (os.SCHED_OTHER, 0)
        raise RuntimeError("did not start")
    assert scheduler.now == (os.SCHED_FIFO, RENDER)
