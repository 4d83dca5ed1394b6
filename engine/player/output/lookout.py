"""Looks which devices there are while one plays: PortAudio itself can only look again when nothing is open.

A process of its own does it, started when it is first asked and ended when it is not needed any more.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from typing import Any

from engine.player.output.priority import ordinary_priority
from engine.protocol import DeviceInfo


class Lookout:
    """Answers are those of the question before: asking never waits."""

    follows = sys.platform != "linux"
    """Linux's sound servers move the stream themselves when the default changes."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._found: list[DeviceInfo] | None = None

    def look(self) -> list[DeviceInfo] | None:
        """What was found since the last call, None if nothing came; and look once more."""
        found, self._found = self._found, None
        if self._process is None or self._process.poll() is not None:
            self._start()
        elif found is not None:
            with contextlib.suppress(OSError, ValueError):
                assert self._process.stdin is not None
                self._process.stdin.write("again\n")
                self._process.stdin.flush()
        return found

    def close(self) -> None:
        """Stop looking."""
        process, self._process, self._found = self._process, None, None
        if process is not None:
            process.kill()
            process.wait()

    def _start(self) -> None:
        argv = [sys.executable, "-m", "engine.player.output.check", "--list"]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        with contextlib.suppress(OSError), ordinary_priority():
            self._process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=nothing, text=True)
            threading.Thread(target=self._read, args=(self._process,), name="lookout", daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            if process is self._process:
                self._found = parse_listing(line)


def parse_listing(text: str) -> list[DeviceInfo]:
    """Devices as the process that lists them printed them; none where that is no such line."""
    try:
        found: list[dict[str, Any]] = json.loads(text)
        return [DeviceInfo(**each) for each in found]
    except (ValueError, TypeError):
        return []
