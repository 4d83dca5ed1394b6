"""Writing the log: lines of JSON, appended by a thread of its own, so that no disk holds anybody up."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from engine.performances.plain import to_plain

SYNC_S: Final = 2.0
"""Seconds after which what was written is on the disk, whatever happens to the machine."""

MOST_WAITING: Final = 100_000
"""Lines that may wait for a disk that stalls; what comes after them is lost."""

CLOSE_S: Final = 3.0


class LogFile:
    """Appends lines to a file. Whatever kills the process, all but the last line can be read.

    A file that cannot be written stays as it is: the set goes on without its log.

    Args:
        path: of the file; it may be there already.

    Attributes:
        broken: nothing more is written, since the disk took no more.

    Raises:
        OSError: if it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.broken = False
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            os.write(self._fd, b"\n")  # who wrote before was killed in the middle of a line
        self._waiting: queue.SimpleQueue[Mapping[str, Any] | Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, daemon=True, name="log")
        self._thread.start()

    def add(self, **line: Any) -> None:
        """Have a line written: numbers, texts, tuples and dataclasses by name. Never waits."""
        if not self.broken and self._waiting.qsize() < MOST_WAITING:
            self._waiting.put(line)

    def later(self, work: Callable[[], None]) -> None:
        """Have something done on the thread that writes; of what waits, the newest alone is done. Never waits."""
        self._waiting.put(work)

    def close(self) -> None:
        """Write what waits, and let the file go."""
        self._waiting.put(None)
        self._thread.join(CLOSE_S)

    def _write(self) -> None:
        synced, going, unsynced = time.monotonic(), True, False
        while going:
            try:
                lines = [self._waiting.get(timeout=SYNC_S if unsynced else None)]
            except queue.Empty:
                lines = []  # what was written last is to be on the disk, too
            while not self._waiting.empty():
                lines.append(self._waiting.get())
            going = None not in lines
            data = b"".join(_line(line) for line in lines if isinstance(line, Mapping))
            for work in [line for line in lines if callable(line)][-1:]:
                try:
                    work()
                except Exception:
                    logging.exception("something beside the log of the set failed")
            unsynced = unsynced or bool(data)
            try:
                while data and not self.broken:
                    data = data[os.write(self._fd, data) :]
                if time.monotonic() - synced > SYNC_S or not going:
                    os.fsync(self._fd)
                    synced, unsynced = time.monotonic(), False
            except OSError:
                self.broken, unsynced = True, False
        with contextlib.suppress(OSError):
            os.close(self._fd)


def _line(line: Mapping[str, Any]) -> bytes:
    """A line of the file; empty for what cannot be written, which must not end the log."""
    try:
        return _text(line)
    except (TypeError, ValueError):
        logging.exception("a line of the log cannot be written: %.200r", line)
        return b""


def _text(line: Mapping[str, Any]) -> bytes:
    return json.dumps(to_plain(dict(line)), separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
