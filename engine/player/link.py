"""The line to the engine: one engine at a time, and no way for it to hold the player up.

Reading, writing and the greeting each happen on a thread that may hang; the service thread only looks at a queue.
"""

from __future__ import annotations

import queue
from dataclasses import dataclass
from pathlib import Path

from engine.processes.channels import Door, Line
from engine.processes.layout import PLAYER


@dataclass(frozen=True, slots=True)
class Joined:
    """An engine has connected."""

    line: Line


@dataclass(frozen=True, slots=True)
class Said:
    """An engine sent something (a `PlayerOrder`, if all is well)."""

    line: Line
    order: object


@dataclass(frozen=True, slots=True)
class Left:
    """An engine's connection ended."""

    line: Line


News = Joined | Said | Left


class EngineLink:
    """Listens for engines.

    Args:
        folder: the session folder, with the key in it.

    Attributes:
        news: what engines did, in order.

    Raises:
        EngineError: if the key cannot be read or the address not used.
    """

    def __init__(self, folder: Path) -> None:
        self.news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._folder = folder
        self._door = Door(folder, PLAYER, lambda connection, _: self.news.put(Joined(Line(connection))))

    @property
    def unreachable(self) -> bool:
        """Whether no engine can find this player any more: the session's folder is gone."""
        return not self._folder.is_dir()

    def open(self, line: Line) -> None:
        """Start to hear an engine that has joined, and to send it what waits."""
        line.open(lambda order: self.news.put(Said(line, order)), lambda: self.news.put(Left(line)))

    def close(self) -> None:
        """Stop listening."""
        self._door.close()
