"""What is said of a prompt while it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.prompts.reading import reading_of
from engine.prompts.vocabulary import own_words, vocabulary
from engine.protocol import ReadPrompt
from engine.session.reading import ReadingPrompts


def test_each_kind_of_word_is_told_in_its_place() -> None:
    said = reading_of("deep house, warm pads, 128 bpm in F minor, no drums, less bass, dreamy, without piano", 124.0, "F minor")
    assert said.styles == ("deep house",)
    assert (said.bpm, said.key) == (128.0, "F minor")
    assert said.instruments == ("warm pads",)
    assert said.moods == ("dreamy",)
    assert (said.silent, said.softer, said.without) == (("drums",), ("bass",), ("piano",))
    assert said.unfollowed == ("128 bpm",)
    assert said.unknown == () == said.guesses


def test_two_styles_are_told_with_their_shares() -> None:
    assert len(reading_of("techno and ambient", 124.0, "C minor").styles) == 2
    assert all("%" in style for style in reading_of("techno and ambient", 124.0, "C minor").styles)


def test_unknown_words_have_the_nearest_known_one_beside_them() -> None:
    said = reading_of("house, marimbaphon, qqqq", 124.0, "C minor")
    assert said.unknown == (("marimbaphon", "marimba"), ("qqqq", ""))


@pytest.mark.parametrize("text", ["", " ", ",,,", "4/4", "[Drop] ", "ド", "no", "(((", "120", "\x00", "a" * 3000])
def test_whatever_is_half_written_is_read(text: str) -> None:
    assert reading_of(text, 124.0, "C minor").text == text


def test_only_the_newest_text_is_read_and_an_empty_one_ends_it() -> None:
    waiting = []
    reading = ReadingPrompts()
    reading.later = lambda work, done: waiting.append((work, done))
    for text in ("t", "te", "techno"):
        reading.read(ReadPrompt(text), 124.0, "C minor")
    for work, done in waiting:
        done(work())
        assert reading.shown is None or reading.shown.text == "techno"
    assert reading.shown is not None and reading.shown.styles == ("techno",)
    reading.read(ReadPrompt(""), 124.0, "C minor")
    assert reading.shown is None


def test_an_answer_that_comes_after_the_end_is_not_shown() -> None:
    waiting = []
    reading = ReadingPrompts()
    reading.later = lambda work, done: waiting.append((work, done))
    reading.read(ReadPrompt("techno"), 124.0, "C minor")
    (work, done), found = waiting[0], waiting[0][0]()
    assert work is waiting[0][0]
    reading.read(ReadPrompt(""), 124.0, "C minor")
    done(found)
    assert reading.shown is None


def test_words_of_a_vocabulary_of_ones_own_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "vocabulary.toml"
    monkeypatch.setenv("LIVESET_VOCABULARY", str(mine))
    vocabulary.cache_clear()
    assert own_words() == ()
    mine.write_text('[[word]]\nsay = ["hall of mirrors", "glassy"]\nmove = { brightness = 0.3 }\n')
    assert own_words() == ("hall of mirrors", "glassy")
    mine.write_text("nonsense")
    assert own_words() == ()
    monkeypatch.undo()
    vocabulary.cache_clear()
