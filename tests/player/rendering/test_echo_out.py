"""An echo of a section's last beats: in time, softer and softer, without a step, the same every time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from engine.player.rendering.echoing import BEATS, EDGE
from engine.player.rendering.transitions import ECHOES
from engine.protocol import ClearEffects
from engine.timebase import SAMPLE_RATE, Grid
from tests.player.sounds import BAR, GRID, Wave, constant, cue, noise, playing, sine, write_section

DELAY = round(BEATS * float(GRID.frames_per_beat))
SEAM = 4 * BAR

Sound = npt.NDArray[np.float32]


def click(at: int) -> Wave:
    """A short burst of 1 kHz at a frame of the section."""
    return lambda n: np.where((n >= at) & (n < at + 441), 0.5 * np.sin(2 * np.pi * 1000 * (n - at) / SAMPLE_RATE), 0.0)


def echoed(folder: Path, wave: Wave | dict[str, Wave], after: Wave, bars: int = 2, tail_bars: int = 0) -> Sound:
    """The left channel from the seam on."""
    write_section(folder / "a", wave, tail_bars=tail_bars)
    write_section(folder / "b", after)
    coming = cue(2, folder / "b", 4, transition="echo-out", length=bars * BAR)
    return playing(cue(1, folder / "a", 0), coming).render(8 * BAR)[SEAM:, 0]


def level(sound: Sound) -> float:
    return float(np.sqrt(np.square(sound, dtype=np.float64).mean()))


def test_repeats_lie_a_dotted_eighth_apart_and_fall(tmp_path: Path) -> None:
    out = echoed(tmp_path, click(SEAM - DELAY + 2000), constant(0.0))
    peaks = [float(np.abs(out[n * DELAY + 1500 : n * DELAY + 3000]).max()) for n in range(8)]
    between = [float(np.abs(out[n * DELAY + 4000 : (n + 1) * DELAY + 1000]).max()) for n in range(8)]
    assert 0.2 < peaks[0] < 0.5
    assert all(later < 0.8 * sooner for sooner, later in pairwise(peaks))
    assert max(between) < 1e-3


def test_echo_needs_no_tail_and_is_over_after_its_bars(tmp_path: Path) -> None:
    out = echoed(tmp_path, sine(700, 0.5), constant(0.0), bars=1)
    assert level(out[:DELAY]) > 0.1
    assert not out[BAR + 2 :].any()


def test_a_longer_echo_falls_more_slowly(tmp_path: Path) -> None:
    for name in ("short", "long"):
        (tmp_path / name).mkdir()
    short = echoed(tmp_path / "short", sine(700, 0.5), constant(0.0), bars=1)
    long = echoed(tmp_path / "long", sine(700, 0.5), constant(0.0), bars=4)
    assert level(long[2 * DELAY : 3 * DELAY]) > 1.3 * level(short[2 * DELAY : 3 * DELAY])


def test_the_old_sound_itself_stops_at_the_seam(tmp_path: Path) -> None:
    out = echoed(tmp_path, sine(60, 0.5), constant(0.0), tail_bars=2)
    assert level(out[EDGE:]) < 0.05 * 0.5  # the band of the repeats has no bass: what were left would be the section itself


def test_neither_the_cut_nor_a_repeat_has_a_step(tmp_path: Path) -> None:
    out = echoed(tmp_path, sine(900, 0.4, 1.0), sine(83, 0.1, 2.0))
    own = 2 * np.pi * (0.4 * 900 + 0.1 * 83) / SAMPLE_RATE
    assert np.abs(np.diff(out)).max() < own


def test_next_section_is_as_loud_as_ever_under_the_echo(tmp_path: Path) -> None:
    out = echoed(tmp_path, noise(1), noise(2))
    power = np.square(out[: 3 * BAR], dtype=np.float64).reshape(-1, BAR // 4).mean(axis=1)
    assert np.abs(10 * np.log10(power / power[-1])).max() < 1.0


def test_no_repeat_is_louder_than_what_it_repeats() -> None:
    assert np.abs(ECHOES).max() <= 1.0 + 1e-12


def test_a_muted_stem_has_no_echo(tmp_path: Path) -> None:
    write_section(tmp_path / "a", {"drums": sine(700, 0.4), "bass": constant(0.0)}, tail_bars=0)
    write_section(tmp_path / "b", constant(0.0))
    player = playing(cue(1, tmp_path / "a", 0), cue(2, tmp_path / "b", 4, transition="echo-out", length=2 * BAR))
    player.params["level_drums"] = 0.0
    assert not player.render(8 * BAR)[2000:].any()


def test_echo_is_the_same_in_whatever_pieces_it_is_rendered(tmp_path: Path) -> None:
    write_section(tmp_path / "a", noise(1), tail_bars=0)
    write_section(tmp_path / "b", noise(2))
    cues = cue(1, tmp_path / "a", 0), cue(2, tmp_path / "b", 4, transition="echo-out", length=2 * BAR)
    whole = playing(*cues).render(7 * BAR)
    player = playing(*cues)
    pieces = [player.render(count) for count in (3 * BAR, BAR + 17, 1, BAR - 18, 2 * BAR)]
    assert np.array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("bpm", [60.0, 174.0])
def test_echo_keeps_the_time_of_the_section_that_is_gone(tmp_path: Path, bpm: float) -> None:
    write_section(tmp_path / "a", click(SEAM - DELAY + 2000), tail_bars=0)
    grid = GRID.from_bar(4, bpm)
    write_section(tmp_path / "b", constant(0.0), grid=Grid(bpm))
    coming = cue(2, tmp_path / "b", 4, transition="echo-out", length=2 * BAR)
    coming = replace(coming, grid=grid, end_frame=Grid(bpm).frame_of_bar(4))
    out = playing(cue(1, tmp_path / "a", 0), coming).render(7 * BAR)[SEAM:, 0]
    peaks = [float(np.abs(out[n * DELAY + 1500 : n * DELAY + 3000]).max()) for n in range(3)]
    assert peaks[0] > 0.2
    assert peaks[2] > 0.05


def test_panic_cuts_an_echo_without_a_step(tmp_path: Path) -> None:
    write_section(tmp_path / "a", sine(700, 0.5), tail_bars=0)
    write_section(tmp_path / "b", constant(0.0))
    player = playing(cue(1, tmp_path / "a", 0), cue(2, tmp_path / "b", 4, transition="echo-out", length=4 * BAR))
    player.render(SEAM + BAR // 4)
    player.order(ClearEffects())
    out = player.render(BAR)[:, 0]
    assert np.abs(np.diff(out)).max() < 0.3 * 2 * np.pi * 700 / SAMPLE_RATE
    assert not out[4 * 256 :].any()
