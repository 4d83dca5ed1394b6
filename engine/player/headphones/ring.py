"""A ring of sound in a file that two processes have in memory: one writes, the other reads, nobody waits."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

Block = npt.NDArray[np.float32]

RING_FRAMES: Final = 1 << 15
"""Three quarters of a second."""

_HEADER: Final = mmap.PAGESIZE
_SIZE: Final = _HEADER + 8 * RING_FRAMES


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
        descriptor = os.open(path, os.O_RDWR | (os.O_CREAT | os.O_TRUNC if create else 0), 0o600)
        try:
            if create:
                os.ftruncate(descriptor, _SIZE)
            self._map = mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)
        self._count = np.frombuffer(self._map, dtype="<i8", count=1)
        self._sound: Block = np.frombuffer(self._map, dtype="<f4", offset=_HEADER).reshape(RING_FRAMES, 2)

    @property
    def written(self) -> int:
        """Frames that were written so far."""
        return int(self._count[0])

    def push(self, block: Block) -> None:
        """Write a block (frames, 2), of `RING_FRAMES` at most; it is there for the reader once all of it is."""
        at, count = self.written % RING_FRAMES, len(block)
        head = min(count, RING_FRAMES - at)
        self._sound[at : at + head] = block[:head]
        self._sound[: count - head] = block[head:]
        self._count[0] += count

    def read(self, start: int, count: int) -> Block:
        """Some frames from one on, a copy: (count, 2)."""
        at = start % RING_FRAMES
        head = min(count, RING_FRAMES - at)
        return np.concatenate((self._sound[at : at + head], self._sound[: count - head]))
