"""What was written of a file, handed to the disk: by a thread of its own, since a disk may take seconds for it."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from pathlib import Path

from engine.processes.layout import cue_sheet


class Syncer:
    """Has recordings, with their cue sheets, on the disk itself: what is there stays when the machine goes down.

    Attributes:
        idle: nothing waits for the disk.
    """

    def __init__(self) -> None:
        self.idle = True
        self._waiting: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def sync(self, recording: Path) -> None:
        """Hand a recording to the disk. Never waits."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
            self._thread.start()
        self.idle = False
        self._waiting.put(recording)

    def finish(self, limit_s: float) -> None:
        """Wait until all that was asked for is on the disk, at most so many seconds."""
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join(limit_s)

    def _run(self) -> None:
        while (recording := self._waiting.get()) is not None:
            for path in (recording, cue_sheet(recording), recording.parent):
                with contextlib.suppress(OSError):
                    sync_file(path)
            self.idle = self._waiting.empty()
        self.idle = True


def sync_file(path: Path) -> None:
    """Wait until what was written of a file, or the names in a folder, are on the disk.

    Raises:
        OSError: the disk did not take it, or there is no such file.
    """
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
