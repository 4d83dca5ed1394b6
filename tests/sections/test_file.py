"""Section files: what was written is read back, also while it is being written, and damage is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.errors import SectionError
from engine.sections.file import HEADER, Audio, SectionInfo, SectionReader, SectionWriter

INFO = SectionInfo("s1", ("drums", "bass"), 44_100, 100, 1000, 1, 0, 4, 120.0, "C minor", 5, "test")


def test_blocks_appear_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "s1.section"
    writer = SectionWriter(path, INFO)
    reader = SectionReader(path)
    assert reader.info == INFO
    assert reader.ready == 0
    ramp = np.arange(2400, dtype=np.float32).reshape(600, 2, 2)
    writer.write(ramp)
    assert reader.ready == 600
    np.testing.assert_array_equal(reader.audio[:600], ramp)
    writer.write(ramp)
    assert reader.ready == 1000
    writer.close()


def test_last_sound_before_a_frame_is_read_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "s1.section"
    writer = SectionWriter(path, INFO)  # its first sample is the section's frame 100
    ramp = np.arange(2400, dtype=np.float32).reshape(600, 2, 2)
    writer.write(ramp)
    reader = SectionReader(path)
    np.testing.assert_array_equal(reader.before(300, 50), ramp[150:200].sum(1))
    np.testing.assert_array_equal(reader.before(300, 500), ramp[:200].sum(1))
    assert reader.before(60, 50).shape == (0, 2)
    with pytest.raises(SectionError, match="not made up to frame 701"):
        reader.before(701, 50)
    writer.close()


def _written(folder: Path, frames: int) -> tuple[Path, Audio]:
    """A finished section file of some frames, and what it holds."""
    path = folder / "s1.section"
    writer = SectionWriter(path, replace(INFO, frames=frames))
    ramp = np.arange(4 * frames, dtype=np.float32).reshape(frames, 2, 2)
    writer.write(ramp)
    writer.close()
    return path, ramp


def _resident(path: Path) -> int:
    """kB of a mapped file that count as this process's memory."""
    smaps, found, here = Path("/proc/self/smaps"), 0, False
    if not smaps.exists():
        pytest.skip("this system does not tell what of a file is in memory")
    for line in smaps.read_text().splitlines():
        here = line.endswith(str(path)) if not line.split(":")[0].isidentifier() else here
        found += int(line.split()[1]) if here and line.startswith("Rss:") else 0
    return found


def test_forgotten_blocks_free_memory_and_stay_readable(tmp_path: Path) -> None:
    path, ramp = _written(tmp_path, 100_000)
    reader = SectionReader(path)
    reader.prefetch(0, 100_000)
    before = _resident(path)
    assert before > 1500
    for frame in (-5, 0, 90_000):
        reader.forget(frame)
    assert _resident(path) < 0.2 * before
    np.testing.assert_array_equal(reader.audio, ramp)


def test_reading_a_whole_section_needs_the_memory_of_one_block(tmp_path: Path) -> None:
    path, ramp = _written(tmp_path, 300_000)
    reader = SectionReader(path)
    for block, start in zip(reader.blocks(290_000), range(0, 290_000, 65_536), strict=True):
        np.testing.assert_array_equal(block, ramp[start : min(290_000, start + 65_536)].sum(1))
        assert _resident(path) < 0.4 * path.stat().st_size / 1024


def test_block_of_another_shape_is_refused(tmp_path: Path) -> None:
    writer = SectionWriter(tmp_path / "s1.section", INFO)
    with pytest.raises(SectionError, match="shape"):
        writer.write(np.zeros((10, 3, 2), np.float32))


def test_full_disk_raises_instead_of_killing() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(SectionError, match="cannot write"):
        SectionWriter(full, INFO)


@pytest.mark.parametrize("damage", ["short", "magic", "truncated", "header"])
def test_damaged_files_are_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "s1.section"
    writer = SectionWriter(path, INFO)
    writer.write(np.zeros((1000, 2, 2), np.float32))
    writer.close()
    data = bytearray(path.read_bytes())
    match damage:
        case "short":
            data = data[:100]
        case "magic":
            data[0:4] = b"RIFF"
        case "truncated":
            data = data[:-8]
        case "header":
            data[24:40] = b"\xff" * 16
    path.write_bytes(data)
    with pytest.raises(SectionError, match=r"s1\.section"):
        SectionReader(path)
    assert HEADER == 4096


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SectionError, match="cannot open"):
        SectionReader(tmp_path / "none.section")
