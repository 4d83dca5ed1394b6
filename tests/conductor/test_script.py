"""A set's script: what every part is for beyond its role, and the shape of long sets."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conductor.planning.plan import arc, bars_per_share, total_bars
from engine.conductor.planning.script import purpose_of, scripted
from engine.conductor.tempo import key_of
from engine.presets import parse_preset
from engine.session.opening import opening_state
from engine.timebase import Grid

PROMPT = '[[prompt]]\ntext = "house"\n'


def test_three_drops_state_contrast_and_sum_up() -> None:
    plan = scripted(arc(186), 1)
    assert [part.purpose for part in plan if part.role == "drop"] == ["statement", "contrast", "sum"]
    assert [part.purpose for part in plan if part.role == "breakdown"] == ["statement", "contrast"]
    assert [part.occurrence for part in plan if part.role == "drop"] == [1, 2, 3]
    assert plan[0].purpose == plan[-1].purpose == "statement"


@given(st.integers(1, 60), st.integers(0, 9))
def test_neighbours_of_a_role_never_share_their_purpose(count: int, seed: int) -> None:
    purposes = [purpose_of(number, count, seed) for number in range(1, count + 1)]
    assert purposes[0] == "statement"
    assert all(one != other for one, other in itertools.pairwise(purposes))


def test_seed_decides_whether_the_answer_or_the_contrast_comes_first() -> None:
    assert {tuple(purpose_of(number, 4, seed) for number in (2, 3)) for seed in (1, 2)} == {
        ("answer", "contrast"),
        ("contrast", "answer"),
    }


def test_the_last_of_several_drops_is_lifted_for_the_rest_of_the_set() -> None:
    def keys(text: str) -> list[tuple[str, str]]:
        state = opening_state(parse_preset(text))
        return [(part.role, key_of(state, index)) for index, part in enumerate(state.plan)]

    rest = f'minutes = 6\nkey = "B minor"\n{PROMPT}'
    plain, raised = keys(f"[set]\n{rest}"), keys(f"[set]\nlift = 2\n{rest}")
    last = max(index for index, (role, _) in enumerate(plain) if role == "drop")
    assert {key for _, key in plain} == {"B minor"}
    assert raised == [(role, "C# minor" if index >= last else "B minor") for index, (role, _) in enumerate(plain)]
    one = '[[section]]\nrole = "drop"\nbars = 8\n'
    assert {key for _, key in keys(f"[set]\nlift = 1\n{rest}{one}")} == {"B minor"}, "a single drop has nothing to rise above"
    named = f'{one}key = "D dorian"\n{one}'
    assert [key for _, key in keys(f"[set]\nlift = 1\n{rest}{named}")] == ["D dorian", "Eb dorian"]


def test_the_script_is_in_the_plan_before_the_set_starts() -> None:
    plan = opening_state(parse_preset("[set]\nminutes = 6\nseed = 4\n" + PROMPT)).plan
    assert {part.purpose for part in plan} >= {"statement", "contrast", "sum"}


@pytest.mark.parametrize(("bpm", "minutes"), [(88, 30), (128, 30), (128, 60), (174, 60), (128, 180)])
def test_long_sets_rise_to_few_peaks_and_rest(bpm: float, minutes: float) -> None:
    grid = Grid(bpm, 4)
    plan = arc(total_bars(minutes, grid), bars_per_share(grid))
    roles = Counter(part.role for part in plan)
    assert roles["drop"] <= 1 + 4 * minutes / 28, "a peak of two drops each quarter of an hour"
    assert roles["free"] > 2 * roles["drop"]
    assert all(8 <= part.bars <= 56 for part in plan[:-1])
    peak = max(range(len(plan)), key=lambda i: plan[i].energy)
    assert peak > len(plan) / 2
    assert sum(part.role == "breakdown" and part.energy < 0.3 for part in plan) == roles["drop"] // 2 - 1, "rests between arcs"
