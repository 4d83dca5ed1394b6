"""The last moves: what undo would take back, and what redo would do again, each by its name; and back to any of them."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.protocol import MoveView, Redo, Snapshot, Undo
from liveset.ui.link import EngineLink
from liveset.ui.widgets.cells import clean, crop
from liveset.ui.widgets.gauges import clock

NONE: Final = "nothing was moved yet that could be undone"
HELP: Final = "enter: undo to here, or do again up to here; what sounds stays"
STAYS: Final = "   stays: too late"
FRAME_ROWS: Final = 4
"""Rows of the box that are not moves: its border, and a line about the keys."""


class MovesScreen(ModalScreen[None]):
    """What was undone above, what can be undone below, the newest first; enter goes to where the keyboard is.

    Args:
        link: the engine, which knows them.
        shown: what it shows of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,semicolon,q,ctrl+q,ctrl+c", "leave", "away", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("enter", "go", show=False),
        Binding("U", "undo", show=False),
        Binding("Y", "redo", show=False),
    ]

    def __init__(self, link: EngineLink, shown: Snapshot) -> None:
        super().__init__()
        self._link, self._shown = link, shown
        self._number: int | None = None
        """The move that the keyboard is on; None for the newest that can be undone."""

    def compose(self) -> ComposeResult:
        """The list, and what keys do."""
        with Vertical(id="moves") as box:
            box.border_title = "Moves"
            box.border_subtitle = "enter: to here · U undo · Y redo · esc"
            yield Static("", id="moves-list", markup=False)
            yield Static(HELP, id="moves-note", markup=False)

    def on_mount(self) -> None:
        """Start on the newest."""
        self._draw()

    def on_resize(self) -> None:
        """As many as there is room for."""
        self._draw()

    def show(self, shown: Snapshot) -> None:
        """Show the moves as they are now."""
        if (shown.moves, shown.undone) != (self._shown.moves, self._shown.undone):
            self._shown = shown
            self._draw()

    def _all(self) -> tuple[MoveView, ...]:
        """Those undone, the farthest first, then those that can be undone, the newest first."""
        return (*reversed(self._shown.undone), *self._shown.moves)

    def _at(self) -> int:
        """Where the keyboard is among them all; on a move that is gone, it is on the newest."""
        there = [move.number for move in self._all()]
        if self._number in there:
            return there.index(self._number)
        return max(0, min(len(self._shown.undone), len(there) - 1))

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        moves, at = self._all(), self._at()
        width = max(20, min(106, self.size.width - 6))
        lines = [self._line(move, i == at, i < len(self._shown.undone), width) for i, move in enumerate(moves)]
        between = len(self._shown.undone)
        lines.insert(between, Text("── now ──".ljust(width, "─"), "dim"))
        focus = at + (at >= between)
        room = max(1, self.size.height - FRAME_ROWS)
        first = max(0, min(focus - room // 2, len(lines) - room))
        self.query_one("#moves-list", Static).update(Text("\n").join(lines[first : first + room]) if moves else Text(NONE))

    def _line(self, move: MoveView, here: bool, undone: bool, width: int) -> Text:
        sign = "undone" if undone else ""
        text = Text(no_wrap=True).append("▸ " if here else "  ", "bold")
        words = f"{clock(move.at_s):>7}  {sign:7}{clean(move.what)}"
        text.append(
            crop(words, width - 2 - (len(STAYS) if move.late else 0)), "bold" if here else "dim" if undone or move.late else ""
        )
        if move.late:
            text.append(STAYS, "dim")
        return text

    def action_move(self, step: int) -> None:
        """The one above or below."""
        moves = self._all()
        if moves:
            self._number = moves[max(0, min(len(moves) - 1, self._at() + step))].number
        self._draw()

    def action_go(self) -> None:
        """Undo to the move that the keyboard is on, that one too; or do again, up to it."""
        moves, at = self._all(), self._at()
        if moves:
            number = moves[at].number
            self._link.send(Redo(number) if at < len(self._shown.undone) else Undo(number))

    def action_undo(self) -> None:
        """The last move is taken back."""
        self._link.send(Undo())

    def action_redo(self) -> None:
        """What was undone last is done again."""
        self._link.send(Redo())

    def action_leave(self) -> None:
        """Away."""
        self.dismiss(None)
