"""Columns of pictures hold what lies in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.picture import PeakColumns, Spectrogram
from engine.analysis.survey import survey
from tests.analysis.sounds import RATE, noise, sine


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 90), st.lists(st.integers(1, 60), max_size=8))
def test_every_column_is_the_peak_of_its_frames(frames: int, columns: int, cuts: list[int]) -> None:
    audio = noise(0.01, seed=frames)[:frames]
    frames = len(audio)
    meter = PeakColumns(frames, columns)
    for block in np.split(audio, np.minimum(np.cumsum(cuts), frames)):
        meter.feed(block)
    starts = [column * frames // columns for column in range(columns)]
    ends = [max(start + 1, end) for start, end in zip(starts, [*starts[1:], frames], strict=True)]
    expected = [np.abs(audio[start:end]).max() for start, end in zip(starts, ends, strict=True)]
    assert meter.values().tolist() == pytest.approx(expected)


def test_where_there_is_no_audio_columns_are_empty() -> None:
    assert PeakColumns(0, 3).values().tolist() == [0.0] * 3


@pytest.mark.parametrize("hertz", [60.0, 1000.0, 9000.0])
def test_tone_is_drawn_where_and_when_it_sounds(hertz: float) -> None:
    audio = np.concatenate((np.zeros((2 * RATE, 2), np.float32), sine(hertz, 2)))
    spectrogram = Spectrogram(RATE, len(audio), columns=8, bands=48)
    for start in range(0, len(audio), 10_000):
        spectrogram.feed(audio[start : start + 10_000])
    picture = spectrogram.decibels()
    band = int(picture[:, 6].argmax())
    assert spectrogram.edges_hz[band] * 0.9 <= hertz <= spectrogram.edges_hz[band + 1] * 1.1
    assert picture[band, 6] == pytest.approx(0, abs=3) and picture[:, 1].max() == -120


def test_survey_measures_all_in_one_pass() -> None:
    audio = sine(1000, 10, 10 ** (-23 / 20))
    audio[-RATE:] = 0
    heard = survey((audio[start : start + 7000] for start in range(0, len(audio), 7000)), RATE, len(audio), 2, columns=50)
    assert heard.lufs == pytest.approx(-23, abs=0.2) and heard.true_peak_dbtp == pytest.approx(-23, abs=0.1)
    assert heard.longest_silence_ms == pytest.approx(1000, abs=1)
    assert heard.peaks.shape == (50,) and heard.spectrogram.shape[1] == 50
    assert heard.short_term_s[0] == pytest.approx(1.5) and heard.short_term[0] == pytest.approx(-23, abs=0.1)
    assert len(heard.short_term) == len(heard.short_term_s) == 71
