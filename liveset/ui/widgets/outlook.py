"""What a tall screen shows besides: the plan as a table, from the part that sounds on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.protocol import ArcPart, Snapshot
from liveset.ui.widgets.arc import ArcView
from liveset.ui.widgets.cells import Line, Piece, clean, fit, piece, row
from liveset.ui.widgets.gauges import amount, bar, bars, clock
from liveset.ui.widgets.lines import GUTTER, LineWidget, label

ENERGY_CELLS: Final = 12


@dataclass(frozen=True, slots=True)
class OutlookView:
    """The parts, and the set's bar that sounds."""

    parts: tuple[ArcPart, ...] = ()
    at_bar: int = 0

    @classmethod
    def of(cls, snapshot: Snapshot) -> OutlookView:
        """The slice of a snapshot."""
        return cls(snapshot.arc, ArcView.of(snapshot).at_bar)


def _sounding(parts: tuple[ArcPart, ...]) -> int:
    """The place of the part that sounds; 0 before the first."""
    return next((i for i, part in enumerate(parts) if part.state == "now"), 0)


class Outlook(LineWidget[OutlookView]):
    """A line a part: where it starts, how long it is, its energy, role and purpose, and how far off it is. The mouse's
    wheel looks further ahead or back."""

    moved: int = 0
    """Lines that the wheel has moved the plan on from the part that sounds."""

    def on_mouse_scroll_down(self) -> None:
        """Look further ahead."""
        self._move(1)

    def on_mouse_scroll_up(self) -> None:
        """Look further back."""
        self._move(-1)

    def _move(self, lines: int) -> None:
        rows = self.size.height - self.ruled
        now, most = _sounding(self.view.parts), max(0, len(self.view.parts) - rows)
        follows = max(0, min(now - 1, most))
        self.moved = max(0, min(follows + self.moved + lines, most)) - follows
        self._redraw()

    def lines(self, view: OutlookView, width: int, height: int) -> list[Line]:
        """The part that sounds with the one before it, and as many of those that follow as there is room for."""
        if not view.parts:
            return [(label("PLAN"),)]
        most = max(0, len(view.parts) - height)
        first = max(0, min(max(0, min(_sounding(view.parts) - 1, most)) + self.moved, most))
        shown = view.parts[first : first + height]
        after = len(view.parts) - first - len(shown)
        rows = []
        for i, part in enumerate(shown):
            spans = (label("PLAN") if i == 0 else (" " * GUTTER, ""), *self._part(part, view))
            more = [piece(f"and {after} more", "dim", 1)] if after and i == len(shown) - 1 else []
            rows.append(row(width - 1, [Piece(spans), piece(part.purpose, "dim", 2)], more, gap=2))
        return rows

    def _part(self, part: ArcPart, view: OutlookView) -> Line:
        here = part.state == "now"
        plain = "accent" if here else "dim" if part.state == "played" else ""
        away = part.start_bar - view.at_bar - 1
        when = "sounds now" if here else "played" if part.state == "played" else f"in {bars(away)}" if away > 0 else "next bar"
        name = clean(part.name)
        return (
            ("▸ " if here else "  ", "accent"),
            (fit(name.upper() if here else name, 18), plain),
            (f"{part.bars:4d} bars   ", plain),
            (fit(when, 12), plain if here else "dim"),
            (f"  from {clock(part.start_s)}   energy ", "dim"),
            *bar(part.energy, ENERGY_CELLS, "accent" if here else "primary"),
            (f" {amount(part.energy)}   ", "dim"),
            (part.role if part.role not in part.name.lower() else "", "dim"),
            (f"  {clean(part.piece)}" if part.piece else "", "strong"),
        )
