"""Beats found, pieces stretched and shifted: within 10 ms and half a percent, pitch and hits as they were."""

from __future__ import annotations

import numpy as np
import pytest

from engine.generators.stable_audio.section.grid import SURE, measure
from engine.generators.stable_audio.section.level import CEILING, levelled, limited, loudness
from engine.generators.stable_audio.section.mend import mended
from engine.generators.stable_audio.section.stretch import stretch
from engine.protocol import SectionRequest
from engine.timebase import Grid
from tests.generators.stable_audio.drums import Kind, drums, swells

RATE = 44_100
KINDS: tuple[Kind, ...] = ("house", "break", "click")
REQUEST = SectionRequest("s", (), 8, 124.0, "F minor", 1, tail_bars=2)
BAR_S = 4 * 60 / 124


def out_by(late: float, wanted: float, bpm: float) -> float:
    """Seconds between two places in the beat."""
    beat = 60 / bpm
    return abs((late - wanted) / beat - round((late - wanted) / beat)) * beat


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("bpm", "late"), [(124.0, 0.0), (126.48, 0.1), (121.52, -0.1), (118.0, 0.05), (130.0, -0.05)])
def test_tempo_and_phase_are_found(kind: Kind, bpm: float, late: float) -> None:
    pulse = measure(drums(bpm, 16, 2.0 + late, kind), RATE, 124.0, origin_s=2.0)
    assert pulse.found
    assert pulse.bpm == pytest.approx(bpm, rel=0.001)
    assert out_by(pulse.late_s, late, bpm) < 0.008


def test_off_beat_hats_are_not_the_beat() -> None:
    """Half a beat away stands something louder in the highs; the grid asked for decides."""
    assert abs(measure(drums(124, 16, kind="house"), RATE, 124.0).late_s) < 0.008


def test_no_beat_is_called_none() -> None:
    noise = np.random.default_rng(2).standard_normal((RATE * 16, 2)).astype(np.float32) * 0.1
    for sound in (swells(16), noise, np.zeros((RATE * 16, 2), np.float32), noise[:1000], drums(150, 16)):
        pulse = measure(sound, RATE, 124.0)
        assert pulse.sure < SURE
        assert (pulse.bpm, pulse.late_s) == (124.0, 0.0)


def test_what_is_kept_is_not_measured() -> None:
    sound = np.concatenate((drums(124, 8), drums(127, 12)))
    assert measure(sound, RATE, 124.0, origin_s=8.0, skip_s=8.0).bpm == pytest.approx(127, rel=0.001)


@pytest.mark.parametrize("ratio", [0.97, 0.99, 1.01, 1.03])
def test_stretch_moves_beats_and_leaves_pitch_and_power(ratio: float) -> None:
    sound = drums(124, 16)
    longer = stretch(sound, RATE, ratio)
    assert len(longer) == round(len(sound) * ratio)
    assert longer.dtype == np.float32
    pulse = measure(longer, RATE, 124 / ratio)
    assert pulse.bpm == pytest.approx(124 / ratio, rel=0.001)
    assert abs(pulse.late_s) < 0.01
    assert (longer**2).mean() == pytest.approx((sound**2).mean(), rel=0.05)
    tone = np.sin(2 * np.pi * 220 * np.arange(RATE * 4) / RATE).astype(np.float32)[:, None].repeat(2, axis=1)
    spectrum = np.abs(np.fft.rfft(stretch(tone, RATE, ratio)[: RATE * 3, 0]))
    assert spectrum.argmax() == pytest.approx(660, abs=1)


def test_both_channels_are_spliced_alike() -> None:
    sound = drums(124, 6)
    sound[:, 1] = sound[:, 0] * 0.5
    longer = stretch(sound, RATE, 1.02)
    assert np.allclose(longer[:, 1], longer[:, 0] * 0.5, atol=1e-6)


