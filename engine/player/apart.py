"""A process of its own for a sound device: started, started again when it ends, and heard, a line of JSON at a time."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from engine.player.output.priority import ordinary_priority

AGAIN_S: Final = 2.0
"""Seconds from the start of a process to that of the next, where one ended by itself."""

END_S: Final = 0.5
"""Seconds that the end of a process is waited for."""


class Apart:
    """Runs a module beside this process, until it is closed; no call waits for longer than `END_S`.

    Args:
        name: of it, for logs.
        argv: the module and its arguments.
        heard: takes what it prints, and what is said of it: ``{"lost": why}`` where it ended; called from a thread of its own.
    """

    def __init__(self, name: str, argv: list[str], heard: Callable[[dict[str, Any]], None]) -> None:
        self._name, self._argv, self._heard = name, [sys.executable, "-m", *argv], heard
        self._process: subprocess.Popen[str] | None = None
        self._start_at = 0.0
        self._closed = False

    def tick(self) -> None:
        """Start the process, again if it ended; call it every now and then."""
        now = time.monotonic()
        if self._closed or now < self._start_at or (self._process is not None and self._process.poll() is None):
            return
        self._start_at = now + AGAIN_S
        try:
            pipe = subprocess.PIPE
            with ordinary_priority():
                self._process = subprocess.Popen(self._argv, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        except (OSError, ValueError):
            logging.exception("the process of the %s cannot be started", self._name)
            return
        threading.Thread(target=self._read, args=(self._process,), name=self._name, daemon=True).start()

    def kill(self) -> None:
        """End a process that hangs: another is started."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Let the device go."""
        self._closed = True
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # one that hangs in a sound driver ends when it can
                process.wait(END_S)

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            try:
                said = json.loads(line)
            except ValueError:  # a sound library that talks
                continue
            if isinstance(said, dict):
                self._heard(said)
        if not self._closed:
            self._heard({"lost": "their process ended"})
