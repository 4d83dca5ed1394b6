"""The headphones: what is cued lies on the set's bars, and what everybody hears is the same with and without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from engine.player.decks import open_decks
from engine.player.offline import OfflinePlayer
from engine.player.rendering.headphones import OUT_FADE, Programme, gains
from engine.player.rendering.limiter import LATENCY
from engine.protocol import Cue
from engine.timebase import QUANTUM, Grid
from tests.player.sounds import BAR, GRID, Wave, constant, cue, playing, ramp, sine, write_section

Sound = npt.NDArray[np.float32]
LOUD = 0.5


def cued(cues: tuple[Cue, ...], first: int = 0, again: int = 0, as_mixed: bool = False) -> Programme:
    decks, failed = open_decks(cues, {})
    assert not failed
    return Programme(decks, first, again, as_mixed)


def take(path: Path, wave: Wave, bars: int = 4, bpm: float = 120.0) -> Programme:
    """A section from its start, over and over."""
    grid = Grid(bpm)
    write_section(path, wave, bars=bars, grid=grid)
    return cued((cue(1, path, 0, bars, grid=grid, loop_bars=bars),))


def set_of(folder: Path) -> OfflinePlayer:
    """A set that plays two sections; the second comes in with a cross-fade."""
    for name, hz in (("one", 220.0), ("two", 330.0)):
        write_section(folder / name, {"drums": sine(hz), "bass": sine(hz / 3)})
    player = playing(cue(1, folder / "one", 0), cue(2, folder / "two", 4, transition="equal-power", length=2 * BAR))
    player.params.update({"cue_level": 1.0, "reverb": 0.4, "drive": 0.3})
    return player


def rendered(player: OfflinePlayer, frames: int) -> tuple[Sound, Sound]:
    """What everybody hears and what the performer does, some frames of the renderer's output: both are late by its limiter."""
    count = -(-frames // QUANTUM) * QUANTUM
    out, headphones = np.zeros((count, 2), np.float32), np.zeros((count, 2), np.float32)
    player.renderer.render(out, headphones)
    return out, headphones


def test_what_everybody_hears_is_the_same_to_the_bit_whatever_is_cued(tmp_path: Path) -> None:
    plain, listened = set_of(tmp_path), set_of(tmp_path)
    expected = np.zeros((QUANTUM * 900, 2), np.float32)
    plain.renderer.render(expected)
    found = []
    for step, programme in enumerate((take(tmp_path / "a", sine(1_000.0)), take(tmp_path / "b", sine(50.0), bpm=133.0), None)):
        listened.renderer.headphones.play(programme)
        listened.params["cue_mix"] = 0.4 * step
        found.append(rendered(listened, QUANTUM * 300))
        assert step == 2 or found[-1][1].any()
    assert np.array_equal(np.concatenate([out for out, _ in found]), expected)
    assert list(listened.events()) == list(plain.events())


def test_a_take_begins_on_the_next_bar_line_of_what_sounds(tmp_path: Path) -> None:
    player = set_of(tmp_path)
    _, before = rendered(player, BAR // 2)
    player.renderer.headphones.play(take(tmp_path / "a", constant(LOUD)))
    _, after = rendered(player, 2 * BAR)
    sound = np.concatenate((before, after))[LATENCY:, 0]
    assert not sound[: BAR - 1].any()
    assert np.allclose(sound[BAR + 64 : 2 * BAR], LOUD, atol=1e-3)


def test_a_take_is_looped_on_its_bars(tmp_path: Path) -> None:
    player = set_of(tmp_path)
    player.renderer.headphones.play(take(tmp_path / "a", ramp(), bars=2))
    _, sound = rendered(player, 7 * BAR)
    heard = sound[LATENCY:, 0]
    for line in range(0, 6, 2):
        at = line * BAR + 5_000
        assert heard[at] == pytest.approx(5_000 * 1e-6, abs=2e-6), f"bar {line} of the set is bar 0 of the take"


def test_a_take_of_the_sets_tempo_has_its_bar_lines_where_the_set_has_them(tmp_path: Path) -> None:
    player = set_of(tmp_path)
    rendered(player, BAR // 3)
    frame = player.renderer.frame
    player.renderer.headphones.play(take(tmp_path / "a", ramp(), bars=4))
    _, sound = rendered(player, 3 * BAR)
    first = BAR - frame + LATENCY
    for line in range(2):
        assert sound[first + line * BAR + 2_000, 0] == pytest.approx((line * BAR + 2_000) * 1e-6, abs=2e-6)


def test_what_has_another_tempo_begins_on_the_bar_and_keeps_its_own(tmp_path: Path) -> None:
    player = set_of(tmp_path)
    rendered(player, BAR // 2)
    frame = player.renderer.frame
    player.renderer.headphones.play(take(tmp_path / "a", ramp(), bars=2, bpm=150.0))
    _, sound = rendered(player, 5 * BAR)
    first, own = BAR - frame + LATENCY, Grid(150.0).frame_of_bar(2)
    assert not sound[: first - 1].any()
    assert sound[first + own + 2_000, 0] == pytest.approx(2_000 * 1e-6, abs=2e-6)


def hand_over(folder: Path) -> Programme:
    """The last two bars of what sounds, the seam, and two bars behind the transition; over again."""
    first = replace(cue(1, folder / "one", 0), start_frame=2 * BAR)
    second = cue(2, folder / "two", 4, transition="equal-power", length=2 * BAR)
    return cued((first, second), first=2 * BAR, again=6 * BAR, as_mixed=True)


def test_the_hand_over_is_heard_as_it_will_be(tmp_path: Path) -> None:
    player = set_of(tmp_path)
    player.params.update({"reverb": 0.0, "drive": 0.0})
    player.renderer.headphones.play(hand_over(tmp_path))
    out, sound = rendered(player, 8 * BAR)
    lead, length = 2_000, 4 * BAR
    cue, heard = sound[LATENCY + lead : LATENCY + length], out[LATENCY + 2 * BAR + lead : LATENCY + 2 * BAR + length]
    assert np.allclose(cue, heard, atol=1e-5)


def test_the_hand_over_is_heard_over_and_over_with_the_sets_levels(tmp_path: Path) -> None:
    player = set_of(tmp_path)
    player.renderer.headphones.play(hand_over(tmp_path))
    _, sound = rendered(player, 12 * BAR)
    once, again = (sound[LATENCY + at + 2_000 : LATENCY + at + 5 * BAR] for at in (0, 6 * BAR))
    assert np.allclose(once, again, atol=1e-5)
    assert not np.allclose(once[: 4 * BAR], sound[LATENCY + BAR + 2_000 :][: 4 * BAR], atol=1e-2), "other bars sound otherwise"
    player.params["level_drums"] = player.params["level_bass"] = 0.0
    rendered(player, QUANTUM * 8)
    _, muted = rendered(player, BAR)
    assert not muted.any()


def test_what_is_cued_goes_on_while_the_set_stands_still_and_joins_its_bars_once_it_plays(tmp_path: Path) -> None:
    player = set_of(tmp_path)
    player.params["run"] = 0.0
    player.renderer.headphones.play(take(tmp_path / "a", ramp()))
    out, sound = rendered(player, BAR)
    assert not out.any()
    assert sound[LATENCY + 5_000, 0] == pytest.approx(5_000 * 1e-6, abs=2e-6)
    player.params["run"] = 1.0
    rendered(player, BAR // 2)
    frame = player.renderer.frame
    _, sound = rendered(player, 2 * BAR)
    line = GRID.frame_of_bar(GRID.next_bar(frame)) - frame + LATENCY
    assert sound[line + 3_000, 0] == pytest.approx((BAR + 3_000) * 1e-6, abs=2e-6), "it began anew with the set"


def test_what_gives_way_fades_and_is_gone(tmp_path: Path) -> None:
    player = set_of(tmp_path)
    player.renderer.headphones.play(take(tmp_path / "a", constant(LOUD)))
    rendered(player, BAR)
    player.renderer.headphones.play(None)
    _, sound = rendered(player, BAR // 2)
    assert np.abs(np.diff(sound[:, 0])).max() < 0.01
    assert not sound[LATENCY + OUT_FADE + QUANTUM :].any()


def test_mix_goes_from_the_cue_alone_to_the_set_alone(tmp_path: Path) -> None:
    assert gains(1.0, 0.0) == (1.0, 0.0)
    assert gains(0.5, 0.5) == (0.5, 0.5)
    assert gains(1.0, 1.0) == (0.0, 1.0)
    player = set_of(tmp_path)
    player.params["cue_mix"] = 1.0
    player.renderer.headphones.play(take(tmp_path / "a", constant(LOUD)))
    rendered(player, QUANTUM * 8)
    out, sound = rendered(player, BAR)
    assert np.allclose(out, sound, atol=1e-6)


def test_a_file_with_what_is_no_number_leaves_the_set_alone(tmp_path: Path) -> None:
    plain, listened = set_of(tmp_path), set_of(tmp_path)
    programme = take(tmp_path / "a", sine(100.0))
    with (tmp_path / "a").open("r+b") as file:
        file.seek(4096)
        file.write(np.full(20_000, np.nan, "<f4").tobytes())
    listened.renderer.headphones.play(programme)
    out, sound = rendered(listened, 2 * BAR)
    expected = np.zeros_like(out)
    plain.renderer.render(expected)
    assert np.array_equal(out, expected)
    assert np.isfinite(sound).all()


def test_orders_that_nobody_hears_are_nothing(tmp_path: Path) -> None:
    player = set_of(tmp_path)
    player.renderer.headphones.play(take(tmp_path / "a", sine(100.0)))
    assert player.render(BAR).shape == (BAR, 2)
