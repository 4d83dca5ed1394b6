"""Work that the deciding thread hands away, and its result handed back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class Later(Protocol):
    """Runs what takes a while, such as reading a section's sound or writing a file."""

    def __call__(self, work: Callable[[], Result], done: Callable[[Result], None]) -> None:
        """Do ``work``, on any thread, and call ``done`` with what came of it on the thread that decides."""


def at_once(work: Callable[[], Result], done: Callable[[Result], None]) -> None:
    """The work where time is counted instead of kept: nothing goes on before it is done."""
    done(work())
