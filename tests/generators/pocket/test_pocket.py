"""Pocket's sound: exact, reproducible from any frame, and true to the prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.errors import GeneratorError, LivesetError
from engine.generators.pocket import Pocket
from engine.protocol import STEMS, PromptWeight

from .listening import ask, blocks, centroid, lufs, mixed, onsets_per_second, play, play_mix

FREE: dict[str, Any] = {"role": "free", "energy": 0.7, "previous_role": None, "next_role": None, "tail_bars": 0}
"""A section without neighbours: its loudness is planned from the score alone, no edge is corrected."""


@pytest.mark.parametrize(("bpm", "beats"), [(123.4, 3), (123.4, 5), (97.3, 4), (171.9, 7)])
def test_length_is_exact_and_first_block_is_short(pocket: Pocket, bpm: float, beats: int) -> None:
    request = ask(bpm=bpm, beats_per_bar=beats, bars=1)
    made = list(blocks(pocket, request))
    assert sum(map(len, made)) == request.total_frames()
    assert all(block.dtype == np.float32 and block.shape[1:] == (len(STEMS), 2) for block in made)
    assert 0.2 < len(made[0]) / 44_100 < 0.6, "seconds: soon there, and long enough to render the next meanwhile"


def test_same_request_gives_same_samples_in_another_pocket(pocket: Pocket) -> None:
    request = ask("techno", bars=1)
    first = play(pocket, request)
    assert np.array_equal(first, play(Pocket(), request))
    assert not np.array_equal(first, play(pocket, replace(request, seed=4)))


@pytest.mark.parametrize(
    ("style", "frames"), [("house", (1, 16_384, 50_001, -7)), ("drum and bass", (50_001,)), ("ambient", (16_385,))]
)
def test_entering_later_gives_the_same_samples(pocket: Pocket, style: str, frames: tuple[int, ...]) -> None:
    request = ask(style, previous_role=None, next_role=None)  # edges next to others: test_seams.py
    whole = play(pocket, request)
    for frame in (each % len(whole) for each in frames):
        assert np.array_equal(play(pocket, replace(request, from_frame=frame)), whole[frame:]), frame


def test_cancelling_ends_early_and_progress_reaches_one(pocket: Pocket) -> None:
    seen: list[float] = []
    request = ask(bars=2, previous_role=None, next_role=None)
    made = list(pocket.generate(request, seen.append, lambda: len(seen) >= 2))
    assert len(made) == 2
    assert sum(map(len, made)) < request.total_frames()
    list(pocket.generate(request, seen.append, lambda: False))
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    ("style", "bpm"), [("house", 126.0), ("techno", 126.0), ("drum and bass", 174.0), ("hip hop", 90.0), ("ambient", 80.0)]
)
def test_full_energy_is_loud_clean_and_unbroken(pocket: Pocket, style: str, bpm: float) -> None:
    made = play(pocket, ask(style, bars=4, bpm=bpm, tail_bars=0))
    mix, bass = mixed(made), made[:, STEMS.index("bass")]
    assert abs(lufs(mix) + 14.0) < 1.2, "LUFS: the target of full energy, and what a section of four bars varies by"
    assert np.abs(mix).max() < 10 ** (-1 / 20), "-1 dBFS"
    assert np.isfinite(mix).all()
    level = np.abs(mix[: len(mix) // 441 * 441]).reshape(-1, 441, 2).max((1, 2))
    assert (level[5:] > 1e-4).all(), "-80 dBFS: no 10 ms are silent"
    assert abs(float(mix[0].max())) < 0.02, "starts without a click"
    mid, side = mix.mean(1), (mix[:, 0] - mix[:, 1]) / 2
    assert -19 < 20 * np.log10(side.std() / mid.std()) < -4, "dB: wide, and sound in mono"
    assert np.abs(bass).max() > 0.05
    assert np.abs(bass[:, 0] - bass[:, 1]).max() < 1e-6, "the bass is mono"


def test_less_energy_is_quieter(pocket: Pocket) -> None:
    levels = [lufs(play_mix(pocket, ask(**{**FREE, "energy": energy}))) for energy in (0.2, 0.6, 1.0)]
    assert levels == sorted(levels)
    assert 4 < levels[-1] - levels[0] < 10, "LU: about 6.3 by the target's curve"


@pytest.mark.parametrize("texts", [("house", "deep house"), ("techno", "dub techno"), ("hip hop", "drum and bass")])
def test_half_way_between_two_styles_is_as_loud_as_either(pocket: Pocket, texts: tuple[str, str]) -> None:
    """Players and kits that play in step add up in amplitude as far as they sound alike; the planned loudness must know."""
    mixes = [*((PromptWeight(text, 1.0),) for text in texts), tuple(PromptWeight(text, 0.5) for text in texts)]
    asked = ask(bars=4, **FREE)
    first, second, half = (lufs(play_mix(pocket, replace(asked, prompts=prompts))) for prompts in mixes)
    assert min(first, second) - 0.5 < half < max(first, second) + 0.5, "LU: not heard beside a change of style"


@pytest.mark.parametrize("texts", [("house", "techno"), ("hip hop", "drum and bass")])
def test_first_and_last_tenth_of_a_knob_change_the_sound_by_about_a_tenth(pocket: Pocket, texts: tuple[str, str]) -> None:
    places = []
    for weight in (0.0, 0.1, 0.9, 1.0):
        pair = zip(texts, (1.0 - weight, weight), strict=True)
        prompts = tuple(PromptWeight(text, each) for text, each in pair if each > 0.0)
        places.append(centroid(play_mix(pocket, ask(prompts=prompts, bars=4, bpm=126.0, **{**FREE, "tail_bars": 1}))))
    way = places[-1] - places[0]
    # A tenth, and as much again to both sides for the notes that happen to be played.
    assert -0.1 < (places[1] - places[0]) / way < 0.25
    assert -0.1 < (places[3] - places[2]) / way < 0.25


@pytest.mark.parametrize("changes", [{"beats_per_bar": 3, "bpm": 242.2}, {"beats_per_bar": 1, "bpm": 200.0}])
def test_section_of_a_second_or_less_is_complete(pocket: Pocket, changes: dict[str, Any]) -> None:
    request = ask(bars=1, tail_bars=0, previous_role="build", next_role="outro", exit="equal-power", exit_bars=2, **changes)
    assert len(play(pocket, request)) == request.total_frames()


def test_drum_and_bass_is_busy_and_a_drone_is_not(pocket: Pocket) -> None:
    busy = play_mix(pocket, ask("drum and bass", bpm=174.0, previous_role=None))
    drone = play(pocket, ask("ambient drone, no drums", bpm=70.0, previous_role=None))
    assert onsets_per_second(busy) > 5, "more than every eighth of 174 BPM less fills"
    assert onsets_per_second(mixed(drone)) < 1.5, "no more than every beat of 70 BPM"
    assert not drone[:, STEMS.index("drums")].any()


@pytest.mark.parametrize("style", ["house", "ambient", "drone"])
def test_dark_and_bright_are_more_than_half_an_octave_apart(pocket: Pocket, style: str) -> None:
    dark, bright = (centroid(play_mix(pocket, ask(f"{word} {style}", **FREE))) for word in ("dark", "bright"))
    assert bright - dark > 0.55


def test_prompts_of_one_style_move_it_steadily(pocket: Pocket) -> None:
    places = []
    for step in range(0, 11, 2):
        prompts = (PromptWeight("dark house", 1.0), PromptWeight("bright house", step / 10))
        places.append(centroid(play_mix(pocket, ask(prompts=prompts, bars=1, **FREE))))
    steps = np.diff(places)
    assert (steps > -0.02).all(), "octaves: never back by more than is heard"
    assert places[-1] - places[0] > 0.2


def test_last_section_rings_out(pocket: Pocket) -> None:
    request = ask("house", role="outro", energy=0.5, previous_role=None, next_role=None, bars=4, tail_bars=2)
    mix = play_mix(pocket, request)
    bar = request.total_frames() // 6
    assert np.abs(mix[3 * bar : 4 * bar]).max() > 0.02, "the last bar sounds"
    assert np.abs(mix[-4410:]).max() < 0.02 * np.abs(mix).max(), "-34 dB after two bars"


def test_impossible_request_is_explained(pocket: Pocket) -> None:
    with pytest.raises(GeneratorError, match="frame"):
        next(blocks(pocket, ask(from_frame=10**9)))
    with pytest.raises(LivesetError, match="key"):
        next(blocks(pocket, ask(key="Q moll")))
