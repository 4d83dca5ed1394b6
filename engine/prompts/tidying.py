"""Signs in a prompt that stand for words, as words: quotes, slashes, emoji, weights in brackets, lists of what is refused."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from engine.prompts.vocabulary import plain, vocabulary

WEIGHT: Final = "×"
"""Before a number: the weight, in hundredths, of every word up to the end of the sentence, as in "×130 techno"."""
REFUSED: Final = "⊘"
"""Alone: every word up to the end of the sentence is refused."""

_FULL_WIDTH: Final = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20, 0x3001: 0x2C, 0x3002: 0x2E}
"""Full-width signs and the Japanese comma and full stop, as their plain forms of the same length."""
_STRUCK: Final = re.compile(r"(?:\w[\u0334-\u0338])+")
_STRUCK_MARKS: Final = re.compile(r"[\u0334-\u0338]")
_TILDES: Final = re.compile(r"~~([^~]{1,200})~~")
_WEIGHTED: Final = re.compile(r"\(\s*([^():]{1,200}?)\s*:\s*(\d{1,2}(?:\.\d{1,4})?)\s*\)")
_LOUDER: Final = re.compile(r"\({2,5}([^()]{1,200})\){2,5}")
_LOUDER_BY: Final = 1.1
"""What each pair of brackets around words multiplies their weight by, as in image prompts."""
_UNHEARD: Final = 0.05
"""A weight below this is a refusal."""
_NO_LIST: Final = re.compile(
    r"\b(?:negative(?:\s+prompts?)?|exclude|excluded|avoid|no|without|not\s+wanted|unwanted|ohne|sin|sans|senza|sem)\s*:",
    re.IGNORECASE,
)
_REPLACED: Final = re.compile(
    r"\b(?:replace|swap|substitute|exchange)\s+((?:[^\s,;.]+\s+){1,4}?)(?:with|by|for)\s+", re.IGNORECASE
)
_EXCEPT_FOR: Final = re.compile(r"\bnothing\s+(?:but|other\s+than|else\s+than|except)\b", re.IGNORECASE)


def plain_signs(text: str) -> str:
    """Full-width signs as plain ones, each character where it was."""
    return text.translate(_FULL_WIDTH)


def tidied(text: str) -> str:
    """Without quotes and bullets; signs that stand for words as words."""
    text = _struck_out(_symbols(text))
    text = re.sub(r"[\"“”„«»|]", " ", re.sub(r"\bw/o(?:ut)?\b", "without", text, flags=re.IGNORECASE))
    text = re.sub(r"\bw/(?=\s)", "with", text, flags=re.IGNORECASE)
    text = re.sub(r"(?:^|(?<=[\s,;(]))[-–](?=[A-Za-z])", "no ", text)
    text = _EXCEPT_FOR.sub("only", text)
    text = _REPLACED.sub(lambda found: f"no {found[1].strip()} but ", text)
    text = _NO_LIST.sub(f". {REFUSED} ", text)
    text = _WEIGHTED.sub(lambda found: _weighed(float(found[2]), found[1]), text)
    text = _LOUDER.sub(_louder, text)
    return re.sub(r"(?<=\S)/(?=\S)", " or ", text)


def spoken(text: str) -> str:
    """The text for a model of text: weights in brackets opened, what is struck out refused, symbols left out."""
    text = _WEIGHTED.sub(lambda found: found[1] if float(found[2]) >= _UNHEARD else f"no {found[1]}", text)
    text = _struck_out(_LOUDER.sub(r"\1", text))
    return " ".join("".join(" " if unicodedata.category(c) == "So" else c for c in text if c != "\ufe0f").split())


def _louder(found: re.Match[str]) -> str:
    depth = len(found[0]) - len(found[0].lstrip("("))
    return _weighed(_LOUDER_BY**depth, found[1])


def _weighed(weight: float, words: str) -> str:
    """Words with a weight, in hundredths: a point would end the sentence."""
    return f". {WEIGHT}{round(100 * weight)} {words} . "


def _symbols(text: str) -> str:
    """Symbols that the vocabulary knows apart from the words around them; others are left out."""
    words = vocabulary()
    out = []
    for character in text:
        kind = unicodedata.category(character)
        if kind == "So":
            known = character in words.entries or character in words.negations or character in words.refused_after
            out.append(f" {character} " if known else " ")
        elif character not in "\ufe0f\u20e3" and kind != "Sk":
            out.append(character)
    return _apart("".join(out))


def _apart(text: str) -> str:
    """Words of scripts that are written without spaces, apart from each other where the vocabulary knows them."""
    phrases = vocabulary().unspaced
    if text.isascii():
        return text
    return _unspaced(phrases).sub(r" \g<0> ", unicodedata.normalize("NFKC", text)) if phrases else text


@lru_cache(maxsize=4)
def _unspaced(phrases: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(phrase) for phrase in phrases))


def _struck_out(text: str) -> str:
    """Words that are struck out, with marks over each letter or between tildes, as refused."""
    text = _STRUCK.sub(lambda found: "no " + _STRUCK_MARKS.sub("", found[0]), text)
    return _TILDES.sub(lambda found: f" no {found[1].strip()} , ", text)


def weight_of(token: str) -> float | None:
    """The weight that a token of `tidied` text says; None for any other."""
    if not token.startswith(WEIGHT):
        return None
    try:
        return int(token[1:]) / 100
    except ValueError:
        return None


def as_written(text: str) -> dict[str, str]:
    """Each word of a text as the vocabulary looks it up -> as it stands there."""
    written: dict[str, str] = {}
    for word in re.split(r"[\s,;:!?+()\[\]./|\"“”„-]+", text):
        folded = plain(word)
        for part in folded.split():
            written.setdefault(part, word if part == folded else part)
    return written
