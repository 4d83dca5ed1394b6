"""Loudness, true peak and silence against values that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from engine.analysis.loudness import (
    MOMENTARY,
    SHORT_TERM,
    LoudnessMeter,
    SilenceMeter,
    TruePeakMeter,
    integrated_lufs,
    longest_silence_ms,
    mean_lufs,
    true_peak_dbtp,
)
from engine.dsp.k_weighting import k_weight, k_weighting
from tests.analysis.sounds import RATE, Audio, noise, sine

TABLE_48K = [
    [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
    [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
]
"""BS.1770-4, tables 1 and 2."""


def test_weighting_is_the_standards_at_48_khz() -> None:
    assert k_weighting(48_000) == pytest.approx(np.array(TABLE_48K), abs=1e-8)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_full_scale_sine_in_one_channel_is_3_lufs_down(rate: int) -> None:
    one = sine(997, 5, rate=rate)
    one[:, 1] = 0
    assert integrated_lufs(one, rate) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("gain_db", [-23.0, -33.0])
def test_ebu_tech_3341_steady_tones(gain_db: float) -> None:
    """Cases 1 and 2: a stereo 1 kHz sine at -23 (-33) dBFS reads that many LUFS in every window."""
    meter = LoudnessMeter(RATE)
    meter.feed(sine(1000, 10, 10 ** (gain_db / 20)))
    assert meter.integrated() == pytest.approx(gain_db, abs=0.1)
    for steps in (MOMENTARY, SHORT_TERM):
        assert meter.curve(steps)[5:] == pytest.approx(gain_db, abs=0.1)


def test_ebu_tech_3341_gating() -> None:
    """Case 3: 10 s at -36, 60 s at -23, 10 s at -36 dBFS read -23 LUFS, as the quiet ends lie under the relative gate."""
    quiet, loud = sine(1000, 10, 10 ** (-36 / 20)), sine(1000, 60, 10 ** (-23 / 20))
    assert integrated_lufs(np.concatenate((quiet, loud, quiet)), RATE) == pytest.approx(-23.0, abs=0.1)


def test_silence_has_no_loudness() -> None:
    nothing = np.zeros((RATE, 2), np.float32)
    assert integrated_lufs(nothing, RATE) == mean_lufs(nothing, RATE) == true_peak_dbtp(nothing, RATE) == float("-inf")
    assert integrated_lufs(sine(1000, 0.2), RATE) == float("-inf"), "too short for one block"


def test_peaks_between_the_samples_are_found() -> None:
    """A sine at a quarter of the rate, 45 degrees off the samples, has samples of 0.707 and a true peak of 1 (annex 2)."""
    tone = sine(RATE / 4, 1, 0.5, phase=np.pi / 4)
    assert np.abs(tone).max() == pytest.approx(0.354, abs=0.001)
    # the tone begins and ends at once, which rings: what counts is that the peak is not missed, nor overstated by 0.5 dB
    assert -6.1 < true_peak_dbtp(tone, RATE) < -5.5


def test_peak_in_the_last_frame_counts() -> None:
    audio = np.zeros((1000, 2), np.float32)
    audio[-1, 1] = -0.5
    assert true_peak_dbtp(audio, RATE) == pytest.approx(-6.02, abs=0.2)


@pytest.mark.parametrize(("start", "frames"), [(0, 441), (2000, 4410), (40_000, 4100)])
def test_longest_silence_is_found_wherever_it_lies(start: int, frames: int) -> None:
    audio = np.full((44_100, 2), 0.01, np.float32)
    audio[start : start + frames] = 10 ** (-71 / 20)
    audio[start + frames // 2, 0] = 10 ** (-71 / 20)
    assert longest_silence_ms(audio, RATE) == pytest.approx(1000 * frames / RATE)
    audio[start + 100, 1] = 10 ** (-69 / 20)
    assert longest_silence_ms(audio, RATE) == pytest.approx(1000 * (frames - 101) / RATE)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 9000), max_size=12), st.integers(0, 5))
def test_measures_do_not_depend_on_how_the_blocks_are_cut(cuts: list[int], seed: int) -> None:
    audio = noise(1.5, 0.2, seed)
    audio[20_000:30_000] = 0

    def measured(blocks: list[Audio]) -> list[float]:
        loudness, peak, silence = LoudnessMeter(RATE), TruePeakMeter(), SilenceMeter(RATE)
        for block in blocks:
            for meter in (loudness, peak, silence):
                meter.feed(block)
        return [loudness.integrated(), peak.dbtp(), silence.longest_ms()]

    pieces = np.split(audio, np.minimum(np.cumsum(cuts), len(audio)))
    assert measured(pieces) == pytest.approx(measured([audio]), abs=1e-6)


def test_the_weight_of_a_frequency_is_the_filters_power_response() -> None:
    hertz = np.array([20.0, 38.0, 100.0, 1000.0, 1682.0, 10_000.0])
    _, response = signal.sosfreqz(k_weighting(48_000), worN=hertz, fs=48_000)
    assert k_weight(hertz) == pytest.approx(np.abs(response) ** 2, rel=1e-9)
