"""Playback of loops: they wrap around without a click, at a steady pitch and along a glide."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.generators.pocket.render.playback import play_loops

SIZE = 1000


def loop(cycles: int) -> np.ndarray:
    turn = 2.0 * math.pi * cycles * np.arange(SIZE) / SIZE
    return np.stack([np.sin(turn), np.cos(turn)]).astype(np.float32)


@pytest.mark.parametrize("since", [0, 300, 999, 1_000, 12_345])
def test_loop_wraps_around_any_number_of_times(since: int) -> None:
    one, other = loop(3), loop(5)
    room = np.empty((2, 2_700), np.float32)
    at = np.arange(since, since + 2_700)
    alone = play_loops([(one, 1.0)], since, 0, (0.0, 0.0), False, room)
    np.testing.assert_array_equal(alone, np.take(one, at, axis=1, mode="wrap"))
    both = play_loops([(one, 0.5), (other, 1.0)], since, 0, (0.0, 0.0), False, room)
    np.testing.assert_allclose(both, 0.5 * np.take(one, at, 1, mode="wrap") + np.take(other, at, 1, mode="wrap"), atol=1e-6)


def test_glide_and_vibrato_wrap_without_a_click() -> None:
    room = np.empty((2, 44_100), np.float32)
    for bend in ((2.0, 0.0), (-2.0, 0.0), (0.0, 20.0)):
        heard = play_loops([(loop(3), 1.0)], 0, 0, bend, False, room)
        steepest = 2.0 * math.pi * 3 / SIZE * 2.0 ** (2.0 / 12.0)
        assert np.abs(np.diff(heard)).max() < 1.05 * steepest
        assert np.abs(heard[0] ** 2 + heard[1] ** 2 - 1.0).max() < 1e-3


@pytest.mark.parametrize("slide", [-12.0, -2.0, 5.0])
def test_glide_continues_as_a_steady_pitch(slide: float) -> None:
    """Read chunk by chunk, as notes are: the later chunks are read straight."""
    chunk = 4_096
    rooms = {since: np.empty((2, chunk), np.float32) for since in range(0, 8 * chunk, chunk)}
    chunks = [play_loops([(loop(3), 1.0)], since, 0, (slide, 0.0), False, room) for since, room in rooms.items()]
    heard = np.concatenate(chunks, axis=1)
    steepest = 2.0 * math.pi * 3 / SIZE * 2.0 ** (abs(slide) / 12.0)
    assert np.abs(np.diff(heard)).max() < 1.05 * steepest
