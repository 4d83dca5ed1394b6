"""Where a set is as it is heard, and the even time of a device behind uneven blocks."""

from __future__ import annotations

import random

import pytest

from engine.player.blocks import memory_status
from engine.player.output.steady import SteadyTime
from engine.processes.latest import LONGEST_S, HeardPlace, read_place, write_place

BLOCK_S = 512 / 44_100


def test_a_device_that_takes_blocks_unevenly_and_runs_a_little_fast_is_known_evenly() -> None:
    rng, steady, worst = random.Random(1), SteadyTime(), 0.0
    for block in range(2_000):
        true = 50.0 + block * BLOCK_S * 0.9999
        heard = steady.hear(true + rng.uniform(-0.006, 0.006), BLOCK_S)
        worst = max(worst, abs(heard - true)) if block > 400 else 0.0
    assert worst < 0.0025


def test_a_device_that_stood_still_is_followed_at_once() -> None:
    steady = SteadyTime()
    for block in range(100):
        steady.hear(block * BLOCK_S, BLOCK_S)
    assert steady.hear(100 * BLOCK_S + 3.0, BLOCK_S) == pytest.approx(100 * BLOCK_S + 3.0)


def test_a_place_is_read_whole_and_counted_on_from() -> None:
    status = memory_status()
    assert read_place(status) is None
    write_place(status, HeardPlace(44_100.0, 7.0, 1.02))
    place = read_place(status)
    assert place == HeardPlace(44_100.0, 7.0, 1.02)
    assert place.now(7.5) == pytest.approx(44_100 * (1 + 0.51))
    assert place.now(6.0) == 44_100.0
    assert place.now(60.0) == pytest.approx(44_100 * (1 + 1.02 * LONGEST_S)), "a player that hangs"
    status["place_turn"] += 1
    assert read_place(status) is None, "it is being written, and whoever does has died over it"
