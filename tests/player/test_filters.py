"""Filters by matrix products give what sample-by-sample recursion gives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg, signal

from engine.player.filters import BlockFilter, band_pass, hadamard, one_pole
from engine.player.meters import k_weighting
from engine.timebase import QUANTUM

RATE = 44_100
CASES = {
    "first-order band": signal.butter(1, (250.0, 4_500.0), btype="bandpass", fs=RATE),
    "low-pass 80 Hz": signal.butter(2, 80.0, fs=RATE),
    "high-pass 6 kHz": signal.butter(4, 6_000.0, btype="highpass", fs=RATE),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("channels", [1, 2, 16])
def test_as_the_sample_by_sample_recursion(name: str, channels: int) -> None:
    b, a = (np.asarray(part, np.float64) for part in CASES[name])
    sound = np.random.default_rng(1).standard_normal((channels, 40 * QUANTUM))
    block = BlockFilter.transfer(b, a)
    state, out = block.rest(channels), []
    for start in range(0, sound.shape[1], QUANTUM):
        part, state = block.run(sound[:, start : start + QUANTUM], state)
        out.append(part)
    expected = signal.lfilter(b, a, sound, axis=-1)
    np.testing.assert_allclose(np.concatenate(out, axis=1), expected, atol=1e-9 * np.abs(expected).max())


def test_k_weighting_at_48_khz_is_the_standard_s() -> None:
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    cut = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    sound = np.random.default_rng(3).standard_normal((2, QUANTUM))
    weighting = k_weighting(48_000)
    ours, _ = weighting.run(sound, weighting.rest(2))
    np.testing.assert_allclose(ours, signal.sosfilt([shelf, cut], sound, axis=-1), atol=1e-9)


def test_the_echo_s_band_is_butterworth_s() -> None:
    b, a = (np.asarray(part, np.float64) for part in signal.butter(1, (250.0, 4_500.0), btype="bandpass", fs=RATE))
    sound = np.random.default_rng(2).standard_normal((2, QUANTUM))
    ours, _ = band_pass(250.0, 4_500.0, RATE).run(sound, np.zeros((2, 2)))
    np.testing.assert_allclose(ours, signal.lfilter(b, a, sound, axis=-1), atol=1e-10)


def test_one_pole_smooths_to_unity() -> None:
    filter_ = one_pole(0.35)
    out, _ = filter_.run(np.ones((1, QUANTUM)), filter_.rest(1))
    assert out[0, 0] == pytest.approx(0.65)
    assert out[0, -1] == pytest.approx(1.0)


def test_hadamard() -> None:
    np.testing.assert_array_equal(hadamard(16), linalg.hadamard(16))
