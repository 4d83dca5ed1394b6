"""What pocket writes while a keyboard holds a chord."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.generators.pocket.parts import part_of
from engine.generators.pocket.score.compose import compose
from engine.generators.pocket.score.events import Score
from engine.protocol import HeldChord, PromptWeight, SectionRequest

BARS = 16
E_MAJOR = HeldChord((4, 8, 11), 4)
"""Two of its notes are not in F minor."""


def ask(text: str, *chords: tuple[int, HeldChord | None]) -> SectionRequest:
    prompts = (PromptWeight(text, 1.0),)
    return SectionRequest("s", prompts, BARS, 120.0, "F minor", 3, role="drop", energy=1.0, chords=chords)


def heard(score: Score, first: int, last: int, *parts: str) -> set[int]:
    """Pitch classes of some parts in some bars."""
    bars = range(first, last)
    notes = [note for note in score.notes if part_of(note.part) in parts and score.grid.bar_at(note.frame + 400) in bars]
    assert notes, f"nothing of {parts} in bars {first} to {last}"
    return {pitch % 12 for note in notes for pitch, weight in note.pitches if weight > 0.0}


TEXTS = ["house, piano, strings", "trance, arpeggio, lead melody", "funk, slap bass", "ambient drone pads"]


@pytest.mark.parametrize("text", TEXTS)
def test_every_part_follows_a_held_chord_from_its_bar_on(text: str) -> None:
    plain, held = compose(ask(text)), compose(ask(text, (6, E_MAJOR), (10, None)))
    tonal = ("bass", "sub", "comp", "pad", "arp")
    assert heard(held, 6, 10, *tonal) <= set(E_MAJOR.tones)
    assert not heard(plain, 6, 10, *tonal) <= set(E_MAJOR.tones)
    for first, last in ((0, 6), (14, BARS)):  # a pad that began under the chord may sound up to four bars beyond
        assert heard(held, first, last, *tonal) == heard(plain, first, last, *tonal)


def test_the_melody_lands_on_the_chord_and_never_rubs_against_it() -> None:
    held = compose(ask("trance, lead melody, flute", (0, E_MAJOR)))
    melody = [pitch % 12 for note in held.notes if part_of(note.part) == "melody" for pitch, _ in note.pitches]
    assert melody and not {(tone + step) % 12 for tone in E_MAJOR.tones for step in (1, 11)} & set(melody)


def test_a_bass_note_alone_is_a_pedal_under_the_chords_as_planned() -> None:
    text = "house, piano"
    plain, held = compose(ask(text)), compose(ask(text, (0, HeldChord((), 2))))
    assert heard(held, 0, BARS, "bass", "sub") == {2}
    assert heard(held, 0, BARS, "comp", "pad") == heard(plain, 0, BARS, "comp", "pad")


def test_a_bass_note_under_a_chord_is_its_root() -> None:
    held = compose(ask("house, piano", (0, HeldChord((0, 4, 7), 9))))
    assert heard(held, 0, BARS, "comp", "pad") == {0, 4, 7}
    assert 9 in heard(held, 0, BARS, "bass") and heard(held, 0, BARS, "bass") <= {0, 4, 7, 9}


def test_the_same_request_writes_the_same_and_drums_stay() -> None:
    request = ask("house, piano", (4, E_MAJOR))
    assert compose(request) == compose(replace(request))
    assert compose(request).hits == compose(ask("house, piano")).hits
