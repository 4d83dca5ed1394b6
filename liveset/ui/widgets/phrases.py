"""The words that a prompt is written of, between commas: which one the cursor is in, and what it may become."""

from __future__ import annotations

from collections.abc import Sequence

from textual.suggester import Suggester


def phrase_at(text: str, cursor: int) -> tuple[int, int]:
    """Where the words around a cursor begin and end, without the spaces about them."""
    start = text.rfind(",", 0, cursor) + 1
    end = text.find(",", cursor)
    end = len(text) if end < 0 else end
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return start, max(start, len(text[:end].rstrip()))


def other_phrase(text: str, cursor: int, starred: Sequence[str], step: int) -> tuple[str, int]:
    """A text with the words around the cursor replaced by the next ones that have a star, and where the cursor is then."""
    if not starred:
        return text, cursor
    start, end = phrase_at(text, cursor)
    lower = [each.lower() for each in starred]
    here = text[start:end].lower()
    at = (lower.index(here) + step) % len(lower) if here in lower else 0 if step > 0 else len(lower) - 1
    return text[:start] + starred[at] + text[end:], start + len(starred[at])


class StarredFirst(Suggester):
    """Goes on with what is written at a text's end: as words that have a star or are the performer's own, else as other prompts'.

    Attributes:
        starred, own, others: the words, in the order in which they are tried.
    """

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self.starred: tuple[str, ...] = ()
        self.own: tuple[str, ...] = ()
        self.others: tuple[str, ...] = ()

    async def get_suggestion(self, value: str) -> str | None:
        """The whole text as it might be; None for no idea."""
        start, _ = phrase_at(value, len(value))
        begun = value[start:].lower()
        if not begun:
            return None
        words = (*self.starred, *self.own, *self.others)
        found = (each for each in words if each.lower().startswith(begun) and len(each) > len(begun))
        return next((value + each[len(begun) :] for each in found), None)
