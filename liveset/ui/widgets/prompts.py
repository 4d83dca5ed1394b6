"""The prompt slots: text, weight, the control each is under, and what was not understood."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from engine.protocol import LONGEST_PROMPT, PromptReading, one_line
from liveset.ui.controls import Control
from liveset.ui.widgets.cells import Line, clean
from liveset.ui.widgets.dragging import Draggable, Grip
from liveset.ui.widgets.phrases import StarredFirst, other_phrase, phrase_at
from liveset.ui.widgets.prompt_lines import (
    TEXT_AT,
    PromptsView,
    columns_of,
    heading_line,
    items_of,
    longest_of,
    marks_line,
    slot_line,
)
from liveset.ui.widgets.reading import MOST_ROWS, Reading, ReadingView

ASK_AT: Final = 1
TYPED: Final = 4 * LONGEST_PROMPT
"""Characters the field takes: more than count, so that the engine is told of a text that is too long, and says so."""


class PromptInput(Input):
    """A prompt's text being edited in its place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "leave it as it was", show=False),
        Binding("ctrl+s", "star", "star", show=False),
        Binding("ctrl+t", "nearest", "nearest", show=False),
        Binding("up", "starred(-1)", "starred", show=False),
        Binding("down", "starred(1)", "starred", show=False),
        Binding("tab", "cursor_right", "take what is suggested", show=False),
    ]

    class Starred(Message):
        """Words were given a star, or it was taken away."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def action_star(self) -> None:
        """Give the words around the cursor a star, or take it away."""
        start, end = phrase_at(self.value, self.cursor_position)
        if end > start:
            self.post_message(self.Starred(self.value[start:end]))

    def action_starred(self, step: int) -> None:
        """The next words that have a star in the place of those around the cursor."""
        if isinstance(self.suggester, StarredFirst):
            words = (*self.suggester.starred, *self.suggester.own)
            self.value, self.cursor_position = other_phrase(self.value, self.cursor_position, words, step)

    nearest: tuple[tuple[str, str], ...] = ()
    """Words that are not understood, each with the nearest one that is."""

    def action_nearest(self) -> None:
        """The nearest word that is understood in the place of the last one that is not."""
        for word, near in reversed(self.nearest):
            at = self.value.lower().rfind(word.lower())
            if near and at >= 0:
                self.value = f"{self.value[:at]}{near}{self.value[at + len(word) :]}"
                self.cursor_position = at + len(near)
                return

    class Cancelled(Message):
        """The performer left it as it was."""

    def action_cancel(self) -> None:
        """Leave it as it was."""
        self.post_message(self.Cancelled())

    def _on_paste(self, event: events.Paste) -> None:
        """All lines that were pasted, as one."""
        if event.text:
            self.insert_text_at_cursor(one_line(event.text))
        event.stop()
        event.prevent_default()


class Prompts(Draggable[PromptsView]):
    """A heading, then a line per slot, and under it a line of marks if words were not understood."""

    class Written(Message):
        """A prompt's text was edited; ``text`` is None if it was left as it was."""

        def __init__(self, slot: int, text: str | None) -> None:
            super().__init__()
            self.slot = slot
            self.text = text

    class Answered(Message):
        """A line that `ask` asked for; ``text`` is None if nothing was answered."""

        def __init__(self, text: str | None) -> None:
            super().__init__()
            self.text = text

    class Picked(Message):
        """A prompt was clicked."""

        def __init__(self, slot: int) -> None:
            super().__init__()
            self.slot = slot

    def __init__(self, view: PromptsView, *, id: str | None = None) -> None:
        super().__init__(view, id=id)
        self.words = StarredFirst()
        self.reading = Reading(ReadingView())
        self.editing: int | None = None
        self.asking = False
        self._first = 0

    def compose(self) -> ComposeResult:
        """The line editor, hidden until a prompt is edited."""
        yield PromptInput(max_length=TYPED, compact=True, select_on_focus=False, suggester=self.words)
        yield self.reading

    # ------------------------------------------------------------ drawing

    def lines(self, view: PromptsView, width: int, height: int) -> list[Line]:
        """The heading where there are rows for it, then the window of rows that holds the selected slot."""
        items = items_of(view)
        heading = height > min(4, len(view.prompts))
        room = height - heading
        first = self._window(view, items, room)
        shown = items[first : first + room]
        lines = [heading_line(view, items, first, room, width)] if heading else []
        if not items:
            lines.append((("    none", "dim"),))
        longest = longest_of(view)
        for slot, marks in shown:
            chosen = slot == view.selected
            lines.append(
                marks_line(view.prompts[slot], width) if marks else slot_line(view.prompts[slot], slot, chosen, width, longest)
            )
        return lines

    def _window(self, view: PromptsView, items: list[tuple[int, bool]], room: int) -> int:
        """The first row shown: moves only so far as the selected slot needs."""
        if view.selected is not None and items:
            rows = [i for i, (slot, _) in enumerate(items) if slot == view.selected]
            if rows:
                self._first = min(self._first, rows[0])
                self._first = max(self._first, min(rows[0], rows[-1] - room + 1))
        self._first = max(0, min(self._first, len(items) - room))
        return self._first

    def _row_of(self, slot: int) -> int | None:
        height = self.size.height
        top = int(self.ruled) + int(height - self.ruled > min(4, len(self.view.prompts)))
        items = items_of(self.view)
        at = next((i for i, item in enumerate(items) if item == (slot, False)), None)
        if at is None or not self._first <= at < self._first + height - top:
            return None
        return at - self._first + top

    def on_click(self, event: events.Click) -> None:
        """Select the slot under the pointer."""
        for slot in range(len(self.view.prompts)):
            if self._row_of(slot) == event.y:
                self.post_message(self.Picked(slot))

    def grip(self, y: int) -> Grip | None:
        """The weight in a row."""
        slot = next((slot for slot in range(len(self.view.prompts)) if self._row_of(slot) == y), None)
        if slot is None:
            return None
        cells_of = columns_of(self.size.width, longest_of(self.view))
        return Grip(Control("prompt", slot), cells_of.bar_at, cells_of.bar)

    # ------------------------------------------------------------ editing

    def edit(self, slot: int) -> bool:
        """Let the performer write a slot's text in its place. Returns whether there is room for it."""
        at = self._row_of(slot) if self.display else None
        if at is None or slot >= len(self.view.prompts):
            return False
        self.editing = slot
        self._open(at, self.view.prompts[slot].text)
        return True

    def ask(self, text: str) -> bool:
        """Let the performer write a line over the heading, beginning with a text. Returns whether there is room for it."""
        if not self.display or self.size.height < 1 or self.writing:
            return False
        self.asking = True
        self._open(int(self.ruled and self.size.height > 1), text, ASK_AT)
        return True

    @property
    def writing(self) -> bool:
        """Whether keys belong to a text."""
        return self.asking or self.editing is not None

    @property
    def draft(self) -> str | None:
        """The text as it is written by now; None while none is."""
        return self.query_one(PromptInput).value if self.writing else None

    @property
    def near(self) -> bool:
        """Whether a word that is not understood has a near one that is."""
        return self.writing and any(near for _, near in self.query_one(PromptInput).nearest)

    def understand(self, text: str | None, reading: PromptReading | None) -> None:
        """Show under the text what is understood of it; None for one that is no prompt."""
        shown = self.reading
        if text is None or not self.writing:
            shown.display = False
            return
        field = self.query_one(PromptInput)
        fresh = reading is not None and reading.text == text
        field.nearest = reading.unknown if reading is not None and fresh else ()
        at = int(field.styles.offset.y.value)
        below = self.size.height - at - 1
        rows = min(MOST_ROWS, below) if below >= min(MOST_ROWS, at) else min(MOST_ROWS, at)
        top = at + 1 if below >= min(MOST_ROWS, at) else at - rows
        shown.display = rows > 0
        shown.styles.offset = (0, top)
        shown.styles.width, shown.styles.height = self.size.width, rows
        shown.show(ReadingView(text, reading))

    def listen(self) -> None:
        """Keys go into the text again."""
        if self.writing:
            self.screen.set_focus(self.query_one(PromptInput))

    def _open(self, at: int, text: str, left: int = TEXT_AT) -> None:
        """The line editor in a row, from a cell on."""
        field = self.query_one(PromptInput)
        field.styles.offset = (left, at)
        field.styles.width = max(4, self.size.width - left - 1)
        field.value = clean(text)
        field.cursor_position = len(field.value)
        field.nearest = ()
        field.display = True
        self.screen.set_focus(field)  # at once: keys typed right after belong to the text

    def _close(self, text: str | None) -> None:
        if not self.writing:
            return
        slot, self.editing, self.asking = self.editing, None, False
        field = self.query_one(PromptInput)
        field.display = self.reading.display = False
        self.screen.set_focus(None)
        self.post_message(self.Answered(text) if slot is None else self.Written(slot, text))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: what is written counts."""
        event.stop()
        self._close(event.value.strip())

    def on_prompt_input_cancelled(self, event: PromptInput.Cancelled) -> None:
        """Escape: it stays as it was."""
        event.stop()
        self._close(None)

    def on_resize(self) -> None:
        """A field that is open stays with its slot."""
        super().on_resize()
        if self.editing is not None:
            self.call_after_refresh(self.edit, self.editing)
