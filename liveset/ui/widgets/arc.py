"""The set's arc: its parts, how much energy each has, and where we are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.protocol import ArcPart, Snapshot, unit
from liveset.ui.widgets.cells import Line, Piece, cells, clean, fit, line_cells, piece, row
from liveset.ui.widgets.gauges import DOTS, EIGHTHS
from liveset.ui.widgets.lines import GUTTER, LineWidget, label

MOST_ENERGY_ROWS: Final = 3
PART_CELLS: Final = 8
"""Cells that a part has on average at least; where there is no room for all of them, only those around the sounding one are
shown."""


@dataclass(frozen=True, slots=True)
class ArcView:
    """The parts in order, the set's bar that sounds (0 before the start), and how many bars the set has drifted."""

    parts: tuple[ArcPart, ...] = ()
    at_bar: int = 0
    drift: int = 0

    @classmethod
    def of(cls, snapshot: Snapshot) -> ArcView:
        """The slice of a snapshot."""
        here = next((part for part in snapshot.arc if part.state == "now"), None)
        inside = min(max(snapshot.now.bar - 1, 0), here.bars - 1) if here else 0
        return cls(snapshot.arc, here.start_bar + inside if here else 0, snapshot.drift_bars)


class Arc(LineWidget[ArcView]):
    """Names over blocks as high as their energy: solid where played, dotted where planned; a marker under where we are."""

    def lines(self, view: ArcView, width: int, height: int) -> list[Line]:
        """Names, one to three rows of energy, and the marker with its legend if a row is left."""
        inner = max(1, width - GUTTER - 1)
        if not view.parts:
            return [(label("ARC"), ("no plan yet", "dim"))]
        first, parts = _around(view.parts, max(1, inner // PART_CELLS))
        start = parts[0].start_bar
        bars = max(1, *(part.start_bar + part.bars - start for part in parts))
        spans = [
            ((part.start_bar - start) * inner // bars, (part.start_bar + part.bars - start) * inner // bars) for part in parts
        ]
        at = max(0, min(inner - 1, (view.at_bar - start) * inner // bars))
        energy_rows = max(1, min(MOST_ENERGY_ROWS, height - 2)) if height > 1 else 0
        lines: list[Line] = [(label("ARC"), *_names(parts, spans, inner))]
        lines += [((" " * GUTTER, ""), *_energy(parts, spans, at, y, energy_rows)) for y in reversed(range(energy_rows))]
        if height >= energy_rows + 2:
            lines.append(_marker(view, at, width, _part_of(first, len(parts), len(view.parts))))
        return lines


def _around(parts: tuple[ArcPart, ...], most: int) -> tuple[int, tuple[ArcPart, ...]]:
    """At most so many parts, a quarter of them before the one that sounds, and the place of the first among all."""
    now = next((i for i, part in enumerate(parts) if part.state == "now"), 0)
    first = max(0, min(now - most // 4, len(parts) - most))
    return first, parts[first : first + most]


def _part_of(first: int, shown: int, total: int) -> str:
    """Which parts are shown, where that is not all."""
    return f"parts {first + 1}-{first + shown} of {total}" if shown < total else ""


def _names(parts: tuple[ArcPart, ...], spans: list[tuple[int, int]], width: int) -> Line:
    """Each name above its part; the sounding one is always there, in capitals, and others give way to it."""
    now = next((i for i, part in enumerate(parts) if part.state == "now"), None)
    line: list[tuple[str, str]] = []
    used = 0
    keep_from = width
    name = ""
    if now is not None:
        name = clean(parts[now].name).upper()
        name = fit(name, min(cells(name), width, max(8, spans[now][1] - spans[now][0] - 1)))
        keep_from = min(spans[now][0], max(0, width - cells(name)))
    for i, (part, (first, end)) in enumerate(zip(parts, spans, strict=True)):
        start, text, style = first, name, "accent"
        if i == now:
            start = keep_from
        else:
            limit = min(end, keep_from) - 1 if now is not None and i < now else end - 1
            text = fit(clean(part.name), limit - start) if limit - start >= 3 else ""
            style = "dim" if part.state == "played" else ""
        if not text or start < used or start + cells(text) > width:
            continue
        line += [(" " * (start - used), ""), (text, style)]
        used = start + cells(text) + 1
        line.append((" ", ""))
    return tuple(line)


def _energy(parts: tuple[ArcPart, ...], spans: list[tuple[int, int]], at: int, y: int, rows: int) -> Line:
    """Row ``y`` from the bottom of ``rows``."""
    line: list[tuple[str, str]] = []
    used = 0
    for part, (start, end) in zip(parts, spans, strict=True):
        size = end - start - 1 if end - start >= 3 else end - start
        solid = size if part.state == "played" else max(0, min(size, at - start + 1)) if part.state == "now" else 0
        eighths = max(1, round(unit(part.energy) * rows * 8)) - 8 * y
        quarters = max(1, round(unit(part.energy) * rows * 4)) - 4 * y
        style = "primary" if part.state == "played" else "accent"
        plan = "accent" if part.state == "now" else "dim"
        line += [
            (" " * max(0, start - used), ""),
            (EIGHTHS[min(8, max(0, eighths))] * solid, style),
            (DOTS[min(4, max(0, quarters))] * (size - solid), plan),
        ]
        used = max(used, start) + size
    return tuple(line)


def _marker(view: ArcView, at: int, width: int, shown: str) -> Line:
    drift = f"drift {view.drift:+d} bars" if view.drift else "on plan"
    left = ((" " * (GUTTER + at), ""), ("▲", "accent"))
    legend = [piece(shown, "dim", 1), piece("played █  plan ⣿", "dim", 2), piece(drift, "warn" if view.drift else "dim", 1)]
    line = row(width - 1, [Piece(left)], legend)
    room = width - 2 - line_cells(left)
    if line_cells(legend[0].spans) + line_cells(legend[-1].spans) + 2 <= room:
        return line
    early = row(GUTTER + at - 1, [piece(" " * GUTTER)], legend, gap=0) if at > 24 else ((" " * (GUTTER + at - 1), ""),)
    return (*early, (" " * max(0, GUTTER + at - line_cells(early)), ""), ("▲", "accent"))
