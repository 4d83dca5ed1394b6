"""Messages are where the MIDI system's stamps put them, however late they are fetched."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from engine.midi.stamps import Stamps


def came(times: list[float], fetched: list[float]) -> list[float]:
    stamps = Stamps()
    after = [0.0, *(later - sooner for sooner, later in pairwise(times))]
    return [stamps.came(one, at) for one, at in zip(after, fetched, strict=True)]


def test_late_fetches_move_no_message() -> None:
    rng = random.Random(1)
    times = [1000.0 + 0.02 * n for n in range(500)]
    fetched = [at + 0.001 + rng.choice([0.0, 0.002, 0.009, 0.3]) for at in times]
    found = came(times, fetched)
    assert found[100:] == pytest.approx([at + 0.001 for at in times[100:]], abs=1e-4)


def test_messages_never_seem_to_come_after_they_were_fetched() -> None:
    rng = random.Random(2)
    times = [0.02 * n for n in range(200)]
    fetched = [at + rng.uniform(0, 0.01) for at in times]
    assert all(one <= at for one, at in zip(came(times, fetched), fetched, strict=True))


@pytest.mark.parametrize("creep", [1e-4, -1e-4])
def test_a_system_whose_clock_goes_faster_or_slower_is_followed(creep: float) -> None:
    times = [0.02 * n for n in range(100_000)]
    found = came([at * (1 + creep) for at in times], times)
    assert found[1000:] == pytest.approx(times[1000:], abs=0.001)


def test_a_system_that_counts_anew_is_followed_again() -> None:
    stamps = Stamps()
    assert stamps.came(0.0, 10.0) == 10.0
    assert stamps.came(0.0, 70.0) == 70.0
    assert stamps.came(0.5, 70.5) == 70.5
