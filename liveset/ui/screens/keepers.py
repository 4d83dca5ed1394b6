"""The keepers, for the performer who asked for them: one is chosen, and the next section is made out of it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.protocol import Keeper, KeeperList, ListKeepers, RemoveKeeper
from liveset.ui.link import EngineLink
from liveset.ui.widgets.kept import NAME_CELLS, line

NONE: str = "nothing is kept yet: k keeps what plays"
READING: str = "reading the keepers ..."


class KeepersScreen(ModalScreen[Keeper | None]):
    """All keepers, the newest first; the answer is one of them, or None.

    Args:
        link: the engine, which lists and deletes them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,K,q,ctrl+q,ctrl+c", "leave", "away", show=False),
        Binding("d,delete", "delete", "delete", show=False),
    ]

    def __init__(self, link: EngineLink) -> None:
        super().__init__()
        self._link = link
        self._shown: KeeperList | None = None
        self._keepers: tuple[Keeper, ...] = ()
        self._broken = ""
        self._asked = ""
        """The keeper that is deleted when it is asked for once more."""

    def compose(self) -> ComposeResult:
        """The list, and a line about it."""
        with Vertical(id="keepers") as box:
            box.border_title = "Keepers"
            box.border_subtitle = "enter: next section out of it · d twice: delete · esc"
            yield OptionList(id="kept", markup=False, compact=True)
            yield Static("", id="keepers-note", markup=False)

    def on_mount(self) -> None:
        """Ask for them; the keyboard starts on the newest."""
        self.query_one(OptionList).display = False
        self._note(READING)
        self._link.send(ListKeepers())

    def on_unmount(self) -> None:
        """The engine need not show them any more."""
        self._link.send(ListKeepers(False))

    def show(self, found: KeeperList | None) -> None:
        """Show what the engine found; None and what is shown already change nothing."""
        if found is None or found == self._shown:
            return
        self._shown = found
        self._keepers, self._broken = found.keepers, " · ".join(found.broken)
        options = self.query_one(OptionList)
        highlighted = options.highlighted or 0
        options.clear_options()
        options.add_options([Option(line(keeper, NAME_CELLS)) for keeper in self._keepers])
        if self._keepers:
            options.highlighted = min(highlighted, len(self._keepers) - 1)
        options.display = bool(self._keepers)
        options.focus()
        self._note()

    def _note(self, text: str = "") -> None:
        """Say something about the list; else which of it is broken, or how something comes into it."""
        text = text or self._broken or ("" if self._keepers else NONE)
        note = self.query_one("#keepers-note", Static)
        note.update(text)
        note.display = bool(text)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        event.stop()
        self.dismiss(self._keepers[event.option_index])

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Another one: what was to be deleted is not any more."""
        event.stop()
        if self._asked and self._keepers[event.option_index].name != self._asked:
            self._asked = ""
            self._note()

    def action_delete(self) -> None:
        """Delete the highlighted keeper, at the second time of asking."""
        at = self.query_one(OptionList).highlighted
        if at is None or not self._keepers:
            return
        name = self._keepers[at].name
        if self._asked != name:
            self._asked = name
            self._note(f"d once more deletes {name}")
            return
        self._asked = ""
        self._note()
        self._link.send(RemoveKeeper(name))

    def action_leave(self) -> None:
        """Away, with nothing chosen."""
        self.dismiss(None)
