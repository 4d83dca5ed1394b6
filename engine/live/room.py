"""The audio input as the live engine sees it: a process that reads a device, and the last bars from it in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from engine.live.background import Post
from engine.player.apart import Apart
from engine.player.input.ring import RoomRing
from engine.processes.layout import ROOM_FILE
from engine.protocol import RoomView
from engine.timebase import SAMPLE_RATE

HUNG_S: Final = 3.0
"""Seconds without any sound from a device that is open, after which its process is started again."""


class RoomInput:
    """An input device, looked after.

    Args:
        folder: the session's, in which the ring lies.
        device: by name or number.
        tell: shows the performer a line.
        post: has a call made on the deciding thread.

    Attributes:
        ring: what was heard.

    Raises:
        OSError: if there can be no ring.
    """

    def __init__(self, folder: Path, device: str, tell: Callable[[str, str], None], post: Post) -> None:
        self.ring = RoomRing(folder / ROOM_FILE, create=True)
        self._tell, self._post = tell, post
        argv = ["engine.player.input.process", str(folder), "--device", device]
        self._apart = Apart("audio input", argv, lambda said: self._post(partial(self._heard, said)))
        self._where = self._why = ""
        self._captured, self._moved_at = 0, time.monotonic()

    def tick(self) -> None:
        """Look after the process; call it every now and then."""
        now, captured = time.monotonic(), self.ring.captured
        if captured != self._captured or not self._where:
            self._captured, self._moved_at = captured, now
        elif now - self._moved_at > HUNG_S:
            self._moved_at = now
            self._apart.kill()
        self._apart.tick()

    def view(self, loop: int) -> RoomView:
        """For the screen."""
        return RoomView(self._where, self._why, self.ring.peaks if self._where else (0.0, 0.0), loop)

    def close(self) -> None:
        """Let the device go."""
        self._apart.close()

    def _heard(self, said: dict[str, Any]) -> None:
        where, why = str(said.get("opened", "")), str(said.get("lost", ""))
        if (where, why) == (self._where, self._why):
            return
        self._where, self._why = where, why
        if where:
            odd = [f"{said['rate']} Hz"] if said.get("rate", SAMPLE_RATE) != SAMPLE_RATE else []
            odd += ["one channel"] if said.get("channels") == 1 else []
            shape = ", ".join(odd)
            self._tell("info", f"Audio input: {where[:50]}{f' ({shape})' if shape else ''}.")
        elif why:
            self._tell("warning", f"Audio input: {why[:60]}; the set plays on.")
