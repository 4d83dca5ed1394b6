"""The base of all on the perform screen: a widget handed a slice, which repaints only the lines that changed."""

from __future__ import annotations

from typing import ClassVar, Final, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from liveset.ui.widgets.cells import Line, cells, cut_line

STYLES: Final = (
    "dim",
    "rest",
    "strong",
    "title",
    "accent",
    "primary",
    "good",
    "warn",
    "bad",
    "mark",
    "key",
    "cursor",
    "badge-good",
    "badge-busy",
    "badge-warn",
    "badge-bad",
    "badge-off",
)
"""Names of the styles a span may have; ``app.tcss`` gives ``.line--NAME`` its colours, once for the whole screen."""

STYLE_CLASSES: Final = frozenset(f"line--{name}" for name in STYLES)

GUTTER: Final = 7
"""Cells of the column that names each block."""

View = TypeVar("View")


def label(text: str) -> tuple[str, str]:
    """A block's name in the gutter."""
    return (f" {text}".ljust(GUTTER), "title")


class LineWidget(Widget, Generic[View]):
    """Draws lines from a slice of the snapshot.

    Subclasses implement `lines`, a pure function of the slice and the size. ``ruled`` puts a rule above them.
    """

    DEFAULT_CSS: ClassVar[str] = "LineWidget { height: 1; width: 1fr; }"

    def __init__(self, view: View, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.view = view
        self.ruled = False
        self.repaints = 0
        """Rows repainted since the widget was made; tests and the benchmark read it."""
        self._drawn: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._rich: dict[str, Style] = {}

    def lines(self, view: View, width: int, height: int) -> list[Line]:
        """The lines to draw; those beyond ``height`` and cells beyond ``width`` are cut."""
        raise NotImplementedError

    def show(self, view: View) -> None:
        """Take a new slice; repaints the rows that look different, and nothing if none does."""
        if view == self.view:
            return
        self.view = view
        if self._drawn:
            self._redraw()
        else:
            self._strips.clear()
            self.refresh()

    def restyle(self) -> None:
        """Forget colours: the theme changed."""
        self._rich.clear()
        self._strips.clear()
        self.refresh()

    def rule(self, ruled: bool) -> None:
        """Put a rule above the lines, or take it away."""
        if ruled != self.ruled:
            self.ruled = ruled
            self._drawn = []
            self._strips.clear()
            self.refresh()

    def _compute(self) -> list[Line]:
        width, height = self.size
        if not self.ruled:
            return self.lines(self.view, width, height)[:height]
        return [(("─" * width, "rest"),), *self.lines(self.view, width, height - 1)][:height]

    def _redraw(self) -> None:
        before, self._drawn = self._drawn, self._compute()
        width = self.size.width
        for y in range(max(len(before), len(self._drawn))):
            if y >= len(before) or y >= len(self._drawn) or before[y] != self._drawn[y]:
                self._strips.pop(y, None)
                self.repaints += 1
                self.refresh(Region(0, y, width, 1))

    def on_resize(self) -> None:
        """Everything is drawn anew at another size."""
        self._drawn = []
        self._strips.clear()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of a region.

        Every repaint asks all widgets within its bounds: rows that did not change come from here, already filtered, without
        the way through borders, padding and opacity, which these widgets do not have.
        """
        strips = [self.render_line(y) for y in crop.line_range]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        """A row as a strip, kept until its line changes."""
        if not self._drawn and self.size.area:
            self._drawn = self._compute()
        if (strip := self._strips.get(y)) is None:
            strip = self._strips[y] = self._strip(y)
        return strip

    def _strip(self, y: int) -> Strip:
        width = self.size.width
        line = cut_line(self._drawn[y], width) if y < len(self._drawn) else ()
        used = 0
        segments = []
        for text, style in line:
            if text:
                segments.append(Segment(text, self._style(style)))
                used += cells(text)
        if used < width:
            segments.append(Segment(" " * (width - used), self._style("")))
        strip = Strip(segments, width)
        for line_filter in self.get_line_filters():
            strip = strip.apply_filter(line_filter, self.background_colors[1])
        return strip

    def _style(self, name: str) -> Style:
        if (style := self._rich.get(name)) is None:
            source = self.screen
            style = source.get_component_rich_style(f"line--{name}") if name else source.rich_style
            self._rich[name] = style
        return style
