"""Sections that a slow generator can make: no longer than at once, no longer than in time, and never a bar more or less."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.conductor.forecast import SPARE
from engine.conductor.lengths import Limits, fitted
from engine.conductor.planning.pace import Pace
from engine.conductor.planning.plan import PHRASE, PlannedSection, arc
from engine.protocol import Traits

BAR_S = 240 / 124

SLOW = Traits(max_seconds=120.0, steps=8, step_share=0.7, kept_s=8.0)
KEPT_S = SLOW.kept_bars(BAR_S) * BAR_S


def bars(parts: tuple[PlannedSection, ...]) -> list[int]:
    return [part.bars for part in parts]


def part(length: int, name: str = "drop") -> PlannedSection:
    return PlannedSection(name, "drop", length, 0.9, 0.8, 0.7, transition="bass-swap", transition_bars=4)


def test_long_part_is_split_at_eight_bars_and_numbered() -> None:
    limits = Limits(BAR_S, SLOW)
    made = fitted((part(96), part(16, "outro")), None, limits)
    assert bars(made) == [48, 48, 16]
    assert [one.name for one in made] == ["drop", "drop · 2", "outro"]
    assert [(one.transition, one.transition_bars) for one in made] == [("equal-power", 2), ("bass-swap", 4), ("bass-swap", 4)]
    assert all((length + 4) * BAR_S + KEPT_S <= 120 for length in bars(made))


def test_three_pieces_are_numbered() -> None:
    made = fitted((part(120),), None, Limits(BAR_S, SLOW))
    assert [one.name for one in made] == ["drop", "drop · 2", "drop · 3"]
    assert bars(made) == [40, 40, 40]


def test_a_generator_without_limits_changes_nothing() -> None:
    plan = arc(186)
    assert fitted(plan, None, Limits(BAR_S)) == plan
    assert fitted(plan, 16, Limits(BAR_S, SLOW, 0.3, 0.2)) == plan


def test_too_short_parts_take_bars_from_the_next() -> None:
    limits = Limits(BAR_S, SLOW, 0.45, 0.45)
    assert limits.least == 16
    assert bars(fitted((part(4), part(4), part(10)), None, limits)) == [18]
    assert bars(fitted((part(4), part(20), part(16)), None, limits)) == [16, 16, 8]


def test_part_that_takes_too_long_starts_with_a_shorter_piece() -> None:
    limits = Limits(BAR_S, SLOW, 0.4, 0.4)
    made = fitted((part(48),), 16, limits)
    assert bars(made)[0] == 16
    work = 0.4 * ((bars(made)[0] + 4) * BAR_S + KEPT_S)
    assert SPARE * work <= 16 * BAR_S
    assert sum(bars(made)) == 48


def test_hopelessly_slow_generator_leaves_the_plan_whole() -> None:
    plan = arc(186)
    for work in (0.85, 1.0, 4.0):
        assert len(fitted(plan, 16, Limits(BAR_S, SLOW, work, work))) <= len(plan)


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=12),
    st.one_of(st.none(), st.integers(1, 64)),
    st.floats(0.8, 12.0),
    st.floats(12.0, 400.0),
    st.floats(0.0, 2.0),
    st.floats(0.4, 1.0),
)
def test_total_bars_stay_and_no_section_is_too_long(
    lengths: list[int], before: int | None, bar_s: float, max_seconds: float, work: float, share: float
) -> None:
    limits = Limits(bar_s, replace(SLOW, max_seconds=max_seconds), work, work * share)
    made = fitted([part(length) for length in lengths], before, limits)
    assert sum(bars(made)) == sum(lengths)
    assert all(1 <= length <= limits.most for length in bars(made))
    assert sum(length < PHRASE for length in bars(made)) <= len(lengths) + (limits.most < PHRASE) * len(made)


def test_pace_is_learned_for_each_count_of_steps() -> None:
    pace = Pace()
    assert pace.per_second(8, 1.0, SLOW) == 1.0
    assert 0.5 < pace.per_second(4, 1.0, SLOW) < 0.8
    pace = pace.learn(8, 10.0, 4.0, SLOW)
    assert pace.per_second(8, 1.0, SLOW) == 0.4
    assert 0.2 < pace.per_second(4, 1.0, SLOW) < 0.4
    pace = pace.learn(4, 10.0, 3.9, SLOW)
    assert pace.per_second(4, 1.0, SLOW) == 0.39, "what was measured counts, not what was expected"
    assert pace.per_second(8, 1.0, SLOW) == pytest.approx(0.6), "the machine is as much slower with any steps"
    slower = pace.learn(8, 10.0, 9.0, SLOW)
    assert slower.per_second(8, 1.0, SLOW) == pytest.approx(0.9), "what is slower counts at once"
    quicker = slower.learn(8, 10.0, 4.0, SLOW)
    assert 0.4 < quicker.per_second(8, 1.0, SLOW) < 0.9
