"""A prompt while it is being written: what the engine would understand of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadPrompt:
    """Have a text read as a prompt, and nothing else: the snapshot says what is understood of it. Empty: none is written."""

    text: str


@dataclass(frozen=True, slots=True)
class PromptReading:
    """What a text would say as a prompt.

    Attributes:
        text: as it was sent.
        styles: those that it names, or that its words lead to, with their shares where there are several.
        bpm, key: that it names; 0 and empty for none.
        instruments: that it names.
        moods: words of it that bend the music otherwise.
        silent, softer, without: stems and parts that it leaves out or wants less of, voices that it refuses.
        guesses: (as written, what it is taken for).
        unknown: words that nothing is understood from, each with the nearest word that is known; empty for none that is near.
        unfollowed: words that ask for another tempo or key than the set's.
    """

    text: str
    styles: tuple[str, ...] = ()
    bpm: float = 0.0
    key: str = ""
    instruments: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    softer: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    guesses: tuple[tuple[str, str], ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    unfollowed: tuple[str, ...] = ()
