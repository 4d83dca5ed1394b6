"""What was said to the performer: which lines are new, which are old enough to go, and all of them for the log."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from engine.protocol import Notice, short_path
from liveset.ui.widgets.cells import cells, crop

TOGETHER_S: Final = 8.0
"""Lines no further apart are new together when a screen attaches."""

LONGEST_LOG: Final = 300
RANK: Final = {"error": 0, "warning": 1, "info": 2}
_PATH: Final = re.compile(r"(?<!\S)(?:~|[A-Za-z]:)?[/\\][^\s:]+")
_SHORTEST_PATH: Final = 16


@dataclass(frozen=True, slots=True)
class NoticesView:
    """What stands whatever else happens (an engine lost, no sound device), and what was said of late, oldest first.

    ``fresh`` lines are new enough to go before a standing warning; ``notices`` are older and not yet away.
    """

    standing: tuple[Notice, ...] = ()
    fresh: tuple[Notice, ...] = ()
    notices: tuple[Notice, ...] = ()


class NoticeBoard:
    """Which lines are new and which are old, counted in updates.

    Args:
        own: a line of the screen's own from the start; empty for none.
        fresh_for: updates for which a line stands out; it stays six times as long, or eighteen if it is no mere information.
    """

    def __init__(self, own: str, fresh_for: float) -> None:
        self._fresh_for = fresh_for
        self._updates = 0
        self._clock_s = 0.0
        self._own: tuple[Notice, ...] = ()
        self._seen: dict[Notice, float] = {}
        self._log: dict[str, Notice] = {}
        if own:
            self.tell(own)

    @property
    def log(self) -> tuple[Notice, ...]:
        """All that was said since the screen is here, oldest first, a repeated line once."""
        return tuple(sorted(self._log.values(), key=lambda notice: notice.at_s))

    def tell(self, text: str) -> None:
        """A line of the screen's own, in place of the one before."""
        before = self._log.get(text)
        self._own = (Notice("info", text, self._clock_s, before.count + 1 if before else 1),)
        self._seen[self._own[0]] = self._updates
        self._keep(self._own)

    def view(self, notices: tuple[Notice, ...], standing: tuple[Notice, ...], updates: int, clock_s: float = 0.0) -> NoticesView:
        """What to show at this update. A line that begins with a standing one's words says it better."""
        self._updates, self._clock_s = updates, clock_s
        for notice in notices:
            if notice not in self._seen:
                together = notices[-1].at_s - notice.at_s < TOGETHER_S
                self._seen[notice] = updates if together else updates - self._fresh_for
        self._keep(notices)
        ordered = sorted((*notices, *self._own), key=lambda notice: notice.at_s)
        said = {s: next((n for n in reversed(ordered) if n.text.startswith(s.text)), s) for s in standing}
        rest = [n for n in ordered if n not in said.values() and self._age(n) < self._stays(n)]
        fresh = tuple(n for n in rest if self._age(n) < self._fresh_for)
        return NoticesView(tuple(said.values()), fresh, tuple(n for n in rest if n not in fresh))

    def _age(self, notice: Notice) -> float:
        return self._updates - self._seen.get(notice, self._updates)

    def _stays(self, notice: Notice) -> float:
        return self._fresh_for * (6 if notice.level == "info" else 18)

    def _keep(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            self._log[notice.text] = notice
        while len(self._log) > LONGEST_LOG:
            oldest = min(self._log.values(), key=lambda notice: notice.at_s)
            del self._log[oldest.text]


def important_first(view: NoticesView) -> list[tuple[Notice, bool]]:
    """Lines and whether they stand out.

    Errors that stand, what the screen waits for, what is new (the gravest first), warnings that stand, the rest.
    """
    lost = [notice for notice in view.standing if notice.level == "error"]
    waiting = [notice for notice in view.standing if notice.level == "info"]
    warned = [notice for notice in view.standing if notice.level == "warning"]
    fresh = sorted(view.fresh, key=lambda notice: (RANK[notice.level], -notice.at_s))
    return [(n, True) for n in (*lost, *waiting, *fresh, *warned)] + [(n, False) for n in reversed(view.notices)]


def said(notice: Notice) -> str:
    """A line with how often it was said."""
    return notice.text if notice.count < 2 else f"{notice.text} ({notice.count}×)"


def wrapped(text: str, width: int, rows: int) -> list[str]:
    """A line in at most so many rows: paths are shortened before words are cut, and the last row is."""
    lines = _folded(text, width)
    if len(lines) > rows or any(cells(line) > width for line in lines):
        room = min(width, max(_SHORTEST_PATH, width * rows - cells(_PATH.sub("", text))))
        lines = _folded(_PATH.sub(lambda found: short_path(found.group(), room), text), width)
    if len(lines) > rows:
        lines = [*lines[: rows - 1], " ".join(lines[rows - 1 :])]
    return [crop(line, width) for line in lines]


def _folded(text: str, width: int) -> list[str]:
    """Words in as many rows as they take; a word longer than a row has one of its own."""
    lines: list[str] = []
    for word in text.split():
        if lines and cells(lines[-1]) + 1 + cells(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
