"""MIDI clock: 24 ticks a beat, in step with the set, and a place to go on from after every stop and jump."""

from __future__ import annotations

import random

import pytest

from engine.errors import MidiError
from engine.midi.clock import CLOCK, CONTINUE, START, STOP, Clock, Target, song_position, targets

BPM = 120.0
TICK_S = 60.0 / BPM / 24


Sent = list[tuple[float, bytes]]


def run(clock: Clock, begin: float, seconds: float, elapsed: float, late_s: float = 0.0) -> Sent:
    """What is sent while a set plays from ``elapsed`` on, looked at every 5 ms and up to ``late_s`` late."""
    rng, sent = random.Random(1), Sent()
    steps = int(seconds / 0.0005)
    for n in range(steps):
        at = begin + n * 0.0005
        if n % 10 == 0:
            sent += [(at, data) for data in clock.hear(elapsed + at - begin - rng.uniform(0, late_s), True, BPM, at)]
        sent += [(at, data) for data in clock.due(at)]
    return sent


def test_set_that_begins_starts_everybody_on_bar_one() -> None:
    clock = Clock()
    assert clock.hear(0.0, False, BPM, 99.0) == [] and clock.due(99.0) == []
    sent = run(clock, 100.0, 2.0, 0.0)
    assert [data for _, data in sent[:3]] == [song_position(0), START, CLOCK]
    ticks = [at for at, data in sent if data == CLOCK]
    assert len(ticks) == 96
    assert max(abs(at - 100.0 - n * TICK_S) for n, at in enumerate(ticks)) <= 0.0006
    assert clock.hear(2.0, False, BPM, 102.0) == [STOP] and clock.due(103.0) == [] and clock.close() == []


def test_set_that_goes_on_names_the_next_sixteenth_and_begins_there() -> None:
    clock = Clock()
    sent = run(clock, 100.0, 1.0, 10.06)  # between sixteenths: 10.06 s are 80.48 of them
    assert [data for _, data in sent[:3]] == [song_position(81), CONTINUE, CLOCK]
    assert sent[1][0] == pytest.approx(100.0 + 81 * 0.125 - 10.06, abs=0.001)


def test_jump_stops_and_goes_on_elsewhere() -> None:
    clock = Clock()
    run(clock, 100.0, 1.0, 0.0)
    assert clock.hear(30.0, True, BPM, 101.0) == [STOP, song_position(240)]
    assert clock.due(101.0) == [CONTINUE, CLOCK]


def test_looks_that_come_late_by_a_block_make_no_jitter() -> None:
    ticks = [at for at, data in run(Clock(), 100.0, 20.0, 0.0, late_s=0.012) if data == CLOCK]
    off = [at - 100.0 - n * TICK_S for n, at in enumerate(ticks)][200:]
    middle = sorted(off)[len(off) // 2]
    assert 0.0 < middle < 0.012
    within = sorted(abs(each - middle) for each in off)
    assert within[int(0.99 * len(within))] <= 0.0016, "the test looks every half millisecond"


def test_ticks_go_on_from_where_they_are_at_another_tempo() -> None:
    """Nobody is stopped and sent elsewhere: the bars are where they were, and come faster."""
    clock, sent, turn = Clock(), Sent(), 200.0
    for n in range(20_000):
        at = turn - 4.0 + n * 0.0005
        bpm = BPM if at < turn else 131.0
        if n % 10 == 0:
            sent += [(at, data) for data in clock.hear((96 + (at - turn) * bpm / 60) * 60 / bpm, True, bpm, at)]
        sent += [(at, data) for data in clock.due(at)]
    assert [data for _, data in sent if data not in (CLOCK, CONTINUE)] == [song_position(4 * (96 - 8))]
    ticks = [at for at, data in sent if data == CLOCK]
    late = [(at - turn) * 131 / 60 * 24 - n for n, at in enumerate(at for at in ticks if at >= turn - 0.0001)]
    assert len(late) > 300 and max(map(abs, late)) * 60 / 131 / 24 <= 0.002


def test_offset_is_kept_to() -> None:
    for offset in (-0.02, 0.03):
        ticks = [at for at, data in run(Clock(offset), 100.0, 3.0, 8.0) if data == CLOCK]
        phase = (ticks[48] - 100.0 + 8.0 - offset) / TICK_S
        assert abs(phase - round(phase)) * TICK_S <= 0.001


def test_thread_that_slept_makes_up_for_a_beat_and_no_more() -> None:
    clock = Clock()
    run(clock, 100.0, 1.0, 0.0)
    assert clock.tick is not None
    assert len(clock.due(110.0)) < 60
    assert clock.next_at() == pytest.approx(110.0, abs=2 * TICK_S), "it goes on from where the set is"


def test_position_of_a_long_set_goes_round() -> None:
    assert song_position(0x3FFF) == b"\xf2\x7f\x7f" and song_position(0x4000) == song_position(0)


def test_targets_are_read() -> None:
    assert targets("Synth") == (Target("Synth"),)
    assert targets("Synth=-12, Drum Box = 3.5") == (Target("Synth", -12.0), Target("Drum Box", 3.5))
    for text in ("", "=5", "Synth=x", "Synth=nan", "Synth=9000", "a,,b"):
        with pytest.raises(MidiError):
            targets(text)
