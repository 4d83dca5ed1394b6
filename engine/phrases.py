"""The phrases of one prompt, one after another: amounts, negations and their reach, what alone is to play; near misses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz, process

from engine.protocol import STEMS
from engine.vocabulary import MOST_WORDS, Entry, plain, vocabulary

_NEAR: Final = 82.0
"""Similarity (0..100) from which an unknown word is taken for a known one."""
_SOLO: Final = ("only", "solo", "alone", "just")
_EXCEPT: Final = ("but", "except", "except for", "apart from", "save for", "besides")
_OR: Final = ("or", "nor")
_AND: Final = ("and", "&", "+", *_OR)
_ARTICLES: Final = ("the", "any", "a", "an", "all")
_QUIETER: Final = ("quiet", "quieter", "softer")
_QUIET: Final = -0.35
"""Amount that such a word is before a part's name, as "less" is."""
_TURNED: Final = -0.7
"""How far "not" turns a move around."""
_ENDINGS: Final = (("ier", "y"), ("iest", "y"), ("er", ""), ("er", "e"), ("est", ""), ("est", "e"), ("ish", ""), ("ness", ""))
"""Endings of words that mean what the word without them does, and what stands there instead."""

WITHIN: Final = {
    **dict.fromkeys(("kick", "snare", "hats", "perc"), "drums"),
    **dict.fromkeys(("pad", "comp"), "harmony"),
    **dict.fromkeys(("arp", "melody"), "lead"),
}
"""The stem that each part of one belongs to."""


