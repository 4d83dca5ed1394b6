"""Several prompts by weight: each keeps its own tokens, and cross-attention is shared out between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import GeneratorError
from engine.generators.stable_audio import StableAudio
from engine.generators.stable_audio.model.conditioning import Prompt, shares, weighted_prompts
from tests.generators.stable_audio.conftest import relative_error

HOUSE, PADS, ACID = "warm analog house groove", "ambient drone, slow evolving pads", "acid techno"


def make(model: StableAudio, prompt: Prompt) -> npt.NDArray[np.float32]:
    return model.latents(prompt, 0.2, steps=1, seed=7)


def test_weights_one_and_zero_are_the_single_prompt(tiny: StableAudio) -> None:
    alone = make(tiny, HOUSE)
    assert np.array_equal(make(tiny, [(HOUSE, 1.0), (PADS, 0.0)]), alone)
    assert np.array_equal(make(tiny, [(PADS, 0.0), (HOUSE, 0.3)]), alone)
    assert np.array_equal(make(tiny, [(HOUSE, [1.0, 0.5]), (PADS, [0.0, 0.0, 0.0])]), alone)


def test_equal_weights_are_symmetric(tiny: StableAudio) -> None:
    mixed = make(tiny, [(HOUSE, 1.0), (PADS, 1.0), (ACID, 1.0)])
    assert np.array_equal(make(tiny, [(ACID, 0.5), (HOUSE, 0.5), (PADS, 0.5)]), mixed)
    for text in (HOUSE, PADS, ACID):
        assert relative_error(make(tiny, text), mixed) > 1e-3


def test_mix_moves_from_one_prompt_to_the_other(tiny: StableAudio) -> None:
    ends = make(tiny, HOUSE), make(tiny, PADS)
    distances = [relative_error(make(tiny, [(HOUSE, 1 - w), (PADS, w)]), ends[0]) for w in (0.1, 0.5, 0.9)]
    assert 0 < distances[0] < distances[1] < distances[2] < relative_error(ends[1], ends[0])


def test_two_prompts_with_the_same_tokens_are_one(tiny: StableAudio) -> None:
    """Both are cut to the same tokens, so that sharing out between them changes nothing."""
    long = f"{HOUSE} {PADS} {ACID} " * 3
    mixed = make(tiny, [(long + "and this is cut off", [0.3, 0.8]), (long + "as this is", 0.7)])
    assert relative_error(mixed, make(tiny, long)) < 1e-5


def test_level_curve_is_a_number(tiny: StableAudio) -> None:
    curves = make(tiny, [(HOUSE, np.full(9, 0.6)), (PADS, [0.2, 0.2])])
    assert relative_error(curves, make(tiny, [(HOUSE, 0.6), (PADS, 0.2)])) < 1e-5


def test_curve_leans_each_end_to_its_prompt(tiny: StableAudio) -> None:
    """The tiny model attends over the whole piece, so each end only leans; it must lean the right way."""
    frames = 34
    house, pads = make(tiny, HOUSE)[:, :frames], make(tiny, PADS)[:, :frames]
    curve = make(tiny, [(HOUSE, [1.0, 0.0]), (PADS, [0.0, 1.0])])[:, :frames]
    near_house = np.abs(curve - house).mean(axis=0)
    near_pads = np.abs(curve - pads).mean(axis=0)
    third = frames // 3
    assert near_house[:third].mean() < near_house[-third:].mean()
    assert near_pads[-third:].mean() < near_pads[:third].mean()


@given(
    st.lists(st.lists(st.floats(0, 10, width=32), min_size=1, max_size=5), min_size=2, max_size=4),
    st.integers(1, 40),
    st.integers(0, 10),
)
def test_shares_sum_to_one_at_every_frame(curves: list[list[float]], frames: int, extra: int) -> None:
    given_curves = [np.asarray([value + 0.01 for value in curve], np.float32) for curve in curves]
    found = shares(given_curves, frames, frames + extra)
    assert found is not None
    assert found.shape == (len(curves), frames + extra)
    assert np.allclose(found.sum(dim=0), 1, atol=1e-5)
    assert bool((found[:, frames:] == found[:, frames - 1 : frames]).all())


def test_equal_texts_are_added_up() -> None:
    assert [(text, curve.tolist()) for text, curve in weighted_prompts([("b", 1), ("a", 0.5), ("b", [0, 1])])] == [
        ("a", [0.5]),
        ("b", [1.0, 2.0]),
    ]


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ([], "no prompt"),
        ([(HOUSE, 0.0)], "no prompt"),
        ([(HOUSE, -1.0)], "has the weight"),
        ([(HOUSE, float("nan"))], "has the weight"),
        ([(HOUSE, [1, 0, 0]), (PADS, [0, 0, 1])], "part of the piece"),
    ],
)
def test_weights_that_say_nothing(tiny: StableAudio, prompt: Sequence[tuple[str, Any]], message: str) -> None:
    with pytest.raises(GeneratorError, match=message):
        make(tiny, prompt)
