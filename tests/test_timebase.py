"""Exact tables of bars, beats and frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.timebase import Grid, TempoMap

TABLE = [
    (120.0, 4, 44_100, [0, 88_200, 176_400]),
    (124.0, 4, 44_100, [0, 85_355, 170_710]),
    (174.0, 4, 44_100, [0, 60_828, 121_655]),
    (90.0, 3, 44_100, [0, 88_200, 176_400]),
    (60.0, 1, 1, [0, 1, 2]),
]


@pytest.mark.parametrize(("bpm", "beats", "rate", "bars"), TABLE)
def test_bar_lines_lie_on_exact_frames(bpm: float, beats: int, rate: int, bars: list[int]) -> None:
    grid = Grid(bpm, beats, rate)
    assert [grid.frame_of_bar(bar) for bar in range(3)] == bars


def test_rounding_does_not_accumulate_in_six_hours() -> None:
    grid = Grid(174.0)
    bar = 15_660
    assert grid.frame_of_bar(bar) == round(bar * 4 * 60 / 174 * 44_100)


@given(st.floats(20, 300), st.integers(1, 12), st.integers(0, 10_000_000), st.integers(0, 5000))
def test_frame_lies_in_its_bar(bpm: float, beats: int, frame: int, origin: int) -> None:
    grid = Grid(bpm, beats, origin=origin)
    bar = grid.bar_at(frame)
    assert grid.frame_of_bar(bar) <= frame < grid.frame_of_bar(bar + 1)
    following = grid.next_bar(frame)
    assert grid.frame_of_bar(following) >= frame > grid.frame_of_bar(following - 1)


@given(st.floats(20, 300), st.integers(0, 10_000_000), st.sampled_from([1, 2, 4]))
def test_next_beat_is_the_first_at_or_after(bpm: float, frame: int, division: int) -> None:
    grid = Grid(bpm)
    found = grid.next_beat_frame(frame, division)
    assert 0 <= found - frame <= grid.frames_per_beat / division + 1
    assert grid.next_beat_frame(found, division) == found


def test_grid_without_tempo_is_refused() -> None:
    with pytest.raises(ValueError, match="0 BPM"):
        Grid(0)


MAPS = st.builds(
    lambda first, beats, origin, changes: _changed(TempoMap(Grid(first, beats, origin=origin)), changes),
    st.floats(40, 240),
    st.integers(1, 7),
    st.integers(0, 1_000_000),
    st.lists(st.tuples(st.integers(0, 200), st.floats(40, 240)), max_size=6),
)


def _changed(tempo: TempoMap, changes: list[tuple[int, float]]) -> TempoMap:
    for bar, bpm in sorted(changes):
        tempo = tempo.changed(bar, bpm)
    return tempo


@given(MAPS, st.integers(-3, 300))
def test_a_bar_line_of_a_map_lies_in_its_own_bar(tempo: TempoMap, bar: int) -> None:
    frame = tempo.frame_of_bar(bar)
    assert tempo.bar_at(frame) == bar
    assert tempo.bar_at(frame - 1) == bar - 1
    assert tempo.next_bar(frame) == bar
    assert tempo.next_bar(frame + 1) == bar + 1


@given(MAPS, st.integers(0, 200))
def test_a_bar_of_a_map_is_as_long_as_its_tempo_has_it(tempo: TempoMap, bar: int) -> None:
    length = tempo.frame_of_bar(bar + 1) - tempo.frame_of_bar(bar)
    assert abs(length - tempo.at_bar(bar).frames_per_bar) <= 1
    assert tempo.bpm_at(tempo.frame_of_bar(bar)) == tempo.at_bar(bar).bpm


@given(MAPS, st.integers(0, 30_000_000))
def test_beats_of_a_map_go_on_over_its_changes(tempo: TempoMap, frame: int) -> None:
    assert tempo.beats_at(frame) <= tempo.beats_at(frame + 2) < tempo.beats_at(frame) + 0.01
    bar, beats = tempo.bar_at(frame), tempo.first.beats_per_bar
    assert bar * beats - 0.01 <= tempo.beats_at(frame) <= (bar + 1) * beats + 0.01


@given(MAPS, st.integers(-100_000, 100_000), st.integers(0, 300))
def test_a_map_moves_as_a_whole(tempo: TempoMap, by: int, bar: int) -> None:
    assert tempo.moved(by).frame_of_bar(bar) == tempo.frame_of_bar(bar) + by


@given(st.floats(20, 300), st.integers(0, 10_000_000), st.integers(0, 5000))
def test_a_map_of_one_tempo_is_its_grid(bpm: float, frame: int, bar: int) -> None:
    grid = Grid(bpm)
    tempo = TempoMap(grid).changed(bar, bpm)
    assert tempo == TempoMap(grid)
    assert (tempo.frame_of_bar(bar), tempo.bar_at(frame), tempo.beats_at(frame)) == (
        grid.frame_of_bar(bar), grid.bar_at(frame), grid.beats_at(frame),
    )  # fmt: skip


def test_another_tempo_from_a_bar_on_leaves_what_was_before() -> None:
    tempo = TempoMap(Grid(120.0)).changed(8, 60.0).changed(12, 240.0)
    assert [tempo.frame_of_bar(bar) for bar in (0, 7, 8, 9, 12, 13)] == [
        0, 7 * 88_200, 8 * 88_200, 10 * 88_200, 16 * 88_200, 16 * 88_200 + 44_100,
    ]  # fmt: skip
    assert tempo.changed(9, 120.0).frame_of_bar(10) == 11 * 88_200
    assert tempo.changed(0, 90.0).changes[0].bar == 0
