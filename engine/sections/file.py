"""Section files: what a generator makes, on disk, memory-mapped by whoever plays or draws it.

A file is a 4096-byte header, then float32 samples as (frames, stems, 2), little-endian. The header holds a magic
number, the count of frames that are ready (so that a section can be played while it is still being made), and JSON
metadata. Samples are written with ordinary writes, never through a map: a full disk then raises instead of killing.
"""

from __future__ import annotations

import errno
import json
import math
import mmap
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.errors import SECTIONS_HINT, DiskFullError, SectionError
from engine.sections.checking import check_fields

MAGIC: Final = b"LSECT001"
HEADER: Final = 4096
MADE_AGAIN: Final = "the section is generated again"
"""What happens when a section file is no use; nobody has to do anything."""

_READY_AT: Final = 8
_JSON_AT: Final = 24
_BLOCK: Final = 65_536
"""Frames read at once by who reads a whole section."""

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SectionInfo:
    """A section file's metadata.

    Attributes:
        section_id: its name.
        stems: names along the stem axis.
        rate: frames per second.
        first_frame: the section's frame that the file's first sample is (0, or later for a re-make).
        frames: frames the file will hold when finished; ``first_frame + frames`` is the end of the tail.
        bars, tail_bars, beats_per_bar, bpm, key, seed, generator: how it was made.
    """

    section_id: str
    stems: tuple[str, ...]
    rate: int
    first_frame: int
    frames: int
    bars: int
    tail_bars: int
    beats_per_bar: int
    bpm: float
    key: str
    seed: int
    generator: str


