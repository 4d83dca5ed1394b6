"""The headphones' own device, as the player sees it: a ring that it writes to, and a process that plays it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.player.apart import Apart
from engine.player.headphones.ring import Ring
from engine.player.shared_sound import Block
from engine.processes.layout import HEADPHONES_FILE
from engine.protocol import HeadphonesOpened, PlayerEvent


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
        argv = ["engine.player.headphones.process", str(path), "--device", device, "--outputs", outputs, "--block", str(block)]
        self._apart = Apart("headphones", argv, self._heard)
        self._emit = emit

    def push(self, block: Block) -> None:
        """Write a block (frames, 2) to be heard; for the render thread."""
        self._ring.push(block)

    def tick(self) -> None:
        """Start the process, again if it ended; call it every now and then."""
        self._apart.tick()

    def close(self) -> None:
        """Let the device go."""
        self._apart.close()

    def _heard(self, said: dict[str, Any]) -> None:
        opened = HeadphonesOpened(str(said.get("opened", "")), str(said.get("lost", "")))
        if opened != self.opened:
            self.opened = opened
            self._emit(opened)