class Reader:
    """Collects what the phrases of one prompt say; see `engine.wording.Parsed` for its attributes."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.sources: dict[str, list[str]] = {}
        self.styles: dict[str, float] = {}
        self.suggested: dict[str, float] = {}
        self.suggesting: list[str] = []
        self.stems: dict[str, float] = {}
        self.voices: dict[str, dict[str, float]] = {}
        self.avoided: dict[str, list[str]] = {}
        self.instruments: list[str] = []
        self.mode: str | None = None
        self.unknown: list[str] = []
        self.guesses: list[tuple[str, str]] = []
        self._kept: list[str] = []
        self._refused: dict[str, str] = {}

    def note(self, what: str, words: str) -> None:
        """Remember that words decided something."""
        words_so_far = self.sources.setdefault(what, [])
        if words not in words_so_far:
            words_so_far.append(words)

    def read(self, text: str) -> None:
        """Longest phrases first; a comma ends the reach of amounts and negations, but in a list that "or" ends."""
        text = re.sub(r"\bw/o\b", "without", text, flags=re.IGNORECASE)
        text = re.sub(r"(?:^|(?<=[\s,;]))-(?=[A-Za-z])", "no ", text.replace("/", " or "))
        clauses = [_spelled_out(plain(clause).split()) for clause in re.split(r"[,;.:!?+()\[\]\n\"“”„]+", text)]
        left = 0
        for number, tokens in enumerate(clauses):
            carried = left > 0
            left = max(left - 1, _listed(tokens, clauses[number + 1 :]))
            self._clause(tokens, "no" if carried else "")
        self._keep_only()
        for style, words in self._refused.items():
            if self.styles.pop(style, None) is None:
                self.unknown.append(words)

    def _clause(self, tokens: list[str], negation: str) -> None:
        """One clause; ``negation`` is what reaches into it from the one before."""
        words = vocabulary()
        factor, i, alone, silenced = 1.0, 0, False, ""
        run: list[str] = []  # names of parts just before, with nothing but "and" between them
        begin: int | None = None  # where the amount or negation before the next phrase begins
        reached = negation  # a negation that goes on behind its first phrase, as it was written
        while i < len(tokens):
            size, phrase = _longest(tokens, i)
            known = self._known(phrase)
            after = i + size
            if phrase in words.negations:
                negation, begin = phrase, i if begin is None else begin
            elif phrase in _QUIETER and _part_at(tokens, after):
                factor, begin = factor * _QUIET, i if begin is None else begin
            elif phrase in words.amounts:
                factor, begin = factor * words.amounts[phrase], i if begin is None else begin
            elif phrase in _EXCEPT and silenced and _part_at(tokens, after):
                alone, negation = WITHIN.get(_part_at(tokens, after)) == silenced, ""
            elif phrase in _SOLO and not run and (phrase != "just" or _part_at(tokens, after)):
                alone, negation = True, ""
            elif phrase in _SOLO:
                self._kept += run if phrase != "just" else []
            elif known is not None:
                entry = words.entries[known]
                said = " ".join(tokens[i if begin is None else begin : after])
                self.take(entry, factor, bool(negation), f"{reached} {said}" if reached else said)
                if alone and entry.part:
                    self._kept.append(known)
                run = [*run, known] if entry.part else []
                silenced = entry.part if negation and entry.part in STEMS else silenced
                goes_on = bool(negation) and _reaches_on(tokens, after)
                reached = (reached or negation) if goes_on else ""
                factor, begin, negation = 1.0, None, negation if goes_on else ""
                alone = alone and (not entry.part or (after < len(tokens) and tokens[after] in _AND))
            elif phrase not in words.ignored and phrase not in _AND:
                self.unknown.append(phrase)
            if known is None and phrase not in _AND:
                run = []
            i = after
        if negation and begin is not None:  # of nothing that is known
            self.unknown.append(" ".join(tokens[begin:]))

    def _known(self, phrase: str) -> str | None:
        """The phrase of the vocabulary that this is, or is a form or a misspelling of; None where there is none."""
        words = vocabulary()
        if phrase in words.entries:
            return phrase
        if phrase in words.amounts or phrase in words.negations or phrase in words.ignored or phrase in {*_SOLO, *_EXCEPT, *_AND}:
            return None
        base = _base(phrase)
        near = _guess(phrase) if base is None else None
        if near is not None:
            self.guesses.append((phrase, near))
        return base or near

    def take(self, entry: Entry, factor: float, negated: bool, words: str) -> None:
        """One phrase with the amount and negation before it."""
        names_part = bool(entry.part) and (not entry.voice or entry.whole)
        if names_part and (negated or factor < 0.0):
            level = 0.0 if negated else max(0.0, 1.0 + factor)
            self.stems[entry.part] = min(self.stems.get(entry.part, 1.0), level)
            self.note("stem" if negated else "softer", words)
            return
        if negated:
            for part, voice in entry.voice.items():
                self.avoided.setdefault(part, []).append(voice)
                self.note("avoided", words)
            self._refused |= dict.fromkeys(entry.style, words)
        factor = _TURNED * factor if negated else factor
        for name, value in entry.move.items():
            self.values[name] = self.values.get(name, 0.0) + factor * value
            self.note(name, words)
        if factor > 0.0:
            self._name(entry, factor, words)

    def _name(self, entry: Entry, factor: float, words: str) -> None:
        """What a phrase brings in by name."""
        for style, weight in entry.style.items():
            self.styles[style] = max(self.styles.get(style, 0.0), weight * min(1.0, factor))
            self.note("style", words)
        for style, weight in entry.suggest.items():
            self.suggested[style] = max(self.suggested.get(style, 0.0), weight * min(1.0, factor))
            self.suggesting.append(words)
        for part, voice in entry.voice.items():
            self.voices.setdefault(part, {})[voice] = min(1.0, factor)
            self.note("voice", words)
        if entry.mode and (self.mode is None or entry.mode in entry.say or entry.say in entry.mode):
            self.mode = entry.mode  # one that is named counts for more than one that a mood brings to mind
            self.sources["mode"] = [words]
        if entry.part and entry.part != "texture":
            self.instruments.append(entry.say)

    def _keep_only(self) -> None:
        """ "Drums only" silences every other stem; "no drums but hats" every other part of the drums."""
        entries = vocabulary().entries
        parts = {entries[phrase].part for phrase in self._kept} - {"texture"}
        kept = {WITHIN.get(part, part) for part in parts}
        if not kept:
            return
        silent = {stem for stem in STEMS if self.stems.get(stem) == 0.0}
        if kept <= silent:
            for stem in kept:
                del self.stems[stem]
        else:
            self.stems |= dict.fromkeys((stem for stem in STEMS if stem not in kept), 0.0)
        self.stems |= {part: 0.0 for part, stem in WITHIN.items() if stem in kept - parts and part not in parts}
        self.note("stem", "only")


def _spelled_out(tokens: list[str]) -> list[str]:
    """ "Drumless", "bass-free", "nodrums" and "drums off" as "no drums"."""
    out = list(_split(tokens))
    if len(out) > 1 and out[-1] in {"no", "off", "none", "muted"} and _part_at(out, 0, to=len(out) - 1):
        return ["no", *out[:-1]]
    return out


def _split(tokens: list[str]) -> Iterator[str]:
    entries = vocabulary().entries

    def part(word: str) -> str:
        return next((each for each in (word, f"{word}s") if each in entries and entries[each].part), "")

    skip = False
    for i, token in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else ""
        if skip:
            skip = False
        elif token in entries and not (following in {"less", "free"} and entries[token].part):
            yield token
        elif following in {"less", "free"} and part(token) and (i + 2 == len(tokens) or _names_style(tokens, i + 2)):
            skip = True
            yield from ("no", part(token))
        elif token[-4:] in {"less", "free"} and part(token[:-4]):
            yield from ("no", part(token[:-4]))
        elif token[:2] == "no" and part(token[2:]):
            yield from ("no", part(token[2:]))
        else:
            yield token


def _names_style(tokens: list[str], start: int) -> bool:
    entry = vocabulary().entries.get(_longest(tokens, start)[1])
    return entry is not None and bool(entry.style)


def _part_at(tokens: list[str], start: int, to: int | None = None) -> str:
    """The part that the phrase at ``start`` names, articles aside; "" where it is none, or does not end at ``to``."""
    while start < len(tokens) and tokens[start] in _ARTICLES:
        start += 1
    if start >= len(tokens):
        return ""
    size, phrase = _longest(tokens, start)
    entry = vocabulary().entries.get(phrase)
    return entry.part if entry is not None and (to is None or start + size == to) else ""


def _reaches_on(tokens: list[str], at: int) -> bool:
    """Whether a negation reaches over the word behind what it negates: any "or", and an "and" that only parts' names follow."""
    if at >= len(tokens) or tokens[at] not in _AND:
        return False
    return tokens[at] in _OR or _bare(tokens[at + 1 :])


