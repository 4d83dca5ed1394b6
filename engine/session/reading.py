"""A prompt that is being written, read as far as it goes: on another thread, and only the newest text."""

from __future__ import annotations

from engine.errors import LivesetError
from engine.prompts.reading import reading_of
from engine.protocol import PromptReading, ReadPrompt
from engine.session.later import Later, at_once


class ReadingPrompts:
    """Reads texts as they are written.

    Attributes:
        shown: what the newest one that was read would say; None while none is written.
        later: reads them: at once, unless the set plays in real time.
    """

    def __init__(self) -> None:
        self.shown: PromptReading | None = None
        self.later: Later = at_once
        self._wanted = ""

    def read(self, command: ReadPrompt, bpm: float, key: str) -> None:
        """Read a text, in the set's tempo and key; an empty one ends it."""
        text = self._wanted = command.text
        if not text:
            self.shown = None
            return
        self.later(lambda: self._read(text, bpm, key), self._done)

    def _read(self, text: str, bpm: float, key: str) -> PromptReading | None:
        if text != self._wanted:  # more was written meanwhile
            return None
        try:
            return reading_of(text, bpm, key)
        except LivesetError:  # a broken vocabulary is told of where a prompt is taken
            return None

    def _done(self, found: PromptReading | None) -> None:
        if found is not None and self._wanted:
            self.shown = found
