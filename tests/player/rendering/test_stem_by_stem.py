"""Stems change hands one by one, drums first, each on a bar line; what has no stems cross-fades."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from engine.player.rendering.transitions import Fade, stem_lines
from engine.protocol import STEMS
from engine.timebase import SAMPLE_RATE
from tests.player.sounds import BAR, Wave, constant, cue, noise, playing, sine, write_section

HZ = {"drums": 500.0, "bass": 700.0, "harmony": 900.0, "lead": 1100.0}
"""A tone for each stem of the section that comes in; in the one that leaves it is 2000 Hz higher."""

Sound = npt.NDArray[np.float32]


def tones(above: float) -> dict[str, Wave]:
    return {stem: sine(hz + above, 0.1) for stem, hz in HZ.items()}


def handed_over(folder: Path, bars: int, old: dict[str, Wave] | Wave, new: dict[str, Wave] | Wave, tail_bars: int = 4) -> Sound:
    """The left channel from the seam on, eight bars."""
    write_section(folder / "a", old, bars=4, tail_bars=tail_bars)
    write_section(folder / "b", new, bars=12)
    coming = cue(2, folder / "b", 4, 12, transition="stem-by-stem", length=bars * BAR)
    return playing(cue(1, folder / "a", 0), coming).render(12 * BAR)[4 * BAR :, 0]


def heard(sound: Sound, hz: float) -> bool:
    wave = np.exp(-2j * np.pi * hz * np.arange(len(sound)) / SAMPLE_RATE)
    level = 2 * abs(sound @ wave) / len(sound)
    assert level < 0.01 or level > 0.09
    return bool(level > 0.09)


def test_each_stem_changes_hands_on_its_bar_line(tmp_path: Path) -> None:
    out = handed_over(tmp_path, 4, tones(2000.0), tones(0.0))
    for bar in range(6):
        middle = out[bar * BAR + BAR // 4 : bar * BAR + 3 * BAR // 4]
        came = [heard(middle, HZ[stem]) for stem in STEMS]
        stayed = [heard(middle, HZ[stem] + 2000.0) for stem in STEMS]
        assert came == [number <= bar for number in range(4)]
        assert stayed == [not each for each in came]


@pytest.mark.parametrize(
    ("bars", "lines"),
    [(1, (0, 1, 1, 1)), (2, (0, 1, 1, 2)), (3, (0, 1, 2, 3)), (4, (0, 1, 2, 3)), (6, (0, 2, 3, 5)), (8, (0, 2, 4, 6))],
)
def test_whatever_the_length_it_is_bar_lines_on_which_stems_change(bars: int, lines: tuple[int, ...]) -> None:
    assert stem_lines(bars * BAR, BAR) == tuple(line * BAR for line in lines)
    assert stem_lines(BAR - 2, BAR) == ()


def test_gains_of_both_sides_keep_the_power_of_every_stem() -> None:
    length = 4 * BAR
    rising, falling = (Fade(1000, length, "stems", side, lines=stem_lines(length, BAR)) for side in (True, False))
    into, out = (fade.stem_gains(1000, length + 10, STEMS) for fade in (rising, falling))
    assert np.allclose((into**2 + out**2)[:, 1:], 1.0)
    assert np.allclose((into + out)[300:, 0], 1.0)  # the drums are cut: the old ones are gone after 6 ms
    assert (into[-1] == 1.0).all()
    assert np.allclose(out[-1], 0.0, atol=1e-12)


def test_incoming_drums_are_whole_from_their_first_sample(tmp_path: Path) -> None:
    hit = {stem: constant(0.0) for stem in STEMS} | {"drums": lambda n: np.where(n % 7 == 0, 0.4, -0.2) * (n > 0)}
    out = handed_over(tmp_path, 4, {stem: constant(0.0) for stem in STEMS}, hit)
    assert np.allclose(out[1:2000], np.where(np.arange(1, 2000) % 7 == 0, 0.4, -0.2), atol=1e-6)


def test_loudness_holds_while_stems_change(tmp_path: Path) -> None:
    old, new = ({stem: noise(seed + number, 0.05) for number, stem in enumerate(STEMS)} for seed in (0, 10))
    out = handed_over(tmp_path, 4, old, new)
    power = np.square(out[: 7 * BAR], dtype=np.float64).reshape(-1, BAR // 4).mean(axis=1)
    assert np.abs(10 * np.log10(power / power[-1])).max() < 1.0


def test_no_stem_makes_a_step(tmp_path: Path) -> None:
    old, new = ({stem: sine(hz, 0.15, phase) for stem, hz in zip(STEMS, (60, 83, 110, 140), strict=True)} for phase in (1.0, 2.0))
    out = handed_over(tmp_path, 4, old, new)
    assert np.abs(np.diff(out)).max() < 2.5 * 2 * np.pi * 0.15 * (60 + 83 + 110 + 140) / SAMPLE_RATE


@pytest.mark.parametrize("old", [noise(1), {"drums": noise(1), "bass": noise(2)}])
def test_a_mix_cross_fades_plainly(tmp_path: Path, old: Wave | dict[str, Wave]) -> None:
    (tmp_path / "plain").mkdir()
    out = handed_over(tmp_path, 4, old, noise(3))
    for name, wave, bars in (("a", old, 4), ("b", noise(3), 12)):
        write_section(tmp_path / "plain" / name, wave, bars=bars, tail_bars=4)
    coming = cue(2, tmp_path / "plain" / "b", 4, 12, transition="equal-power", length=4 * BAR)
    plain = playing(cue(1, tmp_path / "plain" / "a", 0), coming).render(12 * BAR)[4 * BAR :, 0]
    assert np.array_equal(out, plain)


def test_a_shorter_tail_has_the_stems_change_sooner(tmp_path: Path) -> None:
    out = handed_over(tmp_path, 4, tones(2000.0), tones(0.0), tail_bars=2)
    assert all(heard(out[2 * BAR + 100 : 3 * BAR], hz) for hz in HZ.values())
    assert not any(heard(out[2 * BAR + 100 : 3 * BAR], hz + 2000.0) for hz in HZ.values())


@pytest.mark.parametrize("kind", ["stem-by-stem", "bass-swap", "echo-out", "cut"])
def test_section_that_comes_in_meanwhile_makes_no_step(tmp_path: Path, kind: str) -> None:
    for name, seed in (("a", 1.0), ("b", 2.0), ("c", 0.5)):
        write_section(
            tmp_path / name, {stem: sine(hz, 0.1, seed) for stem, hz in zip(STEMS, (60, 83, 110, 140), strict=True)}, bars=8
        )
    cues = [
        cue(1, tmp_path / "a", 0, 8),
        cue(2, tmp_path / "b", 1, 8, transition="stem-by-stem", length=4 * BAR),
        cue(3, tmp_path / "c", 3, 8, transition=kind, length=4 * BAR),  # type: ignore[arg-type]
    ]
    out = playing(*cues).render(9 * BAR)[64:, 0]
    assert np.abs(np.diff(out)).max() < 2.5 * 2 * np.pi * 0.1 * (60 + 83 + 110 + 140) / SAMPLE_RATE
