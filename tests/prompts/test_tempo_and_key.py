"""Tempos, keys and metres, however they are written."""

from __future__ import annotations

import pytest

from engine.prompts.mix import decide_beats, parse
from engine.prompts.parsing import not_followed
from engine.protocol import PromptWeight


def test_beats_of_a_bar_come_from_the_heaviest_style() -> None:
    weights = (("waltz", 0.6), ("house", 0.4))
    assert decide_beats([PromptWeight(text, weight) for text, weight in weights]) == 3
    assert decide_beats([PromptWeight("techno", 1.0)]) == 4 and decide_beats([PromptWeight("balkan", 1.0)]) == 7
    assert parse("waltz in 3/4").unknown == () and parse("house in 3/4").unknown == ("3/4",)


def test_a_time_signature_alone_brings_a_style_that_has_it() -> None:
    for text, beats in (("3/4", 3), ("slow groove in 7/8", 7)):
        assert parse(text).unknown == () and decide_beats([PromptWeight(text, 1.0)]) == beats
    assert parse("7/8 techno").unknown == ("7/8",) and decide_beats([PromptWeight("7/8 techno", 1.0)]) == 4
    assert parse("5/4").unknown == ("5/4",)


@pytest.mark.parametrize(
    ("text", "bpm"),
    [
        ("house at 124", 124.0),
        ("one hundred and twenty bpm", 120.0),
        ("one twenty-eight bpm house", 128.0),
        ("ninety beats per minute", 90.0),
        ("BPM: 120-124", 122.0),
        ("１２８ bpm", 128.0),
        ("drum n bass 168", 168.0),
    ],
)
def test_tempos_without_their_unit_or_in_words_are_read(text: str, bpm: float) -> None:
    assert parse(text).bpm == bpm and parse(text).unknown == ()


def test_a_bare_number_is_a_tempo_only_beside_a_style_and_is_told() -> None:
    assert parse("drum n bass 168").guesses == (("168", "168 BPM"),)
    assert parse("warm 168").bpm is None and parse("warm 168").unknown == ("168",)
    assert parse("techno 168, 90").bpm is None and parse("808 techno, 140 bpm").guesses == ()


@pytest.mark.parametrize(
    ("text", "key"), [("8A", "A minor"), ("in h-Moll", "B minor"), ("key: C#m", "C# minor"), ("la mineur", "A minor")]
)
def test_keys_are_read_however_they_are_written(text: str, key: str) -> None:
    assert parse(f"techno, {text}").key == key and parse(f"techno, {text}").wording == "techno"


def test_what_the_set_does_not_follow_is_named() -> None:
    text = "130 BPM in C# phrygian"
    assert not_followed(text, 124.0, "F minor") == ("130 BPM", "in C# phrygian")
    assert not_followed(text, 130.0, "C# phrygian") == () and not_followed("techno", 124.0, "F minor") == ()
