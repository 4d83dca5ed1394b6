"""Tempo and beat phase of drums whose times are known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.beat import beat_phase_ms, tempo
from tests.analysis.sounds import RATE, hits, noise, sine


@pytest.mark.parametrize("bpm", [72.0, 124.0, 174.0])
@pytest.mark.parametrize("late_ms", [-50.0, 0.0, 10.0, 120.0])
def test_phase_is_how_late_the_beats_are(bpm: float, late_ms: float) -> None:
    beats = [0.5 + late_ms / 1000 + n * 60 / bpm for n in range(16)]
    audio = hits(beats, 8) + sine(220, 8, 0.1) + noise(8, 0.003)
    assert beat_phase_ms(audio, RATE, bpm, origin_s=0.5) == pytest.approx(late_ms, abs=1.0)


def test_off_beats_do_not_pull_the_phase() -> None:
    beat = 60 / 128
    audio = hits([n * beat for n in range(16)], 8) + 0.4 * hits([(n + 0.5) * beat for n in range(16)], 8, seed=2)
    assert beat_phase_ms(audio, RATE, 128.0) == pytest.approx(0.0, abs=2.0)


@pytest.mark.parametrize(("bpm", "hint"), [(124.0, 124.0), (124.0, 120.0), (171.3, 174.0), (60.0, 62.0)])
def test_tempo_is_found_near_a_hint(bpm: float, hint: float) -> None:
    audio = hits([n * 60 / bpm for n in range(int(bpm / 5))], 12)
    assert tempo(audio, RATE, hint) == pytest.approx(bpm, rel=0.001)


def test_without_onsets_there_is_no_phase() -> None:
    silence = np.zeros((RATE, 2), np.float32)
    assert np.isnan(beat_phase_ms(silence, RATE, 120.0))
    assert tempo(silence, RATE, 120.0) == 120.0
