"""Beats are given as they sound, however the snapshots come."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from engine.osc.beats import Beats

BPM = 120.0


def played(jitter_s: float, seconds: float = 20.0, seed: int = 1) -> list[tuple[float, tuple[int, int]]]:
    """The beats of a set that began at 100 s, and when they were given; snapshots come thirty times a second, a little late."""
    rng, beats, given = random.Random(seed), Beats(), list[tuple[float, tuple[int, int]]]()
    at = 100.0
    shown_at = at
    while at < 100.0 + seconds:
        if at >= shown_at:
            beats.hear(at - 100.0 - rng.uniform(0, jitter_s), True, BPM, 4, at)
            shown_at += 1 / 30
        if (beat := beats.due(at)) is not None:
            given.append((at, beat))
        at += 0.001
    return given


def test_every_beat_is_given_once_and_in_order() -> None:
    given = [beat for _, beat in played(0.0)]
    assert given == [(n // 4 + 1, n % 4 + 1) for n in range(len(given))]
    assert len(given) == 40


@pytest.mark.parametrize("jitter_s", [0.0, 0.006, 0.023])
def test_beats_come_evenly_though_snapshots_do_not(jitter_s: float) -> None:
    times = [at for at, _ in played(jitter_s)]
    steps = [after - before for before, after in pairwise(times[2:])]
    assert max(abs(step - 0.5) for step in steps) <= max(0.0021, 0.5 * jitter_s)
    late = [at - 100.0 - n * 0.5 for n, at in enumerate(times)]
    assert all(-0.003 <= each <= jitter_s + 0.003 for each in late[2:])


def test_set_that_stands_still_has_no_beats_and_one_that_jumps_goes_on_there() -> None:
    beats = Beats()
    beats.hear(1.1, False, BPM, 4, 100.0)
    assert beats.next_at() is None and beats.due(200.0) is None
    beats.hear(1.1, True, BPM, 4, 200.0)
    assert beats.due(200.3) is None and beats.due(200.41) == (1, 4)
    beats.hear(30.0, True, BPM, 4, 200.5)
    assert beats.due(200.5) == (16, 1), "the beat that begins there"
    assert beats.next_at() == pytest.approx(201.0)


def test_beats_that_were_missed_are_passed_over() -> None:
    beats = Beats()
    beats.hear(0.0, True, BPM, 4, 100.0)
    assert beats.due(102.6) == (2, 2)
    assert beats.due(102.6) is None


def test_beats_go_on_from_where_they_are_at_another_tempo() -> None:
    """From beat 400 on at 121 BPM: as if the set had always been at that tempo, it is 1.65 s younger."""
    beats, given = Beats(), list[tuple[float, tuple[int, int]]]()
    turn = 100.0 + 400 * 60 / BPM
    for n in range(3000):
        at = turn - 5.0 + n * 0.005
        bpm = BPM if at < turn else BPM + 1
        beats.hear((400 + (at - turn) * bpm / 60) * 60 / bpm, True, bpm, 4, at)
        if (beat := beats.due(at)) is not None:
            given.append((at, beat))
    counted = [4 * (bar - 1) + beat - 1 for _, (bar, beat) in given]
    assert counted == list(range(counted[0], counted[0] + len(counted)))
    after = [at - turn - (beat - 400) * 60 / (BPM + 1) for (at, _), beat in zip(given, counted, strict=True) if beat >= 400]
    assert len(after) > 15 and max(map(abs, after)) <= 0.006