class SectionWriter:
    """Writes a section file block by block.

    Raises:
        DiskFullError: if the disk has no room for it, or for a block.
        SectionError: if the file cannot be made or written for another reason, or a block is no sound.
    """

    def __init__(self, path: Path, info: SectionInfo) -> None:
        self.path = path
        self.info = info
        self.ready = 0
        self._fd = -1
        self._frame_bytes = 4 * 2 * len(info.stems)
        meta = json.dumps(asdict(info)).encode()
        if len(meta) > HEADER - _JSON_AT:
            raise SectionError(f"section {info.section_id}: metadata too long for the header", "use shorter prompts")
        size = HEADER + self._frame_bytes * info.frames
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            if _free_bytes(path) < size:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.ftruncate(self._fd, size)
            head = MAGIC + (0).to_bytes(8, "little") + len(meta).to_bytes(8, "little") + meta
            os.pwrite(self._fd, head, 0)
        except OSError as error:
            self.close()
            raise _refused(path, error) from error

    def write(self, block: Audio) -> None:
        """Append a block (frames, stems, 2); frames beyond the announced length are cut."""
        block = np.ascontiguousarray(block[: self.info.frames - self.ready], dtype="<f4")
        if block.shape[1:] != (len(self.info.stems), 2):
            raise SectionError(
                f"section {self.info.section_id}: a block of shape {block.shape}",
                f"the generator must make blocks of shape (frames, {len(self.info.stems)}, 2)",
            )
        if not np.isfinite(block).all():
            raise SectionError(f"section {self.info.section_id} has samples that are no numbers", MADE_AGAIN)
        data, at = block.data.cast("B"), HEADER + self.ready * self._frame_bytes
        try:
            while data:
                wrote = os.pwrite(self._fd, data, at)
                data, at = data[wrote:], at + wrote
            self.ready += len(block)
            os.pwrite(self._fd, self.ready.to_bytes(8, "little"), _READY_AT)
        except OSError as error:
            raise _refused(self.path, error) from error

    def close(self) -> None:
        """Close the file; what was written stays readable."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def ready_frames(path: Path) -> int:
    """Frames of a section file that are written, without mapping it; -1 where there is no such file."""
    try:
        with path.open("rb") as file:
            head = file.read(_JSON_AT)
    except OSError:
        return -1
    return int.from_bytes(head[_READY_AT : _READY_AT + 8], "little") if head[:8] == MAGIC else -1


def set_ready(path: Path, frames: int) -> None:
    """Have a section file count as written up to so many of its frames.

    Raises:
        SectionError: if it cannot be written.
    """
    try:
        with path.open("r+b") as file:
            file.seek(_READY_AT)
            file.write(frames.to_bytes(8, "little"))
    except OSError as error:
        raise _refused(path, error) from error


def _summed(audio: Audio) -> Audio:
    """All stems together: (frames, 2). A damaged file may hold what is no number; it reads as silence."""
    summed: Audio = audio.sum(axis=1, dtype=np.float32)
    return summed if np.isfinite(summed).all() else np.nan_to_num(summed, nan=0.0, posinf=0.0, neginf=0.0)


def _free_bytes(path: Path) -> float:
    """Bytes that may still be written where a file lies; infinite where the system does not say."""
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return math.inf


def _refused(path: Path, error: OSError) -> SectionError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return (DiskFullError if full else SectionError)(f"cannot write {path.name}: {error.strerror}", SECTIONS_HINT)


class SectionReader:
    """A section file mapped for reading, possibly while it is still being written.

    Attributes:
        info: the metadata.
        audio: (frames, stems, 2) float32 view of the whole file; beyond `ready` it reads as zeros.

    Raises:
        SectionError: if the file is missing, truncated or not a section file.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            fd = os.open(self.path, os.O_RDONLY)
        except OSError as error:
            raise SectionError(f"cannot open section file {path}: {error.strerror}", MADE_AGAIN) from error
        try:
            size = os.fstat(fd).st_size
            if size < HEADER:
                raise SectionError(f"{path} is too short to be a section file", MADE_AGAIN)
            self._map = mmap.mmap(fd, size, access=mmap.ACCESS_READ)
        finally:
            os.close(fd)
        if self._map[:8] != MAGIC:
            raise SectionError(f"{path} is not a section file", MADE_AGAIN)
        length = int.from_bytes(self._map[16:24], "little")
        try:
            meta: dict[str, Any] = json.loads(self._map[_JSON_AT : _JSON_AT + length])
            check_fields(SectionInfo, meta)
            self.info = SectionInfo(**{**meta, "stems": tuple(str(stem) for stem in meta["stems"])})
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise SectionError(f"{path} has a damaged header", MADE_AGAIN) from error
        if size != HEADER + 8 * len(self.info.stems) * self.info.frames:
            raise SectionError(f"{path} is truncated", MADE_AGAIN)
        self._ready: npt.NDArray[np.uint64] = np.frombuffer(self._map, dtype="<u8", count=1, offset=_READY_AT)
        self.audio: Audio = np.frombuffer(self._map, dtype="<f4", offset=HEADER).reshape(
            self.info.frames, len(self.info.stems), 2
        )

    @property
    def ready(self) -> int:
        """Frames of the file that are written."""
        return min(int(self._ready[0]), self.info.frames)

    def before(self, frame: int, longest: int) -> Audio:
        """The last sound before one of the section's frames, all stems together: (frames, 2), a copy.

        Args:
            frame: of the section, which may lie before the file's first.
            longest: frames wanted; fewer come where the file begins later.

        Raises:
            SectionError: if it is not made so far yet.
        """
        end = frame - self.info.first_frame
        if end > self.ready:
            raise SectionError(f"{self.path} is not made up to frame {frame} yet", "wait until it is")
        return _summed(self.audio[max(0, end - longest) : max(0, end)])

    def after(self, frame: int, longest: int) -> Audio:
        """The sound from one of the section's frames on, like `before`; fewer frames come where no more is made."""
        start = max(0, frame - self.info.first_frame)
        return _summed(self.audio[start : min(start + longest, self.ready)])

    def blocks(self, frames: int) -> Iterator[Audio]:
        """The file's first ``frames``, all stems together, in blocks (frames, 2).

        Memory is given back on the way: half a minute of four stems is 40 MB.
        """
        for start in range(0, frames, _BLOCK):
            end = min(frames, start + _BLOCK)
            summed = _summed(self.audio[start:end])
            self.forget(end)
            yield summed

    def prefetch(self, start: int, frames: int) -> None:
        """Touch the pages of some frames, so that a later read does not wait for the disk."""
        step = max(1, mmap.PAGESIZE // (8 * len(self.info.stems)))
        self.audio[max(0, start) : max(0, start + frames) : step, 0, 0].sum()

    def forget(self, frame: int) -> None:
        """Give back the memory of what lies before a frame; read again, it comes from the system's cache or from the disk."""
        if not hasattr(mmap, "MADV_DONTNEED"):  # Windows
            return
        start = mmap.PAGESIZE  # the first page holds the header
        end = (HEADER + 8 * len(self.info.stems) * max(0, frame)) // mmap.PAGESIZE * mmap.PAGESIZE
        if end > start:
            self._map.madvise(mmap.MADV_DONTNEED, start, end - start)
