"""Under a prompt that is being written: what of it is understood, and which words are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.protocol import PromptReading
from liveset.ui.widgets.cells import Line, Span, clean, crop, line_cells
from liveset.ui.widgets.lines import LineWidget

MOST_ROWS = 3
"""Rows that it takes at most."""

EDGE: Span = (" │ ", "rest")
GAP: Span = ("  ", "")


@dataclass(frozen=True, slots=True)
class ReadingView:
    """The text as it is written by now, and the newest that was read; that may be of an earlier text."""

    text: str = ""
    reading: PromptReading | None = None

    @property
    def fresh(self) -> bool:
        """Whether what was read is of the text as it is."""
        return self.reading is not None and self.reading.text == self.text


class Reading(LineWidget[ReadingView]):
    """ "Understood as ..." in up to three rows, the last of them for words that were not understood."""

    def lines(self, view: ReadingView, width: int, height: int) -> list[Line]:
        """The rows; all of them are drawn, since they cover what is behind them."""
        room = width - len(EDGE[0])
        made = _rows(view, room, height)
        return [(EDGE, *line) for line in (*made, *[()] * (height - len(made)))]


def _rows(view: ReadingView, width: int, height: int) -> list[Line]:
    reading = view.reading
    if not view.text.strip():
        return [((crop("styles, instruments, moods, a tempo, a key; commas between them", width), "dim"),)]
    if reading is None:
        return [(("… reading", "dim"),)]
    doubts, said = list(_doubts(reading)), list(_understood(reading))
    head: Span = ("understood as ", "dim") if view.fresh else ("… ", "dim")
    if not said:
        head = ("nothing understood yet", "dim") if view.fresh else head
    rows = _wrapped([(head,), *said], width, max(1, height - bool(doubts)))
    if doubts:
        rows = [*rows, *_wrapped(doubts, width, 1)] if height > 1 else _wrapped(doubts, width, 1)
    return rows


def _understood(reading: PromptReading) -> Iterator[Line]:
    """What is understood, the most important first."""
    for style in reading.styles:
        yield ((clean(style), "accent"),)
    if reading.bpm:
        yield ((f"{reading.bpm:g} BPM", "strong"),)
    if reading.key:
        yield ((clean(reading.key), "strong"),)
    for words, style in ((reading.instruments, "good"), (reading.moods, "")):
        if words:
            yield ((clean(", ".join(words)), style),)
    for word, parts in (("no", reading.silent), ("less", reading.softer), ("without", reading.without)):
        if parts:
            yield ((f"{word} {clean(', '.join(parts))}", "primary"),)


def _doubts(reading: PromptReading) -> Iterator[Line]:
    """What is not understood, with the nearest word that is; what was guessed; what the set does not follow."""
    for word, near in reading.unknown:
        yield ((f"✗ {clean(word)}", "bad"), *(((f": {clean(near)}?", "strong"),) if near else ()))
    for written, taken in reading.guesses:
        yield ((f"? {clean(written)} → {clean(taken)}", "warn"),)
    if reading.unfollowed:
        yield ((f"≠ {clean(', '.join(reading.unfollowed))}: the set stays", "warn"),)


def _wrapped(pieces: Sequence[Line], width: int, rows: int) -> list[Line]:
    """Pieces one after another in so many rows; what has no room any more is left out, and a mark says so."""
    lines: list[list[Span]] = [[]]
    used = 0
    for spans in pieces:
        size = line_cells(spans)
        gap = 0 if not lines[-1] or lines[-1][-1][0].endswith(" ") else len(GAP[0])
        if used and used + gap + size > width:
            if len(lines) == rows:
                lines[-1].append((" …" if used + 2 <= width else "", "dim"))
                break
            lines.append([])
            used = gap = 0
        lines[-1] += [*([GAP] if gap else []), *spans]
        used += gap + size
    return [tuple(line) for line in lines]