def test_every_hit_is_heard_once() -> None:
    sound = drums(124, 16, 0.05, "click", chord=False)
    for ratio in (0.97, 1.03):
        loud = np.abs(stretch(sound, RATE, ratio)).max(axis=1)
        blocks = loud[: len(loud) // 441 * 441].reshape(-1, 441).max(axis=1) > 0.25
        hits = np.flatnonzero(blocks & ~np.roll(blocks, 1))
        assert len(hits[np.diff(hits, prepend=-10) > 8]) == len(np.arange(0.05, 16, 60 / 124))


def test_stretch_that_splices_cannot_do_is_refused() -> None:
    with pytest.raises(ValueError, match="stretch"):
        stretch(drums(124, 1), RATE, 1.2)
    assert len(stretch(np.zeros((0, 2), np.float32), RATE, 1.02)) == 0
    assert len(stretch(np.ones((100, 2), np.float32), RATE, 1.02)) == 102


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bpm", [124.0, 126.48, 121.52])
@pytest.mark.parametrize("late", [0.1, -0.1])
def test_piece_off_the_grid_is_mended(kind: Kind, bpm: float, late: float) -> None:
    """Two percent in tempo and 100 ms in phase become half a percent and 10 ms."""
    piece = drums(bpm, 24, BAR_S + late, kind)
    section, fit, off = mended(piece, RATE, REQUEST, round(BAR_S * RATE), False, 1, 8)
    assert off == 0 and len(section) == REQUEST.total_frames()
    assert fit.bpm == pytest.approx(bpm, rel=0.001)
    assert fit.stretch == pytest.approx(bpm / 124, abs=0.001)
    assert abs(fit.phase_ms) < 10
    assert measure(section, RATE, 124.0).bpm == pytest.approx(124, rel=0.005)
    half = len(section) // 2
    for start in (0, half):
        late_there = measure(section[start : start + half], RATE, 124.0, -start / RATE).late_s
        assert abs(late_there) < 0.01
    assert np.abs(section[-RATE // 2 :]).max() > 0.05  # no gap at its end


def test_too_far_off_is_only_shifted_and_says_so() -> None:
    section, fit, off = mended(drums(130, 26, BAR_S + 0.05), RATE, REQUEST, round(BAR_S * RATE), False, 2, 8)
    assert off == pytest.approx(130 / 124 - 1, abs=0.001)
    assert (fit.stretch, fit.tries) == (1.0, 2)
    first = measure(section, RATE, 130.0).late_s
    assert abs(first) < 0.01


def test_without_a_beat_nothing_is_moved() -> None:
    piece = swells(24)
    section, fit, off = mended(piece, RATE, REQUEST, 10_000, False, 1, 8)
    inside = slice(1000, -1000)
    assert np.array_equal(section[inside], piece[10_000 : 10_000 + len(section)][inside])
    assert (fit.bpm, fit.stretch, fit.phase_ms, off) == (0.0, 1.0, 0.0, 0.0)


def test_loudness_follows_energy_and_peaks_stay_below() -> None:
    from engine.analysis.loudness import integrated_lufs  # an independent measure

    sound = drums(124, 12) * 0.2
    for energy, wanted in ((1.0, -14.0), (0.0, -22.0)):
        level = levelled(sound, RATE, energy)
        assert loudness(level, RATE) == pytest.approx(wanted, abs=0.7)
        assert integrated_lufs(level, RATE) == pytest.approx(wanted, abs=1.0)
        assert np.abs(level).max() <= CEILING
    spiky = np.zeros((RATE, 2), np.float32)
    spiky[5000] = 4.0
    assert np.abs(limited(spiky, RATE)).max() <= CEILING < 10 ** (-1 / 20)
    assert not levelled(np.zeros((RATE, 2), np.float32), RATE, 1.0).any()
    assert np.array_equal(limited(sound, RATE), sound)


def test_grid_counts_whole_bars() -> None:
    assert REQUEST.total_frames() == Grid(124.0).frame_of_bar(10)
