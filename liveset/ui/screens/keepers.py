"""The library: the keepers, searched, starred, tagged and noted; out of the one that is chosen the next section is made."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.protocol import Keeper, KeeperList, ListenKeeper, ListKeepers, MarkKeeper, RemoveKeeper
from liveset.ui.link import EngineLink
from liveset.ui.widgets.cells import clean
from liveset.ui.widgets.kept import NAME_CELLS, line, matches, sorted_keepers

NONE: str = "nothing is kept yet: k keeps what plays"
NOTHING_FOUND: str = "no keeper has all of these words: esc shows all"
READING: str = "reading the keepers ..."


Field = Literal["search", "tags", "note"]
PLACEHOLDERS: Final[dict[Field, str]] = {
    "search": "words of name, role, key, prompts, #tags, note; * has a star",
    "tags": "tags, with spaces between them",
    "note": "a note",
}


class KeepersScreen(ModalScreen[Keeper | None]):
    """All keepers, the newest first; the answer is one of them, or None.

    Args:
        link: the engine, which lists and deletes them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,K,q,ctrl+q,ctrl+c", "leave", "away", show=False),
        Binding("d,delete", "delete", "delete", show=False),
        Binding("space", "hear", "hear", show=False),
        Binding("slash,f", "ask('search')", "search", show=False),
        Binding("s,asterisk", "star", "star", show=False),
        Binding("t", "ask('tags')", "tags", show=False),
        Binding("n", "ask('note')", "note", show=False),
    ]

    def __init__(self, link: EngineLink) -> None:
        super().__init__()
        self._link = link
        self._shown: KeeperList | None = None
        self._keepers: tuple[Keeper, ...] = ()
        self._listed: tuple[Keeper, ...] = ()
        """Those that the search leaves, in the order of the list."""
        self._search = ""
        self._writing: Field | None = None
        self._marked = ""
        """The keeper that is written on."""
        self._broken = ""
        self._asked = ""
        """The keeper that is deleted when it is asked for once more."""

    def compose(self) -> ComposeResult:
        """The list, and a line about it."""
        with Vertical(id="keepers") as box:
            box.border_title = "Keepers"
            box.border_subtitle = "enter: next · space: hear · / search · s star · t tags · n note · d d delete"
            yield Input(id="keepers-field", compact=True, select_on_focus=False)
            yield OptionList(id="kept", markup=False, compact=True)
            yield Static("", id="keepers-note", markup=False)

    def on_mount(self) -> None:
        """Ask for them; the keyboard starts on the newest."""
        self.query_one(OptionList).display = False
        self.query_one(Input).display = False
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
        self._list()
        if self._writing is None:
            self.query_one(OptionList).focus()

    def _list(self) -> None:
        """Show those that the search leaves; the keyboard stays on the one it was on."""
        options, before = self.query_one(OptionList), self._here()
        at = options.highlighted or 0
        self._listed = sorted_keepers(keeper for keeper in self._keepers if matches(keeper, self._search))
        options.clear_options()
        options.add_options([Option(line(keeper, NAME_CELLS)) for keeper in self._listed])
        if self._listed:
            names = [keeper.name for keeper in self._listed]
            options.highlighted = names.index(before) if before in names else min(at, len(names) - 1)
        options.display = bool(self._listed)
        self.query_one("#keepers").border_title = f"Keepers: {self._search}" if self._search else "Keepers"
        self._note()

    def _here(self) -> str:
        """The name of the keeper that the keyboard is on; empty for none."""
        at = self.query_one(OptionList).highlighted
        return self._listed[at].name if at is not None and at < len(self._listed) else ""

    def _note(self, text: str = "") -> None:
        """Say something about the list; else what is wrong with it, or what is written on the keeper under the keyboard."""
        here = next((keeper for keeper in self._listed if keeper.name == self._here()), None)
        written = "" if here is None else " ".join([*(f"#{tag}" for tag in here.tags), here.note]).strip()
        empty = NONE if not self._keepers else NOTHING_FOUND if not self._listed else ""
        text = text or self._broken or empty or clean(written)
        note = self.query_one("#keepers-note", Static)
        note.update(text)
        note.display = bool(text)

    # ------------------------------------------------------------ writing

    def action_ask(self, field: Field) -> None:
        """Let the performer write what is searched for, or the tags or the note of the keeper under the keyboard."""
        here = next((keeper for keeper in self._listed if keeper.name == self._here()), None)
        if self._shown is None or (here is None and field != "search"):
            return
        self._writing, self._marked, self._asked = field, "" if here is None else here.name, ""
        written = ("", "") if here is None else (" ".join(here.tags), here.note)
        entry = self.query_one(Input)
        entry.placeholder = PLACEHOLDERS[field]
        entry.value = {"search": self._search, "tags": written[0], "note": written[1]}[field]
        entry.cursor_position = len(entry.value)
        entry.display = True
        entry.focus()
        self._note()

    def _close_field(self) -> None:
        self._writing = None
        self.query_one(Input).display = False
        self.query_one(OptionList).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is searched for is found while it is written."""
        event.stop()
        if self._writing == "search" and event.value != self._search:
            self._search = event.value
            self._list()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: what is written counts."""
        event.stop()
        if self._writing == "tags":
            self._link.send(MarkKeeper(self._marked, tags=tuple(event.value.split())))
        elif self._writing == "note":
            self._link.send(MarkKeeper(self._marked, note=event.value))
        self._close_field()

    def action_star(self) -> None:
        """Give the keeper under the keyboard a star, or take it away."""
        here = next((keeper for keeper in self._listed if keeper.name == self._here()), None)
        if here is not None:
            self._link.send(MarkKeeper(here.name, star=not here.star))

    def action_hear(self) -> None:
        """Hear the keeper under the keyboard in the headphones, or no more."""
        if name := self._here():
            self._link.send(ListenKeeper(name))

    # ------------------------------------------------------------ choosing

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        event.stop()
        self.dismiss(self._listed[event.option_index])

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Another one: what was to be deleted is not any more."""
        event.stop()
        if not self._asked or self._here() != self._asked:
            self._asked = ""
            self._note()

    def action_delete(self) -> None:
        """Delete the highlighted keeper, at the second time of asking."""
        name = self._here()
        if not name:
            return
        if self._asked != name:
            self._asked = name
            self._note(f"d once more deletes {name}")
            return
        self._asked = ""
        self._note()
        self._link.send(RemoveKeeper(name))

    def action_leave(self) -> None:
        """Away, with nothing chosen; first from what is written, then from what was searched for."""
        if self._writing is not None:
            self._close_field()
        elif self._search:
            self._search = ""
            self._list()
        else:
            self.dismiss(None)
