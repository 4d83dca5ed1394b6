"""The plan as rows of text: its curves in blocks, and a line a section. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from engine.protocol import CURVES, ArcPart, Curve, Snapshot, titled, unit
from liveset.ui.widgets.cells import Line, clean, fit
from liveset.ui.widgets.gauges import EIGHTHS, amount, clock, whole

GUTTER: Final = 13
"""Cells in which a curve is named."""

TALL: Final = (3, 1)
TALLER: Final = (6, 2)
"""Rows of the chosen curve and of the others; where there is room, more."""

ROOMY: Final = 34
"""Rows of the page from which there is."""

LEAST_CELLS: Final = 2
"""Cells that a section has on average at least; where there is no room for all, those around the chosen one are drawn."""

NAME_CELLS: Final = (13, 34)
"""The fewest and the most cells of a section's name."""

VALUE_CELLS: Final = 9
STATE_CELLS: Final = 17
_FIXED_CELLS: Final = 2 + 4 + 5 + 8 + 3 * VALUE_CELLS + STATE_CELLS
"""Cells of a section's line beside its name."""


def whole_parts(parts: Sequence[ArcPart]) -> tuple[ArcPart, ...]:
    """The plan with the pieces of one part, as long as they are still to come, as the one part that they are."""
    made: list[ArcPart] = []
    for part in parts:
        last = made[-1] if made else None
        if last is not None and part.id and (part.id, part.state) == (last.id, "plan") and last.state == "plan":
            made[-1] = replace(last, bars=last.bars + part.bars, fixed=last.fixed and part.fixed)
        else:
            made.append(part)
    return tuple(made)


@dataclass(frozen=True, slots=True)
class PlanView:
    """The plan as the screen of it shows it.

    Attributes:
        parts: whole parts, in order.
        at: the place of the one that the keyboard is on; None for none.
        curve: the one that keys move.
        locked: the next section is.
    """

    parts: tuple[ArcPart, ...]
    at: int | None
    curve: Curve
    locked: bool = False


# ------------------------------------------------------------ curves


