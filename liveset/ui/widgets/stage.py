"""What a performer reads from two metres: what plays, how much of it is left, what comes, and whether it is safe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.protocol import NextState, RunState, Snapshot
from liveset.ui.widgets.cells import Line, clean, crop, line_cells, piece, row
from liveset.ui.widgets.gauges import bars, progress, seconds
from liveset.ui.widgets.letters import DOUBLE, SMALL, TALL, TRIPLE, TYPES, Type, large, largest, lettered
from liveset.ui.widgets.lines import LineWidget
from liveset.ui.widgets.now import SOON_BARS

WORDS: Final[dict[NextState, tuple[str, str]]] = {
    "ready": ("✓ SAFE", "badge-good"),
    "making": ("… MAKING", "badge-busy"),
    "late": ("! LATE", "badge-warn"),
    "hold": ("⟲ HOLD", "badge-warn"),
    "failed": ("✗ FAILED", "badge-bad"),
    "none": ("– END", "badge-off"),
}
"""A sign, a word and a colour each: none of them says it alone."""

BLINKING: Final = ("late", "failed")
DARK: Final = {"badge-warn": "warn", "badge-bad": "bad"}
"""How what blinks looks in between."""

BLINKS_PER_SECOND: Final = 2
PLACES: Final = 5
"""Parts under one another."""

MARGIN: Final = 2
GAP: Final = 3


@dataclass(frozen=True, slots=True)
class StageView:
    """What the stage view shows. ``lit``: what blinks is bright; ``left`` counts bars, or beats where ``beats``."""

    state: RunState = "starting"
    name: str = ""
    left: int = 0
    beats: bool = False
    looping: int = 0
    way: float = 0.0
    next: str = ""
    next_bars: int = 0
    next_state: NextState = "none"
    how: str = ""
    in_hand: str = ""
    hold: bool = False
    recording: bool = False
    lost: bool = False
    lit: bool = True
    value: str = ""

    @classmethod
    def of(cls, s: Snapshot, lost: bool, seconds_shown: float, value: str = "") -> StageView:
        """The slice of a snapshot.

        Args:
            s: the snapshot.
            lost: the engine does not answer.
            seconds_shown: that the screen has counted, to blink by.
            value: the control that the keyboard is on, and where it stands.
        """
        now, coming = s.now, s.next
        left = max(0, now.bars - now.bar)
        last = not left and now.bar > 0
        over = f"{coming.transition or 'cut'}{f' over {bars(coming.transition_bars)}' if coming.transition_bars else ''}"
        late = coming.headroom_s < 0
        hand = f"{seconds(abs(coming.headroom_s))} {'late' if late else 'in hand'}" if coming.name else ""
        return cls(
            state=s.state,
            name=now.name,
            left=max(1, s.beats_per_bar - now.beat + 1) if last else left,
            beats=last,
            looping=now.loops if now.looping else 0,
            way=round(min(1.0, max(0.0, now.playhead)), 3),
            next=coming.name,
            next_bars=coming.bars,
            next_state=coming.state,
            how=over if coming.name else "",
            in_hand="" if coming.state == "hold" else hand,
            hold=s.hold,
            recording=s.audio.recording is not None,
            lost=lost,
            lit=int(seconds_shown * BLINKS_PER_SECOND) % 2 == 0,
            value=value,
        )


@dataclass(frozen=True, slots=True)
class Sizes:
    """The types of the section's name, of the count and of what comes next, and whether there are empty lines between them."""

    name: Type
    count: Type
    next: Type
    gaps: int

    @property
    def rows(self) -> int:
        """Rows in all, with the line of what comes and that of the way."""
        return self.name.rows + self.count.rows + self.next.rows + 2 + self.gaps


BESIDE: Final = (
    (TALL, DOUBLE, True),
    (TALL, TALL, True),
    (SMALL, TALL, True),
    (SMALL, TALL, False),
    (None, TALL, True),
    (None, TALL, False),
    (None, SMALL, True),
)
"""Beside the count: its unit's type, the state's, and whether there is a space behind the state's sign. The best first."""

