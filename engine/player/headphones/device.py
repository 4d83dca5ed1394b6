"""The headphones' own device, as the player sees it: a ring that it writes to, and a process that plays it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.player.headphones.ring import Block, Ring
from engine.player.output.priority import ordinary_priority
from engine.processes.layout import HEADPHONES_FILE
from engine.protocol import HeadphonesOpened, PlayerEvent

AGAIN_S: Final = 2.0
"""Seconds from the start of a process to that of the next, where one ended by itself."""


class HeadphonesDevice:
    """Plays what is pushed on a device of its own; no call waits for that.

    Args:
        folder: the session's, in which the ring lies.
        device: by name or number.
        outputs: two outputs of it, as `engine.protocol.pair_of` reads them.
        block: frames that are pushed at a time.
        emit: takes events; called from any thread.

    Attributes:
        opened: where the headphones are.

    Raises:
        OSError: if there can be no ring.
    """

    def __init__(self, folder: Path, device: str, outputs: str, block: int, emit: Callable[[PlayerEvent], None]) -> None:
        path = folder / HEADPHONES_FILE
        self.opened = HeadphonesOpened("", "")
        self._ring = Ring(path, create=True)
        self._argv = [sys.executable, "-m", "engine.player.headphones.process", str(path), "--device", device]
        self._argv += ["--outputs", outputs, "--block", str(block)]
        self._emit = emit
        self._process: subprocess.Popen[str] | None = None
        self._start_at = 0.0
        self._closed = False

    def push(self, block: Block) -> None:
        """Write a block (frames, 2) to be heard; for the render thread."""
        self._ring.push(block)

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
            logging.exception("the headphones' process cannot be started")
            return
        threading.Thread(target=self._read, args=(self._process,), name="headphones", daemon=True).start()

    def close(self) -> None:
        """Let the device go."""
        self._closed = True
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            try:
                said = json.loads(line)
                self._found(HeadphonesOpened(str(said.get("opened", "")), str(said.get("lost", ""))))
            except (ValueError, AttributeError):  # a sound library that talks
                continue
        if not self._closed:
            self._found(HeadphonesOpened("", "their process ended"))

    def _found(self, opened: HeadphonesOpened) -> None:
        if opened != self.opened:
            self.opened = opened
            self._emit(opened)
