"""Macros and stems: a line each, with where it stands and the control it is under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.message import Message

from engine.protocol import MAX_STRENGTH, MacroView, Snapshot, StemView
from liveset.ui.bindings import MACRO_KEYS, STEM_KEYS
from liveset.ui.controls import Control, Kind
from liveset.ui.widgets.cells import Line, clean, fit
from liveset.ui.widgets.dragging import Draggable, Grip
from liveset.ui.widgets.gauges import amount, bar, decibels, level_cells, slider
from liveset.ui.widgets.lines import View
from liveset.ui.widgets.prompt_lines import hardware

NAME_CELLS: Final = 8
BAR_AT: Final = NAME_CELLS + 3
"""Cells before a control's bar: cursor, key, space, name."""


@dataclass(frozen=True, slots=True)
class MacrosView:
    """The macros and which one the keyboard is on."""

    macros: tuple[MacroView, ...] = ()
    selected: int | None = None


@dataclass(frozen=True, slots=True)
class StemsView:
    """The stems, their peaks in cells of a 24-cell meter, and which one the keyboard is on."""

    stems: tuple[StemView, ...] = ()
    peaks: tuple[int, ...] = ()
    selected: int | None = None

    @classmethod
    def of(cls, snapshot: Snapshot, selected: int | None) -> StemsView:
        """The slice of a snapshot; peaks are kept apart, so that an unmoved meter is an equal slice."""
        still = tuple(StemView(stem.name, stem.level, stem.muted) for stem in snapshot.stems)
        return cls(still, tuple(level_cells(decibels(stem.peak), 24) for stem in snapshot.stems), selected)


class Faders(Draggable[View]):
    """A column of controls under a heading."""

    KIND: ClassVar[Kind]

    class Picked(Message):
        """A control was clicked."""

        def __init__(self, kind: Kind, index: int) -> None:
            super().__init__()
            self.kind = kind
            self.index = index

    def on_click(self, event: events.Click) -> None:
        """Select the control under the pointer."""
        if (index := self.index_at(event.y)) is not None:
            self.post_message(self.Picked(self.KIND, index))

    def bar_cells(self) -> int:
        """How long a control's bar is."""
        raise NotImplementedError

    def first(self, height: int) -> int:
        """The first control shown in so many rows, the heading's among them."""
        raise NotImplementedError

    def index_at(self, y: int) -> int | None:
        """The control in a row; None for the rows above them."""
        row = y - int(self.ruled) - 1
        return None if row < 0 else self.first(self.size.height - int(self.ruled)) + row

    def grip(self, y: int) -> Grip | None:
        """The control in a row, under the mouse."""
        index = self.index_at(y)
        return None if index is None else Grip(Control(self.KIND, index), BAR_AT, self.bar_cells())


class Macros(Faders[MacrosView]):
    """A slider a macro, with a mark where it does nothing."""

    KIND = "macro"

    def lines(self, view: MacrosView, width: int, height: int) -> list[Line]:
        """A heading and a line a macro; the selected one is always among them."""
        first = self.first(height)
        shown = list(enumerate(view.macros))[first : first + height - 1]
        return [((" MACROS", "title"),), *(self._macro(macro, i == view.selected, width) for i, macro in shown)]

    def first(self, height: int) -> int:
        """See `Faders.first`."""
        return _first(self.view.selected, len(self.view.macros), height - 1)

    def bar_cells(self) -> int:
        """See `Faders.bar_cells`."""
        return _slider_cells(self.size.width)

    def _macro(self, macro: MacroView, chosen: bool, width: int) -> Line:
        control_cells, length = _control_cells(width), _slider_cells(width)
        moved = abs(macro.value - macro.neutral) > 0.004
        plain = "cursor" if chosen else "" if moved else "dim"
        number = amount(macro.value) if macro.lora is None else f"×{MAX_STRENGTH * macro.value:.1f}"
        value: Line = ((f" {number} ", plain if chosen else "strong" if moved else "dim"),)
        if not control_cells and macro.pickup is not None:
            value = ((f"▶{amount(macro.pickup)} ", "warn"),)
        control: Line = ((" ", ""), *hardware(clean(macro.control), macro.pickup, control_cells)) if control_cells else ()
        return (
            ("▸" if chosen else " ", "cursor"),
            (MACRO_KEYS.get(macro.name, " ") if macro.lora is None else "+", "key" if macro.lora is None else "dim"),
            (f" {fit(clean(macro.name), NAME_CELLS)}", plain),
            *slider(macro.value, macro.neutral, length, "cursor" if chosen else "primary"),
            *value,
            *control,
        )


class Stems(Faders[StemsView]):
    """A meter and a level a stem."""

    KIND = "stem"

    class Muted(Message):
        """A stem's level was clicked, which mutes or opens it."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def lines(self, view: StemsView, width: int, height: int) -> list[Line]:
        """A heading and a line a stem; the selected one is always among them."""
        first = self.first(height)
        shown = list(zip(range(len(view.stems)), view.stems, view.peaks, strict=True))[first : first + height - 1]
        return [((" STEMS", "title"),), *(self._stem(stem, peak, i == view.selected, width) for i, stem, peak in shown)]

    def first(self, height: int) -> int:
        """See `Faders.first`."""
        return _first(self.view.selected, len(self.view.stems), height - 1)

    def bar_cells(self) -> int:
        """See `Faders.bar_cells`."""
        return min(24, max(0, self.size.width - NAME_CELLS - 4 - 6))

    def on_click(self, event: events.Click) -> None:
        """On a stem's level: mute or open it. `Faders.on_click` selects it."""
        index = self.index_at(event.y)
        if index is not None and event.x >= BAR_AT + self.bar_cells():
            self.post_message(self.Muted(index))

    def _stem(self, stem: StemView, peak: int, chosen: bool, width: int) -> Line:
        length = min(24, max(0, width - NAME_CELLS - 4 - 6))
        plain = "cursor" if chosen else "dim" if stem.muted else ""
        level = " mute " if stem.muted else f" {amount(stem.level)} "
        return (
            ("▸" if chosen else " ", "cursor"),
            (STEM_KEYS.get(stem.name, " "), "key"),
            (f" {fit(clean(stem.name), NAME_CELLS)}", plain),
            *bar(0.0 if stem.muted else peak / 24, length, "primary"),
            (level, "warn" if stem.muted else plain or ("" if stem.level < 1 else "dim")),
        )


def _control_cells(width: int) -> int:
    """Cells for the hardware control of a macro."""
    return 13 if width >= 48 else 6 if width >= 28 else 0


def _slider_cells(width: int) -> int:
    """Cells of a macro's slider; as `gauges.slider` has it, none where there are fewer than 3."""
    control_cells = _control_cells(width)
    length = min(24, width - NAME_CELLS - 4 - 5 - (control_cells + 1 if control_cells else 0))
    return length if length >= 3 else 0


def _first(selected: int | None, total: int, room: int) -> int:
    """The first control shown, so that the selected one is."""
    return max(0, min((selected or 0) - room + 1, total - room))
