"""The vocabulary and the styles' outlines, read from presets/ once and checked."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import PromptError
from engine.music.key import MODES
from engine.protocol import STEMS, Role, visible
from engine.resources import data_folder
from engine.suggest import did_you_mean
from engine.textfiles import read_toml
from engine.timebase import MAX_BPM, MIN_BPM

WITHIN: Final = {
    **dict.fromkeys(("kick", "snare", "hats", "perc"), "drums"),
    **dict.fromkeys(("pad", "comp"), "harmony"),
    **dict.fromkeys(("arp", "melody"), "lead"),
}
"""The stem that each part of one belongs to."""
PARTS: Final = (*STEMS, *WITHIN, "texture")
"""What "no ..." can silence: stems, and parts of stems."""

VOICED: Final = ("bass", "pad", "comp", "arp", "melody", "texture")
"""Parts whose voice a word can name."""

MOST_OWN: Final = 200
"""Words of a vocabulary of one's own that are offered while writing."""

MOST_WORDS: Final = 4
"""Words in the longest phrase."""


Says = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
Shares = dict[str, Annotated[float, Field(gt=0.0)]]


class _Table(BaseModel):
    """A table of the vocabulary file; see its header."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class _Meaning(_Table):
    move: dict[str, Annotated[float, Field(ge=-1.0, le=1.0)]] = {}
    style: Shares = {}
    suggest: Shares = {}
    voice: dict[str, str] = {}
    part: str = ""
    whole: bool = False
    mode: str = ""
    guess: bool = False


class Entry(_Meaning):
    """What a word or phrase means; see the header of presets/vocabulary.toml."""

    say: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every phrase known.

    Attributes:
        parameters: names of the musical parameters, each 0..1.
        entries: phrase -> meaning; phrases are as `plain` makes them.
        amounts: phrase -> factor.
        negations, ignored: phrases.
        refused_after: words that refuse the part right before them ("off").
        tags: names of parts of a piece, as in "[Intro]" -> the role they stand for.
        unspaced: phrases of scripts that are written without spaces, the longest first.
    """

    parameters: tuple[str, ...]
    entries: Mapping[str, Entry]
    amounts: Mapping[str, float]
    negations: frozenset[str]
    ignored: frozenset[str]
    refused_after: frozenset[str]
    tags: Mapping[str, Role]
    unspaced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StyleTable:
    """A style's outline and its whole file.

    Attributes:
        name: as prompts say it.
        bpm: lowest and highest usual tempo.
        modes: mode -> weight.
        params: every musical parameter's value, 0..1.
        beats: of a bar.
        data: the file's content.
    """

    name: str
    bpm: tuple[float, float]
    modes: Mapping[str, float]
    params: Mapping[str, float]
    data: Mapping[str, Any]
    beats: int = 4


_UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
"""Kana and the signs shared by Chinese and Japanese."""
_VOICING: Final = "\u3099\u309a"
"""Marks that make another kana of one: no accents."""


def plain(text: str) -> str:
    """Lower case, no accents, hyphens and underscores as spaces: for looking up, never for showing."""
    letters = (c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c) or c in _VOICING)
    return " ".join(re.sub(r"[-_’'‐‑]", " ", unicodedata.normalize("NFC", "".join(letters))).split())


class _Word(_Meaning):
    say: Says


class _Negation(_Table):
    say: Says
    after: bool = False


class _Tag(_Table):
    say: Says
    role: Role


class _Amount(_Table):
    say: Says
    factor: float


class _Says(_Table):
    say: Says


class _File(_Table):
    parameters: list[str]
    word: list[_Word] = []
    amount: list[_Amount] = []
    negation: list[_Negation] = []
    tag: list[_Tag] = []
    ignore: list[_Says] = []


def _checked(path: Path, data: Mapping[str, Any]) -> _File:
    """The file's tables, or one clear sentence."""
    try:
        return _File.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        table, *rest = first["loc"]
        where = f'"{table}"'
        if rest and isinstance(rest[0], int):
            number = rest.pop(0)
            item = data[str(table)][number]
            said = item.get("say") if isinstance(item, dict) else None
            where = f"[[{table}]] number {int(number) + 1}" + (f' ("{said[0]}")' if isinstance(said, list) and said else "")
        key = ".".join(str(each) for each in rest)
        where += f", {key}" if key else ""
        hint = "see the file's header"
        if first["type"] == "extra_forbidden":
            kinds: dict[str, type[BaseModel]] = {"word": _Word, "amount": _Amount, "negation": _Negation, "tag": _Tag}
            allowed = tuple(kinds.get(str(table), _Says if rest else _File).model_fields)
            raise PromptError(f"{path}: {where} is not known", did_you_mean(str(first["loc"][-1]), allowed)) from error
        raise PromptError(f"{path}: {where}: {first['msg'].lower()}", hint) from error


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary file, and the user's own over it.

    Raises:
        PromptError: if it cannot be read or names something that is not there.
    """
    path = data_folder() / "vocabulary.toml"
    shipped = _checked(path, read_toml(path, PromptError))
    parameters = tuple(shipped.parameters)
    files = ((path, shipped), *_own(parameters))
    entries: dict[str, Entry] = {plain(name): Entry(say=plain(name), style={name: 1.0}) for name in style_names()}
    for where, file in files:
        for item in file.word:
            entries.update(_entries(where, item, parameters))
    amounts = {plain(say): item.factor for _, file in files for item in file.amount for say in item.say}
    refusals = [(plain(say), item.after) for _, file in files for item in file.negation for say in item.say]
    negations = frozenset(say for say, follows in refusals if not follows)
    after = frozenset(say for say, follows in refusals if follows)
    tags = {plain(say): item.role for _, file in files for item in file.tag for say in item.say}
    ignored = frozenset(plain(say) for _, file in files for item in file.ignore for say in item.say)
    every = {*entries, *amounts, *negations, *ignored, *after}
    unspaced = sorted((phrase for phrase in every if _UNSPACED.search(phrase)), key=lambda phrase: (-len(phrase), phrase))
    return Vocabulary(parameters, entries, amounts, negations, ignored, after, tags, tuple(unspaced))


def own_vocabulary() -> Path:
    """Where this user's own words lie: $LIVESET_VOCABULARY, or vocabulary.toml in the folder for settings."""
    chosen = os.environ.get("LIVESET_VOCABULARY")
    return Path(chosen).expanduser() if chosen else platformdirs.user_config_path("liveset") / "vocabulary.toml"


