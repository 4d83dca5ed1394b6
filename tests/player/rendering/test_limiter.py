"""The limiter against an independent true-peak meter, and the meters against known levels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import signal

from engine.player.rendering.limiter import LATENCY, Limiter
from engine.player.rendering.meters import Meters
from engine.timebase import QUANTUM, SAMPLE_RATE

Audio = npt.NDArray[np.float64]
RNG = np.random.default_rng(3)
N = np.arange(400 * QUANTUM)


def limited(sound: Audio) -> Audio:
    limiter = Limiter(SAMPLE_RATE)
    parts = [limiter.process(sound[:, i : i + QUANTUM]).copy() for i in range(0, sound.shape[1], QUANTUM)]
    return np.concatenate(parts, axis=1)


def true_peak_db(sound: Audio) -> float:
    return 20 * float(np.log10(np.abs(signal.resample_poly(sound, 4, 1, axis=1)).max()))


SOUNDS = {
    "noise": RNG.standard_normal((2, len(N))),
    "bursts": RNG.standard_normal((2, len(N))) * (RNG.random(len(N) // 1000 + 1).repeat(1000)[: len(N)] > 0.7),
    "between the samples": np.tile(1.4 * np.sin(2 * np.pi * N / 4 + np.pi / 4), (2, 1)),
    "square": np.tile(2.0 * np.sign(np.sin(2 * np.pi * 441 * N / SAMPLE_RATE)), (2, 1)),
    "impulses": np.tile(3.0 * (N % 2777 == 0), (2, 1)),
    "high": np.tile(1.5 * np.sin(2 * np.pi * 0.43 * N), (2, 1)),
    "very loud": 40 * RNG.standard_normal((2, len(N))),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_never_above_the_ceiling(name: str) -> None:
    out = limited(SOUNDS[name])
    assert true_peak_db(out) <= -1.0
    assert true_peak_db(out) > -4.0


def test_quiet_sound_passes_bit_for_bit_and_late_by_the_look_ahead() -> None:
    sound = 0.2 * RNG.standard_normal((2, len(N))).clip(-3, 3)
    out = limited(sound)
    assert np.array_equal(out[:, LATENCY:], sound[:, :-LATENCY])


def test_loud_moment_is_turned_down_and_let_go_smoothly() -> None:
    tone = np.sin(2 * np.pi * 200 * N / SAMPLE_RATE)
    sound = np.tile((0.5 + 1.5 * np.exp(-(((N - 41_000) / 1000) ** 2))) * tone, (2, 1))
    out = limited(sound)[0]
    assert np.abs(np.diff(out)).max() < 1.1 * 2 * np.pi * 200 / SAMPLE_RATE
    assert np.allclose(out[-5000:], sound[0, -5000 - LATENCY : -LATENCY], atol=1e-3)


def test_nothing_but_finite_numbers_comes_out() -> None:
    sound = np.full((2, 10 * QUANTUM), np.nan)
    sound[:, ::2] = np.inf
    sound[:, ::5] = -1e300
    assert np.isfinite(limited(sound)).all()


def metered(sound: Audio) -> Meters:
    meters = Meters(SAMPLE_RATE)
    for i in range(0, sound.shape[1] // QUANTUM * QUANTUM, QUANTUM):
        meters.process(sound[:, i : i + QUANTUM])
    return meters


def test_loudness_of_the_standard_s_own_example() -> None:
    """ITU-R BS.1770: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LUFS."""
    tone = np.zeros((2, len(N)))
    tone[0] = np.sin(2 * np.pi * 997 * N / SAMPLE_RATE)
    meters = metered(tone)
    assert meters.integrated == pytest.approx(-3.01, abs=0.05)
    assert meters.momentary == pytest.approx(-3.01, abs=0.05)
    assert meters.peaks[0] == pytest.approx(1.0, abs=0.001)
    assert meters.rms[0] == pytest.approx(0.5**0.5, abs=0.01)
    assert meters.rms[1] == 0.0


def test_gates_leave_silence_and_quiet_parts_out() -> None:
    """EBU Tech 3341, case 3: quiet parts 13 LU down do not count."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(40 * SAMPLE_RATE) / SAMPLE_RATE)
    level = np.select(
        [np.arange(len(tone)) < 10 * SAMPLE_RATE, np.arange(len(tone)) < 20 * SAMPLE_RATE],
        [10 ** (-36 / 20), 10 ** (-23 / 20)],
        0.0,
    )
    assert metered(np.tile(tone * level, (2, 1))).integrated == pytest.approx(-23.0, abs=0.15)
