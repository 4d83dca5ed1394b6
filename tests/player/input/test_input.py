"""The ring of what the room gave, and how it is laid on the set's frames by two clocks that differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.player.input.laying import Laying
from engine.player.input.ring import RING_FRAMES, SHORT_GAP, RoomRing
from engine.player.output.varispeed import HALF, Varispeed
from engine.timebase import SAMPLE_RATE

BLOCK = 256


def counted(start: int, count: int) -> np.ndarray:
    return np.repeat(np.arange(start, start + count, dtype=np.float32)[:, None], 2, axis=1)


def test_what_was_pushed_is_read_by_the_sets_frames(tmp_path: Path) -> None:
    ring = RoomRing(tmp_path / "room", create=True)
    other = RoomRing(tmp_path / "room")
    ring.begin(1_000_000)
    ring.push(counted(0, 5000))
    assert (other.first, other.end) == (1_000_000, 1_005_000)
    found = other.read(1_001_000, 1_004_000)
    assert found is not None and np.array_equal(found, counted(1000, 3000))
    assert other.read(999_999, 1_000_010) is None and other.read(1_004_000, 1_005_001) is None


def test_what_is_older_than_the_ring_is_gone(tmp_path: Path) -> None:
    ring = RoomRing(tmp_path / "room", create=True)
    for start in range(0, RING_FRAMES + 50_000, 50_000):
        ring.push(counted(start, 50_000))
    assert ring.end - ring.first == RING_FRAMES
    assert ring.read(ring.first - 1, ring.end) is None
    found = ring.read(ring.end - 1000, ring.end)
    assert found is not None and found[-1, 0] == np.float32(ring.end - 1)


def test_a_short_gap_is_silent_and_a_long_one_a_new_beginning(tmp_path: Path) -> None:
    ring = RoomRing(tmp_path / "room", create=True)
    ring.push(counted(1, 1000))
    ring.begin(1000 + SHORT_GAP)
    ring.push(counted(1, 10))
    found = ring.read(0, ring.end)
    assert found is not None and not found[1000 : 1000 + SHORT_GAP].any() and found[-1, 0] == 10
    ring.begin(ring.end + SHORT_GAP + 1)
    assert ring.first == ring.end and ring.read(0, 100) is None


@pytest.mark.parametrize("drift", [-200e-6, 0.0, 200e-6])
@pytest.mark.parametrize("pace", [1.0, 0.98])
def test_another_clock_is_followed_to_the_millisecond(drift: float, pace: float) -> None:
    """A device whose seconds are others, and blocks that come unevenly: what lies at a frame was played there."""
    random, laying, varispeed = np.random.default_rng(3), Laying(), Varispeed()
    written = 0.0
    for number in range(10_000):
        true = 5000 + number * BLOCK * pace * (1 + drift)  # the set's frame as the block's first frame was played
        laid = laying.next(true + float(random.normal(0, 0.002)) * SAMPLE_RATE, BLOCK, pace)
        if laid.anew is not None:
            written = laid.anew
            begun = number
        count = len(varispeed.process(np.zeros((BLOCK, 2), np.float32), laid.speed))
        if number > 2000:
            assert abs(written + HALF - true) < SAMPLE_RATE / 1000
        written += count
        laying.wrote(count)
    assert begun < 100


def test_a_place_far_off_begins_anew() -> None:
    laying = Laying()
    assert laying.next(10_000, BLOCK, 1.0).anew == 10_000 - HALF
    laying.wrote(BLOCK)
    assert laying.next(10_000 + BLOCK, BLOCK, 1.0).anew is None
    laying.wrote(BLOCK)
    assert laying.next(20_000, BLOCK, 1.0).anew == 20_000 - HALF
    laying.reset()
    assert laying.next(20_000, BLOCK, 1.0).anew == 20_000 - HALF
