"""Screens that are attached to an engine, as the engine sees them."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import platformdirs

from engine.processes.channels import Wire, send, shut_down
from engine.processes.layout import APP, recording_name
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


def default_recording(title: str) -> Path:
    """Where a recording goes when nobody said: the user's music folder, named by title and time."""
    folder = Path(platformdirs.user_music_dir()) / APP
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder / recording_name(title)
