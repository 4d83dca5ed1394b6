"""Words with a star come first when a prompt is written."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import RecordingError
from engine.prompts.starred import MOST_STARRED, read_starred, star
from engine.protocol import SetPrompt, StarWords
from engine.session.starring import Starring
from liveset.ui.widgets.phrases import StarredFirst, other_phrase, phrase_at
from tests.ui.fake_link import live
from tests.ui.screen import on_stage


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIVESET_WORDS", str(tmp_path / "mine" / "words.json"))


def test_stars_are_given_and_taken_and_kept(tmp_path: Path) -> None:
    assert read_starred() == ()
    assert star(" dub chords, ") == ("dub chords",) and star("rolling bass") == ("rolling bass", "dub chords")
    assert star("Dub Chords") == ("rolling bass",) and star("rolling bass", on=True) == ("rolling bass",) == read_starred()
    for number in range(MOST_STARRED + 5):
        star(f"word {number}")
    assert len(read_starred()) == MOST_STARRED and read_starred()[0] == f"word {MOST_STARRED + 4}"
    (tmp_path / "mine" / "words.json").write_text('{"no": "list"}')
    assert read_starred() == ()


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("no folder")
    with pytest.raises(RecordingError, match=r"words.json"):
        star("dub")
    told: list[tuple[str, str]] = []
    Starring(lambda level, text: told.append((level, text))).star(StarWords("dub"))
    assert told[0][0] == "error" and "LIVESET_WORDS" in told[0][1]


@pytest.mark.parametrize(
    ("text", "cursor", "phrase"),
    [("", 0, ""), ("dub, warm bass", 2, "dub"), ("dub, warm bass ,x", 8, "warm bass"), ("dub, ", 5, "")],
)
def test_words_around_the_cursor_lie_between_commas(text: str, cursor: int, phrase: str) -> None:
    start, end = phrase_at(text, cursor)
    assert text[start:end] == phrase


def test_starred_words_follow_each_other_in_place() -> None:
    words = ("dub chords", "rolling bass")
    assert other_phrase("", 0, words, 1) == ("dub chords", 10)
    assert other_phrase("warm, dub chords, x", 8, words, 1) == ("warm, rolling bass, x", 18)
    assert other_phrase("rolling bass", 0, words, 1) == ("dub chords", 10)
    assert other_phrase("warm", 4, words, -1) == ("rolling bass", 12)
    assert other_phrase("warm", 4, (), 1) == ("warm", 4)


def test_starred_words_are_suggested_before_others() -> None:
    suggester = StarredFirst()
    suggester.starred, suggester.others = ("dub chords",), ("dub drone", "warm pads")
    suggest = suggester.get_suggestion
    assert asyncio.run(suggest("house, du")) == "house, dub chords"
    assert asyncio.run(suggest("house, dub d")) == "house, dub drone"
    assert asyncio.run(suggest("house, Wa")) == "house, Warm pads"
    assert asyncio.run(suggest("house, ")) is None and asyncio.run(suggest("house, dub chords")) is None


async def test_a_prompt_is_written_of_starred_words() -> None:
    starred = replace(live(), starred=("dub chords", "rolling bass"))
    async with on_stage(starred, size=(80, 24)) as stage:
        await stage.update(starred)
        await stage.press("1", "enter", "ctrl+a", "ctrl+k")
        await stage.press("down", "down", *", du", "tab")
        assert await stage.press("enter") == [SetPrompt(0, "rolling bass, dub chords")]


async def test_the_words_under_the_cursor_get_a_star() -> None:
    async with on_stage(live(), size=(80, 24)) as stage:
        await stage.press("1", "enter", *", slow bells")
        assert await stage.press("ctrl+s") == [StarWords("slow bells")]
        assert "has a star" in stage.text() and "star words" in stage.text()
        assert "leave it as it was" in stage.text(), "and the way out is still there"
