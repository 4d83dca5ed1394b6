"""Processes that are killed again and again, or stopped for a while, as the set plays: the music goes on by itself.

``LIVESET_LONG=1`` kills each ten times and stops each for half a minute, as a laptop's lid does: it takes some minutes.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from engine.processes.client import EngineClient
from engine.protocol import Hold, VaryNext
from tests.live.conftest import FRAMES_S, Show
from tests.live.terminal import attached
from tests.support.waiting import LIMIT_S, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")

LONG = "LIVESET_LONG" in os.environ
GENERATOR, PLAYER, ENGINE = "engine.generators.worker", "engine.player", "engine.live"
"""The engine is the process of MIDI as well."""
STOPPED_S = 30.0 if LONG else 2.0
PLAYER_KILLS = 10
GENERATOR_KILLS = 10 if LONG else 5
ENGINE_KILLS = 10 if LONG else 3  # a new engine comes ever more rarely while engines are soon lost again
SCREEN_KILLS = 10 if LONG else 2  # a screen takes a second to start


def let_pass(seconds: float) -> None:
    """Wait while a process is stopped: nothing tells that enough has passed but the clock."""
    until = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= until, "time")


@contextmanager
def unharmed(one: Show) -> Iterator[None]:
    """What is done meanwhile makes no silence and leaves no traceback, and the music goes on after it."""
    silent = one.status()["silent_frames"]
    yield
    one.wait_on(1)
    assert one.status()["silent_frames"] == silent
    logs = {path.name: path.read_text(errors="replace") for path in one.engine.folder.glob("*.log")}
    assert not {name: text for name, text in logs.items() if "Traceback" in text}


def test_generators_are_killed_in_a_row(one: Show) -> None:
    with unharmed(one):
        for _ in range(GENERATOR_KILLS):
            old, before = one.wait(lambda s: s.next.state == "ready", "the next section").next, one.pids(GENERATOR)
            one.kill(GENERATOR)
            one.client.send(VaryNext())  # for the new one to make
            one.wait_another(GENERATOR, before)
            one.wait(lambda s, old=old: s.next.take != old.take and s.next.state == "ready", "another take")  # type: ignore[misc]


def test_players_are_killed_in_a_row(one: Show) -> None:
    breaks = one.status()["underruns"]
    with unharmed(one):
        for _ in range(PLAYER_KILLS):
            frame, before = one.status()["frame"], one.pids(PLAYER)
            one.kill(PLAYER)
            frame = max(frame, one.status()["frame"])  # what the next one has to get beyond, to have played at all
            one.wait_another(PLAYER, before)
            wait_until(lambda frame=frame: one.status()["frame"] > frame + 0.1 * FRAMES_S, "music")  # type: ignore[misc]
    assert one.status()["underruns"] >= breaks + PLAYER_KILLS, "each is a break in the sound, and is counted"


def test_engines_are_killed_in_a_row_while_one_player_plays(one: Show) -> None:
    player = one.pids(PLAYER)
    one.client.send(Hold(True))
    one.wait(lambda s: s.hold, "hold")
    with unharmed(one):
        for _ in range(ENGINE_KILLS):
            before = one.pids(ENGINE)
            one.kill(ENGINE)
            one.wait_another(ENGINE, before)
            assert one.now().hold, "it goes on where the one before it was"
    assert one.pids(PLAYER) == player


def test_screens_are_killed_in_a_row(one: Show) -> None:
    one.client.close()
    for _ in range(SCREEN_KILLS):
        with attached() as screen:
            screen.kill()
    one.client = EngineClient(one.engine.folder, LIMIT_S)
    with unharmed(one):
        one.wait_on(0.5)


@pytest.mark.parametrize("module", [GENERATOR, ENGINE])
def test_the_music_goes_on_while_a_process_is_stopped_and_after(one: Show, module: str) -> None:
    with unharmed(one):
        frame = one.status()["frame"]
        one.signal(module, signal.SIGSTOP)
        wait_until(lambda: one.status()["frame"] > frame + STOPPED_S * FRAMES_S, "music meanwhile")
        one.signal(module, signal.SIGCONT)
        shown = one.now()
        one.client.send(Hold(True))
        one.wait(lambda s: s.hold, "an answer")
        one.client.send(Hold(False))
        one.next_section(shown.now.name)


def test_a_stopped_player_goes_on_where_it_was(one: Show) -> None:
    player = one.pids(PLAYER)
    with unharmed(one):
        one.signal(PLAYER, signal.SIGSTOP)
        let_pass(STOPPED_S)
        frame = one.status()["frame"]
        one.signal(PLAYER, signal.SIGCONT)
        one.wait(lambda s: s.elapsed_s * FRAMES_S > frame + FRAMES_S, "music")
    assert one.pids(PLAYER) == player


def test_a_stopped_screen_holds_nobody_up(one: Show) -> None:
    with attached() as screen, unharmed(one):
        os.kill(screen.pid, signal.SIGSTOP)
        one.wait_on(STOPPED_S)
        os.kill(screen.pid, signal.SIGCONT)


def test_a_set_whose_every_process_was_killed_ends_on_time(show: Callable[..., Show]) -> None:
    one = show(minutes=0.4)  # all start again before its end, on a busy machine, too
    total = one.wait_playing().total_s
    for module in (GENERATOR, ENGINE, PLAYER):
        before = one.pids(module)
        one.kill(module)
        one.wait_another(module, before)
    shown = one.wait(lambda s: s.state == "finished", "the end")
    assert (shown.elapsed_s, shown.total_s) == (total, total)
