"""The prompt slots: text, weight, the control each is under, and what was not understood."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from engine.protocol import LONGEST_PROMPT, PromptView, Snapshot, one_line
from liveset.ui.widgets.cells import Line, Piece, cells, clean, crop, fit, piece, row
from liveset.ui.widgets.gauges import amount, bar
from liveset.ui.widgets.lines import LineWidget

TEXT_AT: Final = 4
"""Cells before a prompt's text: cursor, number, space."""

ASK_AT: Final = 1
TYPED: Final = 4 * LONGEST_PROMPT
"""Characters the field takes: more than count, so that the engine is told of a text that is too long, and says so."""

BAR_CELLS: Final = 16


@dataclass(frozen=True, slots=True)
class PromptsView:
    """The slots and which one the keyboard is on."""

    prompts: tuple[PromptView, ...] = ()
    selected: int | None = None
    bank: int = 0

    @classmethod
    def of(cls, snapshot: Snapshot, selected: int | None, bank: int) -> PromptsView:
        """The slice of a snapshot, weights as shown."""
        return cls(snapshot.prompts, selected, bank)


class PromptInput(Input):
    """A prompt's text being edited in its place."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "leave it as it was", show=False)]

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


class Prompts(LineWidget[PromptsView]):
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
        self.editing: int | None = None
        self.asking = False
        self._first = 0

    def compose(self) -> ComposeResult:
        """The line editor, hidden until a prompt is edited."""
        yield PromptInput(max_length=TYPED, compact=True, select_on_focus=False)

    # ------------------------------------------------------------ drawing

    def lines(self, view: PromptsView, width: int, height: int) -> list[Line]:
        """The heading where there are rows for it, then the window of rows that holds the selected slot."""
        items = _items(view)
        heading = height > min(4, len(view.prompts))
        room = height - heading
        first = self._window(view, items, room)
        shown = items[first : first + room]
        lines = [_heading(view, items, first, room, width)] if heading else []
        if not items:
            lines.append((("    none", "dim"),))
        longest = max((cells(clean(prompt.text)) for prompt in view.prompts), default=0)
        for slot, marks in shown:
            chosen = slot == view.selected
            lines.append(_marks(view.prompts[slot], width) if marks else _slot(view.prompts[slot], slot, chosen, width, longest))
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
        items = _items(self.view)
        at = next((i for i, item in enumerate(items) if item == (slot, False)), None)
        if at is None or not self._first <= at < self._first + height - top:
            return None
        return at - self._first + top

    def on_click(self, event: events.Click) -> None:
        """Select the slot under the pointer."""
        for slot in range(len(self.view.prompts)):
            if self._row_of(slot) == event.y:
                self.post_message(self.Picked(slot))

    # ------------------------------------------------------------ editing

    def edit(self, slot: int) -> None:
        """Let the performer write a slot's text in its place."""
        at = self._row_of(slot)
        if at is None or slot >= len(self.view.prompts):
            return
        self.editing = slot
        self._open(at, self.view.prompts[slot].text)

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

    def _open(self, at: int, text: str, left: int = TEXT_AT) -> None:
        """The line editor in a row, from a cell on."""
        field = self.query_one(PromptInput)
        field.styles.offset = (left, at)
        field.styles.width = max(4, self.size.width - left - 1)
        field.value = clean(text)
        field.cursor_position = len(field.value)
        field.display = True
        self.screen.set_focus(field)  # at once: keys typed right after belong to the text

    def _close(self, text: str | None) -> None:
        if not self.writing:
            return
        slot, self.editing, self.asking = self.editing, None, False
        field = self.query_one(PromptInput)
        field.display = False
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


def _items(view: PromptsView) -> list[tuple[int, bool]]:
    """The rows there are: a slot's own, and its marks' (True) if it has any."""
    items: list[tuple[int, bool]] = []
    for slot, prompt in enumerate(view.prompts):
        items.append((slot, False))
        if prompt.unknown or prompt.guesses or prompt.unfollowed:
            items.append((slot, True))
    return items


