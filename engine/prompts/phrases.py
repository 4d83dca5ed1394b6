"""The phrases of one prompt, one after another: amounts, negations, what alone is to play, and all that words bring."""

from __future__ import annotations

import re
from typing import Final

from engine.prompts.tidying import REFUSED, as_written, tidied, weight_of
from engine.prompts.tokens import (
    BEFORE,
    BEHIND,
    BREAK,
    EXCEPT,
    GRAMMAR,
    SOLO,
    base_form,
    guess,
    listed,
    longest,
    names_part,
    part_at,
    reaches_on,
    spelled_out,
)
from engine.prompts.vocabulary import WITHIN, Entry, plain, vocabulary
from engine.protocol import STEMS

_QUIETER: Final = ("quiet", "quieter", "softer")
_QUIET: Final = -0.35
"""Amount that such a word is before a part's name, as "less" is."""
_TURNED: Final = -0.7
"""How far "not" turns a move around."""


class Reader:
    """Collects what the phrases of one prompt say; see `engine.prompts.parsing.Parsed` for its attributes."""

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
        self._alone = False
        self._weight = 1.0
        self._wanted: set[str] = set()
        self._refused: dict[str, str] = {}
        self._written: dict[str, str] = {}

    def _said(self, words: str) -> str:
        """Words that were looked up, as they are written in the prompt."""
        return " ".join(self._written.get(word, word) for word in words.split())

    def note(self, what: str, words: str) -> None:
        """Remember that words decided something."""
        words = self._said(words)
        words_so_far = self.sources.setdefault(what, [])
        if words not in words_so_far:
            words_so_far.append(words)

    def read(self, text: str) -> None:
        """Longest phrases first; a comma ends the reach of amounts and negations, but in a list that "or" ends."""
        text = tidied(text)
        self._written = as_written(text)
        for sentence in re.split(r"[.;:!?+()\[\]\n]+|\s/\s", text):
            self._sentence(sentence)
        self._keep_only()
        for style, words in self._refused.items():
            if self.styles.pop(style, None) is None:
                self.unknown.append(self._said(words))
        for part, voices in self.avoided.items():
            for voice in voices:
                self.voices.get(part, {}).pop(voice, None)
        self.voices = {part: named for part, named in self.voices.items() if named}

    def _sentence(self, sentence: str) -> None:
        """Clauses between commas; a weight or a refusal in front holds for all of them."""
        refused, self._weight = False, 1.0
        first, *rest = sentence.split(",")
        marks = first.split()
        while marks and (marks[0] == REFUSED or weight_of(marks[0]) is not None):
            mark = marks.pop(0)
            refused = refused or mark == REFUSED
            self._weight *= weight_of(mark) or (1.0 if mark == REFUSED else 0.0)
        clauses = [spelled_out(plain(clause).split()) for clause in (" ".join(marks), *rest)]
        left = 0
        for number, tokens in enumerate(clauses):
            carried = left > 0
            left = max(left - 1, listed(tokens, clauses[number + 1 :]))
            self._clause(tokens, "no" if carried or refused else "", refused)

    def _clause(self, tokens: list[str], negation: str, refused: bool = False) -> None:
        """One clause; ``negation`` is what reaches into it from the one before, over all of it where it is ``refused``."""
        words = vocabulary()
        factor, i = 1.0, 0
        silenced = ""  # the stem that was silenced last, of which parts may be excepted
        begin: int | None = None  # where the amount or negation before the next phrase begins
        reached = negation  # a negation that goes on behind its first phrase, as it was written
        while i < len(tokens):
            size, phrase = longest(tokens, i)
            after, known = i + size, self._known(phrase)
            if phrase == BREAK:
                factor, begin, negation, reached = 1.0, None, "", ""
            elif phrase in words.negations:
                negation, begin = phrase, i if begin is None else begin
            elif phrase in SOLO:
                if negation:  # "not only"
                    negation, begin = "", None
                elif (phrase in BEFORE and part_at(tokens, after)) or (phrase in BEHIND and after == len(tokens) and i > 0):
                    self._alone = True
            elif phrase in EXCEPT and silenced and WITHIN.get(part_at(tokens, after)) == silenced:
                self._alone, negation = True, ""
            elif phrase in _QUIETER and not negation and part_at(tokens, after, named=True):
                factor, begin = factor * _QUIET, i if begin is None else begin
            elif phrase in words.amounts:
                factor, begin = factor * words.amounts[phrase], i if begin is None else begin
            elif known is not None:
                entry = words.entries[known]
                said = " ".join(tokens[i if begin is None else begin : after])
                self.take(entry, factor, bool(negation), f"{reached} {said}" if reached else said)
                silenced = entry.part if negation and entry.part in STEMS else silenced
                goes_on = bool(negation) and (refused or reaches_on(tokens, after, entry.part))
                reached = (reached or negation) if goes_on else ""
                factor, begin, negation = 1.0, None, negation if goes_on else ""
            elif phrase not in words.ignored:
                self.unknown.append(self._said(" ".join(tokens[i if begin is None else begin : after])))
                factor, begin, negation = 1.0, None, "no" if refused else ""
            i = after
        if begin is not None:  # of nothing that is known
            self.unknown.append(self._said(" ".join(tokens[begin:])))

    def _known(self, phrase: str) -> str | None:
        """The phrase of the vocabulary that this is, or is a form or a misspelling of; None where there is none."""
        words = vocabulary()
        if phrase in words.entries:
            return phrase
        if phrase in words.amounts or phrase in words.negations or phrase in words.ignored or phrase in GRAMMAR:
            return None
        base = base_form(phrase)
        near = guess(phrase) if base is None else None
        if near is not None:
            self.guesses.append((self._said(phrase), near))
        return base or near

    def take(self, entry: Entry, factor: float, negated: bool, words: str) -> None:
        """One phrase with the amount and negation before it."""
        if names_part(entry) and (negated or factor < 0.0 or self._weight == 0.0):
            negated = negated or self._weight == 0.0
            level = 0.0 if negated else max(0.0, 1.0 + factor)
            self.stems[entry.part] = min(self.stems.get(entry.part, 1.0), level)
            self.note("stem" if negated else "softer", words)
            return
        negated = negated or self._weight == 0.0
        if names_part(entry) and not negated and self._weight < 1.0:
            self.stems[entry.part] = min(self.stems.get(entry.part, 1.0), self._weight)
            self.note("softer", words)
            return
        if negated:
            for part, voice in entry.voice.items():
                self.avoided.setdefault(part, []).append(voice)
                self.note("avoided", words)
            self._refused |= dict.fromkeys(entry.style, words)
        factor = _TURNED * factor if negated else factor
        for name, value in entry.move.items():
            self.values[name] = self.values.get(name, 0.0) + factor * self._weight * value
            self.note(name, words)
        if factor > 0.0:
            self._name(entry, factor, words)

    def _name(self, entry: Entry, factor: float, words: str) -> None:
        """What a phrase brings in by name."""
        if entry.part:
            self._wanted |= {entry.part} if entry.whole else {entry.part, *entry.voice}
        for style, weight in entry.style.items():
            self.styles[style] = max(self.styles.get(style, 0.0), weight * min(1.0, factor) * self._weight)
            self.note("style", words)
        if entry.guess:
            self.guesses.append((self._said(words), max(entry.style, key=lambda style: entry.style[style])))
        for style, weight in entry.suggest.items():
            self.suggested[style] = max(self.suggested.get(style, 0.0), weight * min(1.0, factor))
            self.suggesting.append(words)
        for part, voice in entry.voice.items():
            self.voices.setdefault(part, {})[voice] = min(1.0, factor)
            self.note("voice", words)
        if entry.mode and (self.mode is None or entry.mode in entry.say or entry.say in entry.mode):
            self.mode = entry.mode  # one that is named counts for more than one that a mood brings to mind
            self.sources["mode"] = [self._said(words)]
        if entry.part and entry.part != "texture":
            self.instruments.append(entry.say)

    def _keep_only(self) -> None:
        """ "Only drums" silences every other stem, "no drums but hats" every other part of the drums; nothing that is wanted."""
        wanted = self._wanted - {"texture"}
        if not self._alone or not wanted:
            return
        kept = {WITHIN.get(part, part) for part in wanted}
        silent = {stem for stem in STEMS if self.stems.get(stem) == 0.0}
        excepted = kept & silent
        for stem in excepted:
            del self.stems[stem]
        if not excepted:
            self.stems |= dict.fromkeys((stem for stem in STEMS if stem not in kept), 0.0)
        within = (excepted or kept) - wanted
        self.stems |= {part: 0.0 for part, stem in WITHIN.items() if stem in within and part not in wanted}
        self.note("stem", "only")
