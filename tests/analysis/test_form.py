"""Form and air, measured on sounds whose form is known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.form import after, air, bar_pictures, between, borders_heard, difference, far_copies, novelty

RATE = 22_050
BAR_S = 0.5


def bars(*pitches: float) -> np.ndarray:
    """A bar of a decaying tone for each pitch in Hz, in both channels."""
    n = np.arange(round(BAR_S * RATE))
    tones = [0.3 * np.sin(2 * np.pi * pitch * n / RATE) * np.exp(-n / (0.2 * RATE)) for pitch in pitches]
    return np.repeat(np.concatenate(tones)[:, None], 2, axis=1).astype(np.float32)


def pictures(*pitches: float) -> np.ndarray:
    return bar_pictures(bars(*pitches), RATE, [BAR_S * i for i in range(len(pitches))], BAR_S)


def test_a_bar_that_comes_again_far_away_is_a_copy_and_a_new_one_is_none() -> None:
    scale = [110 * 1.06**i for i in range(40)]
    assert far_copies(pictures(*scale)) == 0.0
    assert far_copies(pictures(*scale, *scale)) > 0.9
    assert far_copies(pictures(*scale[:20], *scale[:20])) < 0.4  # most of them are near


def test_differences_grow_with_what_is_different() -> None:
    same, near, other = pictures(220, 220, 330), pictures(220, 220, 331), pictures(440, 880, 1760)
    assert difference(same, same) == 0.0
    assert difference(same, near) < 1.0 < difference(same, other)
    assert between([same, near, other]) == [difference(same, near), difference(same, other), difference(near, other)]


def test_a_stretch_is_compared_with_itself_some_bars_on() -> None:
    loop = pictures(*[220, 330, 440, 550] * 4)
    moving = pictures(*[110 * 1.1**i for i in range(16)])
    assert after(loop, 4) == pytest.approx(0.0, abs=0.6)
    assert (after(moving, 4) or 0.0) > 3.0
    assert after(loop[:6], 4) is None


def test_borders_are_heard_where_the_music_changes_and_nowhere_else() -> None:
    piece = pictures(*[220] * 8, *[550] * 8, *[220, 1100] * 4)
    assert borders_heard(piece, [8, 16]) == 1.0
    assert borders_heard(piece, [4, 12]) == 0.0
    assert borders_heard(piece, [8, 12]) == 0.5
    assert int(np.argmax(novelty(piece)[:48])) == 4 * 8


def test_air_tells_short_hits_from_steady_noise() -> None:
    rng = np.random.default_rng(1)
    steady = (0.1 * rng.standard_normal((44_100 * 4, 2))).astype(np.float32)
    hits = steady * (np.arange(len(steady)) % 11_025 < 1500)[:, None]
    assert air(hits, 44_100).high_range_db > air(steady, 44_100).high_range_db + 20
    assert air(hits, 44_100).high_fall_db > 10 > air(steady, 44_100).high_fall_db
    one_side = steady * np.array([1, 1], np.float32)
    one_side[:, 1] = one_side[:, 0]
    assert air(one_side, 44_100).side_db < -60
    assert air(steady, 44_100).side_db == pytest.approx(0.0, abs=1.0)


def test_power_below_60_hz_is_told() -> None:
    n = np.arange(44_100 * 3)
    low = 0.3 * np.sin(2 * np.pi * 45 * n / 44_100)
    both = low + 0.3 * np.sin(2 * np.pi * 1000 * n / 44_100)
    assert air(np.stack([low, low], axis=1), 44_100).sub_db == pytest.approx(0.0, abs=0.1)
    assert air(np.stack([both, both], axis=1), 44_100).sub_db == pytest.approx(-3.0, abs=0.2)
