"""Tempos and keys as people write them, with the place where each stands: what was read is what is taken out.

The one reader for everybody: prompts are understood by it, and what a model is told has these places cut out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from engine.errors import LivesetError
from engine.music.key import Key
from engine.music.spelling import IN_TEXT
from engine.timebase import MAX_BPM, MIN_BPM

_LIKELY: Final = (60.0, 200.0)
"""A number without a unit within these is taken for a tempo where nothing else is one."""

_UNITS: Final = {
    word: value for value, word in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))
}
_TEENS: Final = {
    word: 10 + value
    for value, word in enumerate(
        ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
    )
}
_TENS: Final = {
    word: 10 * value
    for value, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2)
}
_BELOW_100: Final = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[\s-](?:{'|'.join(list(_UNITS)[1:])})(?![a-z]))?|{'|'.join(_TEENS)}|{'|'.join(_UNITS)})"
)
_IN_WORDS: Final = rf"(?:(?:a|one|two)[\s-]hundred(?:[\s-](?:and[\s-])?{_BELOW_100})?|(?:one[\s-])?{_BELOW_100})"
_NUMBER: Final = r"\d{2,3}(?:[.,]\d{1,3})?"
_EITHER: Final = rf"(?:{_NUMBER}|{_IN_WORDS})"
_LEAD: Final = (
    r"(?:\b(?:then\s+)?(?:start(?:ing|s)?|speed(?:ing|s)?\s+up|slow(?:ing|s)?\s+down|accelerat(?:e|es|ing)|ris(?:e|es|ing)"
    r"|go(?:es|ing)?(?:\s+up|\s+down)?)\s+(?:at|to|from|with)\s+|\b(?:at|from|around|about|circa|ca\.?|approx\.?)\s+|~\s*)?"
)
_UNIT: Final = r"\s*-?(?:bpm|beats?\s+(?:per|a)\s+minute|schl[äa]ge\s+pro\s+minute)(?![a-z])"
_RANGE: Final = r"\s*(?:-|–|—|to|bis|/)\s*"
_TEMPO: Final = re.compile(
    rf"{_LEAD}(?<![\w.,])(?:(?:({_NUMBER}){_RANGE}|({_IN_WORDS})\s+to\s+))?({_EITHER}){_UNIT}"
    rf"|(?:\b(?:bpm|tempo)(?:\s+(?:of|is|at))?\s*[:=]?\s*|@\s*)(?:({_NUMBER}){_RANGE})?({_NUMBER})(?![\w/]|[.,]\d)(?:\s*bpm\b)?",
    re.IGNORECASE,
)
"""A tempo: "124 BPM", "120-124 BPM" (their middle), "tempo: 124", "@124", "one hundred and twenty bpm"."""
_AT: Final = re.compile(rf"\bat\s+({_NUMBER})(?=\s*(?:[,;.!|)\]]|$|\bin\b|\bwith\b))", re.IGNORECASE)
"""A tempo without its unit: "house at 124"."""
_BARE: Final = re.compile(rf"(?<![\w.,/:#@'’-])({_NUMBER})(?![\w/:%'’]|[.,]\d|-\w)")
METER: Final = re.compile(r"(?<![\w/])(\d{1,2})\s?/\s?(2|4|8|16)(?![\w/])(?:\s+(?:time|meter|metre|beat)\b)?", re.IGNORECASE)
"""A time signature: "7/8", "3/4 time"."""

_DANGLING: Final = " ,;|/:–—-"
_DOUBLED: Final = re.compile(r" ?([,;|/])(?: ?[,;|/])+ ?")


@dataclass(frozen=True, slots=True)
class Reading:
    """A tempo or a key, and the characters [start, end) of the text that say it."""

    start: int
    end: int
    words: str


@dataclass(frozen=True, slots=True)
class Tempo(Reading):
    """A tempo in BPM; ``sure`` unless only the place of a number says that it is one."""

    bpm: float
    sure: bool = True


@dataclass(frozen=True, slots=True)
class NamedKey(Reading):
    """A key in its canonical spelling."""

    key: str


def tempos(text: str) -> list[Tempo]:
    """Every tempo in a text, from 20 to 300 BPM, the one that counts first."""
    found = []
    for match in _TEMPO.finditer(text):
        unit = match[3] is not None
        numbers = [_value(group) for group in match.groups() if group]
        bpm = sum(numbers) / len(numbers)
        if MIN_BPM <= bpm <= MAX_BPM:
            found.append((not unit, Tempo(match.start(), match.end(), match[0].strip(), bpm)))
    found.sort(key=lambda each: each[0])  # "124 BPM" counts for more than "tempo 124"
    if found:
        return [tempo for _, tempo in found]
    likely = ((match, _value(match[1])) for match in _AT.finditer(text))
    return [Tempo(m.start(), m.end(), m[0], bpm) for m, bpm in likely if _LIKELY[0] <= bpm <= _LIKELY[1]]


def bare_number(text: str) -> Tempo | None:
    """The only number of a text that may be a tempo, 60 to 200; None where there is none, or more than one."""
    likely = [(match, _value(match[1])) for match in _BARE.finditer(text)]
    inside = [Tempo(m.start(), m.end(), m[0], bpm, False) for m, bpm in likely if _LIKELY[0] <= bpm <= _LIKELY[1]]
    return inside[0] if len(inside) == 1 else None


def keys(text: str) -> list[NamedKey]:
    """Every key in a text, those whose mode is in words first."""
    found: list[NamedKey] = []
    for pattern in IN_TEXT:
        for match in pattern.finditer(text):
            written = next(group for group in match.groups() if group)
            if any(other.start < match.end() and match.start() < other.end for other in found):
                continue
            if _article(text, match, written):
                continue
            try:
                key = Key.parse(written).name
            except LivesetError:
                continue
            found.append(NamedKey(match.start(), match.end(), match[0].strip(), key))
    return found


def _article(text: str, match: re.Match[str], written: str) -> bool:
    """Whether the "a" of "in a minor key" or "a minor detail" is the article, not the note."""
    if not written.startswith("a ") and not written.startswith("a-"):
        return False
    if re.search(r"\bkey$", match[0]) and not re.match(r"key", match[0], re.IGNORECASE):
        return True
    if match[0].lower() != written.lower():  # "in a minor", "key of a minor"
        return re.match(r"\s+(?:key|scale|mode|mood|tonality|feel|way|sound)\b", text[match.end() :]) is not None
    before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip()
    return bool(before and before[-1] not in ",;:.|/([") or bool(after and after[0] not in ",;.|/)]")


@lru_cache(maxsize=256)
def _value(written: str) -> float:
    """A number in digits or in words."""
    if written[0].isdigit():
        return float(written.replace(",", "."))
    total = 0
    words = [word for word in re.split(r"[\s-]+", written.lower()) if word != "and"]
    for place, word in enumerate(words):
        if word == "hundred":
            total = max(1, total) * 100
        elif word == "a":
            total = 1
        else:
            value = _UNITS.get(word, _TEENS.get(word, _TENS.get(word, 0)))
            one_twenty = place == 1 and total == 1 and value >= 10 and words[0] == "one"
            total = total * 100 + value if one_twenty else total + value
    return float(total)


def blanked(text: str, readings: Iterable[Reading]) -> str:
    """The text with commas where tempos and keys stood, as long as before: places in it stay what they are."""
    for reading in readings:
        text = text[: reading.start] + ",".ljust(reading.end - reading.start) + text[reading.end :]
    return text


def without(text: str, readings: Iterable[Reading]) -> str:
    """The text without these places and without the commas and bars that would be left dangling."""
    cut = " ".join(blanked(text, readings).split())
    cut = _DOUBLED.sub(r"\1 ", cut)
    cut = re.sub(r" (?=[,;])", "", cut)
    return cut.strip(_DANGLING).rstrip(".")
