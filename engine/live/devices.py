"""The output and input devices for a screen that asks for them, found out by a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from engine.player.output.lookout import parse_listing
from engine.protocol import DeviceInfo
from engine.session.later import Later

Found = tuple[DeviceInfo, ...]

LIST_S: Final = 10.0
"""Seconds that the sound library may take to list its devices; some systems ask each one."""


class Devices:
    """Lists devices while a screen shows them.

    Args:
        later: runs what takes a while.

    Attributes:
        shown, inputs: for the snapshots; None while nobody asks for them.
    """

    def __init__(self, later: Later) -> None:
        self.shown: Found | None = None
        self.inputs: Found | None = None
        self._later = later
        self._asked = False

    def ask(self, on: bool) -> None:
        """Look, and show what is found; or show no more."""
        self._asked = on
        if on:
            self._later(look, self._found)
        else:
            self.shown = self.inputs = None

    def _found(self, found: tuple[Found, Found]) -> None:
        self.shown, self.inputs = found if self._asked else (None, None)


def look() -> tuple[Found, Found]:
    """All output devices, and all input devices; none where they cannot be listed."""
    argv = [sys.executable, "-m", "engine.player.output.check", "--both"]
    try:
        said = subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=LIST_S, check=False).stdout
    except (OSError, subprocess.SubprocessError):
        return (), ()
    outputs, inputs, *_ = (*said.splitlines(), "", "")
    return tuple(parse_listing(outputs)), tuple(parse_listing(inputs))
