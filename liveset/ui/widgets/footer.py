"""The lines of messages, and the line of keys that matter now."""

from __future__ import annotations

from typing import Final

from engine.protocol import Notice
from liveset.ui.bindings import Moment, hints
from liveset.ui.messages import NoticesView, important_first, said, wrapped
from liveset.ui.widgets.cells import Line, Piece, clean, line_cells
from liveset.ui.widgets.gauges import clock
from liveset.ui.widgets.lines import LineWidget

LEVELS: Final = {"info": ("· ", "dim"), "warning": ("! ", "warn"), "error": ("✗ ", "bad")}
TIMED_FROM: Final = 60
"""Cells from which on a message has its time before it."""

MOST_ROWS: Final = 2
"""Rows that one message may take where there are several."""


class Notices(LineWidget[NoticesView]):
    """As many messages as there are rows, chosen by weight, the newest at the bottom, beside the keys; what stands is there."""

    def lines(self, view: NoticesView, width: int, height: int) -> list[Line]:
        """Rows for the most important messages, in the order in which they were said."""
        room, shown = height, list[tuple[bool, float, list[Line]]]()
        for notice, bright in important_first(view):
            if room < 1:
                break
            rows = self._rows(notice, bright, width, min(MOST_ROWS, room), notice in view.standing)
            shown.append((notice in view.standing, notice.at_s, rows))
            room -= len(rows)
        ordered = [row for _, _, rows in sorted(shown, key=lambda each: each[:2]) for row in rows]
        return [*([()] * room), *ordered]

    def _rows(self, notice: Notice, bright: bool, width: int, rows: int, stands: bool) -> list[Line]:
        glyph, style = LEVELS[notice.level]
        timed = width >= TIMED_FROM
        at = "" if not timed else " " * 6 if stands else f"{clock(notice.at_s):>5} "
        plain = "dim" if not bright else "" if notice.level == "info" else style
        lines = wrapped(clean(said(notice)), max(8, width - len(at) - 4), rows) or [""]
        first: Line = ((f" {at}", "dim"), (glyph, style), (lines[0], plain))
        return [first, *(((" " * (len(at) + 3), ""), (line, plain)) for line in lines[1:])]


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
