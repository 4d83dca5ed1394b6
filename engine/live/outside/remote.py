"""OSC in the engine's process: off unless it was asked for, and nothing that goes wrong with it stops the set."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import OscError
from engine.protocol import Command, SetOptions, Snapshot


class Remote:
    """The OSC server of a set, if it has one.

    Args:
        options: where it listens.
        wake: called from another thread when there is something to `drain`.
        tell: a level and a sentence for the performer.
    """

    def __init__(self, options: SetOptions, wake: Callable[[], None], tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._server = None
        if options.osc is None:
            return
        from engine.osc.server import OscServer
        from engine.osc.where import where

        try:
            self._server = OscServer(where(options.osc, options.osc_token, options.osc_allow), wake)
        except OscError as error:
            tell("warning", f"{error}.")
            return
        tell("info", f"OSC is listened for at {self._server.where.host}:{self._server.port}.")

    @property
    def listeners(self) -> int:
        """How many want to know what the set does."""
        return 0 if self._server is None else self._server.listeners

    def drain(self) -> list[Command]:
        """The commands since the last call; what made no sense is told."""
        if self._server is None:
            return []
        commands, notices = self._server.drain()
        for notice in notices:
            self._tell("warning", notice)
        return commands

    def offer(self, shown: Snapshot) -> None:
        """What those are told who want to know."""
        if self._server is not None:
            self._server.offer(shown)

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
