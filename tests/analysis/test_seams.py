"""Likeness, loudness steps and jumps at hand-overs."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.audio import correlation
from engine.analysis.seams import discontinuity, loudness_step
from tests.analysis.sounds import RATE, hits, noise, sine


@pytest.mark.parametrize(("share", "expected"), [(1.0, 1.0), (0.0, 0.0), (0.7, 0.7)])
def test_correlation_is_the_part_two_sounds_share(share: float, expected: float) -> None:
    a, b = noise(2, seed=1), noise(2, seed=2)
    mixed = share * a + (1 - share**2) ** 0.5 * b
    assert correlation(a, 0.3 * mixed) == pytest.approx(expected, abs=0.01)
    assert correlation(a, -mixed) == pytest.approx(-expected, abs=0.01)


def test_correlation_with_silence_or_nothing_is_0() -> None:
    assert correlation(noise(1), np.zeros((RATE, 2), np.float32)) == 0
    assert correlation(noise(1), np.zeros((0, 2), np.float32)) == 0


@pytest.mark.parametrize("step_db", [-6.0, 0.0, 1.0, 3.0])
def test_loudness_step_is_measured_across_the_seam(step_db: float) -> None:
    audio = noise(8, 0.05)
    audio[4 * RATE :] *= 10 ** (step_db / 20)
    assert loudness_step(audio, RATE, 4 * RATE) == pytest.approx(step_db, abs=0.1)


def test_seam_without_another_side_has_no_step() -> None:
    assert np.isnan(loudness_step(noise(2), RATE, 0)) and np.isnan(loudness_step(noise(2), RATE, 2 * RATE))


def test_click_stands_out_and_music_does_not() -> None:
    music = sine(110, 4, 0.4) + hits([0.25 * n for n in range(16)], 4)
    seam = 2 * RATE + 5000
    assert discontinuity(music, RATE, seam) < 0.2
    assert 0.5 < discontinuity(music, RATE, 2 * RATE) <= 1.5, "a drum hit on the seam is like the other hits"
    cut = sine(110, 4, 0.4)
    cut[seam:] *= -1
    assert discontinuity(cut, RATE, seam) > 10
    assert discontinuity(np.zeros((RATE, 2), np.float32), RATE, 100) == 0
