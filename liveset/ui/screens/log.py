"""All messages on one page, and what was corrected, not understood or not followed of every prompt."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from engine.protocol import Notice, PromptView, Snapshot
from liveset.ui.messages import said
from liveset.ui.widgets.cells import clean
from liveset.ui.widgets.footer import LEVELS
from liveset.ui.widgets.gauges import clock

NOTHING: Final = "nothing was said yet"


class LogScreen(ModalScreen[None]):
    """The page as of the moment it was asked for.

    Args:
        log: all messages, oldest first.
        snapshot: for its prompts.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,l,ctrl+q,ctrl+c", "close", "close", show=False)]

    def __init__(self, log: tuple[Notice, ...], snapshot: Snapshot) -> None:
        super().__init__()
        self._text = page(log, snapshot.prompts)

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        box = VerticalScroll(Static(self._text, id="log-text"), id="log")
        box.border_title = "Log"
        box.border_subtitle = "esc closes"
        yield box

    def on_mount(self) -> None:
        """Arrow keys scroll at once; the newest message is in sight."""
        box = self.query_one(VerticalScroll)
        box.focus()
        box.scroll_end(animate=False)

    def action_close(self) -> None:
        """Back to the set."""
        self.dismiss(None)


def page(log: tuple[Notice, ...], prompts: tuple[PromptView, ...]) -> Text:
    """Prompts first, then the messages, so that the newest message is the last line."""
    text = Text()
    for number, prompt in enumerate(prompts, 1):
        if told := understood(prompt):
            text.append("" if text else "Prompts\n", "bold")
            text.append(f"  {number:2d} {clean(prompt.text)}\n")
            for line in told:
                text.append(f"       {line}\n", "dim")
    text.append(f"{chr(10) if text else ''}Messages\n", "bold")
    for notice in log:
        text.append(f"  {clock(notice.at_s):>7} {LEVELS[notice.level][0]}{clean(said(notice))}\n")
    if not log:
        text.append(f"  {NOTHING}\n")
    return text


def understood(prompt: PromptView) -> list[str]:
    """What was not, or only nearly, understood of a prompt, and what of it the set does not follow; whole."""
    lines = [f'"{clean(word)}" was not understood' for word in prompt.unknown]
    lines += [f'"{clean(word)}" was taken for "{clean(guess)}"' for word, guess in prompt.guesses]
    return [*lines, *(f'"{clean(word)}": the set keeps its own' for word in prompt.unfollowed)]
