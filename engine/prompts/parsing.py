"""Reading one prompt: what its tempo, its key and its phrases say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from engine.errors import LivesetError
from engine.music.key import MODES, Key
from engine.prompts.phrases import Reader
from engine.timebase import MAX_BPM, MIN_BPM

_NUMBER: Final = r"(\d{2,3}(?:[.,]\d+)?)"
_BPM: Final = re.compile(
    rf"\b(?:{_NUMBER}\s*(?:-|–|to)\s*)?{_NUMBER}\s*-?(?:bpm|beats\s+(?:per|a)\s+minute)\b"
    rf"|(?:\b(?:bpm|tempo)\s*(?:of|is|[:=])?\s*|@\s*){_NUMBER}\b(?!\s*/)",
    re.IGNORECASE,
)
"""A tempo: "124 BPM", "120-124 BPM" (their middle), "tempo 124", "@124"."""
_MODE_WORDS: Final = "|".join(sorted((*MODES, "min", "maj", "aeolian", "ionian"), key=len, reverse=True))
_KEY: Final = re.compile(
    rf"(?:\bin\s+|\bkey\s+of\s+)?(?<![\w#])([A-Ga-g](?:\s?(?:#|♯|♭)|b|[\s-](?:sharp|flat))?[\s-]*(?:{_MODE_WORDS}))\b",
    re.IGNORECASE,
)
_SHORT_KEY: Final = re.compile(r"\b(?:in|key of)\s+([A-G](?:#|b)?m?)(?![\w#])|(?<![\w#])([A-G](?:#|b)?m)(?![\w#])")
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
        sources: parameter (or "style", "bpm", "key", "mode", "voice", "stem", "softer", "avoided") -> the words it came from.
        styles: style name -> weight, summing to 1; empty when none is named.
        suggested: the same of styles that words only suggest ("deep"), where none is named.
        stems: stem or part of a stem -> level 0..1 where the prompt says so ("no drums" is 0, "less drums" in between).
        voices: part (bass, pad, comp, arp, melody) -> voice -> weight, for instruments named.
        avoided: part -> voices that must not play it ("no piano").
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
    avoided: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    instruments: tuple[str, ...] = ()

    @property
    def negated(self) -> tuple[str, ...]:
        """Stems and parts of stems the prompt excludes."""
        return tuple(stem for stem, level in self.stems.items() if level == 0)

    @property
    def softer(self) -> dict[str, float]:
        """Stems and parts of stems that the prompt wants less of, and their level."""
        return {stem: level for stem, level in self.stems.items() if level > 0}


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


@lru_cache(maxsize=256)
def parse(text: str) -> Parsed:
    """Understand one prompt.

    Raises:
        PromptError: if a vocabulary or style file cannot be read.
    """
    reader = Reader()
    rest, bpm = _take_bpm(text, reader)
    rest, key = _take_key(rest, reader)
    reader.read(rest)
    suggested = {} if reader.styles else _shares(reader.suggested)
    for words in reader.suggesting if suggested else ():
        reader.note("style", words)
    return Parsed(
        text=text,
        bpm=bpm,
        key=key,
        mode=reader.mode,
        unknown=tuple(dict.fromkeys(reader.unknown)),
        guesses=tuple(dict.fromkeys(reader.guesses)),
        values={name: min(_STRONGEST, max(-_STRONGEST, value)) for name, value in reader.values.items()},
        sources={what: tuple(words) for what, words in reader.sources.items()},
        styles=_shares(reader.styles),
        suggested=suggested,
        stems=reader.stems,
        voices=reader.voices,
        avoided={part: tuple(voices) for part, voices in reader.avoided.items()},
        instruments=tuple(dict.fromkeys(reader.instruments)),
    )


def _take_bpm(text: str, reader: Reader) -> tuple[str, float | None]:
    read = [(match, bpm) for match in _BPM.finditer(text) if MIN_BPM <= (bpm := _bpm_of(match)) <= MAX_BPM]
    if not read:
        return text, None
    found, bpm = next((one for one in read if one[0][2]), read[0])  # "124 BPM" counts for more than "tempo 124"
    reader.note("bpm", found[0])
    return text[: found.start()] + " , " + text[found.end() :], bpm


def _bpm_of(match: re.Match[str]) -> float:
    """The tempo that was written, or the middle of two."""
    numbers = [float(group.replace(",", ".")) for group in match.groups() if group]
    return sum(numbers) / len(numbers)


def _take_key(text: str, reader: Reader) -> tuple[str, str | None]:
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
