"""Screens that are attached to an engine, as the engine sees them."""

from __future__ import annotations

import threading

from engine.processes.channels import Wire, send, shut_down
from engine.protocol import Snapshot


class ScreenLink:
    """Sends a screen the latest snapshot on a thread of its own: one that hangs holds nobody up, and skips what it missed."""

    def __init__(self, connection: Wire) -> None:
        self._connection = connection
        self._latest: Snapshot | None = None
        self._fresh = threading.Event()
        self._closed = False
        threading.Thread(target=self._run, name="screen", daemon=True).start()

    def offer(self, shown: Snapshot) -> None:
        """Make this the next snapshot to send."""
        self._latest = shown
        self._fresh.set()

    def _run(self) -> None:
        while not self._closed:
            self._fresh.wait()
            self._fresh.clear()
            if self._latest is not None and not send(self._connection, self._latest):
                return

    def close(self) -> None:
        """Let go of the screen."""
        self._closed = True
        self._fresh.set()
        shut_down(self._connection)
