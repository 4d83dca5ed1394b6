"""When the player starts another engine: at once, and ever more rarely while each new one is soon lost again."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest

from engine.player.service import RESPAWN_S, STAYED_S, Respawn

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the process that is started is of Unix")


class Clock:
    """Time that passes when the test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def starts(respawn: Respawn, clock: Clock, seconds: int) -> list[float]:
    """When engines are started of which each comes and is lost at once."""
    found = []
    for _ in range(2 * seconds):
        before = respawn.starts
        if respawn._child is not None:
            respawn._child.wait()
        respawn.tick()
        if respawn.starts > before:
            found.append(clock.now)
            respawn.found()
            respawn.lost()
        clock.now += 0.5
    return found


def test_engines_that_are_lost_at_once_are_started_ever_more_rarely_but_without_end() -> None:
    clock = Clock()
    respawn = Respawn(("true",), clock)
    clock.now += 60.0
    respawn.lost()
    at = starts(respawn, clock, 60)
    assert at[0] == 160.0, "the first one at once"
    assert [later - earlier for earlier, later in pairwise(at)] == [1, 2, 4, 8, 8, 8, 8, 8, 8]
    assert RESPAWN_S == (1.0, 8.0)


def test_an_engine_that_stayed_for_a_while_is_replaced_at_once() -> None:
    clock = Clock()
    respawn = Respawn(("true",), clock)
    respawn.lost()
    starts(respawn, clock, 20)
    respawn.found()
    clock.now += STAYED_S + 1
    respawn.lost()
    assert starts(respawn, clock, 1) == [clock.now - 1]


def test_nothing_is_started_while_an_engine_is_there_or_without_a_command() -> None:
    clock = Clock()
    respawn, never = Respawn(("true",), clock), Respawn((), clock)
    never.lost()
    assert starts(respawn, clock, 10) == starts(never, clock, 10) == []
