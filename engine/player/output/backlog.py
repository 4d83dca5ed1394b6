"""The last minutes of what was heard, in short files that follow each other: whatever was not recorded can be saved afterwards.

It is written by a thread of its own, so that a disk that stalls holds nobody up.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
from collections import deque
from pathlib import Path
from typing import Final

import numpy as np

from engine.performances.folders import BACKLOG_MINUTES, BACKLOG_SUFFIX
from engine.player.output.recorder import QUIET, TAPE_FRAMES, Tape, WavSink
from engine.player.output.syncing import sync_file
from engine.timebase import SAMPLE_RATE

PIECE_FRAMES: Final = 30 * SAMPLE_RATE
"""Frames of a file; as much more than the minutes that are promised lies on the disk."""

POLL_S: Final = 0.5

REST_FRAMES: Final = 10 * SAMPLE_RATE
"""Frames that are left out after a disk took none, before it is asked again."""

LEAST_FREE: Final = 512 << 20
"""Bytes of disk below which sections need the room more than the last minutes do."""


class Backlog:
    """Writes what is heard, and gives up what is older than `BACKLOG_MINUTES`. Silence while the set stands still is left out.

    Args:
        tape: what is heard.
        folder: is made; its files are named by the tape's frame that they begin with.
    """

    def __init__(self, tape: Tape, folder: Path) -> None:
        self._tape, self._folder = tape, folder
        self._done = tape.position
        self._sink: WavSink | None = None
        self._pieces: deque[tuple[Path, int]] = deque()
        self._frames = self._rests_to = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backlog", daemon=True)

    def start(self) -> None:
        """Write from now on."""
        self._thread.start()

    def close(self, limit_s: float) -> None:
        """Finish the last file, waiting for it at most so many seconds."""
        self._stopped.set()
        self._thread.join(limit_s)

    def _run(self) -> None:
        while not self._stopped.wait(POLL_S):
            self.poll()
        self.poll()
        self._end_piece()

    def poll(self) -> None:
        """Write what was heard since; a disk that takes nothing costs what it did not take."""
        stop = self._tape.position
        self._done = max(self._done, stop - TAPE_FRAMES // 2)
        while self._done < stop:
            part = min(stop, self._done + SAMPLE_RATE)
            sound = self._tape.read(self._done, part)
            try:
                if not self._tape.moving and float(np.abs(sound).max(initial=0.0)) < QUIET:
                    self._end_piece()
                elif part > self._rests_to and (sink := self._piece()) is not None:
                    sink.write(sound)
                    sink.refresh()
                    self._frames += len(sound)
            except OSError:
                logging.exception("the last minutes cannot be written")
                self._end_piece()
                self._rests_to = part + REST_FRAMES
            self._done = part

    def _piece(self) -> WavSink | None:
        """The file that is written to: another one when it is long enough; None where the disk has no room for any."""
        if self._sink is not None and self._frames < PIECE_FRAMES:
            return self._sink
        self._end_piece()
        self._folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free < LEAST_FREE:
            self._give_up(0)
            return None
        self._give_up(round(60 * BACKLOG_MINUTES * SAMPLE_RATE))
        path = self._folder / f"{self._done:015}{BACKLOG_SUFFIX}"
        self._sink, self._frames = WavSink(path), 0
        self._pieces.append((path, 0))
        return self._sink

    def _end_piece(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            path, _ = self._pieces.pop()
            self._pieces.append((path, self._frames))
            with contextlib.suppress(OSError):
                sink.close()
                sync_file(path)

    def _give_up(self, most: int) -> None:
        """Delete the oldest files, as long as so many frames are left without them."""
        while self._pieces and sum(frames for _, frames in self._pieces) - self._pieces[0][1] >= most:
            path, _ = self._pieces.popleft()
            with contextlib.suppress(OSError):
                path.unlink()
