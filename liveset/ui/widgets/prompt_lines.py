"""How the prompt slots are drawn: a heading, a line a slot, and under it what was not understood. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from engine.protocol import PromptView, ScenesView, Snapshot
from liveset.ui.widgets.cells import Line, cells, clean, crop, fit, line_cells, piece, row
from liveset.ui.widgets.gauges import amount, bar

TEXT_AT: Final = 4
"""Cells before a prompt's text: cursor, number, space."""

BAR_CELLS: Final = 16
WHOLE: Final = "  l: all"
"""What points to the log, where all of it is to be read."""


@dataclass(frozen=True, slots=True)
class PromptsView:
    """The slots, which one the keyboard is on, and what plays while all are at 0."""

    prompts: tuple[PromptView, ...] = ()
    selected: int | None = None
    bank: int = 0
    nothing_up: str = ""
    scenes: ScenesView = field(default_factory=ScenesView)

    @classmethod
    def of(cls, snapshot: Snapshot, selected: int | None, bank: int) -> PromptsView:
        """The slice of a snapshot, weights as shown."""
        return cls(snapshot.prompts, selected, bank, snapshot.nothing_up, snapshot.scenes)


def items_of(view: PromptsView) -> list[tuple[int, bool]]:
    """The rows there are: a slot's own, and its marks' (True) if it has any."""
    items: list[tuple[int, bool]] = []
    for slot, prompt in enumerate(view.prompts):
        items.append((slot, False))
        if marked(prompt):
            items.append((slot, True))
    return items


def heading_line(view: PromptsView, items: list[tuple[int, bool]], first: int, room: int, width: int) -> Line:
    """The heading, with what plays while no prompt is up, or how many slots are out of sight."""
    more = len({slot for slot, _ in items[:first]} - {slot for slot, _ in items[first : first + room]})
    less = len({slot for slot, _ in items[first + room :]} - {slot for slot, _ in items[first : first + room]})
    hidden = "  ".join(filter(None, (f"▴ {more} more" if more else "", f"▾ {less} more" if less else "")))
    if view.nothing_up:
        return row(width, [piece(" PROMPTS", "title"), piece(clean(view.nothing_up), "warn")])
    bank = f"keys 1-8: {view.bank * 8 + 1} to {min(len(view.prompts), view.bank * 8 + 8)}" if len(view.prompts) > 8 else ""
    left = [piece(" PROMPTS", "title"), piece(bank, "dim", 2), piece(scenes_text(view.scenes), "key", 1)]
    return row(width, left, [piece(f"{hidden}  " if hidden else "", "dim", 1)])


def scenes_text(scenes: ScenesView) -> str:
    """The scenes that are stored, the one that is on in brackets, the one that comes in with how far it is."""
    if not scenes.stored:
        return ""
    words = [f"[{number}]" if number == scenes.active else str(number) for number in scenes.stored]
    coming = f"  → {scenes.coming} {scenes.progress:.0%}" if scenes.coming else ""
    return f"scenes {' '.join(words)}{coming}"


def slot_line(prompt: PromptView, slot: int, chosen: bool, width: int, longest: int) -> Line:
    """A slot: cursor, number, text, weight as bar and number, and the control it is under."""
    control, cells_of = clean(prompt.control), columns_of(width, longest)
    gap, bar_cells, control_cells = cells_of.gap, cells_of.bar, cells_of.control
    silent = prompt.weight < 0.005
    plain = "cursor" if chosen else "dim" if silent else ""
    spans: list[tuple[str, str]] = [("▸" if chosen else " ", "cursor"), (f"{slot + 1:2d} ", "cursor" if chosen else "key")]
    spans += _marked(fit(clean(prompt.text) or "(empty)", cells_of.text), prompt, plain)
    if bar_cells:
        spans += [(gap, ""), *bar(prompt.weight, bar_cells, "primary")]
    spans.append((f"{gap}{amount(prompt.weight)}", plain if silent or chosen else "strong"))
    if control_cells:
        spans += [(gap, ""), *hardware(control, prompt.pickup, control_cells)]
    return tuple(spans)


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of a slot's parts, and what is left free between them."""

    text: int
    bar: int
    control: int
    gap: str

    @property
    def bar_at(self) -> int:
        """Where the weight's bar begins."""
        return TEXT_AT + self.text + len(self.gap)


def longest_of(view: PromptsView) -> int:
    """Cells of the longest text."""
    return max((cells(clean(prompt.text)) for prompt in view.prompts), default=0)


def columns_of(width: int, longest: int) -> Columns:
    """How the width is shared out; ``longest`` are the cells of the longest text."""
    control = 13 if width >= 84 else 6 if width >= 40 else 0
    gap = " " if width < 60 else "  "
    bar_cells = min(BAR_CELLS, width // (7 if width < 60 else 6)) if width >= 34 else 0
    beside = sum(size + len(gap) for size in (bar_cells, control) if size)
    return Columns(max(1, min(width - TEXT_AT - 4 - len(gap) - beside - 1, max(28, longest))), bar_cells, control, gap)


def marked(prompt: PromptView) -> bool:
    """Whether something of a prompt was not, or only nearly, understood, or is not followed."""
    return bool(prompt.unknown or prompt.guesses or prompt.unfollowed)


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


def marks_line(prompt: PromptView, width: int) -> Line:
    """``? wobbl not understood`` and ``~ acidd → acid`` under the prompt; where they do not fit, ``l`` shows them whole."""
    parts: list[Line] = []
    if prompt.unknown:
        parts.append(((f"? {', '.join(map(clean, prompt.unknown))}", "warn"), (" not understood", "dim")))
    if prompt.guesses:
        parts.append(((f"~ {', '.join(f'{clean(word)} → {clean(guess)}' for word, guess in prompt.guesses)}", "warn"),))
    if prompt.unfollowed:
        parts.append(((f"≠ {', '.join(map(clean, prompt.unfollowed))}", "warn"), (" the set keeps its own", "dim")))
    gaps = TEXT_AT + 2 * (len(parts) - 1)
    if gaps + sum(line_cells(part) for part in parts) <= width:
        return (*((" " * TEXT_AT, "") for _ in parts[:1]), *_joined(parts))
    room = max(3, (width - gaps - len(WHOLE)) // len(parts))
    return ((" " * TEXT_AT, ""), *_joined([((crop(part[0][0], room), "warn"),) for part in parts]), (WHOLE, "key"))


def _joined(parts: list[Line]) -> Line:
    return tuple(span for i, part in enumerate(parts) for span in ((("  ", ""), *part) if i else part))
