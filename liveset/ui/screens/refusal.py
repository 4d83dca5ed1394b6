"""A key that did nothing says so and waits: what is typed after it is no command."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static


class RefusalScreen(ModalScreen[None]):
    """Why nothing can be written, until enter or esc.

    Args:
        text: the reason, and what to do.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,escape,ctrl+q,ctrl+c", "close", "go on", show=False)]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The reason."""
        with Vertical(id="refusal"):
            yield Static(self._text, markup=False)
            yield Static("enter or esc goes on", id="refusal-keys", markup=False)

    def action_close(self) -> None:
        """Back to the set."""
        self.dismiss(None)
