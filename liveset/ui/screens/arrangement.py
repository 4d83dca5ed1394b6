"""How many rows and columns each block gets: wider and taller shows more, never bigger. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

from liveset.ui.controls import KINDS, Kind

THREE_COLUMNS_FROM: Final = 96
TWO_COLUMNS_FROM: Final = 56

STAGE_ALONE: Final = 14
"""Rows up to which the stage view has neither messages nor keys under it."""


@dataclass(slots=True)
class Rows:
    """Rows of each block, 0 where it is not shown; a block's rule is one of its rows."""

    header: int = 0
    arc: int = 0
    now: int = 0
    next: int = 0
    board: int = 0
    levels: int = 0
    machine: int = 0
    outlook: int = 0
    stage: int = 0
    notices: int = 0
    keys: int = 0
    arc_rule: bool = False
    now_rule: bool = False
    board_rule: bool = False
    next_rule: bool = False
    levels_rule: bool = False
    outlook_rule: bool = False

    @property
    def used(self) -> int:
        """Rows in all."""
        return sum(getattr(self, field.name) for field in fields(self) if not field.name.endswith("_rule"))


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of the board's columns, 0 where one is not shown."""

    prompts: int
    macros: int
    stems: int


def arrange_rows(height: int, prompt_rows: int, macros: int, stems: int, parts: int) -> Rows:
    """Give out rows in the order in which a performer misses them.

    Args:
        height: rows of the terminal.
        prompt_rows: prompt slots and lines of marks under them.
        macros, stems, parts: how many there are.
    """
    rows = Rows()
    for name, amount, rule in _wishes(prompt_rows, macros, stems, parts):
        if rows.used + amount <= height:
            setattr(rows, name, getattr(rows, name) + amount)
            if rule:
                setattr(rows, f"{name}_rule", True)
    return rows


def arrange_stage(height: int) -> Rows:
    """The rows of the stage view: large type, with what must stay around it."""
    rows = Rows(header=int(height > 2), notices=int(height > STAGE_ALONE), keys=int(height > STAGE_ALONE))
    rows.stage = max(0, height - rows.used)
    return rows


def _wishes(prompt_rows: int, macros: int, stems: int, parts: int) -> Iterator[tuple[str, int, bool]]:
    board = max(prompt_rows, 1)
    # 80x24 keeps, in this order: clock, NEXT's line, NOW's line, prompts, meters, arc, waveform.
    yield from (("header", 1, False), ("next", 1, False), ("now", 1, False), ("board", min(2, board), False))
    yield from (("levels", 1, False), ("notices", 1, False), ("keys", 1, False))
    yield from (("board", 1, False) for _ in range(min(4, board) - min(2, board)))
    yield from (("arc", 2, False), ("next", 1, False), ("now", 2, False), ("machine", 1, False))
    yield from (("board", 1, False) for _ in range(max(0, 1 + max(4, macros) - min(4, board))))
    yield from (("board", 1, True), ("arc", 1, False), ("now", 1, True), ("levels", 1, True), ("arc", 1, True))
    full = max(board, macros, stems) + 2
    have = min(2, board) + (min(4, board) - min(2, board)) + max(0, 1 + max(4, macros) - min(4, board)) + 1
    yield from (("now", 1, False), ("arc", 1, False), ("now", 1, False))
    yield from (("board", 1, False) for _ in range(max(0, full - have)))
    yield from (("now", 1, False), ("next", 1, True), ("arc", 1, False), ("notices", 1, False), ("notices", 1, False))
    if parts:
        yield ("outlook", 4, True)
        yield from (("outlook", 1, False) for _ in range(max(0, min(parts, 24) - 3)))
    yield from (("notices", 1, False) for _ in range(5))


def arrange_columns(width: int, kind: Kind) -> Columns:
    """Share out the board's width; prompts get what the others do not need.

    Where there is no room for all columns, the one the keyboard is on (``kind``) is shown.
    """
    if width < TWO_COLUMNS_FROM:
        return Columns(*(width if shown == kind else 0 for shown in KINDS))
    if width < THREE_COLUMNS_FROM:
        side = min(34, max(22, width * 2 // 5))
        return Columns(width - side, 0, side) if kind == "stem" else Columns(width - side, side, 0)
    macros = min(52, max(30, width // 4))
    stems = min(44, max(22, width // 5))
    return Columns(width - macros - stems, macros, stems)
