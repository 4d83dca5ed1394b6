"""All keys on one page."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.actions import PROMPT_KEYS
from liveset.ui.bindings import KEYS

CAP_CELLS = 12


class HelpScreen(ModalScreen[None]):
    """The table of keys by group."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,ctrl+q,ctrl+c", "close", "close", show=False)]

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        page = VerticalScroll(Static(keys_table(), id="keys-table"), id="help")
        page.border_title = "Keys"
        page.border_subtitle = "esc closes"
        yield page

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one(VerticalScroll).focus()

    def action_close(self) -> None:
        """Back to the set."""
        self.dismiss(None)


def keys_table() -> Text:
    """Every key under its group's heading; the eight prompt keys on one line."""
    text = Text()
    group = ""
    for key in KEYS:
        if key.action.startswith("digit("):
            if key.keys != "1":
                continue
            cap, does = f"1 to {PROMPT_KEYS}", "select a prompt"
        else:
            cap, does = key.cap, key.does
        if key.group != group:
            text.append(("\n" if group else "") + f"{key.group}\n", "bold")
            group = key.group
        text.append(f"  {cap:<{CAP_CELLS}}", "bold")
        text.append(f"{does}\n")
    text.append("\nA knob marked ▶ .45 takes hold once it is turned to that value.")
    return text
