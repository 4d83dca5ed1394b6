"""The line of messages, and the line of keys that matter now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.protocol import Notice
from liveset.ui.bindings import Moment, hints
from liveset.ui.widgets.cells import Line, Piece, clean, crop, line_cells
from liveset.ui.widgets.lines import LineWidget

LEVELS: Final = {"info": ("· ", "dim"), "warning": ("! ", "warn"), "error": ("✗ ", "bad")}
_RANK: Final = {"error": 0, "warning": 1, "info": 2}
TOGETHER_S: Final = 8.0
"""Notices no further apart are fresh together, the gravest first."""


@dataclass(frozen=True, slots=True)
class NoticesView:
    """What stands first whatever happens (an engine lost, no sound device), then notices.

    ``fresh`` ones, the gravest first, are new enough to go before a standing warning where there is one line alone; the
    ``notices`` after them are the newest first.
    """

    standing: tuple[Notice, ...] = ()
    fresh: tuple[Notice, ...] = ()
    notices: tuple[Notice, ...] = ()


class Notices(LineWidget[NoticesView]):
    """As many messages as there are lines, the most important at the bottom, beside the keys."""

    def lines(self, view: NoticesView, width: int, height: int) -> list[Line]:
        """Errors that stand, then what is fresh, then warnings that stand, then the rest."""
        lost = [notice for notice in view.standing if notice.level == "error"]
        warned = [notice for notice in view.standing if notice.level != "error"]
        ordered = [(n, True) for n in (*lost, *view.fresh, *warned)] + [(n, False) for n in view.notices]
        shown = [self._notice(notice, bright, width) for notice, bright in reversed(ordered[:height])]
        return [*([()] * (height - len(shown))), *shown]

    def _notice(self, notice: Notice, bright: bool, width: int) -> Line:
        glyph, style = LEVELS[notice.level]
        plain = "" if notice.level == "info" else style
        return ((f" {glyph}", style), (crop(clean(notice.text), width - 4), plain if bright else "dim"))


class NoticeBoard:
    """Which notices are new, counted in updates; `fresh_for` of them a notice stands out."""

    def __init__(self, own: str, fresh_for: float) -> None:
        self._own = self._line(own)
        self._own_at = 0
        self._newest: Notice | None = None
        self._newest_at = 0
        self._fresh_for = fresh_for
        self._updates = 0

    def _line(self, text: str) -> tuple[Notice, ...]:
        return (Notice("info", text, 0.0),) if text else ()

    def tell(self, text: str) -> None:
        """A line of the screen's own, in place of the one before."""
        self._own, self._own_at = self._line(text), self._updates

    def view(self, notices: tuple[Notice, ...], standing: tuple[Notice, ...], updates: int) -> NoticesView:
        """What to show at this update; ``notices`` oldest first. One that begins with a standing one's words says it better."""
        self._updates = updates
        newest = notices[-1] if notices else None
        if newest != self._newest:
            self._newest, self._newest_at = newest, updates
        own_first = newest is None or self._own_at > self._newest_at
        ordered = (*self._own, *reversed(notices)) if own_first else (*reversed(notices), *self._own)
        said = {s: next((n for n in ordered if n.text.startswith(s.text)), s) for s in standing}
        rest = [n for n in ordered if n not in said.values()]
        fresh = sorted((n for n in rest if self._fresh(n)), key=lambda n: _RANK[n.level])
        return NoticesView(tuple(said.values()), tuple(fresh), tuple(n for n in rest if n not in fresh))

    def _fresh(self, notice: Notice) -> bool:
        """Whether a notice is new; those that came together with the newest one are as new as it is."""
        if notice in self._own:
            return self._updates - self._own_at < self._fresh_for
        together = self._newest is not None and (notice is self._newest or self._newest.at_s - notice.at_s < TOGETHER_S)
        return together and self._updates - self._newest_at < self._fresh_for


class Keys(LineWidget[Moment]):
    """The footer; what does not fit is left out, from the right."""

    def lines(self, view: Moment, width: int, height: int) -> list[Line]:
        """One line."""
        offered = hints(view)
        kept, last = (offered[:-2], offered[-2:]) if len(offered) > 3 else (offered, ())
        tail = tuple(_hint(cap, word) for cap, word in last)
        room = width - sum(line_cells(part.spans) + 2 for part in tail) - 1
        line: list[tuple[str, str]] = [(" ", "")]
        for cap, word in kept:
            part = _hint(cap, word)
            if (size := line_cells(part.spans) + 2) > room:
                break
            line += [*part.spans, ("  ", "")]
            room -= size
        for part in tail:
            line += [*part.spans, ("  ", "")]
        return [tuple(line[:-1])]


def _hint(cap: str, word: str) -> Piece:
    return Piece(((cap, "key"), (f" {word}", "dim")))
