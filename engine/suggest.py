"""The nearest right word for a wrong one: every "did you mean" of liveset comes from here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rapidfuzz import fuzz, process

CLOSE: Final = 60.0
"""Similarity, 0..100, from which a word is suggested at all."""

_MOST_LISTED: Final = 20
"""Words that a hint lists at most where none is near."""


def nearest_word(word: str, known: Iterable[str], at_least: float = CLOSE) -> str | None:
    """The known word most like another, whatever its case; None where none is ``at_least``, 0..100, alike."""
    if len(word) < 2:
        return None
    found = process.extractOne(word, list(known), processor=str.lower, score_cutoff=at_least)
    return found[0] if found else None


def same_letters(word: str, known: Iterable[str], at_least: float) -> str | None:
    """As `nearest_word`, by the letters of the whole word alone: strict enough to act upon, not just to suggest."""
    found = process.extractOne(word, list(known), scorer=fuzz.ratio, score_cutoff=at_least)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or where none is near all of them, or nothing where they are too many."""
    choices = list(known)
    near = nearest_word(word, choices)
    if near is not None:
        return f'did you mean "{near}"?'
    return "choose one of: " + ", ".join(choices) if 0 < len(choices) <= _MOST_LISTED else ""
