"""Presses that wait a moment: for what else comes, or for the finger to let go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.midi.meaning.values import HALF
from engine.midi.profiles import Binding, Control

WAIT_S: Final = 0.015
"""Seconds that a press waits: a dump or the other half of a value comes within them, and nobody hears them."""


@dataclass(frozen=True, slots=True)
class Press:
    """A press that will be a command, unless what comes next tells that it was none."""

    at: float
    port: str
    control: Control
    binding: Binding


class Waiting:
    """The presses that wait, in order; true while there are some."""

    def __init__(self) -> None:
        self._presses: list[Press] = []

    def __bool__(self) -> bool:
        return bool(self._presses)

    def add(self, press: Press) -> None:
        """Let a press wait."""
        self._presses.append(press)

    def drop(self, port: str, control: Control | None = None, since: float = float("-inf")) -> None:
        """Forget a port's presses: all of them, or those of one control since a time."""
        self._presses = [
            each for each in self._presses if each.port != port or (control not in (None, each.control)) or each.at < since
        ]

    def due(self, at: float) -> list[Press]:
        """The presses that waited long enough, which wait no more."""
        ready = [each for each in self._presses if at - each.at >= WAIT_S]
        self._presses = [each for each in self._presses if at - each.at < WAIT_S]
        return ready


LONG_S: Final = 0.6
"""Seconds that a finger stays down at least in a long press."""


class Holding:
    """Controls that are down and mean one thing let go of, another one held; true while there are some."""

    def __init__(self) -> None:
        self._down: dict[tuple[str, Control], Press] = {}

    def __bool__(self) -> bool:
        return bool(self._down)

    def add(self, press: Press) -> None:
        """A control went down."""
        self._down[press.port, press.control] = press

    def lets_go(self, port: str, control: Control, value: int) -> Press | None:
        """The press that a message ends, of a control that was down and not for long; it is down no more."""
        low = value == 0 if control.kind == "note" else value < HALF
        return self._down.pop((port, control), None) if low else None

    def drop(self, port: str) -> None:
        """Forget a port's controls."""
        self._down = {key: press for key, press in self._down.items() if key[0] != port}

    def due(self, at: float) -> list[Press]:
        """The controls that have been down for long by now, which are waited for no more."""
        ready = [each for each in self._down.values() if at - each.at >= LONG_S]
        for each in ready:
            del self._down[each.port, each.control]
        return ready
