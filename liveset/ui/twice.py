"""Keys that count only when they are pressed twice, and never because one is held down. Pure.

A terminal tells no difference between a key that is pressed again and one that is held: it repeats a held key after a while, and
then many times a second. So a second press counts once no third has followed it for a moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

SECOND_PRESS_S: Final = 2.0
"""How long a second press is waited for."""

REPEAT_S: Final = 0.15
"""A held key comes again sooner than this: even slow ones repeat ten times a second."""


@dataclass(slots=True)
class Twice:
    """Waits for second presses. Times are in seconds of any clock."""

    _what: str = ""
    _until: float = 0.0
    _due: float = 0.0
    _then: Callable[[], None] | None = None
    _held: bool = False

    def waits_for(self, what: str, now: float) -> bool:
        """Whether a second press would do it now."""
        return self._what == what and not self._held and self._then is None and now < self._until

    def press(self, what: str, now: float, then: Callable[[], None]) -> bool:
        """Take a press.

        Args:
            what: it asks for.
            now: the time.
            then: what a second press does, once it turns out to be one.

        Returns:
            Whether it is the first one, so that the performer is to be told what a second does.
        """
        same = self._what == what and now < self._until
        if same and self._held:
            self._until = now + REPEAT_S
            return False
        if same and self._then is not None:
            self._held, self._then, self._until = True, None, now + REPEAT_S
            return False
        if same:
            self._then, self._due, self._until = then, now + REPEAT_S, now + 2 * REPEAT_S
            return False
        self._what, self._until, self._then, self._held = what, now + SECOND_PRESS_S, None, False
        return True

    def tick(self, now: float) -> None:
        """Do what was asked for twice, once that is certain."""
        if self._then is not None and now >= self._due:
            then, self._then, self._what = self._then, None, ""
            then()