def own_words() -> tuple[str, ...]:
    """The words of the user's own vocabulary, as they are written there; none where it cannot be read."""
    try:
        files = _own(vocabulary_parameters())
    except PromptError:
        return ()
    return tuple(dict.fromkeys(say for _, file in files for item in file.word for say in item.say))[:MOST_OWN]


def _own(parameters: tuple[str, ...]) -> tuple[tuple[Path, _File], ...]:
    """The user's own words, which count before the shipped ones; none where there is no such file.

    Raises:
        PromptError: if it cannot be read.
    """
    path = own_vocabulary()
    if not path.is_file():
        return ()
    data = read_toml(path, PromptError)
    if "parameters" in data:
        raise PromptError(f"{path}: parameters are pocket's own", "leave the line out; its [[word]] may move any of them")
    return ((path, _checked(path, {"parameters": list(parameters), **data})),)


def _entries(path: Path, item: _Word, parameters: tuple[str, ...]) -> dict[str, Entry]:
    say = [plain(text) for text in item.say]
    for names, allowed in (
        (item.move, parameters),
        (item.style, style_names()),
        (item.suggest, style_names()),
        (item.voice, VOICED),
        ([item.part] if item.part else [], PARTS),
        ([item.mode] if item.mode else [], tuple(MODES)),
    ):
        for name in names:
            if name not in allowed:
                raise PromptError(f'{path}: "{say[0]}" has "{name}"', did_you_mean(str(name), allowed))
    for text in say:
        if len(text.split()) > MOST_WORDS:
            raise PromptError(f'{path}: "{text}" has more than {MOST_WORDS} words', "shorten it: it would never be found")
    if item.guess and not item.style:
        raise PromptError(f'{path}: "{say[0]}" is a guess at no style', "add style = { ... }")
    rest = item.model_dump(exclude={"say"})
    return {text: Entry(say=text, **rest) for text in say}


@lru_cache(maxsize=1)
def style_names() -> tuple[str, ...]:
    """Names of all styles, alphabetical."""
    return tuple(sorted(path.stem.replace("_", " ") for path in (data_folder() / "styles").glob("*.toml")))


@lru_cache(maxsize=64)
def style_table(name: str) -> StyleTable:
    """A style's file.

    Raises:
        PromptError: if there is none of that name, or it does not make sense.
    """
    path = data_folder() / "styles" / f"{name.replace(' ', '_')}.toml"
    data = style_data(name)
    try:
        low, high = (float(bpm) for bpm in data["bpm"])
        modes = {str(mode): float(weight) for mode, weight in data["modes"].items()}
        params = {parameter: float(data["params"].get(parameter, 0.5)) for parameter in vocabulary_parameters()}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PromptError(
            f"{path}: bpm, modes or params are missing or wrong ({error})", "compare it with presets/styles/house.toml"
        ) from error
    if not MIN_BPM <= low <= high <= MAX_BPM:
        raise PromptError(
            f"{path}: bpm is [{low:g}, {high:g}]", f"it is the lowest and the highest tempo, {MIN_BPM} to {MAX_BPM}"
        )
    beats = data.get("beats", 4)
    if beats not in range(2, 13):
        raise PromptError(f"{path}: beats is {visible(str(beats))[:20]}", "it is the beats of a bar, 2 to 12")
    for parameter, value in params.items():
        if not 0.0 <= value <= 1.0:
            raise PromptError(f"{path}: [params] {parameter} is {value:g}", "it is 0 to 1")
    for mode in modes:
        if mode not in MODES:
            raise PromptError(f'{path}: no mode "{mode}"', did_you_mean(mode, MODES))
    for parameter in data["params"]:
        if parameter not in params:
            raise PromptError(f'{path}: no parameter "{parameter}"', did_you_mean(parameter, params))
    return StyleTable(name, (low, high), modes, params, data, int(beats))


@lru_cache(maxsize=64)
def style_data(name: str) -> dict[str, Any]:
    """A style's file laid over the style it is ``like``: tables are merged, everything else is replaced.

    Raises:
        PromptError: if there is no such file.
    """
    path = data_folder() / "styles" / f"{name.replace(' ', '_')}.toml"
    if not path.is_file():
        raise PromptError(f'there is no style "{name}"', did_you_mean(name, style_names()))
    data = read_toml(path, PromptError)
    if "like" not in data:
        return data
    below = data["like"]
    if below not in style_names() or below == name:
        others = [each for each in style_names() if each != name]
        raise PromptError(f'{path}: like is "{below}"', did_you_mean(str(below), others))
    return _laid_over(style_data(below), data)


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        merged[key] = (
            _laid_over(merged[key], value)
            if isinstance(value, dict) and isinstance(merged.get(key), dict) and key != "modes"
            else value
        )
    return merged


@lru_cache(maxsize=1)
def vocabulary_parameters() -> tuple[str, ...]:
    """Names of the musical parameters (what styles need of the vocabulary, which in turn needs the styles' names)."""
    return tuple(read_toml(data_folder() / "vocabulary.toml", PromptError).get("parameters", ()))
