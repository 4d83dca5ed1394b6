"""The plan of the set on a screen of its own: its curves, its sections, and keys that change what is still to come."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.protocol import (
    CURVES,
    ArcPart,
    Command,
    Curve,
    EditPart,
    EditPlan,
    GoOn,
    InsertPart,
    NextNow,
    PartEdit,
    Redo,
    Role,
    Snapshot,
    StepCurve,
    Undo,
)
from liveset.ui.controls import COARSE, FINE
from liveset.ui.link import EngineLink
from liveset.ui.screens.moves import MovesScreen
from liveset.ui.widgets.cells import Line, clean
from liveset.ui.widgets.curves import PlanView, curve_lines, ends_line, head_line, part_line, whole_parts

ROLE_KEYS: Final[dict[str, Role]] = {
    "i": "intro", "b": "build", "d": "drop", "k": "breakdown", "o": "outro", "f": "free",
}  # fmt: skip
"""The key of each role, while one is asked for."""

EDIT_KEYS: Final[dict[str, PartEdit]] = {
    "x,delete": "remove",
    "A": "repeat",
    "less_than_sign,shift+up": "sooner",
    "greater_than_sign,shift+down": "later",
    "enter": "next",
    "full_stop": "longer",
    "comma": "shorter",
}

KEYS_LINES: Final = (
    "←→ value  tab curve  . , 8 bars more, less  i I insert before, after",
    "x remove  A once more  < > move  enter next  F drop next  g longer  Z end",
)
TITLES: Final = "U undo · Y redo · ; moves · n next now · esc"
ROLES_LINE: Final = "i intro  b build  d drop  k breakdown  o outro  f groove,"
"""What is asked while a section is to be inserted; where it goes follows."""

NOTHING_AHEAD: Final = "nothing is to come any more: i adds a section, g makes the set longer"
SHOWN_S: Final = 10.0
"""Seconds for which the engine's last word is shown."""


