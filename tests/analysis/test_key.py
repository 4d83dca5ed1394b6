"""Keys of chords that leave no doubt."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.key import KeyEstimate, chroma, estimate_key, key_score
from engine.music.key import TONICS
from tests.analysis.sounds import RATE, Audio, sine

SCALES = {"major": [(0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)], "minor": [(0, 3, 7), (5, 8, 12), (7, 10, 14), (0, 3, 7)]}


def cadence(tonic: int, mode: str) -> Audio:
    """I - IV - V - I, with two overtones."""

    def note(pitch: int) -> Audio:
        hertz = 440 * 2 ** ((48 + tonic + pitch - 69) / 12)
        return sine(hertz, 0.7, 0.2) + sine(2 * hertz, 0.7, 0.1) + sine(3 * hertz, 0.7, 0.05)

    return np.concatenate([np.sum([note(pitch) for pitch in chord], axis=0) for chord in SCALES[mode]])


@pytest.mark.parametrize("mode", ["major", "minor"])
@pytest.mark.parametrize("tonic", range(0, 12, 3))
def test_cadence_tells_its_key(tonic: int, mode: str) -> None:
    heard = estimate_key(cadence(tonic, mode), RATE)
    assert (heard.tonic, heard.mode) == (TONICS[tonic], mode) and heard.strength > 0.6


def test_note_lights_up_its_pitch_class() -> None:
    found = chroma(sine(440, 1), RATE)
    assert found.argmax() == 9 and found.sum() == pytest.approx(1.0) and found[9] > 0.6


def test_silence_has_no_key() -> None:
    assert estimate_key(np.zeros((RATE, 2), np.float32), RATE).strength == 0.0


@pytest.mark.parametrize(
    ("asked", "heard", "score"),
    [
        ("F minor", ("F", "minor"), 1.0),
        ("Db major", ("C#", "major"), 1.0),
        ("D dorian", ("D", "minor"), 1.0),
        ("C major", ("G", "major"), 0.5),
        ("C major", ("F", "major"), 0.5),
        ("C major", ("A", "minor"), 0.3),
        ("A minor", ("C", "major"), 0.3),
        ("C major", ("C", "minor"), 0.2),
        ("C major", ("D", "major"), 0.0),
    ],
)
def test_scores_are_as_mirex_has_them(asked: str, heard: tuple[str, str], score: float) -> None:
    assert key_score(asked, KeyEstimate(*heard, 1.0)) == score


def test_key_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not a key"):
        key_score("H minor", KeyEstimate("C", "major", 1.0))
