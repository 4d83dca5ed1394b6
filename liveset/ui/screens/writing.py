"""Writing on the perform screen: prompts' texts, and which bars are made again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from engine.protocol import MAX_PROMPTS, MovePrompt, ReadPrompt, RemakeBars, RemovePrompt, SavePreset, SetPrompt, StarWords
from liveset.ui.controls import Control
from liveset.ui.link import EngineLink
from liveset.ui.screens.refusal import RefusalScreen
from liveset.ui.screens.view import PerformView
from liveset.ui.widgets.cells import clean
from liveset.ui.widgets.prompts import PromptInput, Prompts

SAVE_AS: Final = "save as "
BARS: Final = (5, 8)
"""Bars of the next section that are offered to be made again."""


class WritingView(PerformView):
    """The screen with what is written on it; arguments as for `PerformView`."""

    def __init__(self, link: EngineLink, notice: str, updates_per_second: float) -> None:
        super().__init__(link, notice, updates_per_second)
        self._adding = self._saving = False
        self._saved_as = ""
        self._read: str | None = None

    def update_view(self) -> None:
        """One update; a prompt that is being written is read as far as it goes."""
        super().update_view()
        written = self.prompts.draft if self.prompts.editing is not None or self._adding else None
        if written != self._read:
            self._read = written
            self.link.send(ReadPrompt(written or ""))
        near = self.prompts.near
        self.prompts.understand(written, self.desk.snapshot.reading)
        if self.prompts.near != near:
            self.footer.show(self._moment())

    def _selected(self) -> None:
        """Show another selection at once."""
        self._arrange()
        self._show_fast()
        self.footer.show(self._moment())

    def _pick(self, control: Control | None) -> None:
        if control is not None:
            self.desk.select(control)
            self._selected()

    def _off_stage(self, then: Callable[[], None]) -> bool:
        """What is written stands among the prompts: the stage view gives way first. Returns whether it had to."""
        if not self.staged:
            return False
        self.staged = False
        self._arrange()
        self.call_after_refresh(then)
        return True

    # ------------------------------------------------------------ keys

    def action_write(self) -> None:
        """Write the selected prompt's text."""
        if self._off_stage(self.action_write):
            return
        if self.desk.chosen("prompt") is None:
            self._pick(Control("prompt", self.desk.last_prompt))
        if (slot := self.desk.chosen("prompt")) is not None:
            if not self.prompts.edit(slot):
                self._refuse("There is no room to write: make the terminal larger.")
            self.footer.show(self._moment())

    def action_add_prompt(self) -> None:
        """Ask for the text of one more prompt."""
        if self._off_stage(self.action_add_prompt):
            return
        if len(self.desk.snapshot.prompts) >= MAX_PROMPTS:
            self._refuse(f"There are {MAX_PROMPTS} prompts, the most there can be: x removes one, enter rewrites one.")
        elif self.prompts.ask(""):
            self._adding = True
        else:
            self._refuse("There is no room to write: make the terminal larger.")
        self.footer.show(self._moment())

    def _refuse(self, text: str) -> None:
        """Say why nothing can be written; keys that were meant for it are no commands."""
        self.app.push_screen(RefusalScreen(text))

    def action_remove_prompt(self) -> None:
        """Remove the selected prompt at the second press."""
        slot = self.desk.chosen("prompt")
        if slot is None or not self.desk.exists:
            self._say("Select a prompt first: 1 to 8.")
        else:
            ask = f"Press x again to remove prompt {slot + 1}."
            self._at_second_press(f"remove {slot}", ask, lambda: self.link.send(RemovePrompt(slot)))

    def action_move_prompt(self, step: int) -> None:
        """Move the selected prompt by a place."""
        slot = self.desk.chosen("prompt")
        if slot is not None and self.desk.exists and 0 <= slot + step < len(self.desk.snapshot.prompts):
            self.link.send(MovePrompt(slot, slot + step))
            self._pick(Control("prompt", slot + step))

    def action_save(self) -> None:
        """Ask under which name the set is saved as a preset."""
        if self._off_stage(self.action_save):
            return
        name = re.sub(r"[^a-z0-9]+", "-", self.desk.snapshot.title.lower()).strip("-")[:30] or "set"
        self._saving = self.prompts.ask(f"{SAVE_AS}my-{name}")
        if not self._saving:
            self._refuse("There is no room to write: make the terminal larger.")
        self.footer.show(self._moment())

    def _save(self, name: str) -> None:
        """Save under a name; the same name a second time replaces what is there."""
        if name:
            self.link.send(SavePreset(name, force=name == self._saved_as))
        self._saved_as = name

    def action_remake_bars(self) -> None:
        """Ask which bars of the next section should be made again."""
        if self._off_stage(self.action_remake_bars):
            return
        bars = self.desk.snapshot.next.bars
        first, last = BARS if bars >= BARS[1] else (1, max(1, bars))
        if not self.prompts.ask(f"re-make bars {first}-{last}"):
            self._refuse("There is no room to ask for bars: make the terminal larger.")
        self.footer.show(self._moment())

    # ------------------------------------------------------------ messages from below

    def on_prompts_written(self, message: Prompts.Written) -> None:
        """A prompt was edited."""
        if message.text is not None:
            self.link.send(SetPrompt(message.slot, message.text))
        self.footer.show(self._moment())

    def on_prompt_input_starred(self, message: PromptInput.Starred) -> None:
        """Words were given a star, or it was taken away."""
        self.link.send(StarWords(message.text))
        given = message.text.lower() not in (each.lower() for each in self.desk.snapshot.starred)
        said = "has a star: it comes first when you write" if given else "has no star any more"
        self._say(f'"{clean(message.text)[:40]}" {said}')

    def on_prompts_answered(self, message: Prompts.Answered) -> None:
        """Bars were named, or one more prompt was written."""
        adding, self._adding = self._adding, False
        saving, self._saving = self._saving, False
        if saving:
            if message.text is not None:
                self._save(message.text.removeprefix(SAVE_AS.strip()).strip())
        elif adding:
            if message.text:
                self.link.send(SetPrompt(len(self.desk.snapshot.prompts), message.text))
        elif message.text is not None:
            numbers = [int(number) for number in re.findall(r"\d{1,4}", message.text)]
            if len(numbers) in (1, 2) and all(numbers):
                self.link.send(RemakeBars(numbers[0], numbers[-1]))
            else:
                self._board.tell(f'"{clean(message.text)[:20]}" names no bars: write them as 5-8')
        self.footer.show(self._moment())