def _heading(view: PromptsView, items: list[tuple[int, bool]], first: int, room: int, width: int) -> Line:
    more = len({slot for slot, _ in items[:first]} - {slot for slot, _ in items[first : first + room]})
    less = len({slot for slot, _ in items[first + room :]} - {slot for slot, _ in items[first : first + room]})
    hidden = "  ".join(filter(None, (f"▴ {more} more" if more else "", f"▾ {less} more" if less else "")))
    bank = f"keys 1-8: {view.bank * 8 + 1} to {min(len(view.prompts), view.bank * 8 + 8)}" if len(view.prompts) > 8 else ""
    return row(width, [piece(" PROMPTS", "title"), piece(bank, "dim", 2)], [piece(f"{hidden}  " if hidden else "", "dim", 1)])


def _slot(prompt: PromptView, slot: int, chosen: bool, width: int, longest: int) -> Line:
    control = clean(prompt.control)
    control_cells = 13 if width >= 84 else 6 if width >= 40 else 0
    gap = " " if width < 60 else "  "
    bar_cells = min(BAR_CELLS, width // (7 if width < 60 else 6)) if width >= 34 else 0
    beside = sum(size + len(gap) for size in (bar_cells, control_cells) if size)
    text_cells = max(1, min(width - TEXT_AT - 4 - len(gap) - beside - 1, max(28, longest)))
    silent = prompt.weight < 0.005
    plain = "cursor" if chosen else "dim" if silent else ""
    spans: list[tuple[str, str]] = [("▸" if chosen else " ", "cursor"), (f"{slot + 1:2d} ", "cursor" if chosen else "key")]
    spans += _marked(fit(clean(prompt.text) or "(empty)", text_cells), prompt, plain)
    if bar_cells:
        spans += [(gap, ""), *bar(prompt.weight, bar_cells, "primary")]
    spans.append((f"{gap}{amount(prompt.weight)}", plain if silent or chosen else "strong"))
    if control_cells:
        spans += [(gap, ""), *hardware(control, prompt.pickup, control_cells)]
    return tuple(spans)


def hardware(control: str, pickup: float | None, width: int) -> Line:
    """The control something is under, and the value at which it would take hold; the latter where only one fits."""
    waits = "" if pickup is None else f"▶ {amount(pickup).strip()}"
    if width < 10:
        return ((fit(waits or control, width), "warn" if waits else "dim"),)
    return ((fit(control, width - 7), "dim"), (f" {fit(waits, 6)}", "warn"))


def _marked(text: str, prompt: PromptView, plain: str) -> list[tuple[str, str]]:
    """The text with the words that were not, or only nearly, understood set apart."""
    words = [clean(word) for word in (*prompt.unknown, *prompt.unfollowed, *(word for word, _ in prompt.guesses)) if word.strip()]
    if not words:
        return [(text, plain)]
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)), re.IGNORECASE)
    spans: list[tuple[str, str]] = []
    at = 0
    for found in pattern.finditer(text):
        spans += [(text[at : found.start()], plain), (found.group(), "mark")]
        at = found.end()
    return [*spans, (text[at:], plain)]


def _marks(prompt: PromptView, width: int) -> Line:
    """``? wobbl  unknown`` and ``~ acidd → acid``, under the prompt."""
    pieces = [Piece(((" " * TEXT_AT, ""),))]
    if prompt.unknown:
        words = ", ".join(clean(word) for word in prompt.unknown)
        pieces.append(Piece((("? ", "warn"), (crop(words, max(4, width - 20)), "warn"), (" not understood", "dim"))))
    pieces += [
        Piece((("~ ", "warn"), (f"{clean(word)} → {clean(guess)}", "warn")), 1 + i)
        for i, (word, guess) in enumerate(prompt.guesses)
    ]
    if prompt.unfollowed:
        words = ", ".join(clean(word) for word in prompt.unfollowed)
        pieces.append(Piece((("≠ ", "warn"), (crop(words, max(4, width - 24)), "warn"), (" the set keeps its own", "dim")), 1))
    first, second, *rest = pieces
    return row(width, [Piece((*first.spans, *second.spans), 0), *rest], gap=2)