ARRANGEMENTS: Final = (
    Sizes(DOUBLE, TRIPLE, DOUBLE, 5),
    Sizes(DOUBLE, TRIPLE, TALL, 4),
    Sizes(TALL, DOUBLE, TALL, 4),
    Sizes(TALL, DOUBLE, TALL, 0),
    Sizes(SMALL, TALL, SMALL, 0),
)
"""The largest first."""


class Stage(LineWidget[StageView]):
    """The section's name, the bars that are left and whether the next one is safe, and the next one, in the largest type."""

    def lines(self, view: StageView, width: int, height: int) -> list[Line]:
        """As many lines as there is room for; plain text where large type has none."""
        sizes = next((each for each in ARRANGEMENTS if each.rows <= height), None)
        if sizes is None:
            return _plain(view, width)[:height]
        gaps = _spread(height - sizes.rows + sizes.gaps, PLACES)
        parts: tuple[list[Line], ...] = (
            self._headline(view, width, sizes.name),
            self._middle(view, width, sizes.count),
            [self._way(view, width)],
            self._coming(view, width, sizes.next),
            [self._detail(view, width)],
        )
        lines: list[Line] = []
        for gap, part in zip(gaps, parts, strict=True):
            lines += [()] * gap + part
        return lines

    def _headline(self, view: StageView, width: int, size: Type) -> list[Line]:
        text, style = view.name, "accent"
        if view.lost:
            text, style = "ENGINE LOST", "bad"
        elif view.state != "playing":
            text, style = {"finished": "OVER", "stopped": "STOPPED"}.get(view.state, "STARTING"), "warn"
        return _written(text, width, size, style)

    def _middle(self, view: StageView, width: int, size: Type) -> list[Line]:
        """The count on the left; on the right the next section's state over what is held and recorded."""
        number, unit = _counted(view)
        sizes = [each for each in TYPES if each.rows <= size.rows]
        choices = (
            (count, *rest) for count in sizes for rest in BESIDE if rest[1].rows + SMALL.rows <= size.rows or rest[1] is SMALL
        )
        room = width - 2 * MARGIN - GAP
        fitting = (each for each in choices if _count_cells(number, unit, *each[:2]) + _state_cells(view, *each[2:]) <= room)
        count, label, state, spaced = next(fitting, (SMALL, None, SMALL, False))
        digits = _digits(view, number, unit, count, label, size.rows)
        lines: list[Line] = []
        for left, right in zip(digits, _badges(view, state, spaced, size.rows), strict=True):
            space = max(0, width - MARGIN - line_cells(left) - line_cells(right))
            lines.append((*left, (" " * space, ""), *right))
        return lines

    def _way(self, view: StageView, width: int) -> Line:
        return ((" " * MARGIN, ""), *progress(view.way, max(0, width - 2 * MARGIN), "primary"))

    def _coming(self, view: StageView, width: int, size: Type) -> list[Line]:
        return _written(f"▸ {view.next}" if view.next else "▸ nothing", width, size, "" if view.next else "dim")

    def _detail(self, view: StageView, width: int) -> Line:
        left = [
            piece(bars(view.next_bars) if view.next else "", "strong", 1),
            piece(view.how, "", 2),
            piece(view.in_hand, "warn" if view.in_hand.endswith("late") else "", 3),
            piece(view.value, "cursor", 4),
        ]
        return ((" " * MARGIN, ""), *row(width - 2 * MARGIN, left, gap=3))


def _counted(view: StageView) -> tuple[str, str]:
    """What is counted, and in what."""
    if view.looping:
        return f"{view.looping}", "LOOP" if view.looping == 1 else "LOOPS"
    unit = "BEAT" if view.beats else "BAR"
    return (f"{view.left}", unit if view.left == 1 else f"{unit}S") if view.name else ("–", "")


