"""A knob never makes a value jump."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.midi.meaning.values import FIRST_TOUCH, HELD, MOST_TICKS, TICK, position
from engine.midi.profiles import Control
from engine.protocol import Nudge, SetWeight
from tests.midi.messages import cc, generic

EPS = 1e-9


def test_knob_waits_until_it_reaches_the_value() -> None:
    mapper = generic(takeover=True)
    mapper.sync({"prompt 1": 0.72})
    assert mapper.pickups() == {}, "nothing is shown before a knob is touched"
    assert mapper.feed("p", cc(16, 10)) == [] and mapper.pickups() == {"prompt 1": 0.72}
    assert mapper.feed("p", cc(16, 60)) == []
    assert mapper.feed("p", cc(16, 91)) == [SetWeight(0, position(91))]
    assert mapper.pickups() == {"prompt 1": None}
    assert mapper.feed("p", cc(16, 20)) == [SetWeight(0, position(20))], "once held, it follows however fast"


def test_knob_that_passes_the_value_takes_it_along() -> None:
    mapper = generic(takeover=True)
    mapper.sync({"prompt 1": 0.5})
    mapper.feed("p", cc(16, 100))
    assert mapper.feed("p", cc(16, 30)) == [SetWeight(0, position(30))]


def test_knob_lets_go_when_something_else_moves_the_value() -> None:
    mapper = generic(takeover=True)
    assert mapper.feed("p", cc(16, 2)) == [SetWeight(0, position(2))]
    mapper.sync({"prompt 1": 0.8})
    assert mapper.pickups() == {"prompt 1": 0.8}
    assert mapper.feed("p", cc(16, 3)) == []


def test_port_that_comes_back_has_to_pick_up_again() -> None:
    mapper = generic(takeover=True)
    mapper.feed("p", cc(16, 0))
    mapper.feed("p", cc(16, 64))
    mapper.closed("p")
    assert mapper.pickups() == {}
    assert mapper.feed("p", cc(16, 100)) == []
    assert mapper.feed("p", cc(16, 66)) == [SetWeight(0, position(66))]


def test_first_touch_moves_the_value_only_from_nearby() -> None:
    for raw, moves in ((67, True), (68, False)):
        mapper = generic(takeover=True)
        mapper.sync({"prompt 1": 0.5})
        assert bool(mapper.feed("p", cc(16, raw))) is moves


def test_without_takeover_every_position_counts() -> None:
    mapper = generic(takeover=False)
    mapper.sync({"prompt 1": 0.9})
    assert mapper.feed("p", cc(16, 0)) == [SetWeight(0, 0.0)]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([16, 30]), st.integers(0, 127)),
        st.floats(0, 1),
        st.sampled_from(["a", "b"]),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(STEPS)
def test_value_never_moves_further_than_the_knob(steps: list[tuple[str, int, int] | float | str]) -> None:
    """Two ports with two knobs each on one prompt, values moved by others, ports unplugged, in any order."""
    mapper, value, at = generic(takeover=True, cc30="prompt 1"), 0.0, dict[tuple[str, int], float]()
    for step in steps:
        if isinstance(step, float):
            value = step
            mapper.sync({"prompt 1": value})
        elif isinstance(step, str):
            mapper.closed(step)
            at = {key: known for key, known in at.items() if key[0] != step}
        else:
            port, number, raw = step
            commands = mapper.feed(port, cc(number, raw))
            now, before = position(raw), at.get((port, number))
            at[port, number] = now
            for command in commands:
                if isinstance(command, Nudge):  # found to be an encoder
                    assert abs(command.by) <= MOST_TICKS * TICK + EPS
                    value = min(1.0, max(0.0, value + command.by))
                    continue
                assert command == SetWeight(0, now)
                hand = FIRST_TOUCH if before is None else abs(now - before) + HELD
                assert abs(now - value) <= hand + EPS
                value = now
            pickup = mapper.pickups()["prompt 1"]
            now = mapper._ports[port].at.get(Control("cc", number, 1), value)
            assert pickup is None if abs(now - value) <= HELD else pickup == value


@settings(deadline=None)
@given(st.floats(0, 1), st.integers(0, 127))
def test_sweeping_a_knob_from_end_to_end_always_picks_up(value: float, start: int) -> None:
    mapper = generic(takeover=True)
    mapper.sync({"prompt 1": value})
    for raw in [*range(start, 128), *range(127, -1, -1)]:
        mapper.feed("p", cc(16, raw))
    assert mapper.pickups() == {"prompt 1": None}


@pytest.mark.parametrize("bits", [7, 14])
def test_positions_rise_evenly_from_0_over_a_half_to_1(bits: int) -> None:
    values = [position(raw, bits) for raw in range(1 << bits)]
    assert values[0] == 0.0 and values[1 << (bits - 1)] == 0.5 and values[-1] == 1.0
    assert all(0 < b - a <= 1 / ((1 << bits) - 2) + EPS for a, b in pairwise(values))
