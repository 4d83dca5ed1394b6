"""What a prompt that is being written would say, in words for the one who writes it."""

from __future__ import annotations

from typing import Final

from engine.prompts.parsing import Parsed, not_followed, parse
from engine.prompts.vocabulary import plain, vocabulary
from engine.protocol import PromptReading
from engine.suggest import same_letters

NEAR: Final = 64.0
"""Likeness, 0..100, from which a known word is named beside one that is not understood."""

WHOLE: Final = 0.99
"""A style's share from which it is named alone."""

_NAMED: Final = ("style", "bpm", "key", "voice", "stem", "softer", "avoided")
"""Sources that are told in other ways than as moods."""


def reading_of(text: str, bpm: float, key: str) -> PromptReading:
    """Read a text as a prompt of a set in a tempo and key.

    Raises:
        PromptError: if a vocabulary or style file cannot be read.
    """
    parsed = parse(text)
    styles = sorted((parsed.styles or parsed.suggested).items(), key=lambda pair: -pair[1])
    return PromptReading(
        text=text,
        styles=tuple(name if share > WHOLE else f"{name} {share:.0%}" for name, share in styles),
        bpm=parsed.bpm or 0.0,
        key=parsed.key or "",
        instruments=parsed.instruments,
        moods=_moods(parsed),
        silent=parsed.negated,
        softer=tuple(parsed.softer),
        without=tuple(dict.fromkeys(voice for voices in parsed.avoided.values() for voice in voices)),
        guesses=parsed.guesses,
        unknown=tuple((word, same_letters(plain(word), vocabulary().entries, NEAR) or "") for word in parsed.unknown),
        unfollowed=not_followed(text, bpm, key),
    )


def _moods(parsed: Parsed) -> tuple[str, ...]:
    """The words that bend the music and name nothing, in the order in which they are written."""
    named = {words for what in _NAMED for words in parsed.sources.get(what, ())}
    bending = {words for what, found in parsed.sources.items() if what not in _NAMED for words in found} - named
    return tuple(sorted(bending, key=parsed.text.find))
