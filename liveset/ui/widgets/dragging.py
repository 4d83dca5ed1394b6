"""Moving what is drawn as a bar or a slider with the mouse."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message

from engine.protocol import unit
from liveset.ui.controls import Control
from liveset.ui.widgets.lines import LineWidget, View


@dataclass(frozen=True, slots=True)
class Grip:
    """A bar on the screen: what it moves, its first cell, and how many it has."""

    control: Control
    at: int
    length: int

    def holds(self, x: int) -> bool:
        """Whether a cell belongs to it."""
        return self.at <= x < self.at + self.length

    def value(self, x: int) -> float:
        """Where a cell puts it, 0..1; its ends reach beyond it."""
        return round(unit((x - self.at) / max(1, self.length - 1)), 2)


class Draggable(LineWidget[View]):
    """A block whose bars follow the mouse while its button is down; a click alone moves nothing."""

    _grip: Grip | None = None

    class Dragged(Message):
        """A bar was drawn to a value, 0..1."""

        def __init__(self, moved: Control, value: float) -> None:
            super().__init__()
            self.moved = moved
            self.value = value

    def grip(self, y: int) -> Grip | None:
        """The bar in a row; None where there is none."""
        raise NotImplementedError

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a bar."""
        found = self.grip(event.y)
        self._grip = found if found is not None and found.holds(event.x) else None
        if self._grip is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Draw it."""
        if self._grip is not None:
            self.post_message(Draggable.Dragged(self._grip.control, self._grip.value(event.x)))

    def on_mouse_up(self) -> None:
        """Let go."""
        if self._grip is not None:
            self._grip = None
            self.release_mouse()
