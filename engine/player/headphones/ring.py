"""A ring of sound in a file that two processes have in memory: one writes, the other reads, nobody waits."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from engine.player.shared_sound import Block, SharedSound

RING_FRAMES: Final = 1 << 15
"""Three quarters of a second."""


class Ring:
    """The last frames that were written.

    Args:
        path: the file.
        create: make it, empty; readable by its user alone.

    Raises:
        OSError: if it cannot be made or opened.
        ValueError: if it is no such file.
    """

    def __init__(self, path: Path, create: bool = False) -> None:
        self._sound = SharedSound(path, RING_FRAMES, create)
        self._count = np.frombuffer(self._sound.header, dtype="<i8", count=1)

    @property
    def written(self) -> int:
        """Frames that were written so far."""
        return int(self._count[0])

    def push(self, block: Block) -> None:
        """Write a block (frames, 2), of `RING_FRAMES` at most; it is there for the reader once all of it is."""
        self._sound.write(self.written, block)
        self._count[0] += len(block)

    def read(self, start: int, count: int) -> Block:
        """Some frames from one on, a copy: (count, 2)."""
        return self._sound.copy(start, count)
