"""Sound that goes round in a file which two processes have in memory: one writes, the other reads, nobody waits."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.processes.latest import map_file

Block = npt.NDArray[np.float32]

_HEADER: Final = mmap.PAGESIZE
"""Bytes before the sound, for whatever is said of it."""


class SharedSound:
    """So many frames of two channels, and a page before them; frame n lies where n modulo their number says.

    Args:
        path: the file.
        frames: how many there are.
        create: make it, empty; readable by its user alone.

    Attributes:
        header: the page before the sound.

    Raises:
        OSError: if it cannot be made or opened.
        ValueError: if it is no such file.
    """

    def __init__(self, path: Path, frames: int, create: bool) -> None:
        self.header = map_file(path, _HEADER + 8 * frames, create)
        self._frames = frames
        self._sound: Block = np.frombuffer(self.header, dtype="<f4", offset=_HEADER).reshape(frames, 2)

    def write(self, start: int, block: Block) -> None:
        """Write a block (frames, 2), of all there are at most, from a frame on."""
        at, count = start % self._frames, len(block)
        head = min(count, self._frames - at)
        self._sound[at : at + head] = block[:head]
        self._sound[: count - head] = block[head:]

    def copy(self, start: int, count: int) -> Block:
        """Some frames from one on: (count, 2)."""
        at = start % self._frames
        head = min(count, self._frames - at)
        return np.concatenate((self._sound[at : at + head], self._sound[: count - head]))
