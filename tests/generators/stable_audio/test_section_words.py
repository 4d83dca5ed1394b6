"""What the model is told: prompts completed, mixes shared out, and weights that move along a piece."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.generators.stable_audio import StableAudio
from engine.generators.stable_audio.section.words import completed, mix_curves, shares_of
from engine.protocol import ROLES, PromptWeight, SectionRequest

ASKED = SectionRequest("s", (PromptWeight("warm house", 1.0),), 8, 120.0, "F minor", 3)
TAGS = "TrackType: Music, VocalType: Instrumental"
GENRE = {"warm house": "House", "dusty hip hop, mellow piano": "Hip Hop", "techno": "Techno", "dub techno": "Dub Techno"}
BAR_S = 2.0


def mixed(*weights: float) -> tuple[PromptWeight, ...]:
    return tuple(PromptWeight(text, weight) for text, weight in zip(("house", "jazz", "dub"), weights, strict=False))


def test_prompt_is_completed() -> None:
    assert completed("warm house", ASKED) == f"warm house, in F minor, 120 BPM, Genre: House, {TAGS}"
    texts = {completed("warm house", replace(ASKED, role=role)) for role in ROLES}
    assert len(texts) == len(ROLES)
    assert "drop" in completed("warm house", replace(ASKED, role="drop"))
    assert "127.5 BPM" in completed("warm house", replace(ASKED, bpm=127.5))
    high = completed("warm house", replace(ASKED, energy=0.95, brightness=0.1))
    assert "high energy" in high and "dark" in high


@pytest.mark.parametrize(
    ("given", "own"),
    [
        ("dusty hip hop, 88 BPM, mellow piano", "dusty hip hop, mellow piano"),
        ("techno at 140bpm", "techno"),
        ("techno, BPM: 140", "techno"),
        ("pads in A minor", "pads"),
        ("pads, key: C# dorian, slow", "pads, slow"),
        ("a minor detail, 808 bass", "a minor detail, 808 bass"),
        ("dub techno 120-124 BPM in Am", "dub techno"),
        ("pads, tempo: 96", "pads"),
        ("pads @128", "pads"),
        ("pads, key: C#m, slow", "pads, slow"),
        ("pads | BPM: 170", "pads"),
        ("techno at 124", "techno"),
        ("techno 138", "techno"),
        ("pads, 8A", "pads"),
        ("pads in h-Moll", "pads"),
        ("pads, one hundred and twenty bpm", "pads"),
        ("[Intro] strings [Drop] (pads:1.2) 🔥", "pads"),
        ("124 BPM", "electronic music"),
    ],
)
def test_tempo_or_key_of_its_own_gives_way(given: str, own: str) -> None:
    genre = f"Genre: {GENRE[own]}, " if own in GENRE else ""
    assert completed(given, ASKED) == f"{own}, in F minor, 120 BPM, {genre}{TAGS}"


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("rolling dnb, vinyl", "Genre: Drum and Bass,"),
        ("uk garage and lo-fi", "Genre: UK Garage, Lo-fi,"),
        ("dub techno chords", "Genre: Dub Techno,"),
        ("bright pads", ""),
        ("glorbnik hosue", ""),
    ],
)
def test_genre_that_is_named_becomes_a_tag(text: str, tag: str) -> None:
    assert tag in completed(text, ASKED)
    assert ("Genre:" in completed(text, ASKED)) == bool(tag)


def test_tags_a_prompt_brings_itself_are_left_alone() -> None:
    text = completed("house, genre: Jazz, VocalType: Female", ASKED)
    assert text.lower().count("genre:") == 1 and text.count("VocalType:") == 1
    assert text.endswith("TrackType: Music")


@pytest.mark.parametrize(
    ("text", "instrumental"), [("soulful vocals", False), ("no vocals", True), ("rap", False), ("wrap", True)]
)
def test_voices_asked_for_are_not_forbidden(text: str, instrumental: bool) -> None:
    assert ("Instrumental" in completed(text, ASKED)) == instrumental


def test_shares_are_of_what_is_turned_up() -> None:
    assert list(shares_of(mixed(0.2, 0.6, 0.0), ASKED).values()) == pytest.approx([0.25, 0.75])
    assert list(shares_of((), ASKED).values()) == [1.0]
    assert len(shares_of((PromptWeight("house", 0.5), PromptWeight("house", 0.5)), ASKED)) == 1


def test_mix_moves_over_the_first_bars() -> None:
    asked = replace(ASKED, prompts=mixed(0.5, 0.5), previous_prompts=mixed(1.0, 0.0, 1.0))
    curves = {text.split(",")[0]: np.asarray(curve) for text, curve in mix_curves(asked, 24.0, 4.0)}
    at = np.linspace(0, 24, len(curves["house"]))
    before, after = at <= 4, at >= 4 + 4 * BAR_S
    assert np.allclose(curves["dub"][before], 0.5) and np.allclose(curves["dub"][after], 0)
    assert np.allclose(curves["jazz"][before], 0) and np.allclose(curves["jazz"][after], 0.5)
    assert np.allclose(curves["house"], 0.5)
    assert np.interp(4 + 2 * BAR_S, at, curves["jazz"]) == pytest.approx(0.25, abs=0.01)
    assert np.allclose(sum(curves.values()), 1)
    short = dict(mix_curves(replace(asked, bars=1), 24.0, 4.0))
    assert all(np.asarray(curve)[at >= 4 + BAR_S].std() < 1e-6 for curve in short.values())


def test_mix_that_stays_is_no_curve() -> None:
    asked = replace(ASKED, prompts=mixed(0.5, 0.25), previous_prompts=mixed(1.0, 0.5, 0.0))
    assert [weight for _, weight in mix_curves(asked, 24.0, 4.0)] == pytest.approx([2 / 3, 1 / 3])
    assert mix_curves(replace(asked, previous_prompts=()), 24.0, 4.0) == mix_curves(asked, 24.0, 4.0)


def test_model_takes_the_curves(tiny: StableAudio) -> None:
    asked = replace(ASKED, bpm=240.0, prompts=mixed(0.0, 1.0), previous_prompts=mixed(1.0))
    moving = tiny.generate(mix_curves(asked, 6.0, 1.0), 6.0, steps=1, seed=1)
    house, jazz = (tiny.generate(mix_curves(replace(ASKED, bpm=240.0, prompts=mix), 6.0, 1.0), 6.0, steps=1, seed=1)
                   for mix in (mixed(1.0), mixed(0.0, 1.0)))  # fmt: skip
    start, end = slice(0, 30_000), slice(-30_000, None)
    for part, like, unlike in ((start, house, jazz), (end, jazz, house)):
        assert np.abs(moving[part] - like[part]).mean() < np.abs(moving[part] - unlike[part]).mean()
