"""The last seconds from the room in a file that two processes have in memory: its frame n was played to frame n of the set.

One writes, the other reads, nobody waits. Nothing of it is kept on a disk unless the performer asks for some bars.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from engine.player.shared_sound import Block, SharedSound

RING_FRAMES: Final = 1 << 21
"""47 seconds: 16 bars at 82 BPM, 4 at 21."""

SHORT_GAP: Final = 11_025
"""Frames (a quarter of a second) that a busy machine may lose."""


class RoomRing:
    """What was played in the room, by the transport's frames.

    Args:
        path: the file.
        create: make it, empty; readable by its user alone.

    Raises:
        OSError: if it cannot be made or opened.
        ValueError: if it is no such file.
    """

    def __init__(self, path: Path, create: bool = False) -> None:
        self._sound = SharedSound(path, RING_FRAMES, create)
        self._places = np.frombuffer(self._sound.header, dtype="<i8", count=3)
        self._peaks = np.frombuffer(self._sound.header, dtype="<f8", offset=24, count=2)

    @property
    def end(self) -> int:
        """The frame up to which it is written."""
        return int(self._places[0])

    @property
    def first(self) -> int:
        """The frame from which on there is no gap."""
        return max(int(self._places[1]), self.end - RING_FRAMES)

    @property
    def captured(self) -> int:
        """Frames that the device has given so far, whether the set moved or not."""
        return int(self._places[2])

    @property
    def peaks(self) -> tuple[float, float]:
        """How loud it is, left and right, 0..1."""
        return float(self._peaks[0]), float(self._peaks[1])

    def begin(self, frame: int) -> None:
        """Go on at another frame: a short gap is silent; after a long one what lies before it does not belong to what follows."""
        gap = frame - self.end
        if self.first < self.end and abs(gap) <= SHORT_GAP:
            self.push(np.zeros((max(0, gap), 2), np.float32))
            self._places[0] = frame
            return
        self._places[1] = frame
        self._places[0] = frame

    def forget(self) -> None:
        """What was heard so far does not belong to what follows: another device is heard. For while nobody writes."""
        self._places[1] = self._places[0]

    def push(self, block: Block) -> None:
        """Write a block (frames, 2); it is there for the reader once all of it is."""
        self._sound.write(self.end, block)
        self._places[0] += len(block)

    def count(self, frames: int, peaks: tuple[float, float]) -> None:
        """The device gave so many frames, as loud as that."""
        self._peaks[:] = peaks
        self._places[2] += frames

    def read(self, start: int, stop: int) -> Block | None:
        """Frames from one on up to another, a copy: (stop - start, 2); None where not all of them are there."""
        if not self.first <= start < stop <= self.end:
            return None
        sound = self._sound.copy(start, stop - start)
        return sound if self.first <= start else None  # written over while it was read
