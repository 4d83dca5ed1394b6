"""The vocabulary and the styles' outlines, read from presets/ once and checked."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from rapidfuzz import process

from engine.data import data_folder
from engine.errors import PromptError
from engine.keys import MODES
from engine.protocol import STEMS

PARTS: Final = (*STEMS, "kick", "snare", "hats", "perc", "pad", "comp", "arp", "melody", "texture")
"""What "no ..." can silence: stems, and parts of stems."""

_WORD_KEYS: Final = ("say", "move", "style", "suggest", "voice", "part", "mode")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a word or phrase means; see the header of presets/vocabulary.toml."""

    say: str
    move: Mapping[str, float] = field(default_factory=dict)
    style: Mapping[str, float] = field(default_factory=dict)
    suggest: Mapping[str, float] = field(default_factory=dict)
    voice: Mapping[str, str] = field(default_factory=dict)
    part: str = ""
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every phrase known.

    Attributes:
        parameters: names of the musical parameters, each 0..1.
        entries: phrase -> meaning; phrases are as `plain` makes them.
        amounts: phrase -> factor.
        negations, ignored: phrases.
    """

    parameters: tuple[str, ...]
    entries: Mapping[str, Entry]
    amounts: Mapping[str, float]
    negations: frozenset[str]
    ignored: frozenset[str]


@dataclass(frozen=True, slots=True)
class StyleTable:
    """A style's outline and its whole file.

    Attributes:
        name: as prompts say it.
        bpm: lowest and highest usual tempo.
        modes: mode -> weight.
        params: every musical parameter's value, 0..1.
        data: the file's content.
    """

    name: str
    bpm: tuple[float, float]
    modes: Mapping[str, float]
    params: Mapping[str, float]
    data: Mapping[str, Any]


def plain(text: str) -> str:
    """Lower case, no accents, hyphens and underscores as spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[-_’']", " ", bare).split())


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file of ours.

    Raises:
        PromptError: if it is missing or not TOML, saying where.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PromptError(f"cannot read {path}: {error.strerror}", "install liveset again") from error
    except tomllib.TOMLDecodeError as error:
        raise PromptError(f"{path} is not valid TOML: {error}") from error


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary file.

    Raises:
        PromptError: if it cannot be read or names something that is not there.
    """
    path = data_folder() / "vocabulary.toml"
    data = read_toml(path)
    parameters = tuple(data.get("parameters", ()))
    entries: dict[str, Entry] = {plain(name): Entry(plain(name), style={name: 1.0}) for name in style_names()}
    for item in data.get("word", ()):
        entries.update(_entries(path, item, parameters))
    amounts = {plain(say): float(item["factor"]) for item in data.get("amount", ()) for say in item["say"]}
    negations = frozenset(plain(say) for item in data.get("negation", ()) for say in item["say"])
    ignored = frozenset(plain(say) for item in data.get("ignore", ()) for say in item["say"])
    return Vocabulary(parameters, entries, amounts, negations, ignored)


def _entries(path: Path, item: Mapping[str, Any], parameters: tuple[str, ...]) -> dict[str, Entry]:
    say = [plain(text) for text in item.get("say", ())]
    where = f'{path}: "{say[0]}"' if say else f"{path}: a [[word]] without say"
    for names, allowed in (
        (item, _WORD_KEYS),
        (item.get("move", {}), parameters),
        (item.get("style", {}), style_names()),
        (item.get("suggest", {}), style_names()),
        ([item["part"]] if "part" in item else [], PARTS),
        ([item["mode"]] if "mode" in item else [], tuple(MODES)),
    ):
        for name in names:
            if name not in allowed:
                near = process.extractOne(str(name), allowed)
                raise PromptError(f'{where} has "{name}"', f'did you mean "{near[0]}"?' if near else "")
    rest = {key: item[key] for key in _WORD_KEYS[1:] if key in item}
    return {text: Entry(text, **rest) for text in say}


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
        low, high = data["bpm"]
        modes = {str(mode): float(weight) for mode, weight in data["modes"].items()}
        params = {parameter: float(data["params"].get(parameter, 0.5)) for parameter in vocabulary_parameters()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PromptError(f"{path}: bpm, modes or params are missing or not as in the other styles ({error})") from error
    for mode in modes:
        if mode not in MODES:
            raise PromptError(f'{path}: no mode "{mode}"', f'did you mean "{process.extractOne(mode, list(MODES))[0]}"?')
    for parameter in data["params"]:
        if parameter not in params:
            near = process.extractOne(parameter, list(params))
            raise PromptError(f'{path}: no parameter "{parameter}"', f'did you mean "{near[0]}"?')
    return StyleTable(name, (float(low), float(high)), modes, params, data)


@lru_cache(maxsize=64)
def style_data(name: str) -> dict[str, Any]:
    """A style's file laid over the style it is ``like``: tables are merged, everything else is replaced.

    Raises:
        PromptError: if there is no such file.
    """
    path = data_folder() / "styles" / f"{name.replace(' ', '_')}.toml"
    if not path.is_file():
        near = process.extractOne(name, style_names())
        raise PromptError(f'there is no style "{name}"', f'did you mean "{near[0]}"?' if near else "")
    data = read_toml(path)
    return _laid_over(style_data(data["like"]), data) if "like" in data else data


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
    return tuple(read_toml(data_folder() / "vocabulary.toml").get("parameters", ()))
