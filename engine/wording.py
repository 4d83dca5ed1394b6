"""Reading one prompt: phrases of the vocabulary, amounts, negations, tempo and key; near misses and unknown words named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz, process

from engine.errors import LivesetError
from engine.keys import MODES, Key
from engine.vocabulary import PARTS, Entry, plain, vocabulary

_LONGEST: Final = 4
"""Words in the longest phrase of the vocabulary."""
_NEAR: Final = 82.0
"""Similarity (0..100) from which an unknown word is taken for a known one."""
_BPM: Final = re.compile(r"(?:\b(\d{2,3}(?:\.\d+)?)\s*bpm\b)|(?:\bbpm\s*:?\s*(\d{2,3}(?:\.\d+)?)\b)", re.IGNORECASE)
_MODE_WORDS: Final = "|".join(sorted((*MODES, "min", "maj", "aeolian", "ionian"), key=len, reverse=True))
_KEY: Final = re.compile(
    rf"(?:\bin\s+|\bkey\s+of\s+)?(?<![\w#])([A-Ga-g](?:\s?(?:#|♯|♭)|b|[\s-](?:sharp|flat))?[\s-]*(?:{_MODE_WORDS}))\b",
    re.IGNORECASE,
)
_SHORT_KEY: Final = re.compile(r"\b(?:in|key of)\s+([A-G](?:#|b)?m?)(?![\w#])|(?<![\w#])([A-G](?:#|b)?m)(?![\w#])")
_SOLO: Final = ("only", "solo", "alone")
_STRONGEST: Final = 1.0


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one prompt says.

    Attributes:
        text: the prompt.
        bpm, key: named in it, or None; the key in its canonical spelling.
        mode: a mode that a word suggests where no key is named, or None.
        unknown: words nothing was understood from, as written.
        guesses: near misses: (as written, what it was taken for).
        values: musical parameter -> how far this prompt moves it, -1..1, on top of the style's own value.
        sources: parameter (or "style", "bpm", "key", "mode", "voice", "stem") -> the words it came from.
        styles: style name -> weight, summing to 1; empty when none is named.
        suggested: the same of styles that words only suggest ("deep"), where none is named.
        stems: stem or part of a stem -> level 0..1 where the prompt says so ("no drums" is 0).
        voices: part (bass, pad, comp, arp, melody) -> voice -> weight, for instruments named.
        instruments: the instruments named, as the vocabulary writes them.
    """

    text: str
    bpm: float | None = None
    key: str | None = None
    mode: str | None = None
    unknown: tuple[str, ...] = ()
    guesses: tuple[tuple[str, str], ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    styles: Mapping[str, float] = field(default_factory=dict)
    suggested: Mapping[str, float] = field(default_factory=dict)
    stems: Mapping[str, float] = field(default_factory=dict)
    voices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    instruments: tuple[str, ...] = ()

    @property
    def negated(self) -> tuple[str, ...]:
        """Stems and parts of stems the prompt excludes."""
        return tuple(stem for stem, level in self.stems.items() if level == 0)


class _Reader:
    """Collects what the phrases of one prompt say."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.sources: dict[str, list[str]] = {}
        self.styles: dict[str, float] = {}
        self.suggested: dict[str, float] = {}
        self.suggesting: list[str] = []
        self.stems: dict[str, float] = {}
        self.voices: dict[str, dict[str, float]] = {}
        self.instruments: list[str] = []
        self.solo: list[str] = []
        self.mode: str | None = None

    def note(self, what: str, words: str) -> None:
        words_so_far = self.sources.setdefault(what, [])
        if words not in words_so_far:
            words_so_far.append(words)

    def take(self, entry: Entry, factor: float, negated: bool, words: str) -> None:
        """One phrase with the amount and negation before it."""
        if negated and entry.part:
            self.stems[entry.part] = 0.0
            self.note("stem", words)
            return
        factor = -0.7 * factor if negated else factor
        for name, value in entry.move.items():
            self.values[name] = self.values.get(name, 0.0) + factor * value
            self.note(name, words)
        if factor <= 0:
            return
        for style, weight in entry.style.items():
            self.styles[style] = max(self.styles.get(style, 0.0), weight * min(1.0, factor))
            self.note("style", words)
        for style, weight in entry.suggest.items():
            self.suggested[style] = max(self.suggested.get(style, 0.0), weight * min(1.0, factor))
            self.suggesting.append(words)
        for part, voice in entry.voice.items():
            self.voices.setdefault(part, {})[voice] = min(1.0, factor)
            self.note("voice", words)
        if entry.mode and self.mode is None:
            self.mode = entry.mode
            self.note("mode", words)
        if entry.part and entry.part != "texture":
            self.instruments.append(entry.say)


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


@lru_cache(maxsize=256)
def parse(text: str) -> Parsed:
    """Understand one prompt.

    Raises:
        PromptError: if a vocabulary or style file cannot be read.
    """
    reader = _Reader()
    rest, bpm = _take_bpm(text, reader)
    rest, key = _take_key(rest, reader)
    unknown, guesses = _read_phrases(rest, reader)
    if reader.solo:
        _keep_only(reader)
    suggested = {} if reader.styles else _shares(reader.suggested)
    for words in reader.suggesting if suggested else ():
        reader.note("style", words)
    return Parsed(
        text=text,
        bpm=bpm,
        key=key,
        mode=reader.mode,
        unknown=tuple(unknown),
        guesses=tuple(guesses),
        values={name: min(_STRONGEST, max(-_STRONGEST, value)) for name, value in reader.values.items()},
        sources={what: tuple(words) for what, words in reader.sources.items()},
        styles=_shares(reader.styles),
        suggested=suggested,
        stems=reader.stems,
        voices=reader.voices,
        instruments=tuple(dict.fromkeys(reader.instruments)),
    )


def _take_bpm(text: str, reader: _Reader) -> tuple[str, float | None]:
    found = _BPM.search(text)
    if not found:
        return text, None
    bpm = float(found[1] or found[2])
    if not 20 <= bpm <= 300:
        return text, None
    reader.note("bpm", found[0])
    return text[: found.start()] + " , " + text[found.end() :], bpm


def _take_key(text: str, reader: _Reader) -> tuple[str, str | None]:
    for pattern in (_KEY, _SHORT_KEY):
        found = pattern.search(text)
        if not found:
            continue
        written = next(group for group in found.groups() if group)
        if (
            written[0] == "a"
            and not re.search(r"\bin\s+$|\bof\s+$", text[: found.start(1)])
            and len(written.split()) > 1
            and found.start()
        ):
            continue
        try:
            key = Key.parse(written).name
        except LivesetError:
            continue
        reader.note("key", found[0].strip())
        return text[: found.start()] + " , " + text[found.end() :], key
    return text, None


def _read_phrases(text: str, reader: _Reader) -> tuple[list[str], list[tuple[str, str]]]:
    """Longest phrases first, left to right; a comma ends the reach of amounts and negations."""
    words = vocabulary()
    unknown: list[str] = []
    guesses: list[tuple[str, str]] = []
    for clause in re.split(r"[,;.:!?/+()\[\]\n]+", text):
        tokens = plain(clause).split()
        factor, negated, last, i = 1.0, False, "", 0
        begin: int | None = None  # where the amount or negation before the next phrase begins
        while i < len(tokens):
            size, phrase = _longest(tokens, i)
            if phrase in words.negations:
                negated, begin = True, i if begin is None else begin
            elif phrase in words.amounts:
                factor, begin = factor * words.amounts[phrase], i if begin is None else begin
            elif phrase in _SOLO:
                reader.solo.append(last or (tokens[i + 1] if i + 1 < len(tokens) else ""))
            elif phrase in words.entries:
                reader.take(words.entries[phrase], factor, negated, " ".join(tokens[i if begin is None else begin : i + size]))
                factor, last = 1.0, phrase
                negated = negated and i + size < len(tokens) and tokens[i + size] in {"or", "nor"}
                begin = i + size if negated else None
            elif phrase not in words.ignored:
                near = _guess(phrase)
                if near is None:
                    unknown.append(phrase)
                else:
                    guesses.append((phrase, near))
                    reader.take(words.entries[near], factor, negated, " ".join(tokens[i if begin is None else begin : i + size]))
                    factor, negated, last, begin = 1.0, False, near, None
            i += size
    return unknown, guesses


def _longest(tokens: list[str], start: int) -> tuple[int, str]:
    words = vocabulary()
    for size in range(min(_LONGEST, len(tokens) - start), 0, -1):
        phrase = " ".join(tokens[start : start + size])
        if phrase in words.entries or phrase in words.amounts or phrase in words.negations or phrase in _SOLO:
            return size, phrase
    return 1, tokens[start]


@lru_cache(maxsize=1024)
def _guess(word: str) -> str | None:
    """The phrase a misspelt word was meant to be, or None."""
    if len(word) < 4 or word.isdigit():
        return None
    near = process.extractOne(word, list(vocabulary().entries), scorer=fuzz.ratio, score_cutoff=_NEAR)
    return near[0] if near else None


def _keep_only(reader: _Reader) -> None:
    """ "drums only": every stem the phrases around "only" do not name is silent."""
    entries = vocabulary().entries
    stem_of = dict(
        zip(PARTS, ("drums", "bass", "harmony", "lead", *["drums"] * 4, "harmony", "harmony", "lead", "lead", ""), strict=True)
    )
    kept = {stem_of.get(entries[word].part, "") for word in reader.solo if word in entries and entries[word].part}
    if kept - {""}:
        for stem in ("drums", "bass", "harmony", "lead"):
            if stem not in kept:
                reader.stems[stem] = 0.0
        reader.note("stem", "only")
