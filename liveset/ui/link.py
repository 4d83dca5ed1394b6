"""What the screen needs of an engine: a way to send commands and the latest snapshot."""

from __future__ import annotations

from typing import Protocol

from engine.protocol import Command, Snapshot


class EngineLink(Protocol):
    """A connection to a running engine. No method may wait: the screen calls them from its event loop."""

    def send(self, command: Command) -> None:
        """Hand a command over; dropped when there is no connection."""

    def snapshot(self) -> Snapshot | None:
        """The latest snapshot received, None before the first."""

    def connected(self) -> bool:
        """Whether the engine answers."""

    def reconnect(self) -> bool:
        """Try once to reach an engine; True when connected."""

    def pulse(self) -> float | None:
        """How many blocks the player has rendered, whether an engine answers or not; None if there is no player."""

    def ended(self) -> bool:
        """Whether the set was ended and nothing of it is left to reach."""

    def close(self) -> None:
        """Let go of the connection; the set plays on."""
