"""The screen in ASCII, for a terminal whose character set lacks its marks."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from liveset.plain import in_ascii


class AsciiMarks(LineFilter):
    """Draws the whole screen in ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Segments of the same widths."""
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]
