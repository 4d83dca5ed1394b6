"""The recording: what is heard, written as it plays, with a cue sheet beside it.

The render thread copies each block to a ring in memory (the tape); another thread writes it out. Whatever kills the
process, the file can be read up to about its last second; whatever ends the machine, up to about its last three.
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from engine.errors import RecordingError
from engine.performances.entries import RecordingCard
from engine.player.output.cue_sheet import MOST_TRACKS, sheet_text, write_sheet
from engine.player.output.syncing import Syncer
from engine.player.rendering.limiter import LATENCY
from engine.processes.layout import check_free, cue_sheet
from engine.protocol import RecordingState
from engine.timebase import SAMPLE_RATE

Block = npt.NDArray[np.float32]
Sound = npt.NDArray[np.float32] | npt.NDArray[np.float64]

TAPE_FRAMES: Final = 1 << 19
"""12 seconds: how long a disk may stall."""

LEAST_FREE: Final = 16 << 20
"""Bytes of disk below which a recording ends, so that sections can still be made."""

QUIET: Final = 1e-4
"""The peak below which nothing is heard any more (-80 dBFS)."""

QUIET_FRAMES: Final = SAMPLE_RATE // 4
"""How long it has to be so quiet, once the set is over, for its recording to end."""

LONGEST_TAIL: Final = 10 * SAMPLE_RATE
"""Frames after the end of a set with which its recording ends at the latest, whatever its echoes do."""

WAV_HEAD: Final = 80
WAV_FRAME: Final = 6
"""Bytes before the sound of a WAV file, and those of a frame of it."""

SYNC_FRAMES: Final = 2 * SAMPLE_RATE
"""How often what is recorded is handed to the disk itself: a machine that goes down takes so much with it, and a second more."""

_LONGEST_RIFF: Final = 0xFFFF_FFF0
"""Bytes that a plain WAV header can count; longer files count in 64 bits (RF64)."""


class Tape:
    """A ring of the last 12 seconds heard, with one writer and one reader.

    Attributes:
        position: frames written so far.
        places: (position, transport frame there) wherever the transport moved on, oldest first.
        moving: whether the transport did in the newest block.
    """

    def __init__(self) -> None:
        self.position = 0
        self.places: deque[tuple[int, int]] = deque(maxlen=4096)
        self._ring: Block = np.zeros((TAPE_FRAMES, 2), dtype=np.float32)
        self.moving = False
        self._offset: int | None = None
        self._frame = 0

    def push(self, block: Block, frame: int) -> None:
        """Append a block that ends at a transport frame. The ring is a whole number of quanta; blocks may wrap."""
        at, n = self.position % TAPE_FRAMES, len(block)
        head = min(n, TAPE_FRAMES - at)
        self._ring[at : at + head] = block[:head]
        if head < n:
            self._ring[: n - head] = block[head:]
        offset = self.position + n - frame
        self.moving, self._frame = frame != self._frame, frame
        if self.moving and offset != self._offset:
            self._offset = offset
            self.places.append((self.position, self.position - offset))
        self.position += n

    def read(self, start: int, stop: int) -> Block:
        """A copy of the frames from ``start`` to ``stop``; what was overwritten already reads as silence."""
        lost = max(0, min(stop, self.position - TAPE_FRAMES + 8192) - start)
        found = self._ring[np.arange(start, stop) % TAPE_FRAMES]
        found[:lost] = 0.0
        return found

    def place(self, frame: int) -> int:
        """The position at which a transport frame is (or will be) heard; before the transport moved, never."""
        found = 1 << 62
        for position, transport in tuple(self.places):  # the render thread adds to them
            if transport <= frame:
                found = position + frame - transport
        return found + LATENCY


class _Sink(Protocol):
    def write(self, block: Sound) -> None:
        """Append a block, (frames, 2) from -1 to 1."""

    def refresh(self) -> None:
        """Make the file readable up to here."""

    def close(self) -> None:
        """Finish the file."""


class FlacSink:
    """FLAC, 24 bit. The encoder hands finished frames to the system; `refresh` notes their number in the header."""

    def __init__(self, path: Path) -> None:
        import soundfile

        self._file: Any = soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_24", format="FLAC")
        self._fd = os.open(path, os.O_RDWR)
        self._frames = 0

    def write(self, block: Sound) -> None:
        """Append a block, (frames, 2) from -1 to 1."""
        self._file.write(block)
        self._frames += len(block)

    def refresh(self) -> None:
        """STREAMINFO: block size at byte 10, frame count in the low 36 bits from byte 18 (RFC 9639, section 8.2)."""
        size = int.from_bytes(os.pread(self._fd, 2, 10), "big")
        if not size:
            return
        whole = self._frames // size * size
        field = int.from_bytes(os.pread(self._fd, 8, 18), "big")
        os.pwrite(self._fd, ((field >> 36 << 36) | whole).to_bytes(8, "big"), 18)

    def close(self) -> None:
        """Finish the file."""
        os.close(self._fd)
        self._file.close()


class WavSink:
    """WAV, 24 bit; becomes RF64 (EBU Tech 3306) when it outgrows 4 GiB, for which its header keeps room."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        self._frames = 0
        try:
            self.refresh()
        except OSError:
            os.close(self._fd)
            path.unlink(missing_ok=True)
            raise

    def write(self, block: Sound) -> None:
        """Append a block, (frames, 2) from -1 to 1."""
        whole = np.round(np.clip(block, -1.0, 1.0).astype(np.float64) * 8_388_607.0).astype("<i4")
        data = memoryview(whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
        at = WAV_HEAD + self._frames * WAV_FRAME
        while data:
            wrote = os.pwrite(self._fd, data, at)
            data, at = data[wrote:], at + wrote
        self._frames += len(block)

    def refresh(self) -> None:
        """Make the file readable up to here."""
        os.pwrite(self._fd, wav_header(self._frames), 0)

    def close(self) -> None:
        """Finish the file."""
        try:
            self.refresh()
        finally:
            os.close(self._fd)


def wav_header(frames: int) -> bytes:
    """The 80 bytes before the sound of a WAV file of so many frames."""
    size = frames * WAV_FRAME
    long = size + WAV_HEAD > _LONGEST_RIFF
    sizes = (WAV_HEAD - 8 + size).to_bytes(8, "little") + size.to_bytes(8, "little") + frames.to_bytes(8, "little")
    form = b"".join(
        number.to_bytes(width, "little")
        for number, width in ((1, 2), (2, 2), (SAMPLE_RATE, 4), (SAMPLE_RATE * WAV_FRAME, 4), (WAV_FRAME, 2), (24, 2))
    )
    riff = 0xFFFF_FFFF if long else WAV_HEAD - 8 + size
    head = (b"RF64" if long else b"RIFF") + riff.to_bytes(4, "little") + b"WAVE"
    head += (b"ds64" if long else b"JUNK") + (28).to_bytes(4, "little") + (sizes if long else bytes(24)) + bytes(4)
    head += b"fmt " + (16).to_bytes(4, "little") + form
    return head + b"data" + (0xFFFF_FFFF if long else size).to_bytes(4, "little")


SINKS: Final[dict[str, type[FlacSink] | type[WavSink]]] = {".flac": FlacSink, ".wav": WavSink}


class Recorder:
    """Writes the tape out.

    Args:
        tape: what is heard.
        syncer: hands the file to the disk; None leaves that to the system.

    Attributes:
        path: what is being recorded to, None if nothing is.
    """

    def __init__(self, tape: Tape, syncer: Syncer | None = None) -> None:
        self.path: str | None = None
        self._tape, self._syncer = tape, syncer
        self._synced = 0
        self._sink: _Sink | None = None
        self._title = ""
        self._start = self._done = self._refreshed = 0
        self._waits = False
        self._over_at: int | None = None
        self._marks: list[tuple[int, str]] = []
        self._sheet = self._section = ""
        self._told = False

    def start(self, path: str, title: str, *, section: str = "", force: bool = False, waits: bool = False) -> None:
        """Record from now on; a recording under way ends.

        Args:
            path: of the file; its cue sheet lies beside it.
            title: the set's.
            section: what sounds already.
            force: replace a recording or cue sheet that is there.
            waits: nothing plays yet: record from the first frame on at which the transport moves.

        Raises:
            RecordingError: if the file cannot be written, or would replace another.
        """
        self.stop()
        target = Path(path)
        kind = SINKS.get(target.suffix.lower())
        if kind is None:
            raise RecordingError(f"cannot record to {path}", f"use a name that ends in {' or '.join(SINKS)}")
        check_free(target, cue_sheet(target), force=force)
        try:
            self._sink = kind(target)
        except (OSError, RuntimeError) as error:
            raise RecordingError(f"cannot record to {path} ({_reason(error)})", "choose a folder you may write to") from error
        self.path, self._title = path, title
        self._start = self._done = self._refreshed = self._synced = self._tape.position
        self._marks, self._sheet, self._told = [], "", False
        self._section = section
        self._waits, self._over_at = waits, None

    @property
    def running(self) -> RecordingCard | None:
        """The recording that is being written; None where there is none, or it waits for the set to begin."""
        return None if self.path is None or self._waits else RecordingCard(self.path, self._title, self._start, self._section)

    def mark(self, title: str, frame: int) -> None:
        """Note that a section starts at a transport frame."""
        if self.path is not None:
            self._marks.append((frame, title))
            self._marks.sort(key=lambda mark: mark[0])

    def poll(self, over: bool = False) -> RecordingState | None:
        """Write what has come in since; says so if the recording ended, and once if its cue sheet is full.

        Args:
            over: the set is: once its last echo is gone too, the recording ends.
        """
        if self._sink is None:
            return None
        try:
            self._drain(self._sink)
        except (OSError, RuntimeError, AssertionError) as error:
            return self._give_up(_reason(error))
        if len(self._marks) >= MOST_TRACKS and not self._told:
            self._told = True
            return RecordingState(self.path, f"The cue sheet is full: it has {MOST_TRACKS} tracks; the recording goes on.")
        return self.stop() if self._faded(over) else None

    def _faded(self, over: bool) -> bool:
        """Whether the set is over and nothing is heard of it any more."""
        if not over or self._waits:
            self._over_at = None
            return False
        self._over_at = self._done if self._over_at is None else self._over_at
        since, last = self._done - self._over_at, self._tape.read(max(0, self._done - QUIET_FRAMES), self._done)
        return since >= LONGEST_TAIL or (since >= QUIET_FRAMES and float(np.abs(last).max(initial=0.0)) < QUIET)

    def stop(self) -> RecordingState | None:
        """Finish the file; says so if there was one."""
        state = self.poll()
        if self._sink is None or self.path is None:
            return state
        path, sink, self._sink, self.path = self.path, self._sink, None, None
        try:
            sink.close()
            self._write_sheet(Path(path))
            if self._syncer is not None:
                self._syncer.sync(Path(path))
        except (OSError, RuntimeError) as error:
            return RecordingState(None, f"the recording could not be finished ({_reason(error)})")
        return RecordingState(None, ended=path, length_s=(self._done - self._start) / SAMPLE_RATE)

    def _drain(self, sink: _Sink) -> None:
        assert self.path is not None
        stop = self._tape.position
        if self._waits and not self._begun(stop):
            return
        while self._done < stop:
            part = min(stop, self._done + SAMPLE_RATE)
            sink.write(self._tape.read(self._done, part))
            self._done = part
        if stop - self._refreshed >= SAMPLE_RATE:
            self._refreshed = stop
            sink.refresh()
            self._write_sheet(Path(self.path))
            if self._syncer is not None and stop - self._synced >= SYNC_FRAMES and self._syncer.idle:
                self._synced = stop
                self._syncer.sync(Path(self.path))
            if shutil.disk_usage(Path(self.path).parent).free < LEAST_FREE:
                raise OSError(28, "No space left on device")

    def _begun(self, now: int) -> bool:
        """Whether the transport has begun to move; the recording then starts where that is heard."""
        began = next((position for position, _ in tuple(self._tape.places) if position >= self._start), None)
        if began is None:
            self._start = self._done = self._refreshed = now
            return False
        heard = began + LATENCY
        if heard <= now:
            self._start = self._done = self._refreshed = heard
            self._waits = False
        return not self._waits

    def _give_up(self, reason: str) -> RecordingState:
        path, sink, self._sink, self.path = self.path, self._sink, None, None
        if sink is not None:
            try:
                sink.refresh()
                sink.close()
            except (OSError, RuntimeError):
                reason += " (its last second may be missing)"
        return RecordingState(None, f"the recording ended: {reason}; up to there it is in {path}")

    def _write_sheet(self, path: Path) -> None:
        """The cue sheet, if it changed."""
        tracks = ({0: self._section} if self._section else {}) | {self._place(frame): title for frame, title in self._marks}
        heard = [(position, title) for position, title in sorted(tracks.items()) if position <= self._done - self._start]
        sheet = sheet_text(self._title, path.name, heard)
        if sheet == self._sheet:
            return
        self._sheet = sheet
        write_sheet(path, sheet)

    def _place(self, frame: int) -> int:
        """The recording's frame at which a transport frame is heard; 0 for one that was heard before."""
        return max(0, self._tape.place(frame) - self._start)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error)) or "the disk takes no more"
