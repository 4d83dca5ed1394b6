"""Words with a star, while a set goes on."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import RecordingError
from engine.prompts.starred import read_starred, star
from engine.prompts.vocabulary import own_words
from engine.protocol import StarWords
from engine.session.later import Later, at_once


class Starring:
    """Gives words stars.

    Args:
        tell: shows the performer a line: its level and its text.

    Attributes:
        words: that have one, the newest first; own: those of the performer's own vocabulary.
        later: writes them: at once, unless the set plays in real time.
    """

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self.words = read_starred()
        self.own = own_words()
        self.later: Later = at_once
        self._tell = tell

    def star(self, command: StarWords) -> None:
        """Give words a star, or take it away."""
        self.later(lambda: _starred(command), self._done)

    def _done(self, found: tuple[str, ...] | str) -> None:
        if isinstance(found, str):
            self._tell("error", found)
        else:
            self.words = found


def _starred(command: StarWords) -> tuple[str, ...] | str:
    try:
        return star(command.text, command.on)
    except RecordingError as error:
        return str(error)
