"""Effects: nothing at neutral, no clicks on the way, no value that breaks them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from engine.player.offline import OfflinePlayer
from engine.player.rendering.effects.chain import Chain
from engine.player.rendering.effects.djfilter import DjFilter
from engine.player.rendering.effects.echo import BEATS, Echo
from engine.player.rendering.effects.effect import Effect
from engine.player.rendering.effects.reverb import Reverb
from engine.processes.latest import PARAMS
from engine.protocol import MACRO_NEUTRAL, MACRO_TABLE, ClearEffects, MacroRow
from engine.timebase import QUANTUM, SAMPLE_RATE
from tests.player.sounds import cue, noise, playing, sine, write_section

Audio = npt.NDArray[np.float64]


def filtered(settings_of_quanta: list[float], sound: Audio) -> Audio:
    return through(DjFilter(SAMPLE_RATE), settings_of_quanta, sound)


def through(effect: Effect, settings_of_quanta: list[float], sound: Audio) -> Audio:
    parts = []
    for i, value in enumerate(settings_of_quanta):
        effect.set(value, 120.0)
        parts.append(effect.process(sound[:, i * QUANTUM : (i + 1) * QUANTUM]))
    return np.concatenate(parts, axis=1)


def impulse(quanta: int) -> Audio:
    sound = np.zeros((2, quanta * QUANTUM))
    sound[:, 5 * QUANTUM] = 1.0
    return sound


def test_neutral_is_bit_transparent(tmp_path: Path) -> None:
    write_section(tmp_path / "a", noise(1, 0.1))
    player = playing(cue(1, tmp_path / "a", 0))
    out = player.render(50_000)[:, 0]
    assert np.array_equal(out, (0.1 * np.random.default_rng(1).standard_normal(6 * 88_200)).astype(np.float32)[:50_000])


def test_back_at_neutral_it_is_bit_transparent_again(tmp_path: Path) -> None:
    write_section(tmp_path / "a", noise(1, 0.1))
    player = playing(cue(1, tmp_path / "a", 0))
    player.params.update({"filter": 0.2, "drive": 0.5, "echo": 0.5, "reverb": 0.5, "volume": 0.5})
    player.render(30_000)
    player.params.update({"filter": 0.5, "drive": 0.0, "echo": 0.0, "reverb": 0.0, "volume": 1.0})
    player.order(ClearEffects())
    player.render(20_000)
    start = 50_000
    out = player.render(10_000)[:, 0]
    assert np.array_equal(
        out, (0.1 * np.random.default_rng(1).standard_normal(6 * 88_200)).astype(np.float32)[start : start + 10_000]
    )


@pytest.mark.parametrize("row", [row for row in MACRO_TABLE if row.effect], ids=lambda row: row.name)
def test_an_effect_gives_back_what_it_gets_while_its_macro_is_neutral(row: MacroRow) -> None:
    chain = Chain(SAMPLE_RATE, {name: i for i, name in enumerate(MACRO_NEUTRAL)})
    sound = 0.1 * np.random.default_rng(1).standard_normal((2, 40 * QUANTUM))
    values = dict(MACRO_NEUTRAL)
    out = []
    for quantum in range(40):
        values[row.name] = MACRO_NEUTRAL[row.name] if quantum < 4 or quantum > 12 else abs(0.9 - MACRO_NEUTRAL[row.name])
        chain.set(list(values.values()), 120.0)
        if quantum == 16:
            chain.clear()
        out.append(chain.process(sound[:, quantum * QUANTUM : (quantum + 1) * QUANTUM].copy()))
    heard = np.concatenate(out, axis=1)
    assert np.array_equal(heard[:, : 4 * QUANTUM], sound[:, : 4 * QUANTUM])
    assert np.array_equal(heard[:, 20 * QUANTUM :], sound[:, 20 * QUANTUM :])


@pytest.mark.parametrize(
    ("value", "passes", "stops"), [(0.2, 60.0, 4000.0), (0.0, 30.0, 400.0), (0.8, 8000.0, 100.0), (1.0, 15_000.0, 600.0)]
)
def test_filter_s_two_sides(value: float, passes: float, stops: float) -> None:
    response = np.abs(np.fft.rfft(filtered([value] * 600, impulse(600))[0]))
    hz = np.fft.rfftfreq(600 * QUANTUM, 1 / SAMPLE_RATE)
    gain = 20 * np.log10(response + 1e-12)
    assert abs(gain[np.argmin(np.abs(hz - passes))]) < 3
    assert gain[np.argmin(np.abs(hz - stops))] < -30
    assert gain.max() < 8


def test_filter_falls_24_db_an_octave() -> None:
    response = np.abs(np.fft.rfft(filtered([0.2] * 600, impulse(600))[0]))
    hz = np.fft.rfftfreq(600 * QUANTUM, 1 / SAMPLE_RATE)
    one, two = (20 * np.log10(response[np.argmin(np.abs(hz - f))]) for f in (4000, 8000))
    assert 23 < one - two < 30


@pytest.mark.parametrize("stop", [0.0, 0.1, 0.9, 1.0])
def test_jumping_filter_knob_makes_no_click(stop: float) -> None:
    n = np.arange(120 * QUANTUM)
    tone = np.tile(0.5 * np.sin(2 * np.pi * 70 * n / SAMPLE_RATE), (2, 1))
    out = filtered([stop if i // 20 % 2 else 1.0 - stop if i % 40 > 30 else 0.5 for i in range(120)], tone)
    sos = signal.butter(4, 3000, "highpass", fs=SAMPLE_RATE, output="sos")
    assert np.abs(signal.sosfilt(sos, out[0])[2000:]).max() < 0.01
    assert np.abs(out).max() < 1.2


def test_echo_repeats_in_tempo_from_side_to_side() -> None:
    out = through(Echo(SAMPLE_RATE), [0.6] * 300, impulse(300))
    delay = round(BEATS * 0.5 * SAMPLE_RATE)
    first, second = 5 * QUANTUM + delay, 5 * QUANTUM + 2 * delay
    assert np.abs(out[:, 5 * QUANTUM + 1 : first]).max() < 1e-9
    assert np.abs(out[0, first : first + 100]).max() > 0.05
    assert np.abs(out[1, first : first + 100]).max() < 1e-9
    assert np.abs(out[1, second : second + 100]).max() > 0.01
    assert np.abs(out[0, second : second + 100]).max() < 1e-9


def test_reverb_tail_decays_and_differs_left_from_right() -> None:
    out = through(Reverb(SAMPLE_RATE), [0.5] * 700, impulse(700))
    wet = out[:, 6 * QUANTUM :]
    second = SAMPLE_RATE
    levels = [float(np.sqrt(np.mean(wet[:, i * second // 2 : (i + 1) * second // 2] ** 2))) for i in range(6)]
    assert all(later < 0.75 * earlier for earlier, later in itertools.pairwise(levels))
    assert levels[0] > 1e-4
    rho = np.corrcoef(wet[0, :second], wet[1, :second])[0, 1]
    assert abs(rho) < 0.3


@pytest.mark.parametrize("name", [row.name for row in MACRO_TABLE if row.effect])
def test_macro_is_heard_in_the_very_next_quantum(tmp_path: Path, name: str) -> None:
    write_section(tmp_path / "a", sine(3000, 0.5))

    def played(value: float | None) -> npt.NDArray[np.float32]:
        player = playing(cue(1, tmp_path / "a", 0))
        player.params["bpm"] = 300.0
        out = [player.render(40 * QUANTUM)]
        if value is not None:
            player.params[name] = value
        out.append(player.render(60 * QUANTUM))
        return np.concatenate(out)

    changed = np.flatnonzero((played(None) != played(0.1)).any(axis=1))
    soon = {"echo": 0.15 * SAMPLE_RATE, "reverb": 900 + 311 + 433 + 563}.get(name, 0)
    assert changed[0] - 40 * QUANTUM <= 2 * QUANTUM + soon


def test_clearing_cuts_tails_without_a_click(tmp_path: Path) -> None:
    write_section(tmp_path / "a", lambda n: 0.5 * np.sin(2 * np.pi * 200 * n / SAMPLE_RATE) * (n < 40_000))
    player = playing(cue(1, tmp_path / "a", 0))
    player.params.update({"echo": 0.8, "reverb": 0.8})
    before = player.render(45_000)
    assert np.abs(before[-2000:]).max() > 0.01
    player.params.update({"echo": 0.0, "reverb": 0.0})
    player.order(ClearEffects())
    after = player.render(10_000)
    assert np.abs(after[3 * QUANTUM :]).max() < 1e-4
    assert np.abs(np.diff(np.concatenate((before[-2000:], after))[:, 0])).max() < 0.05


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.tuples(st.sampled_from(PARAMS), st.floats(allow_nan=True, allow_infinity=True)), max_size=20))
def test_no_value_breaks_rendering(tmp_path_factory: pytest.TempPathFactory, values: list[tuple[str, float]]) -> None:
    path = tmp_path_factory.mktemp("s") / "a"
    write_section(path, noise(1, 3.0), bars=1)
    player: OfflinePlayer = playing(cue(1, path, 0, bars=1))
    for name, value in values:
        player.params[name] = value
        out = player.render(700)
        assert np.isfinite(out).all()
        assert np.abs(out).max() < 1.0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_section_of_absurd_levels_stays_finite(tmp_path: Path) -> None:
    write_section(tmp_path / "a", lambda n: np.where(n % 3 == 0, -1e30, np.where(n % 3 == 1, 0.0, 1e30)))
    player = playing(cue(1, tmp_path / "a", 0))
    player.params.update({"filter": 0.2, "drive": 0.5, "echo": 0.5, "reverb": 0.5})
    out = player.render(20_000)
    assert np.isfinite(out).all()
    assert np.abs(out).max() < 1.0