def _bare(tokens: list[str]) -> bool:
    """Whether these are names of parts and nothing else, with "and" or "or" between them."""
    i, named = 0, False
    while i < len(tokens):
        while i < len(tokens) and tokens[i] in _ARTICLES:
            i += 1
        if not _part_at(tokens, i):
            return False
        size, phrase = _longest(tokens, i)
        if size > 1 and vocabulary().entries[phrase].voice:  # "and warm pads" says what shall play
            return False
        named, i = True, i + size
        if i < len(tokens):
            if tokens[i] not in _AND:
                return False
            i += 1
    return named


def _listed(tokens: list[str], rest: list[list[str]]) -> int:
    """How many clauses that follow a negated one are the rest of its list: "no kick, snare or hats"."""
    negations = vocabulary().negations
    size = next((size for size in range(MOST_WORDS, 0, -1) if " ".join(tokens[:size]) in negations), 0)
    if not size or not _bare(tokens[size:]):
        return 0
    for count, clause in enumerate(rest, 1):
        ends = [token for token in clause if token in _OR]
        bare = clause[1:] if clause[:1] and clause[0] in _OR else clause
        if not _bare(bare):
            return 0
        if ends:
            return count
    return 0


def _longest(tokens: list[str], start: int) -> tuple[int, str]:
    words = vocabulary()
    for size in range(min(MOST_WORDS, len(tokens) - start), 0, -1):
        phrase = " ".join(tokens[start : start + size])
        if phrase in words.entries or phrase in words.amounts or phrase in words.negations or phrase in (*_SOLO, *_EXCEPT):
            return size, phrase
    return 1, tokens[start]


def _base(word: str) -> str | None:
    """The word that another is a form of, as "warm" is of "warmer"; None where the vocabulary has none."""
    entries = vocabulary().entries
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 2:
            base = word.removesuffix(ending) + instead
            short = base[:-1] if base[-1:] == base[-2:-1] else base  # sadder
            found = next((each for each in (base, short) if each in entries and not entries[each].style), None)
            if found is not None:
                return found
    return None


@lru_cache(maxsize=1024)
def _guess(word: str) -> str | None:
    """The phrase a misspelt word was meant to be, or None."""
    if len(word) < 4 or word.isdigit():
        return None
    near = process.extractOne(word, list(vocabulary().entries), scorer=fuzz.ratio, score_cutoff=_NEAR)
    return near[0] if near else None
