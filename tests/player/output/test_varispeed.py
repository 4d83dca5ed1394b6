"""A set that runs a little faster or slower: the same samples while it does not, no seam where it begins or ends to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.player.blocks import memory_params
from engine.player.output.varispeed import CATCH_UP, HALF, MOST_BEND, Bend, Varispeed
from engine.timebase import SAMPLE_RATE

BLOCK = 512
Sound = npt.NDArray[np.float32]


def tone(hz: float, seconds: float = 2.0) -> Sound:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * SAMPLE_RATE) // BLOCK * BLOCK) / SAMPLE_RATE)
    return np.stack((wave, -wave), axis=1).astype(np.float32)


def played(sound: Sound, speeds: list[float]) -> Sound:
    """The sound, block by block, at these speeds in turn."""
    varispeed = Varispeed()
    starts = range(0, len(sound), BLOCK)
    return np.concatenate([varispeed.process(sound[at : at + BLOCK], speeds[i % len(speeds)]) for i, at in enumerate(starts)])


def test_what_is_not_bent_is_the_same_samples_some_frames_late() -> None:
    sound = np.random.default_rng(1).normal(size=(40 * BLOCK, 2)).astype(np.float32)
    assert np.array_equal(played(sound, [1.0])[HALF:], sound[:-HALF])


@pytest.mark.parametrize("speed", [1 - MOST_BEND, 0.999, 1.01, 1 + MOST_BEND])
@pytest.mark.parametrize("hz", [50.0, 1_000.0, 15_000.0])
def test_a_tone_stays_a_tone_of_the_other_pitch(hz: float, speed: float) -> None:
    heard = played(tone(hz), [speed])[BLOCK:, 0].astype(float)
    angles = 2 * np.pi * hz * speed * np.arange(len(heard)) / SAMPLE_RATE
    parts = np.stack((np.sin(angles), np.cos(angles)), axis=1)
    found = np.linalg.lstsq(parts, heard, rcond=None)[0]
    rest = heard - parts @ found
    assert np.hypot(*found) == pytest.approx(0.5, abs=0.001)
    assert 10 * np.log10(np.mean(rest**2) / np.mean(heard**2)) < -80


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.just(1.0), st.floats(1 - MOST_BEND, 1 + MOST_BEND)), min_size=1, max_size=12))
def test_speeds_in_any_order_leave_no_seam_and_lose_no_frame(speeds: list[float]) -> None:
    sound = tone(220.0, 0.5)
    heard = played(sound, speeds)
    steepest = np.abs(np.diff(sound, axis=0)).max() * (1 + MOST_BEND)
    assert np.abs(np.diff(heard[2 * HALF :], axis=0)).max() <= 1.01 * steepest
    count = len(sound) // BLOCK
    expected = sum(BLOCK / speeds[i % len(speeds)] for i in range(count))
    assert abs(len(heard) - expected) <= count + 1, "standing between two frames it goes on to the next one"


def test_after_a_bend_samples_are_samples_again() -> None:
    sound = np.random.default_rng(1).normal(size=(12 * BLOCK, 2)).astype(np.float32)
    varispeed = Varispeed()
    heard = [varispeed.process(sound[at : at + BLOCK], 1.013 if at < 4 * BLOCK else 1.0) for at in range(0, len(sound), BLOCK)]
    assert np.array_equal(heard[-1], sound[-BLOCK - HALF : -HALF])


def test_a_wanted_tempo_bends_what_sounds_until_it_is_made_anew() -> None:
    params = memory_params()
    bend = Bend(params)
    assert bend.speed(BLOCK, 120.0) == 1.0
    params["tempo"] = 123.0
    assert bend.speed(BLOCK, 120.0) == pytest.approx(123 / 120)
    assert bend.speed(BLOCK, 123.0) == 1.0
    assert bend.speed(BLOCK, 100.0) == 1.0, "so far is not bent: the next bar is in the new tempo"
    assert bend.speed(BLOCK, None) == 1.0, "nothing sounds"


def test_a_nudge_is_made_up_for_and_no_more() -> None:
    params = memory_params()
    bend, gained, fastest = Bend(params), 0.0, 0.0
    params["ahead"] = -0.01
    for _ in range(200):
        speed = bend.speed(BLOCK, 120.0)
        gained += BLOCK / SAMPLE_RATE * (speed - 1)
        fastest = max(fastest, abs(speed - 1))
    assert gained == pytest.approx(-0.01, abs=0.0001)
    assert fastest == pytest.approx(CATCH_UP)
    assert bend.speed(BLOCK, 120.0) == 1.0
    assert Bend(params).speed(BLOCK, 120.0) == 1.0, "a new player is not behind for it"


def test_all_together_stays_within_bounds_whatever_is_asked() -> None:
    params = memory_params()
    bend = Bend(params)
    for tempo, ahead, pull in ((124.0, 5.0, 0.03), (119.0, -5.0, -0.5), (float("nan"), float("inf"), float("nan")), (-1, 0, 9)):
        params.update({"tempo": tempo, "ahead": ahead, "pull": pull})
        assert abs(bend.speed(BLOCK, 120.0) - 1) <= MOST_BEND + 1e-9
