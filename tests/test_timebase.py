"""Exact tables of bars, beats and frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.timebase import Grid

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
