"""Words in a row: which of them make a phrase, what part it names, how far a negation reaches, and what a new word may mean."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from engine.prompts.vocabulary import MOST_WORDS, Entry, vocabulary
from engine.protocol import STEMS
from engine.suggest import same_letters

_NEAR: Final = 82.0
"""Similarity (0..100) from which an unknown word is taken for a known one."""
BEFORE: Final = ("only", "just", "solo")
BEHIND: Final = ("only", "alone")
"""Those that stand right before what is to play, and at the end of what does."""
SOLO: Final = (*BEFORE, *BEHIND)
EXCEPT: Final = ("but", "except", "except for", "apart from", "save for", "besides")
OR: Final = ("or", "nor", "oder", "noch", "ou", "o", "ni")
AND: Final = ("and", "&", "und", "et", "y", "と", "も", *OR)
ARTICLES: Final = (
    "the",
    "any",
    "a",
    "an",
    "all",
    "der",
    "die",
    "das",
    "le",
    "la",
    "les",
    "el",
    "los",
    "las",
    "il",
    "lo",
    "os",
    "as",
)
GRAMMAR: Final = frozenset((*SOLO, *EXCEPT, *AND))
_ENDINGS: Final = (
    *(("ier", "y"), ("iest", "y"), ("iness", "y"), ("er", ""), ("er", "e")),
    *(("est", ""), ("est", "e"), ("ish", ""), ("ness", "")),
)
"""Endings of words that mean what the word without them does, and what stands there instead."""

BREAK: Final = "|"
"""Stands between words that belong to different phrases."""


def spelled_out(tokens: list[str]) -> list[str]:
    """ "Drumless", "bass-free" and "nodrums", and a clause that is "drums off", as "no drums"."""
    out = list(_refused_behind(list(_split(tokens))))
    if len(out) > 1 and out[-1] in {"no", "off", "none", "muted"} and part_at(out, 0, to=len(out) - 1) in STEMS:
        return ["no", *out[:-1]]
    return out


def _refused_behind(tokens: list[str]) -> Iterator[str]:
    """ "Drums ❌" and the like as "no drums"."""
    after, i = vocabulary().refused_after, 0
    while i < len(tokens):
        size, phrase = longest(tokens, i)
        behind = i + size < len(tokens) and tokens[i + size] in after
        entry = vocabulary().entries.get(phrase)
        if behind and entry is not None and (entry.part or entry.style):
            yield from ("no", *tokens[i : i + size], BREAK)
            i += 1
        elif tokens[i] not in after or tokens[i] in vocabulary().negations:
            yield from tokens[i : i + size]
        i += size


def _split(tokens: list[str]) -> Iterator[str]:
    entries = vocabulary().entries

    def part(word: str) -> str:
        return next((each for each in (word, f"{word}s") if each in entries and entries[each].part), "")

    i = 0
    while i < len(tokens):
        size, phrase = longest(tokens, i)
        after, whole = i + size, phrase if size > 1 else part(phrase)
        less = tokens[after] in {"less", "free"} if after < len(tokens) else False
        if less and part(whole) and (after + 1 == len(tokens) or _names_style(tokens, after + 1)):
            yield from ("no", *whole.split(), BREAK)
            after += 1
        elif phrase in entries:
            yield from tokens[i:after]
        elif phrase[-4:] in {"less", "free"} and part(phrase[:-4]):
            yield from ("no", part(phrase[:-4]), BREAK)
        elif phrase[:2] == "no" and part(phrase[2:]):
            yield from ("no", part(phrase[2:]), BREAK)
        else:
            yield from tokens[i:after]
        i = after


def _names_style(tokens: list[str], start: int) -> bool:
    entry = vocabulary().entries.get(longest(tokens, start)[1])
    return entry is not None and bool(entry.style)


def part_at(tokens: list[str], start: int, to: int | None = None, named: bool = False) -> str:
    """The part that the phrase at ``start`` belongs to, articles aside.

    "" where there is none, where the phrase does not end at ``to``, or is not the part's own name where ``named`` is asked.
    """
    while start < len(tokens) and tokens[start] in ARTICLES:
        start += 1
    if start >= len(tokens):
        return ""
    size, phrase = longest(tokens, start)
    entry = vocabulary().entries.get(phrase)
    if entry is None or (to is not None and start + size != to) or (named and not names_part(entry)):
        return ""
    return entry.part


def names_part(entry: Entry) -> bool:
    """Whether a phrase stands for a whole part, not for one of the instruments that may play it."""
    return bool(entry.part) and (not entry.voice or entry.whole)


def reaches_on(tokens: list[str], at: int, part: str) -> bool:
    """Whether a negation of a part reaches over the word at ``at``: any "or", an "and" that only parts' names follow, and
    another word for the same part."""
    if at >= len(tokens):
        return False
    if tokens[at] not in AND:
        return bool(part) and part_at(tokens, at) == part
    return tokens[at] in OR or _bare(tokens[at + 1 :])


def _bare(tokens: list[str]) -> bool:
    """Whether these are names of parts and nothing else, with "and" or "or" between them."""
    i, named = 0, False
    while i < len(tokens):
        while i < len(tokens) and tokens[i] in ARTICLES:
            i += 1
        if not part_at(tokens, i):
            return False
        size, phrase = longest(tokens, i)
        if size > 1 and vocabulary().entries[phrase].voice:  # "and warm pads" says what shall play
            return False
        named, i = True, i + size
        if i < len(tokens):
            if tokens[i] not in AND:
                return False
            i += 1
    return named


def listed(tokens: list[str], rest: list[list[str]]) -> int:
    """How many clauses that follow one that ends in a negated part are the rest of its list: "no kick, snare or hats"."""
    negations = vocabulary().negations
    starts = (i + n for i in range(len(tokens)) for n in range(1, MOST_WORDS + 1) if " ".join(tokens[i : i + n]) in negations)
    if not any(_bare(tokens[start:]) for start in starts):
        return 0
    for count, clause in enumerate(rest, 1):
        if not _bare(clause[1:] if clause[:1] and clause[0] in OR else clause):
            return 0
        if any(token in OR for token in clause):
            return count
    return 0


def longest(tokens: list[str], start: int) -> tuple[int, str]:
    """How many tokens from ``start`` on are one known phrase, and the phrase: the longest counts."""
    words = vocabulary()
    for size in range(min(MOST_WORDS, len(tokens) - start), 0, -1):
        phrase = " ".join(tokens[start : start + size])
        if phrase in words.entries or phrase in words.amounts or phrase in words.negations or phrase in GRAMMAR:
            return size, phrase
    return 1, tokens[start]


def base_form(word: str) -> str | None:
    """The word that another is a form of, as "warm" is of "warmer"; None where the vocabulary has none."""
    entries = vocabulary().entries
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 2:
            base = word.removesuffix(ending) + instead
            short = base[:-1] if base[-1:] == base[-2:-1] else base  # sadder
            found = next(
                (each for each in (base, short) if each in entries and not entries[each].style and not entries[each].part), None
            )
            if found is not None:
                return found
    return None


@lru_cache(maxsize=1024)
def guess(word: str) -> str | None:
    """The phrase a misspelt word was meant to be, or None."""
    if len(word) < 4 or word.isdigit():
        return None
    return same_letters(word, vocabulary().entries, _NEAR)
