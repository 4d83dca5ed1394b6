"""Reading one prompt: what its tempo, its key and its phrases say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from engine.prompts.phrases import Reader
from engine.prompts.tags import Tagged, by_tags
from engine.prompts.tempo_and_key import METER, NamedKey, Reading, Tempo, bare_number, blanked, keys, tempos, without
from engine.prompts.tidying import plain_signs, spoken
from engine.prompts.vocabulary import style_table, vocabulary
from engine.protocol import Role, one_line

_STRONGEST: Final = 1.0
_SAME_BPM: Final = 0.5
"""A prompt's tempo that is off by no more is the set's: tempos are multiples of half a BPM."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one prompt says.

    Attributes:
        text: the prompt, as one line.
        wording: its words for the part it was read for, without tempo, key, tags and weights: what a model of text is told.
        bpm, key: named in it, or None; the key in its canonical spelling.
        mode: a mode that a word suggests where no key is named, or None.
        unknown: words nothing was understood from or that cannot be followed, as written.
        guesses: (as written, what it was taken for): near misses, the nearest style, a number taken for a tempo.
        values: musical parameter -> how far this prompt moves it, -1..1, on top of the style's own value.
        sources: parameter (or "style", "bpm", "key", "mode", "voice", "stem", "softer", "avoided") -> the words it came from.
        styles: style name -> weight, summing to 1; empty when none is named.
        suggested: the same of styles that words only suggest ("deep"), where none is named.
        stems: stem or part of a stem -> level 0..1 where the prompt says so ("no drums" is 0, "less drums" in between).
        voices: part (bass, pad, comp, arp, melody) -> voice -> weight, for instruments named.
        avoided: part -> voices that must not play it ("no piano").
        instruments: the instruments named, as the vocabulary writes them.
        heard_bpm: the tempo of a sound that is the prompt, 0 for none; half or twice of it may be meant.
    """

    text: str
    wording: str = ""
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
    heard_bpm: float = 0.0

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
    return {name: weight / total for name, weight in weights.items()} if total > 0.0 else {}


@lru_cache(maxsize=256)
def parse(text: str, role: Role | None = None) -> Parsed:
    """Understand one prompt.

    Args:
        text: the prompt; characters that cannot be seen count for nothing.
        role: the part of the plan that it is read for: words behind a tag such as "[Drop]" are for that part alone.

    Raises:
        PromptError: if a vocabulary or style file cannot be read.
    """
    line = one_line(text)
    tagged = by_tags(plain_signs(line))
    reader = Reader()
    words = tagged.of(role)
    found, named = _read_words(reader, words)
    if not reader.styles and not reader.suggested:
        _suggest_by_meter(reader, words)
    styles = reader.styles or reader.suggested
    told = [*(each.words for each in (*found[1:], *named[1:])), *_other_meters(words, styles)]
    if role is None:
        _tell_of_parts(tagged, reader)
    suggested = {} if reader.styles else _shares(reader.suggested)
    for suggesting in reader.suggesting if suggested else ():
        reader.note("style", suggesting)
    return Parsed(
        text=line,
        wording=_wording(words, (*found, *named)),
        bpm=found[0].bpm if found else None,
        key=named[0].key if named else None,
        mode=reader.mode,
        unknown=tuple(dict.fromkeys((*reader.unknown, *told, *tagged.left_out))),
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


def _read_words(reader: Reader, words: str) -> tuple[list[Tempo], list[NamedKey]]:
    """Let the reader read all the words but tempos, keys and metres. Returns the tempos and the keys, in their order."""
    found = tempos(words)
    named = keys(blanked(words, found))
    reader.read(blanked(words, (*found, *named, *_meters(words))))
    if not found and (reader.styles or reader.suggested) and (bare := bare_number(blanked(words, named))):
        found = [bare]
        reader.unknown = [each for each in reader.unknown if each != bare.words]
        reader.guesses.append((bare.words, f"{bare.bpm:g} BPM"))
    for what, readings in (("bpm", found[:1]), ("key", named[:1])):
        for reading in readings:
            reader.note(what, reading.words)
    return found, named


def _wording(words: str, readings: Sequence[Reading]) -> str:
    """The words without tempo and key, for a model of text."""
    return without(spoken(without(words, readings)), ())


def _meters(words: str) -> list[Reading]:
    """Time signatures: they are the set's to decide."""
    return [Reading(found.start(), found.end(), found[0].strip()) for found in METER.finditer(words)]


def _suggest_by_meter(reader: Reader, words: str) -> None:
    """What the vocabulary has of a time signature, where no other word brings a style."""
    for each in _meters(words):
        top, bottom = METER.match(each.words).groups()  # type: ignore[union-attr]
        entry = vocabulary().entries.get(f"{top}/{bottom}")
        if entry is not None:
            reader.take(entry, 1.0, False, each.words)


def _other_meters(words: str, styles: Mapping[str, float]) -> list[str]:
    """Time signatures that the heaviest of the styles does not have by itself."""
    beats = style_table(max(styles, key=lambda style: styles[style])).beats if styles else 4
    return [each.words for each in _meters(words) if int(each.words.partition("/")[0]) != beats]


def _tell_of_parts(tagged: Tagged, reader: Reader) -> None:
    """What was not understood behind the tags of other parts."""
    for role in tagged.roles:
        part = parse(tagged.roles[role])
        reader.unknown.extend(part.unknown)
        reader.guesses.extend(part.guesses)


def not_followed(text: str, bpm: float, key: str) -> tuple[str, ...]:
    """The words of a prompt that ask for another tempo or key than the set's, which stays.

    Args:
        text: the prompt, as one line.
        wording: its words for the part it was read for, without tempo, key, tags and weights: what a model of text is told.
        bpm: the set's tempo.
        key: the set's key, in its canonical spelling.

    Raises:
        PromptError: if a vocabulary or style file cannot be read.
    """
    parsed = parse(text)
    others: list[str] = []
    if parsed.bpm is not None and abs(parsed.bpm - bpm) > _SAME_BPM:
        others += parsed.sources["bpm"]
    if parsed.key is not None and parsed.key != key:
        others += parsed.sources["key"]
    return tuple(others)