def _count_cells(number: str, unit: str, count: Type, label: Type | None) -> int:
    """Cells of the count with its unit beside it; in plain letters for no type."""
    return count.width(number) + 2 * count.scale + (len(unit) if label is None else label.width(unit))


def _state_cells(view: StageView, size: Type, spaced: bool) -> int:
    return size.width(_word(view, spaced)) + 2


def _word(view: StageView, spaced: bool) -> str:
    """The next section's state: its sign and its word."""
    word = WORDS[view.next_state][0]
    return word if spaced else word.replace(" ", "")


def _digits(view: StageView, number: str, unit: str, count: Type, label: Type | None, rows: int) -> list[Line]:
    """The count in large type, its unit at its foot."""
    soon = view.beats or view.looping or (view.left <= SOON_BARS and view.name)
    digits = large(number, count)
    words = (unit,) if label is None else large(unit, label) if unit else ("",)
    above = (rows - len(digits)) // 2
    lines: list[Line] = [()] * above
    for at, digit in enumerate(digits):
        foot = at - (len(digits) - len(words))
        word = words[foot] if foot >= 0 else ""
        gap = " " * 2 * count.scale
        lines.append(((" " * MARGIN, ""), (digit, "warn" if soon else "strong"), (gap, ""), (word, "dim")))
    return [*lines, *[()] * (rows - len(lines))]


def _badges(view: StageView, size: Type, spaced: bool, rows: int) -> list[Line]:
    """The next section's state, and under it what is recorded and held: each by its word and its colour."""
    style = WORDS[view.next_state][1]
    if view.next_state in BLINKING and not view.lit:
        style = DARK[style]
    state: list[Line] = [((f" {text} ", style),) for text in large(_word(view, spaced), size)]
    flags = [("REC", "badge-bad")] if view.recording else []
    flags += [("HOLD", "badge-warn")] if view.hold and view.next_state != "hold" else []
    below: list[Line] = [()] * (SMALL.rows if flags else 0)
    for text, colour in flags:
        drawn = large(text, SMALL)
        below = [(*line, ("  " if line else "", ""), (f" {part} ", colour)) for line, part in zip(below, drawn, strict=True)]
    wide = max(line_cells(line) for line in (*state, *below))
    made = [*state, *([()] * max(0, rows - len(state) - len(below))), *below][:rows]
    return [(*line, (" " * (wide - line_cells(line)), "")) for line in made]


def _plain(view: StageView, width: int) -> list[Line]:
    """The same in lines of text, for a terminal of a few rows."""
    word, style = WORDS[view.next_state]
    number, unit = _counted(view)
    now = row(width, [piece(f" {clean(view.name).upper()}", "accent", 1)], [piece(f"{number} {unit} ", "strong")])
    return [now, row(width, [piece(f" {word} ", style), piece(f"▸ {clean(view.next)}", "", 1)])]


def _spread(rows: int, places: int) -> list[int]:
    """Empty rows before each of some parts, as even as can be; the first parts have the odd ones."""
    each, more = divmod(max(0, rows), places)
    return [each + (at < more) for at in range(places)]


def _written(text: str, width: int, size: Type, style: str) -> list[Line]:
    """A text in as many rows as a type has, in the largest up to it that fits; in plain letters where it cannot be drawn."""
    plain = clean(text)
    drawn = lettered(plain)
    room = width - 2 * MARGIN
    fitting = None if drawn is None else largest(drawn, room, size.rows, [each for each in TYPES if each.rows <= size.rows])
    if drawn is None or fitting is None:
        short = drawn[: (room + 1) // 4] if drawn is not None else None
        if short is None:
            rows: tuple[str, ...] = (crop(plain.upper(), room),)
        else:
            rows = large(short, SMALL)
    else:
        rows = large(drawn, fitting)
    lines: list[Line] = [((" " * MARGIN, ""), (text, style)) for text in rows]
    above = (size.rows - len(lines)) // 2
    return [*[()] * above, *lines, *[()] * (size.rows - above - len(lines))]
