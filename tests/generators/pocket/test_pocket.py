"""Pocket's sound: exact, the same however it is asked for, and what the prompts say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from engine.dsp.k_weighting import k_weight
from engine.errors import GeneratorError, LivesetError
from engine.generators.pocket import Pocket
from engine.protocol import STEMS, PromptWeight, SectionRequest

Audio = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def pocket() -> Pocket:
    torch.set_num_threads(1)
    made = Pocket()
    made.warm_up()
    return made


def ask(text: str = "house", **changes: object) -> SectionRequest:
    request = SectionRequest(
        "s",
        (PromptWeight(text, 1.0),),
        2,
        124.0,
        "F minor",
        3,
        tail_bars=1,
        role="drop",
        energy=1.0,
        previous_role="build",
        next_role="breakdown",
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def blocks(pocket: Pocket, request: SectionRequest) -> Iterator[Audio]:
    return pocket.generate(request, lambda _: None, lambda: False)


def play(pocket: Pocket, request: SectionRequest) -> Audio:
    return np.concatenate(list(blocks(pocket, request)))


def _quick(frames: int) -> int:
    """A transform length at least so long, a power of two."""
    return 1 << (frames - 1).bit_length()


def lufs(audio: Audio) -> float:
    """Ungated loudness of (frames, 2): K weighting by its power response."""
    spectrum = np.abs(np.fft.rfft(audio, n=_quick(len(audio)), axis=0)) ** 2
    weight = k_weight(np.linspace(0, 22_050, len(spectrum)))
    return float(-0.691 + 10 * np.log10(2 * (spectrum.sum(1) * weight).sum() / len(audio) / _quick(len(audio))))


def centroid(audio: Audio) -> float:
    """Power-weighted mean of log frequency, in octaves above 1 Hz."""
    power = np.abs(np.fft.rfft(audio.mean(1), n=_quick(len(audio)))) ** 2
    hz = np.fft.rfftfreq(_quick(len(audio)), 1 / 44_100)
    heard = hz > 60
    return float((np.log2(hz[heard]) * np.sqrt(power[heard])).sum() / np.sqrt(power[heard]).sum())


def onsets(audio: Audio) -> float:
    """Rises of the treble's level by 4 dB within 20 ms, a second."""
    bright = np.diff(audio.sum(1), n=2)
    level = np.sqrt((bright[: len(bright) // 441 * 441].reshape(-1, 441) ** 2).mean(1)) + 1e-3 * bright.std()
    rises = 20 * np.log10(level[2:] / level[:-2]) > 4
    return float((rises[1:] & ~rises[:-1]).sum() / (len(audio) / 44_100))


@pytest.mark.parametrize(("bpm", "beats"), [(123.4, 3), (123.4, 5), (97.3, 4), (171.9, 7)])
def test_lengths_are_exact_and_blocks_are_in_order(pocket: Pocket, bpm: float, beats: int) -> None:
    request = ask(bpm=bpm, beats_per_bar=beats, bars=1)
    made = list(blocks(pocket, request))
    assert sum(map(len, made)) == request.total_frames()
    assert all(block.dtype == np.float32 and block.shape[1:] == (len(STEMS), 2) for block in made)
    assert 0.2 < len(made[0]) / 44_100 < 0.6


def test_the_same_request_is_the_same_sound_from_any_musician(pocket: Pocket) -> None:
    assert np.array_equal(play(pocket, ask("techno")), play(Pocket(), ask("techno")))
    assert not np.array_equal(play(pocket, ask("techno", seed=4)), play(pocket, ask("techno")))


@pytest.mark.parametrize("style", ["house", "drum and bass", "ambient"])
def test_entering_later_gives_what_would_have_been_there(pocket: Pocket, style: str) -> None:
    request = ask(style, previous_role=None, next_role=None)  # where it meets others: test_pocket_seams.py
    whole = play(pocket, request)
    for frame in (1, 16_384, 50_001, len(whole) - 7):
        part = play(pocket, replace(request, from_frame=frame))
        assert np.array_equal(part, whole[frame:]), frame


def test_cancelling_ends_early_and_progress_reaches_one(pocket: Pocket) -> None:
    seen: list[float] = []
    request = ask(bars=4)
    made = list(pocket.generate(request, seen.append, lambda: len(seen) >= 2))
    assert len(made) == 2
    assert sum(map(len, made)) < request.total_frames()
    list(pocket.generate(request, seen.append, lambda: False))
    assert seen[-1] == 1.0


@pytest.mark.parametrize("style", ["house", "techno", "drum and bass", "hip hop", "ambient"])
def test_full_energy_is_loud_clean_and_unbroken(pocket: Pocket, style: str) -> None:
    bpm = {"drum and bass": 174.0, "hip hop": 90.0, "ambient": 80.0}.get(style, 126.0)
    mix = play(pocket, ask(style, bars=8, bpm=bpm, tail_bars=0)).sum(1)
    assert abs(lufs(mix) + 14.0) < 1.2
    assert np.abs(mix).max() < 10 ** (-1 / 20)
    assert np.isfinite(mix).all()
    level = np.abs(mix[: len(mix) // 441 * 441]).reshape(-1, 441, 2).max((1, 2))
    assert (level[5:] > 1e-4).all()
    assert abs(float(mix[0].max())) < 0.02
    mid, side = mix.mean(1), (mix[:, 0] - mix[:, 1]) / 2
    assert -19 < 20 * np.log10(side.std() / mid.std()) < -4


def test_the_bass_is_mono(pocket: Pocket) -> None:
    bass = play(pocket, ask("drum and bass", bpm=174.0))[:, STEMS.index("bass")]
    assert np.abs(bass).max() > 0.05
    assert np.abs(bass[:, 0] - bass[:, 1]).max() < 1e-6


def test_less_energy_is_quieter(pocket: Pocket) -> None:
    levels = [lufs(play(pocket, ask(energy=energy, role="free", bars=4)).sum(1)) for energy in (0.2, 0.6, 1.0)]
    assert levels == sorted(levels)
    assert 4 < levels[-1] - levels[0] < 10


@pytest.mark.parametrize("texts", [("house", "deep house"), ("techno", "dub techno"), ("hip hop", "drum and bass")])
def test_between_two_styles_a_section_is_as_loud_as_in_each(pocket: Pocket, texts: tuple[str, str]) -> None:
    """Players and kits that strike in step add up in amplitude as far as they sound alike, and are reckoned so.

    Without neighbours: where there are seams loudness is heard, not reckoned.
    """
    mixes = [*((PromptWeight(text, 1.0),) for text in texts), tuple(PromptWeight(text, 0.5) for text in texts)]
    asked = ask(role="free", energy=0.7, bars=4, previous_role=None, next_role=None)
    first, second, half = (lufs(play(pocket, replace(asked, prompts=prompts)).sum(1)) for prompts in mixes)
    assert abs(half - (first + second) / 2) < 0.5


@pytest.mark.parametrize("texts", [("house", "techno"), ("hip hop", "drum and bass")])
def test_the_first_and_last_tenth_of_a_knob_move_the_sound_by_about_a_tenth(pocket: Pocket, texts: tuple[str, str]) -> None:
    places = []
    for weight in (0.0, 0.1, 0.9, 1.0):
        pair = zip(texts, (1.0 - weight, weight), strict=True)
        prompts = tuple(PromptWeight(text, each) for text, each in pair if each > 0.0)
        asked = ask(prompts=prompts, role="free", energy=0.7, bars=4, bpm=126.0, previous_role=None, next_role=None)
        places.append(centroid(play(pocket, asked).sum(1)))
    way = places[-1] - places[0]
    assert -0.1 < (places[1] - places[0]) / way < 0.25
    assert -0.1 < (places[3] - places[2]) / way < 0.25


@pytest.mark.parametrize("changes", [{"beats_per_bar": 3, "bpm": 242.2}, {"beats_per_bar": 1, "bpm": 200.0}])
def test_sections_of_a_second_or_less_are_made_between_neighbours(pocket: Pocket, changes: dict[str, Any]) -> None:
    request = ask(bars=1, tail_bars=0, previous_role="build", next_role="outro", exit="equal-power", exit_bars=2, **changes)
    assert len(play(pocket, request)) == request.total_frames()


def test_styles_differ_as_they_should(pocket: Pocket) -> None:
    busy = onsets(play(pocket, ask("drum and bass", bpm=174.0, bars=4)).sum(1))
    calm = onsets(play(pocket, ask("ambient drone, no drums", bpm=70.0)).sum(1))
    assert busy > 5
    assert calm < 1.5
    assert play(pocket, ask("ambient drone, no drums", bpm=70.0))[:, 0].any() == np.False_


@pytest.mark.parametrize("style", ["house", "ambient", "drone"])
def test_dark_and_bright_are_more_than_half_an_octave_apart(pocket: Pocket, style: str) -> None:
    dark, bright = (centroid(play(pocket, ask(f"{word} {style}", bars=2)).sum(1)) for word in ("dark", "bright"))
    assert bright - dark > 0.55


def test_prompts_of_one_style_move_it_steadily(pocket: Pocket) -> None:
    places = []
    for step in range(0, 11, 2):
        prompts = (PromptWeight("dark house", 1.0), PromptWeight("bright house", step / 10))
        places.append(centroid(play(pocket, ask(prompts=prompts, bars=1, tail_bars=0)).sum(1)))
    steps = np.diff(places)
    assert (steps > -0.02).all()
    assert places[-1] - places[0] > 0.2


def test_the_end_rings_out(pocket: Pocket) -> None:
    request = ask("house", role="outro", energy=0.5, next_role=None, bars=4, tail_bars=2)
    mix = play(pocket, request).sum(1)
    bar = request.total_frames() // 6
    assert np.abs(mix[3 * bar : 4 * bar]).max() > 0.02
    assert np.abs(mix[-4410:]).max() < 0.02 * np.abs(mix).max()


def test_what_cannot_be_made_says_so(pocket: Pocket) -> None:
    with pytest.raises(GeneratorError, match="frame"):
        next(blocks(pocket, ask(from_frame=10**9)))
    with pytest.raises(LivesetError, match="key"):
        next(blocks(pocket, ask(key="H moll")))
