"""What the live engine's threads promise: a screen that hangs holds nobody up, and work in the background comes back."""

from __future__ import annotations

import queue
import socket
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

import pytest

from engine.live.background import Background
from engine.live.screens import ScreenLink
from engine.processes.channels import Wire
from engine.protocol import Notice, Snapshot
from tests.support.waiting import LIMIT_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets are pairs here")


def pair() -> tuple[Wire, Wire]:
    here, there = socket.socketpair()
    return Connection(here.detach()), Connection(there.detach())


def test_a_screen_gets_the_newest_snapshot_and_skips_what_it_missed() -> None:
    here, there = pair()
    screen = ScreenLink(here)
    big = tuple(Notice("info", f"{n:04}" * 250, 0.0) for n in range(1000))  # a megabyte: the sender waits for the reader
    for serial in range(1, 50):
        screen.offer(Snapshot(serial=serial, notices=big))
    seen = [there.recv().serial]
    while seen[-1] != 49:
        seen.append(there.recv().serial)
    assert len(seen) <= 3 and seen == sorted(seen)
    screen.close()
    with pytest.raises((EOFError, OSError)):
        there.recv()


def test_a_screen_that_does_not_read_can_be_closed() -> None:
    here, there = pair()
    screen = ScreenLink(here)
    screen.offer(Snapshot(notices=tuple(Notice("info", f"{n:04}" * 250, 0.0) for n in range(1000))))
    assert there.poll(LIMIT_S)  # the sender is in the middle of it
    screen.close()
    with pytest.raises((EOFError, OSError)):
        there.recv()


def test_work_in_the_background_comes_back_in_order_and_an_error_ends_nothing() -> None:
    calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    background, found = Background("test", calls.put), list[int]()

    def fails() -> int:
        raise ValueError("not today")

    background(lambda: 1, found.append)
    background(fails, found.append)
    background(lambda: 2, found.append)
    for _ in range(2):
        calls.get(timeout=LIMIT_S)()
    assert found == [1, 2]
    background.finish(LIMIT_S)
    assert calls.empty()
