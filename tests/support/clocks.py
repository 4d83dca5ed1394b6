"""A clock that jitters and drifts, and a set that follows it as a set can: by a pull, and by tempos from its bar lines on."""

from __future__ import annotations

import random
from typing import Final

from engine.midi.clock import CLOCK, START, TICKS
from engine.midi.clock_in import MasterClock, off_by, pull_to, tempo_to
from engine.player.output.varispeed import MOST_BEND

MASTER_BPM: Final = 122.0
BEATS: Final = 4
LOOK_STEPS: Final = 5
"""Milliseconds between two looks at the clock."""


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

    found, tick, at, asked, coming, speed = list[tuple[int, float]](), 0, 0.0, -1, bpm, 1.0
    step = 0.001
    while at < seconds:
        at += step
        while true_beats(at) * TICKS >= tick:
            clock.hear(CLOCK, at + rng.uniform(0, jitter_s) - jitter_s / 2)
            tick += 1
        before, beats = beats, beats + speed * bpm / 60 * step
        if before // BEATS != beats // BEATS:
            over = beats % BEATS
            beats += over * (coming / bpm - 1)
            bpm = coming
            place = clock.place(at)
            if place is not None:
                true = place._replace(beats=true_beats(at))
                found.append((int(beats // BEATS), off_by(true, beats, BEATS) * 60 / true.bpm))
        place = clock.place(at)
        if place is not None and round(at / step) % LOOK_STEPS == 0:
            speed = 1 + min(MOST_BEND, max(-MOST_BEND, pull_to(place, bpm, beats, BEATS)))
        if place is not None and asked != beats // BEATS and beats % BEATS > 0.5:
            asked = int(beats // BEATS)
            coming = tempo_to(place, bpm, beats, BEATS) or bpm
    return found