class PlanScreen(ModalScreen[None]):
    """The whole plan; up and down choose a section that is to come, left and right move its value of the chosen curve.

    Args:
        link: the engine, whose plan it is.
        shown: what it shows.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,slash,q,ctrl+q,ctrl+c", "leave", "away", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-5)", show=False),
        Binding("pagedown", "move(5)", show=False),
        Binding("home", "move(-1000)", show=False),
        Binding("end", "move(1000)", show=False),
        Binding("left,minus", "lean(-1)", show=False),
        Binding("right,plus,equals_sign", "lean(1)", show=False),
        Binding("shift+left", "lean(-1, True)", show=False),
        Binding("shift+right", "lean(1, True)", show=False),
        Binding("tab", "curve(1)", show=False),
        Binding("shift+tab", "curve(-1)", show=False),
        Binding("I", "insert(True)", show=False),
        *(Binding(keys, f"edit('{edit}')", show=False) for keys, edit in EDIT_KEYS.items()),
        *(Binding(key, f"letter('{key}')", show=False) for key in ROLE_KEYS),
        Binding("F", "plan('drop')", show=False),
        Binding("Z", "plan('end')", show=False),
        Binding("g", "longer", show=False),
        Binding("n", "next_now", show=False),
        Binding("U", "undo", show=False),
        Binding("Y", "redo", show=False),
        Binding("semicolon", "moves", show=False),
    ]

    def __init__(self, link: EngineLink, shown: Snapshot) -> None:
        super().__init__()
        self._link, self._shown = link, shown
        self._curve: Curve = "energy"
        self._part = 0
        """The id of the section that the keyboard is on."""
        self._place = 0
        """Its place among those that are to come, for when it is gone."""
        self._inserts: bool | None = None
        """A role is asked for: of a section after the chosen one, or before it; None for neither."""

    def compose(self) -> ComposeResult:
        """When the set ends, curves, sections, what the engine says, and what keys do."""
        with Vertical(id="plan") as box:
            box.border_title = "Plan"
            box.border_subtitle = TITLES
            yield Static("", id="plan-page", markup=False)

    def on_mount(self) -> None:
        """Start on what comes next."""
        self._draw()

    def on_resize(self) -> None:
        """As many sections as there is room for."""
        self._draw()

    def show(self, shown: Snapshot) -> None:
        """Show the plan as it is now."""
        if shown != self._shown:
            self._shown = shown
            self._draw()

    # ------------------------------------------------------------ what is shown

    def _ahead(self) -> list[ArcPart]:
        return [part for part in whole_parts(self._shown.arc) if part.state == "plan"]

    def _here(self) -> ArcPart | None:
        """The section that the keyboard is on: the one it was on, else the one that is in its place now."""
        ahead = self._ahead()
        found = next((i for i, part in enumerate(ahead) if part.id == self._part), None)
        self._place = max(0, min(self._place, len(ahead) - 1)) if found is None else found
        if not ahead:
            return None
        self._part = ahead[self._place].id
        return ahead[self._place]

    def _draw(self) -> None:
        if not self.is_mounted:
            return
        page = self.query_one("#plan-page", Static)
        width, height = max(20, min(126, self.size.width - 4)), max(8, self.size.height - 2)
        page.update(Text("\n").join(_text(line, width) for line in self._lines(width, height)))

    def _lines(self, width: int, height: int) -> list[Line]:
        """Everything, in so many lines."""
        s, here, parts = self._shown, self._here(), whole_parts(self._shown.arc)
        at = None if here is None else next(i for i, part in enumerate(parts) if part.id == here.id and part.state == "plan")
        view = PlanView(parts, at, self._curve, "section" in s.locks)
        top: list[Line] = [((ends_line(s), ""),), *curve_lines(view, width, height), head_line(view, width)]
        bottom: list[Line] = [self._word(here), *(((line, "dim"),) for line in KEYS_LINES)]
        room = max(1, height - len(top) - len(bottom))
        focus = next((i for i, part in enumerate(parts) if part.state == "now"), 0) if at is None else at
        first = max(0, min(focus - room // 2, len(parts) - room))
        rows = [part_line(view, place, width) for place in range(first, min(len(parts), first + room))]
        return [*top, *rows, *[((" ", ""),)] * (room - len(rows)), *bottom]

    def _word(self, here: ArcPart | None) -> Line:
        """What is asked of the performer, else what the engine said last."""
        if self._inserts is not None:
            where = f"{'after' if self._inserts else 'before'} {clean(here.name)}" if here else "at the end"
            return ((f"{ROLES_LINE} {where}", "bold"),)
        last = self._shown.notices[-1] if self._shown.notices else None
        if last is not None and self._shown.clock_s - last.at_s < SHOWN_S:
            return ((clean(last.text), "bold"),)
        return ((NOTHING_AHEAD if here is None else "", "dim"),)

    # ------------------------------------------------------------ keys

    def _send(self, command: Command) -> None:
        self._inserts = None
        self._link.send(command)
        self._draw()

    def action_move(self, step: int) -> None:
        """Another section that is to come."""
        self._inserts = None
        if self._here() is not None:
            ahead = self._ahead()
            self._place = max(0, min(len(ahead) - 1, self._place + step))
            self._part = ahead[self._place].id
        self._draw()

    def action_curve(self, step: int) -> None:
        """Another curve."""
        self._curve = CURVES[(CURVES.index(self._curve) + step) % len(CURVES)]
        self._draw()

    def action_lean(self, direction: int, coarse: bool = False) -> None:
        """The chosen section's value of the chosen curve, up or down."""
        if (here := self._here()) is not None:
            self._send(StepCurve(self._curve, direction * (COARSE if coarse else FINE), here.id))

    def action_edit(self, edit: PartEdit) -> None:
        """Something done to the chosen section."""
        if (here := self._here()) is not None:
            self._send(EditPart(here.id, edit))

    def action_letter(self, letter: str) -> None:
        """A role, where one is asked for; else ``i`` asks for one."""
        if self._inserts is not None:
            here = self._here()
            self._send(InsertPart(ROLE_KEYS[letter], None if here is None else here.id, self._inserts))
        elif letter == "i":
            self.action_insert(False)

    def action_insert(self, after: bool) -> None:
        """Ask for the role of a section before the chosen one, or after it."""
        self._inserts = after
        self._draw()

    def action_plan(self, edit: str) -> None:
        """The next drop comes forward, or all but the ending is left out."""
        self._send(EditPlan("drop" if edit == "drop" else "end"))

    def action_longer(self) -> None:
        """The set goes on for some minutes more."""
        self._send(GoOn())

    def action_next_now(self) -> None:
        """Hand over on the next bar."""
        self._send(NextNow())

    def action_undo(self) -> None:
        """The last move is taken back."""
        self._send(Undo())

    def action_redo(self) -> None:
        """What was undone last is done again."""
        self._send(Redo())

    def action_moves(self) -> None:
        """The list of moves."""
        self.app.push_screen(MovesScreen(self._link, self._shown))

    def action_leave(self) -> None:
        """Away; first from the question for a role."""
        if self._inserts is not None:
            self._inserts = None
            self._draw()
        else:
            self.dismiss(None)


def _text(line: Line, width: int) -> Text:
    text = Text.assemble(*((words, style) for words, style in line), no_wrap=True)
    text.truncate(width, overflow="ellipsis")
    return text
