"""How sections hand over: gains, loudness, lows and highs, no step larger than the music's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from scipy import signal

from engine.dsp.crossfade import pair
from engine.player.rendering.transitions import REACH, Fade, lows
from engine.protocol import ROLES, TRANSITION_TABLE, TRANSITIONS, SetCues, TransitionKind
from engine.timebase import SAMPLE_RATE
from tests.player.sounds import BAR, constant, cue, noise, playing, sine, write_section

X = np.linspace(0.0, 1.0, 101)


@pytest.mark.parametrize("rho", [0.0, 0.3, 1.0])
def test_equal_power_keeps_the_power_of_correlated_sides(rho: float) -> None:
    out, into = pair("power", X, rho)
    assert np.allclose(out**2 + into**2 + 2 * rho * out * into, 1.0)
    assert out[0] == into[-1] == 1.0
    assert np.allclose((into[0], out[-1]), 0.0, atol=1e-15)


def test_full_correlation_is_equal_gain_and_nonsense_counts_as_none() -> None:
    out, into = pair("power", X, 1.0)
    assert np.allclose(out + into, 1.0)
    for wild in (float("nan"), -5.0):
        assert np.allclose(pair("power", X, wild)[0], np.cos(X * np.pi / 2))


@pytest.mark.parametrize("hurried_at", [0, 300, 999])
def test_hurried_fade_has_no_corner_and_arrives(hurried_at: int) -> None:
    fade = Fade(0, 1000, "linear", True).hurry(hurried_at, 100)
    gain = np.broadcast_to(fade.gains(0, np.arange(1100.0))[1], 1100)
    assert np.allclose(gain[:hurried_at], np.arange(hurried_at) / 1000)
    assert gain[min(hurried_at + 100, 1000)] == pytest.approx(1.0)
    assert np.abs(np.diff(gain)).max() <= 0.0101


@pytest.mark.parametrize(
    ("kind", "rho", "a", "b"),
    [
        ("equal-power", 0.0, noise(1), noise(2)),
        ("equal-power", 1.0, sine(400), sine(400)),
        ("equal-gain", 1.0, sine(400), sine(400)),
        ("bass-swap", 0.0, noise(1), noise(2)),
        ("filter-sweep", 0.0, noise(1), noise(2)),
    ],
)
def test_loudness_holds_through_a_transition(tmp_path: Path, kind: TransitionKind, rho: float, a: object, b: object) -> None:
    write_section(tmp_path / "a", a)  # type: ignore[arg-type]
    write_section(tmp_path / "b", b)  # type: ignore[arg-type]
    next_cue = cue(2, tmp_path / "b", 4, transition=kind, length=2 * BAR, correlation=rho, final=True)
    out = playing(cue(1, tmp_path / "a", 0), next_cue).render(8 * BAR)[:, 0]
    power = np.square(out[: 7 * BAR]).reshape(-1, BAR // 4).mean(axis=1)
    assert np.abs(10 * np.log10(power / power[0])).max() < 1.0


def test_equal_gain_of_the_same_music_changes_nothing(tmp_path: Path) -> None:
    write_section(tmp_path / "a", constant(0.25), bars=4)
    next_cue = cue(2, tmp_path / "a", 4, transition="equal-gain", length=BAR)
    out = playing(cue(1, tmp_path / "a", 0), next_cue).render(6 * BAR)[:, 0]
    assert np.allclose(out[64:], 0.25, atol=1e-6)


def test_cut_is_at_unity_at_once(tmp_path: Path) -> None:
    write_section(tmp_path / "a", constant(0.0))
    write_section(tmp_path / "b", lambda n: np.where(n % 7 == 0, 0.5, -0.25))
    out = playing(cue(1, tmp_path / "a", 0), cue(2, tmp_path / "b", 1)).render(2 * BAR)[:, 0]
    assert np.array_equal(out[BAR : BAR + 700], np.where(np.arange(700) % 7 == 0, 0.5, -0.25))


@pytest.mark.parametrize("kind", TRANSITIONS)
def test_no_step_larger_than_the_music_s_own(tmp_path: Path, kind: TransitionKind) -> None:
    write_section(tmp_path / "a", sine(60, 0.3, 1.0))
    write_section(tmp_path / "b", sine(83, 0.3, 2.0))
    cues = [cue(n + 1, tmp_path / "ab"[n % 2], 2 * n, transition=kind, length=3 * BAR) for n in range(4)]
    out = playing(*cues).render(8 * BAR)[:, 0]
    own = 0.3 * 2 * np.pi * 83 / SAMPLE_RATE
    assert np.abs(np.diff(out[64:])).max() < 2.5 * own


def test_tail_too_short_shortens_the_transition(tmp_path: Path) -> None:
    write_section(tmp_path / "a", constant(0.25), tail_bars=1)
    write_section(tmp_path / "b", constant(0.25))
    next_cue = cue(2, tmp_path / "b", 4, transition="equal-gain", length=3 * BAR)
    out = playing(cue(1, tmp_path / "a", 0), next_cue).render(8 * BAR)[:, 0]
    assert np.allclose(out[64:], 0.25, atol=1e-6)


def test_section_without_a_tail_is_left_without_a_step(tmp_path: Path) -> None:
    write_section(tmp_path / "a", constant(0.25), tail_bars=0)
    write_section(tmp_path / "b", constant(0.25))
    out = playing(cue(1, tmp_path / "a", 0), cue(2, tmp_path / "b", 4)).render(6 * BAR)[:, 0]
    assert np.abs(np.diff(out)).max() < 0.006


def test_crossover_splits_without_a_trace() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 256 + 2 * REACH)).astype(np.float32)
    taps_seen = lows(np.pad(np.ones((2, 1), dtype=np.float32), ((0, 0), (REACH + 100, REACH + 155))))
    assert np.argmax(taps_seen[0]) == 100
    whole = x[:, REACH:-REACH]
    deep = lows(x)
    assert np.allclose((whole - deep) + deep, whole)
    n = np.arange(256 + 2 * REACH)
    for hz, low, high in ((50, 0.97, 1.03), (1000, 0.0, 0.01)):
        tone = np.tile(np.sin(2 * np.pi * hz * n / SAMPLE_RATE), (2, 1)).astype(np.float32)
        gain = np.abs(signal.hilbert(lows(tone)[0]))[100:150].mean() if hz == 1000 else lows(tone)[0] @ tone[0, REACH:-REACH]
        gain = gain if hz == 1000 else gain / (tone[0, REACH:-REACH] @ tone[0, REACH:-REACH])
        assert low <= gain <= high


def test_lows_change_hands_in_the_middle_of_a_bass_swap(tmp_path: Path) -> None:
    write_section(tmp_path / "a", sine(50, 0.4))
    write_section(tmp_path / "b", constant(0.0))
    next_cue = cue(2, tmp_path / "b", 4, transition="bass-swap", length=2 * BAR)
    out = playing(cue(1, tmp_path / "a", 0), next_cue).render(6 * BAR)[:, 0]
    level = np.abs(out[4 * BAR :]).reshape(-1, BAR // 8).max(axis=1)
    assert (level[:6] > 0.38).all()
    assert (level[-6:] < 0.02).all()


def test_a_filter_sweep_between_the_same_music_changes_nothing(tmp_path: Path) -> None:
    write_section(tmp_path / "a", noise(1), bars=4)
    same = playing(cue(1, tmp_path / "a", 0)).render(3 * BAR)
    later = cue(2, tmp_path / "a", 1, transition="filter-sweep", length=2 * BAR)
    swept = playing(cue(1, tmp_path / "a", 0), replace(later, origin_frame=0)).render(3 * BAR)
    assert np.allclose(swept, same, atol=1e-6)


def test_highs_change_hands_before_lows_in_a_filter_sweep(tmp_path: Path) -> None:
    write_section(tmp_path / "a", lambda n: sine(8000, 0.2)(n) + sine(100, 0.2)(n))
    write_section(tmp_path / "b", constant(0.0))
    next_cue = cue(2, tmp_path / "b", 4, transition="filter-sweep", length=2 * BAR)
    out = playing(cue(1, tmp_path / "a", 0), next_cue).render(6 * BAR)[4 * BAR :, 0]

    def heard(hz: float, at: float) -> float:
        start = int(at * 2 * BAR)
        wave = np.exp(-2j * np.pi * hz * np.arange(4410) / SAMPLE_RATE)
        return float(abs(out[start : start + 4410] @ wave) / 2205)

    assert heard(8000, 0.0) > 0.15
    assert heard(8000, 0.4) < 0.01 and heard(100, 0.4) > 0.19
    assert heard(100, 0.97) < 0.05


def test_sweeps_that_overlap_leave_no_hole(tmp_path: Path) -> None:
    for name in "abc":
        write_section(tmp_path / name, constant(0.25), bars=8)
    player = playing(
        cue(1, tmp_path / "a", 0, 8),
        cue(2, tmp_path / "b", 1, 8, transition="filter-sweep", length=6 * BAR),
        cue(3, tmp_path / "c", 2, 8, transition="filter-sweep", length=4 * BAR),
        cue(4, tmp_path / "a", 3, 8, transition="bass-swap", length=4 * BAR),
    )
    out = player.render(8 * BAR)[64:, 0]
    assert out.min() > 0.2
    assert out.max() < 0.4


def test_each_role_is_handed_over_to_in_one_way_unless_a_preset_names_another() -> None:
    assert sorted(role for row in TRANSITION_TABLE for role, _ in row.into) == sorted(ROLES)
    assert get_args(TransitionKind) == TRANSITIONS
    assert all(bars <= row.bars for row in TRANSITION_TABLE for _, bars in row.into)


def test_new_cue_in_a_running_transition_makes_no_step_and_no_hole(tmp_path: Path) -> None:
    for name in "abc":
        write_section(tmp_path / name, constant(0.25), bars=8)
    player = playing(
        cue(1, tmp_path / "a", 0, 8),
        cue(2, tmp_path / "b", 1, 8, transition="equal-gain", length=6 * BAR),
        cue(3, tmp_path / "c", 2, 8, transition="equal-gain", length=BAR),
    )
    out = player.render(5 * BAR)[:, 0]
    assert np.allclose(out[64:], 0.25, atol=1e-3)
    assert np.abs(np.diff(out[64:])).max() < 1e-5


def test_levels_move_without_a_step(tmp_path: Path) -> None:
    write_section(tmp_path / "a", {"drums": constant(0.2), "bass": constant(0.1)})
    player = playing(cue(1, tmp_path / "a", 0))
    player.render(1000)
    player.params["level_drums"] = 0.0
    out = player.render(3000)[:, 0]
    assert out[-1] == pytest.approx(0.1, abs=1e-6)
    assert np.abs(np.diff(out)).max() < 0.0005
    player.order(SetCues(()))
