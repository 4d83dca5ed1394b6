"""A clock that jitters and drifts, and a set that follows it as a set can: by tempos that it takes on its bar lines."""

from __future__ import annotations

import random
from typing import Final

from engine.midi.clock import CLOCK, START, TICKS
from engine.midi.clock_in import MasterClock, off_by, tempo_to

MASTER_BPM: Final = 122.0
BEATS: Final = 4


def phase_errors(minutes: float, jitter_s: float, drift: float, bpm: float, beats: float) -> list[tuple[int, float]]:
    """By how many seconds a set is behind the true clock on each of its bar lines.

    Args:
        minutes: how long it is followed.
        jitter_s: how late a tick may come.
        drift: part of its tempo by which the clock is faster at the end.
        bpm, beats: where the set begins.
    """
    rng, clock, seconds = random.Random(1), MasterClock(), minutes * 60
    clock.hear(START, 0.0)

    def true_beats(at: float) -> float:
        return MASTER_BPM / 60 * (at + drift * at * at / (2 * seconds))

    found, tick, at, asked, coming = list[tuple[int, float]](), 0, 0.0, -1, bpm
    step = 0.001
    while at < seconds:
        at += step
        while true_beats(at) * TICKS >= tick:
            clock.hear(CLOCK, at + rng.uniform(0, jitter_s) - jitter_s / 2)
            tick += 1
        before, beats = beats, beats + bpm / 60 * step
        if before // BEATS != beats // BEATS:
            over = beats % BEATS
            beats += over * (coming / bpm - 1)
            bpm = coming
            place = clock.place(at)
            if place is not None:
                true = place._replace(beats=true_beats(at))
                found.append((int(beats // BEATS), off_by(true, beats, BEATS) * 60 / true.bpm))
        place = clock.place(at)
        if place is not None and asked != beats // BEATS and beats % BEATS > 0.5:
            asked = int(beats // BEATS)
            coming = tempo_to(place, bpm, beats, BEATS) or bpm
    return found
