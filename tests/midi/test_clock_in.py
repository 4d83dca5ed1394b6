"""A clock is followed: tempo and place through jitter, the set on the master's bars by tempos from bar lines on."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from engine.midi.clock import CLOCK, CONTINUE, START, STOP, TICKS, song_position
from engine.midi.clock_in import MasterClock, Place, off_by, pull_to, tempo_to
from tests.support.clocks import MASTER_BPM, phase_errors


def ticks(bpm: float, count: int, begin: float = 100.0, jitter_s: float = 0.0) -> Iterator[float]:
    rng = random.Random(1)
    return (begin + n * 60 / bpm / TICKS + rng.uniform(0, jitter_s) for n in range(count))


@pytest.mark.parametrize(("jitter_s", "tempo_off", "place_off"), [(0.0, 1e-9, 1e-9), (0.002, 0.05, 0.001), (0.006, 0.15, 0.003)])
def test_tempo_and_place_are_known_through_jitter(jitter_s: float, tempo_off: float, place_off: float) -> None:
    clock = MasterClock()
    clock.hear(START, 99.0)
    for at in ticks(123.4, 960, jitter_s=jitter_s):
        clock.hear(CLOCK, at)
    place = clock.place(at)
    assert place is not None and place.counted
    assert place.bpm == pytest.approx(123.4, abs=tempo_off)
    heard_s = place.beats * 60 / 123.4
    assert heard_s == pytest.approx(at - 100.0 - jitter_s / 2, abs=place_off + jitter_s / 2)


def test_song_position_and_continue_say_where_it_goes_on() -> None:
    clock = MasterClock()
    clock.hear(song_position(64), 100.0)
    clock.hear(CONTINUE, 100.0)
    for at in ticks(120.0, 25):
        clock.hear(CLOCK, at)
    place = clock.place(at)
    assert place == pytest.approx(Place(120.0, 17.0, True))


def test_ticks_that_are_lost_on_the_way_are_counted() -> None:
    clock = MasterClock()
    clock.hear(START, 99.0)
    rng = random.Random(2)
    for n, at in enumerate(ticks(120.0, 960, jitter_s=0.002)):
        if n < TICKS or rng.random() > 0.1:
            clock.hear(CLOCK, at)
    place = clock.place(at)
    assert place is not None
    assert place.beats == pytest.approx(959 / TICKS, abs=0.004)
    assert place.bpm == pytest.approx(120.0, abs=0.06)


def test_ticks_that_come_late_and_several_at_once_are_not_counted_twice() -> None:
    clock = MasterClock()
    clock.hear(START, 99.0)
    for n, at in enumerate(ticks(120.0, 960, jitter_s=0.002)):
        clock.hear(CLOCK, at + (max(0.0, 0.1 - (at % 1.0)) if n > TICKS else 0.0))  # it slept the first tenth of each second
    place = clock.place(at)
    assert place is not None
    assert place.beats == pytest.approx(959 / TICKS, abs=0.01)


def test_ticks_that_were_held_up_and_come_all_at_once_say_nothing() -> None:
    clock = MasterClock()
    for _ in range(100):
        clock.hear(CLOCK, 50.0)
    assert clock.place(50.0) is None
    for at in ticks(120.0, 60, begin=50.3):
        clock.hear(CLOCK, at)
    place = clock.place(at)
    assert place is not None and place.bpm == pytest.approx(120.0, abs=0.5)


def test_clock_that_was_not_heard_for_a_second_is_where_it_would_be() -> None:
    clock = MasterClock()
    clock.hear(START, 99.0)
    for at in ticks(120.0, 480):
        if not 4.0 < at - 100.0 < 5.0:
            clock.hear(CLOCK, at)
    place = clock.place(at)
    assert place is not None and place.beats == pytest.approx(479 / TICKS, abs=0.001)


@pytest.mark.parametrize("bpm", [115.0, 125.0, 132.0])
def test_no_tick_is_lost_count_of_where_the_tempo_changes_at_once(bpm: float) -> None:
    clock = MasterClock()
    clock.hear(START, 99.0)
    times = list(ticks(120.0, 480, jitter_s=0.002))
    times += ticks(bpm, 16 * TICKS, begin=100.0 + 480 * 60 / 120 / TICKS, jitter_s=0.002)
    for at in times:
        clock.hear(CLOCK, at)
    place = clock.place(at)
    assert place is not None and place.beats == pytest.approx((len(times) - 1) / TICKS, abs=0.01)


def test_another_tempo_is_taken_up_within_some_beats() -> None:
    clock = MasterClock()
    clock.hear(START, 99.0)
    times = list(ticks(120.0, 240))
    times += ticks(171.0, 8 * TICKS, begin=times[-1] + 60 / 171 / TICKS, jitter_s=0.002)
    for at in times:
        clock.hear(CLOCK, at)
    place = clock.place(at)
    assert place is not None
    assert place.bpm == pytest.approx(171.0, abs=0.5)
    assert place.beats == pytest.approx(239 / TICKS + 8, abs=0.1)


def test_clock_that_stops_or_is_gone_is_nowhere() -> None:
    clock = MasterClock()
    for at in ticks(120.0, 30):
        clock.hear(CLOCK, at)
    assert (place := clock.place(at)) is not None and not place.counted
    assert clock.place(at + 0.6) is None
    clock.hear(STOP, at)
    assert clock.place(at) is None
    clock.hear(START, at)
    assert clock.place(at) is not None


def test_set_is_off_by_what_is_left_of_a_bar() -> None:
    assert off_by(Place(120, 17.25, True), 32.0, 4) == pytest.approx(1.25)
    assert off_by(Place(120, 15.5, True), 32.0, 4) == pytest.approx(-0.5)
    assert off_by(Place(120, 17.25, False), 32.0, 4) == 0.0, "it has not said where it is"


def test_music_is_made_anew_where_the_tempo_is_another_one_or_the_set_far_off() -> None:
    assert tempo_to(Place(120.0, 16.0, True), 120.0, 32.1, 4) is None, "50 ms off: it is pulled"
    assert tempo_to(Place(120.3, 16.0, True), 120.0, 32.0, 4) is None
    assert tempo_to(Place(121.0, 16.0, True), 120.0, 32.1, 4) == 121.0
    assert tempo_to(Place(120.0, 17.0, True), 120.0, 32.0, 4) == pytest.approx(120 * 1.15)
    assert tempo_to(Place(120.0, 15.0, True), 120.0, 32.0, 4) == pytest.approx(120 * 0.85)
    assert tempo_to(Place(132.0, 16.0, True), 120.0, 32.0, 4) == 132.0
    assert tempo_to(Place(120.0, 17.0, True), 120.0, 32.0, 4, hurries=False) is None, "its music cannot be made anew at once"
    assert tempo_to(Place(121.0, 17.0, True), 120.0, 32.0, 4, hurries=False) == 121.0
    assert tempo_to(Place(132.0, 16.0, False), 120.0, 33.5, 4) == 132.0, "it has not said where it is"


def test_set_is_pulled_to_where_the_clock_is_within_bounds() -> None:
    assert pull_to(Place(120.0, 16.0, True), 120.0, 32.0, 4) == 0.0
    assert pull_to(Place(120.0, 16.01, True), 120.0, 32.0, 4) == pytest.approx(0.005 / 0.5)
    assert pull_to(Place(120.0, 15.0, True), 120.0, 32.0, 4) == pytest.approx(-0.03)
    assert pull_to(Place(121.2, 16.0, True), 120.0, 32.0, 4) == pytest.approx(0.01), "as fast as the clock, in its place"


def test_set_stays_within_five_milliseconds_of_a_clock_that_jitters_and_drifts() -> None:
    """Ten minutes, 2 ms of jitter, 1 % of drift; begun a third of a beat off, at another tempo."""
    errors = phase_errors(minutes=10.0, jitter_s=0.002, drift=0.01, bpm=MASTER_BPM - 3, beats=-1 / 3)
    assert max(abs(error) for bar, error in errors if bar >= 4) <= 0.005
    assert abs(errors[0][1]) > 0.1
