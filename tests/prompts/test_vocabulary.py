"""Words and styles of one's own: what is wrong in the files is said in one sentence: where, what, and the way out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import PromptError
from engine.generators.pocket.styles import load_style
from engine.prompts import vocabulary as vocabularies
from engine.prompts.mix import parse
from engine.prompts.tokens import guess
from engine.prompts.vocabulary import style_data, style_names, style_table, vocabulary, vocabulary_parameters
from engine.resources import data_folder

CACHED = (vocabulary, style_data, style_names, style_table, vocabulary_parameters, load_style, parse, guess)


@pytest.fixture
def presets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the shipped files, read in their stead."""
    folder = tmp_path / "presets"
    shutil.copytree(data_folder(), folder)
    monkeypatch.setattr(vocabularies, "data_folder", lambda: folder)
    for function in CACHED:
        function.cache_clear()
    yield folder
    for function in CACHED:
        function.cache_clear()


def add(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def test_custom_word_has_its_written_meaning(presets: Path) -> None:
    add(
        presets / "vocabulary.toml",
        '[[word]]\nsay = ["zorp", "zorp zorp"]\nmove = { brightness = 0.25 }\nstyle = { techno = 1 }\n',
    )
    assert parse("zorp zorp").values == {"brightness": 0.25} and parse("Zorp").styles == {"techno": 1.0}


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("[[word]]\nsay = [303]\n", r'\("303"\), say\.0: input should be a valid string', "header"),
        ('[[word]]\nsay = "zorp"\n', r"\[\[word\]\] number \d+, say: input should be a valid list", "header"),
        (
            '[[word]]\nsay = ["zorp"]\nmove = { brightness = "low" }\n',
            r'"zorp"\), move\.brightness: input should be a valid',
            "header",
        ),
        ('[[word]]\nsay = ["zorp"]\nmove = { brightness = nan }\n', r'"zorp"\), move\.brightness', "header"),
        ('[[word]]\nsay = ["zorp"]\nmove = { brigtness = 0.2 }\n', '"zorp" has "brigtness"', '"brightness"'),
        ('[[word]]\nsay = ["zorp"]\nvoice = { bas = "acid" }\n', '"zorp" has "bas"', '"bass"'),
        (
            '[[word]]\nsay = ["zorp"]\nstyle = { techno = 0 }\n',
            r'"zorp"\), style\.techno: input should be greater than 0',
            "header",
        ),
        ('[[word]]\nsay = ["zorp"]\nmoove = { energy = 0.2 }\n', r'"zorp"\), moove is not known', '"move"'),
        ('[[words]]\nsay = ["zorp"]\n', '"words" is not known', '"word"'),
        ('[[amount]]\nsay = ["zorp"]\n', r'"zorp"\), factor: field required', "header"),
        ('[[word]]\nsay = ["a b c d e"]\n', "more than 4 words", "shorten"),
        ("[[word]\n", "not valid TOML", ""),
    ],
)
def test_vocabulary_mistakes_are_clear_errors(presets: Path, text: str, says: str, hint: str) -> None:
    add(presets / "vocabulary.toml", text)
    with pytest.raises(PromptError, match=says) as told:
        vocabulary()
    assert "vocabulary.toml" in str(told.value) and hint in str(told.value.hint)


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ('voice = "round"', 'voice = "rund"', 'has no voice "rund"'),
        ("chord_bars = ", "chord_bars = 0 #", "chord_bars of 1 or more"),
        ("reverb_s = ", "reverbs = ", "reverb_s is missing"),
        ('group = "kick"', 'group = "kik"', 'has no group "kik"'),
        ('pattern = ["X...', 'pattern = ["X..', "is not 16 marks"),
        ('". . 1 - . . 1 -', '". . 2 - . . 1 -', "is not 16 marks"),
        ("bpm = ", "beats = 3\nbpm = ", "is not 12 marks"),
        ("bpm = ", "beats = 40\nbpm = ", "beats is 40"),
        ("[kit.kick]", "[gains]\nhatt = 2.0\n[kit.kick]", "hatt"),
        ("bpm = ", "bpm = [-5, 0] #", "bpm is"),
        ("bpm = ", 'bpm = ["a", "b"] #', "bpm, modes or params"),
        ("bpm = ", 'like = "zorp"\nbpm = ', 'like is "zorp"'),
        ("brightness = ", "brightness = 5 #", "brightness is 5"),
    ],
)
def test_style_mistakes_are_clear_errors(presets: Path, right: str, wrong: str, says: str) -> None:
    written = (data_folder() / "styles" / "house.toml").read_text(encoding="utf-8")
    head, _, body = written.partition("\nbpm = ")
    assert right in f"\nbpm = {body}"
    (presets / "styles" / "zorp.toml").write_text(head + f"\nbpm = {body}".replace(right, wrong, 1), encoding="utf-8")
    with pytest.raises(PromptError, match=says) as told:
        load_style("zorp")
    assert "zorp" in str(told.value)


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a user's own words; whoever read the words before reads them again, and afterwards."""
    path = tmp_path / "mine.toml"
    monkeypatch.setenv("LIVESET_VOCABULARY", str(path))
    _forget()
    yield path
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    for function in CACHED:
        function.cache_clear()


def test_a_users_own_words_count_before_the_shipped_ones(own: Path) -> None:
    assert parse("glorbnik house").unknown == ("glorbnik",)
    own.write_text(
        '[[word]]\nsay = ["glorbnik"]\nmove = { drive = 0.5 }\n[[word]]\nsay = ["trap"]\nstyle = { techno = 1 }\n'
        '[[amount]]\nsay = ["mega"]\nfactor = 2.0\n[[ignore]]\nsay = ["yo"]\n',
        encoding="utf-8",
    )
    _forget()
    found = parse("yo glorbnik trap")
    assert found.unknown == () and found.values["drive"] == pytest.approx(0.5) and dict(found.styles) == {"techno": 1.0}
    assert parse("warm house").unknown == (), "the shipped words are there as before"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('parameters = ["x"]', "parameters are pocket's own"),
        ('[[word]]\nsay = ["x"]\nmove = { drvie = 0.5 }', "drive"),
        ('[[word]]\nsai = ["x"]', "say"),
        ("nonsense", "mine.toml"),
    ],
)
def test_a_mistake_in_a_users_own_words_is_one_sentence(own: Path, text: str, said: str) -> None:
    own.write_text(text, encoding="utf-8")
    with pytest.raises(PromptError) as error:
        vocabulary()
    assert said in str(error.value) and "mine.toml" in str(error.value)
