"""The question asked before the screen closes: should the set stop?"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.command_line import command

Answer = Literal["leave", "stop", "stay"]

ANSWERS: Final[tuple[tuple[Answer, str, str], ...]] = (
    ("leave", "l", f"leave it playing; `{command('attach')}` comes back to it"),
    ("stop", "s", "stop the set: fade out and end it"),
    ("stay", "esc", "stay here"),
)


class CloseScreen(ModalScreen[Answer]):
    """Leave the set playing, stop it, or stay; the first of them leaves the music alone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "answer('leave')", "leave it playing", show=False),
        Binding("s", "answer('stop')", "stop the set", show=False),
        Binding("escape,q,ctrl+q,ctrl+c", "answer('stay')", "stay", show=False),
    ]

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        with Vertical(id="closing"):
            yield Static("Close the screen. And the set?", id="question", markup=False)
            yield OptionList(
                *(Option(f"{cap:<4}{text}", id=answer) for answer, cap, text in ANSWERS), id="answers", markup=False, compact=True
            )

    def on_mount(self) -> None:
        """The keyboard starts on the first answer."""
        self.query_one(OptionList).highlighted = 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        event.stop()
        self.dismiss(ANSWERS[event.option_index][0])

    def action_answer(self, answer: Answer) -> None:
        """Answer by a key."""
        self.dismiss(answer)
