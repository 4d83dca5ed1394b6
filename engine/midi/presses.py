"""Presses on controller numbers that wait a moment, to see whether they are part of a dump or of a 14-bit value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
