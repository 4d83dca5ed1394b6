"""The plan lands on the minutes asked for, whatever the tempo, and keeps what a preset says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conductor.planning.plan import PHRASE, PlannedSection, arc, beyond, fit, spread, total_bars
from engine.presets import parse_preset
from engine.session.opening import plan_set, scaled_note
from engine.timebase import Grid

PROMPT = '[[prompt]]\ntext = "house"\n'


@given(st.floats(0.1, 60), st.floats(20, 300), st.integers(2, 7))
def test_arc_ends_within_one_bar_of_the_minutes(minutes: float, bpm: float, beats: int) -> None:
    grid = Grid(bpm, beats)
    parts = arc(total_bars(minutes, grid))
    seconds = grid.seconds(grid.frame_of_bar(sum(part.bars for part in parts)))
    bar = float(grid.frames_per_bar) / grid.rate
    assert abs(seconds - minutes * 60) <= max(bar, bar - minutes * 60) + 1e-3
    assert all(part.bars >= 1 for part in parts)


def test_short_parts_let_a_section_see_beyond_its_neighbour() -> None:
    parts = [PlannedSection(role, role, bars, 0.5, 0.5, 0.5) for role, bars in (("build", 4), ("drop", 5), ("outro", 8))]  # type: ignore[arg-type]
    assert beyond(parts, 2.0) == tuple(parts[1:]), "8 and 10 seconds"
    assert beyond(parts, 2.5) == (parts[1],), "10 and 12.5 seconds"
    assert beyond(parts, 3.0) == (), "12 seconds"
    assert beyond(parts[2:], 1.0) == () == beyond([], 1.0), "the set's end"


@pytest.mark.parametrize("bpm", [64, 90, 124, 174])
def test_hand_overs_are_short_enough_that_one_hears_where_a_part_begins(bpm: float) -> None:
    plan = plan_set(parse_preset(PROMPT), Grid(bpm, 4), 6.0)
    assert (plan[-2].transition, plan[-2].transition_bars) == ("stem-by-stem", 2), "into the outro"
    assert max(part.transition_bars for part in plan) <= 2


def test_six_minutes_have_an_arc() -> None:
    parts = arc(186)
    assert parts[0].role == "intro"
    assert parts[-1].role == "outro"
    assert [part.role for part in parts].count("drop") >= 2
    assert len({part.name for part in parts}) == len(parts)
    drops = [part.energy for part in parts if part.role == "drop"]
    assert drops == sorted(drops)
    assert all(part.bars % PHRASE == 0 for part in parts[:-1])
    assert max(part.bars for part in parts) <= 40


@given(st.lists(st.floats(0.1, 4), min_size=1, max_size=12), st.integers(12, 600))
def test_spread_gives_every_part_a_bar_and_adds_up(shares: list[float], bars: int) -> None:
    given_bars = spread(shares, bars)
    assert sum(given_bars) == bars
    assert min(given_bars) >= 1


@given(st.integers(8, 400), st.integers(1, 400))
def test_fit_adds_up(have: int, wanted: int) -> None:
    assert sum(part.bars for part in fit(arc(have), wanted)) == wanted


def test_sections_without_minutes_keep_their_bars() -> None:
    preset = parse_preset(PROMPT + '[[section]]\nrole = "intro"\nbars = 6\n[[section]]\nrole = "drop"\nbars = 10\n')
    assert [part.bars for part in plan_set(preset, Grid(120))] == [6, 10]
    assert [part.bars for part in plan_set(preset, Grid(120), minutes=1.0)] == [12, 18]


TWO = '[[section]]\nbars = 16\n[[section]]\nbars = 32\nrole = "outro"\n'


def test_bars_are_bars_whatever_the_presets_minutes_and_it_is_said() -> None:
    preset = parse_preset("[set]\nminutes = 3\n" + PROMPT + TWO)
    assert [part.bars for part in plan_set(preset, Grid(120))] == [16, 32]
    assert scaled_note(preset, Grid(120)) == "its sections' bars count: they are 48 bars, its minutes (3) would be 90"


def test_bars_are_fitted_to_minutes_that_are_asked_for_and_the_numbers_are_those() -> None:
    preset = parse_preset("[set]\nminutes = 6\n" + PROMPT + TWO)
    assert sum(part.bars for part in plan_set(preset, Grid(120), minutes=0.5)) == 15
    assert scaled_note(preset, Grid(120), 0.5) == "its sections of 48 bars are fitted to 0.5 minutes, 15 bars"


def test_what_is_left_over_goes_to_the_sections_without_bars() -> None:
    preset = parse_preset("[set]\nminutes = 3\n" + PROMPT + TWO + '[[section]]\nrole = "drop"\n')
    assert [part.bars for part in plan_set(preset, Grid(120))] == [16, 32, 42]
    assert scaled_note(preset, Grid(120)) is None
    assert scaled_note(preset, Grid(120), 3.0) is None


def test_sections_without_bars_get_a_phrase_where_the_others_leave_no_time() -> None:
    preset = parse_preset("[set]\nminutes = 1\n" + PROMPT + TWO + '[[section]]\nrole = "drop"\n')
    assert [part.bars for part in plan_set(preset, Grid(120))] == [16, 32, 4]
    assert "they are 52 bars, its minutes (1) would be 30" in (scaled_note(preset, Grid(120)) or "")


def test_no_note_where_bars_and_minutes_agree() -> None:
    preset = parse_preset("[set]\nminutes = 1.6\n" + PROMPT + TWO)
    assert scaled_note(preset, Grid(120)) is None
    assert scaled_note(parse_preset(PROMPT + TWO), Grid(120)) is None


def test_sections_without_bars_share_what_is_left() -> None:
    preset = parse_preset("[set]\nminutes = 1\n" + PROMPT + '[[section]]\nbars = 8\n[[section]]\nrole = "drop"\n')
    assert [part.bars for part in plan_set(preset, Grid(120))] == [8, 22]


def test_a_transition_belongs_to_the_section_that_hands_over() -> None:
    preset = parse_preset(PROMPT + '[[section]]\nbars = 8\ntransition = "bass-swap"\n[[section]]\nbars = 8\n')
    first, last = plan_set(preset, Grid(120))
    assert (first.transition, first.transition_bars) == ("bass-swap", 4)
    assert (last.transition, last.transition_bars) == ("cut", 0)


@pytest.mark.parametrize("bars", [1, 3, 7, 8, 15, 16, 17, 31])
def test_very_short_sets(bars: int) -> None:
    assert sum(part.bars for part in arc(bars)) == bars
