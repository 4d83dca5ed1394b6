"""Text measured in terminal cells: cleaned, fitted, and put together into lines of styled spans."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rich.cells import cell_len, set_cell_size

Span = tuple[str, str]
"""Text and the name of its style (see `liveset.ui.widgets.lines.STYLES`; empty for plain text)."""

Line = tuple[Span, ...]

ELLIPSIS: Final = "…"
_MARKS_KEPT: Final = 2
"""Combining marks kept per character: enough for any script, too few to climb into the line above."""


@lru_cache(maxsize=1024)
def clean(text: str) -> str:
    """Text as one line without control, format or private characters, so that every terminal gives it the same width."""
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind in ("Cc", "Zl", "Zp", "Zs"):
            kept.append(" ")
        elif kind[0] != "C" and marks <= _MARKS_KEPT and not 0xFE00 <= ord(char) <= 0xFE0F:
            kept.append(char)
    return "".join(kept)


def cells(text: str) -> int:
    """Terminal cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def crop(text: str, width: int) -> str:
    """Text cut to at most ``width`` cells, its end marked by an ellipsis."""
    if cells(text) <= width:
        return text
    return "" if width < 1 else set_cell_size(text, width - 1).rstrip() + ELLIPSIS


def fit(text: str, width: int, right: bool = False) -> str:
    """Text of exactly ``width`` cells: cut, or padded on the right (on the left if ``right``)."""
    text = crop(text, width)
    room = " " * (width - cells(text))
    return room + text if right else text + room


def line_cells(line: Sequence[Span]) -> int:
    """Terminal cells a line takes."""
    return sum(cells(text) for text, _ in line)


def cut_line(line: Sequence[Span], width: int) -> Line:
    """A line cut to at most ``width`` cells."""
    kept: list[Span] = []
    for text, style in line:
        if (size := cells(text)) > width:
            kept.append((crop(text, width), style))
            break
        kept.append((text, style))
        width -= size
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line; where there is no room the pieces of the highest rank go first, those of rank 0 never."""

    spans: Line
    rank: int = 0


def piece(text: str, style: str = "", rank: int = 0) -> Piece:
    """A piece of one span."""
    return Piece(((text, style),), rank)


def row(width: int, left: Sequence[Piece], right: Sequence[Piece] = (), gap: int = 3) -> Line:
    """Pieces set from both edges with at least ``gap`` cells between any two; the least important go until they fit."""
    left, right = [p for p in left if p.spans], [p for p in right if p.spans]
    size = {id(p): line_cells(p.spans) for p in (*left, *right)}

    def needed() -> int:
        return sum(size[id(p)] for p in (*left, *right)) + gap * (len(left) + len(right) - 1)

    while needed() > width:
        worst = max((*left, *right), key=lambda p: p.rank, default=None)
        if worst is None or worst.rank == 0:
            break
        side = right if worst in right else left
        side.remove(worst)
    before, after = _join(left, gap), _join(right, gap)
    if not after:
        return cut_line(before, width)
    room = width - line_cells(after)
    before = cut_line(before, max(0, room - 1))
    return cut_line((*before, (" " * max(0, room - line_cells(before)), ""), *after), width)


def _join(pieces: Sequence[Piece], gap: int) -> Line:
    spans: list[Span] = []
    for i, part in enumerate(pieces):
        if i:
            spans.append((" " * gap, ""))
        spans.extend(part.spans)
    return tuple(spans)
