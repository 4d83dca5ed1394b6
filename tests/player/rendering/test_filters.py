"""Filters by matrix products give what sample-by-sample recursion gives."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import linalg, signal

from engine.player.rendering.effects.djfilter import DjFilter
from engine.player.rendering.filters import BlockFilter, band_pass, hadamard, one_pole, transfer
from engine.player.rendering.meters import weighting_filter
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
    block = BlockFilter(transfer(b, a))
    state, out = block.rest(channels), []
    for start in range(0, sound.shape[1], QUANTUM):
        part, state = block.run(sound[:, start : start + QUANTUM], state)
        out.append(part)
    expected = signal.lfilter(b, a, sound, axis=-1)
    np.testing.assert_allclose(np.concatenate(out, axis=1), expected, atol=1e-9 * np.abs(expected).max())


def test_two_filters_as_one_are_one_after_the_other() -> None:
    first, second = (signal.butter(2, edge, btype="highpass", fs=RATE) for edge in (38.0, 1_500.0))
    sound = np.random.default_rng(4).standard_normal((2, QUANTUM))
    both = BlockFilter(transfer(*first).then(transfer(*second)))
    expected = signal.lfilter(*second, signal.lfilter(*first, sound))
    np.testing.assert_allclose(both.run(sound, both.rest(2))[0], expected, atol=1e-10)


@pytest.mark.parametrize("value", [0.0, 0.2, 0.45])
def test_dj_filter_is_two_low_passes_by_the_bilinear_transform(value: float) -> None:
    depth = 1 - 2 * value
    cutoff = 18_000.0 * (80.0 / 18_000.0) ** depth
    g = np.tan(np.pi * cutoff / RATE)
    sections = []
    for q in (0.5412, 1.3066 + 0.8 * depth):
        a = np.array([1 + g / q + g * g, 2 * (g * g - 1), 1 - g / q + g * g])
        sections.append([*(g * g * np.array([1.0, 2.0, 1.0]) / a[0]), *(a / a[0])])
    quiet, quanta = 4, 40
    sound = np.random.default_rng(5).standard_normal((2, quanta * QUANTUM))
    sound[:, : quiet * QUANTUM] = 0.0  # while the knob is on its way
    dj = DjFilter(RATE)
    dj.set(value, 120.0)
    out = np.concatenate([dj.process(part) for part in np.split(sound, quanta, axis=1)], axis=1)
    expected = signal.sosfilt(sections, sound)
    np.testing.assert_allclose(out, expected, atol=1e-9 * np.abs(expected).max())


def test_player_starts_without_what_only_some_need() -> None:
    heavy = ("scipy", "sounddevice", "soundfile", "soxr")
    code = f"import sys, engine.player.__main__; print(*[name for name in {heavy!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_k_weighting_at_48_khz_is_the_standard_s() -> None:
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585]
    cut = [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]
    sound = np.random.default_rng(3).standard_normal((2, QUANTUM))
    weighting = weighting_filter(48_000)
    ours, _ = weighting.run(sound, weighting.rest(2))
    np.testing.assert_allclose(ours, signal.sosfilt([shelf, cut], sound, axis=-1), atol=1e-9)


def test_echo_s_band_is_butterworth_s() -> None:
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
