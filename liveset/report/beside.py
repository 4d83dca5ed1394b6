"""Measuring a set's sound while it is rendered: in a process of its own, so that the report is nearly there when the set is.

    python -m liveset.report.beside

It is fed the sound as the file will have it, and answers with what `liveset.report.write.measure` finds in the file, to the bit.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO, Final

import numpy as np
import soundfile

from engine.analysis.audio import Audio
from engine.analysis.survey import Survey, survey
from engine.rehearsal.rehearsal import SUBTYPE

AHEAD: Final = 64
"""Blocks that may wait for the measuring before the rendering waits for it."""

PATIENCE_S: Final = 60.0
"""For the answer, once all of the sound is there."""


class Listener:
    """The process that measures, as whoever renders sees it. It never stands in the way: without it the file is measured later.

    Args:
        rate: frames a second.
        frames: how long the sound is going to be; where it is not, there is no answer.
        kind: of the file: "FLAC" or "WAV".
    """

    def __init__(self, rate: int, frames: int, kind: str) -> None:
        self._expected, self._fed = frames, 0
        self._waiting: queue.Queue[Audio | None] = queue.Queue(AHEAD)
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "liveset.report.beside", str(rate), str(frames), kind],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        self._thread = threading.Thread(target=self._hand_over, name="report", daemon=True)
        self._thread.start()

    def feed(self, block: Audio) -> None:
        """Take in the next frames, (frames, 2)."""
        self._fed += len(block)
        if self._thread.is_alive():
            try:
                self._waiting.put(block.copy(), timeout=PATIENCE_S)
            except queue.Full:  # it stands still
                self._stop()

    def _hand_over(self) -> None:
        pipe = None if self._process is None else self._process.stdin
        while (block := self._waiting.get()) is not None:
            try:
                if pipe is not None:
                    pipe.write(np.ascontiguousarray(block, np.float32).tobytes())
            except OSError:  # it is gone
                pipe = None
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()

    def end(self) -> None:
        """End the process without an answer."""
        self._stop()
        self.close()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()

    def close(self) -> Survey | None:
        """End the process. Returns what it found, None where the sound came out otherwise than expected."""
        if self._thread.is_alive():
            try:
                self._waiting.put(None, timeout=PATIENCE_S)
            except queue.Full:
                self._stop()
                self._waiting.put(None)
            self._thread.join()
        process, self._process = self._process, None
        if process is None or process.stdout is None:
            return None
        if self._fed != self._expected:
            process.kill()
        try:
            process.stdin = None  # the thread has closed it
            answer, _ = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            answer, _ = process.communicate()
        found: Survey | None = pickle.loads(answer) if process.returncode == 0 and answer else None
        return found


def as_read(block: Audio, rate: int, kind: str) -> Audio:
    """Sound as it is read from a file; how its 24 bits are rounded is the library's own, and differs from one kind to another."""
    file = io.BytesIO()
    soundfile.write(file, block, rate, subtype=SUBTYPE, format=kind)
    file.seek(0)
    found: Audio = soundfile.read(file, dtype="float32", always_2d=True)[0]
    return found


def _seconds_of(source: IO[bytes], rate: int, kind: str) -> Iterator[Audio]:
    """Sound as the file has it, a second at a time, as the file is read too."""
    while data := source.read(rate * 2 * 4):
        yield as_read(np.frombuffer(data, np.float32).reshape(-1, 2), rate, kind)


def main() -> None:
    """Measure what comes in, and say what was found."""
    rate, frames, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    found = survey(_seconds_of(sys.stdin.buffer, rate, kind), rate, frames, 2)
    sys.stdout.buffer.write(pickle.dumps(found))


if __name__ == "__main__":
    main()