def curve_lines(view: PlanView, width: int, height: int) -> list[Line]:
    """All curves over the bars of the plan, the chosen one taller, and under them what sounds and what is chosen."""
    inner = max(1, width - GUTTER)
    shown, at = _around(view.parts, view.at, max(1, inner // LEAST_CELLS))
    if not shown:
        return []
    spans = _spans(shown, inner)
    chosen, other = TALLER if height >= ROOMY else TALL
    tall = {curve: chosen if curve == view.curve else other for curve in CURVES}
    lines = [
        (_name(curve, view.curve, y == rows - 1), *_blocks(shown, spans, curve, y, rows, at))
        for curve, rows in tall.items()
        for y in reversed(range(rows))
    ]
    return [*lines, ((" " * GUTTER, ""), *_marks(shown, spans, at))]


def _name(curve: Curve, chosen: Curve, first: bool) -> tuple[str, str]:
    if not first:
        return " " * GUTTER, ""
    return (f"[{curve}]".ljust(GUTTER), "bold") if curve == chosen else (f" {curve}".ljust(GUTTER), "dim")


def _around(parts: tuple[ArcPart, ...], at: int | None, most: int) -> tuple[tuple[ArcPart, ...], int | None]:
    """At most so many parts around the chosen one, and its place among them."""
    here = next((i for i, part in enumerate(parts) if part.state == "now"), 0) if at is None else at
    first = max(0, min(here - most // 3, len(parts) - most))
    return parts[first : first + most], None if at is None else at - first


def _spans(parts: tuple[ArcPart, ...], width: int) -> list[tuple[int, int]]:
    """The cells of each part: as many as its bars ask for, and one at least."""
    total = max(1, sum(part.bars for part in parts))
    edges, done = [0], 0
    for i, part in enumerate(parts):
        done += part.bars
        left = len(parts) - 1 - i
        edges.append(min(width - left, max(edges[-1] + 1, done * width // total)))
    return list(pairwise(edges))


def _blocks(
    parts: tuple[ArcPart, ...], spans: list[tuple[int, int]], curve: Curve, y: int, rows: int, at: int | None
) -> list[tuple[str, str]]:
    line = []
    for i, (part, (start, end)) in enumerate(zip(parts, spans, strict=True)):
        eighths = max(1, round(unit(getattr(part, curve)) * rows * 8)) - 8 * y
        glyph = EIGHTHS[min(8, max(0, eighths))]
        size = end - start
        drawn = glyph * (size - 1) + (" " if size > 1 else glyph)
        style = "bold" if i == at else "dim" if part.state == "played" else ""
        line.append((drawn, style))
    return line


def _marks(parts: tuple[ArcPart, ...], spans: list[tuple[int, int]], at: int | None) -> list[tuple[str, str]]:
    """``▶`` under what sounds, ``▲`` under what is chosen."""
    line = []
    for i, (part, (start, end)) in enumerate(zip(parts, spans, strict=True)):
        mark = "▲" * max(1, end - start - 1) if i == at else "▶" if part.state == "now" else ""
        line.append((mark.ljust(end - start), "bold"))
    return line


# ------------------------------------------------------------ sections


def head_line(view: PlanView, width: int) -> Line:
    """What the columns are."""
    spans: list[tuple[str, str]] = [(f"   #  {fit('section', _name_cells(width))} bars      at", "dim")]
    for curve in CURVES:
        here, short = curve == view.curve, curve.removesuffix("ness")
        spans.append(((f"[{short}]" if here else f"{short} ").rjust(VALUE_CELLS), "bold" if here else "dim"))
    return tuple(spans)


def _name_cells(width: int) -> int:
    return max(NAME_CELLS[0], min(NAME_CELLS[1], width - _FIXED_CELLS))


def part_line(view: PlanView, place: int, width: int) -> Line:
    """A section: its number, name, bars, start, values and how it stands; state is said in words, not in colour alone."""
    part, here = view.parts[place], place == view.at
    name = clean(titled(part.piece, part.name))
    if part.role not in name.lower():
        name = f"{name} ({part.role})"
    plain = "bold" if here else "dim" if part.state == "played" else ""
    spans: list[tuple[str, str]] = [
        ("▸ " if here else "  ", "bold"),
        (f"{place + 1:2d}  ", plain),
        (fit(name.upper() if part.state == "now" else name, _name_cells(width)), plain),
        (f"{part.bars:5d}", plain),
        (f"{clock(part.start_s):>8}", plain),
    ]
    for curve in CURVES:
        value = unit(getattr(part, curve))
        chosen = here and curve == view.curve
        text = f"{EIGHTHS[max(1, round(8 * value))]}{amount(value)}"
        spans.append((f"  ‹{text}›" if chosen else f"   {text} ", "bold" if chosen else plain))
    spans.append((f"  {state_of(view, place)}", plain))
    return tuple(spans)


def state_of(view: PlanView, place: int) -> str:
    """How a section stands, in a word or two."""
    part = view.parts[place]
    if part.state != "plan":
        return "▶ sounds" if part.state == "now" else "played"
    coming = place == 0 or view.parts[place - 1].state != "plan"
    made = {"": "", "making": "… making", "made": "✓ made"}[part.made]
    if coming and view.locked:
        return "✓ made, locked"
    if part.fixed:
        return f"{made or '✓ made'}, stays"
    return made or ("comes next" if coming else "")


# ------------------------------------------------------------ the set's end


def ends_line(shown: Snapshot) -> str:
    """When the set ends as things stand, when it was to end as it was asked for, and what is between the two."""
    longer = whole(shown.total_s) - whole(shown.asked_s)
    by = f" ({'+' if longer > 0 else '-'}{clock(abs(longer))})" if longer else ""
    locked = f" · locked: {' '.join(shown.locks)}" if shown.locks else ""
    return f"now {clock(shown.elapsed_s)} · ends {clock(shown.total_s)} · planned {clock(shown.asked_s)}{by}{locked}"
