"""Sound that is no number: a generator's is refused, a damaged file's reads as silence."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from engine.errors import DiskFullError, SectionError
from engine.player.offline import OfflinePlayer
from engine.protocol import SetCues
from engine.sections.file import HEADER, SectionInfo, SectionReader, SectionWriter
from tests.player.sounds import cue, sine, write_section

INFO = SectionInfo("s1", ("drums", "bass"), 44_100, 0, 1000, 1, 0, 4, 120.0, "A minor", 1, "pocket")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_block_with_what_is_no_number_is_refused(tmp_path: Path, bad: float) -> None:
    writer = SectionWriter(tmp_path / "s1.section", INFO)
    block = np.zeros((100, 2, 2), np.float32)
    block[50, 1, 0] = bad
    with pytest.raises(SectionError, match="samples that are no numbers"):
        writer.write(block)
    writer.close()
    assert SectionReader(tmp_path / "s1.section").ready == 0


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("seed", range(6))
def test_damaged_samples_reach_neither_the_ear_nor_the_next_section(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "a.section"
    write_section(path, sine(220))
    rng = np.random.default_rng(seed)
    with path.open("r+b") as file:
        for _ in range(200):
            file.seek(HEADER + 4 * int(rng.integers((path.stat().st_size - HEADER) // 4)))
            file.write(np.array(rng.choice([np.nan, np.inf, -np.inf, 3e38]), "<f4").tobytes())
    player = OfflinePlayer()
    player.params["run"] = 1.0
    player.order(SetCues((cue(1, path, 0),)))
    heard = np.concatenate([player.render(1024) for _ in range(120)])
    assert np.isfinite(heard).all()
    assert 0.01 < np.abs(heard).max() <= 1.0
    reader = SectionReader(path)
    for taken in (reader.before(20_000, 20_000), reader.after(0, 20_000), *reader.blocks(40_000)):
        assert np.isfinite(taken).all()


def test_section_for_which_there_is_no_room_is_refused_before_it_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.sections.file._free_bytes", lambda _path: 5000)
    with pytest.raises(DiskFullError, match=r"No space left on device; .*XDG_CACHE_HOME"):
        SectionWriter(tmp_path / "s1.section", INFO)


def test_disk_that_fills_up_meanwhile_is_told_from_other_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SectionWriter(tmp_path / "s1.section", INFO)

    reasons = [errno.ENOSPC, errno.EDQUOT, errno.EIO]

    def full(*_: object) -> int:
        reason = reasons.pop(0)
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr("engine.sections.file.os.pwrite", full)
    for kind in (DiskFullError, DiskFullError, SectionError):
        with pytest.raises(SectionError) as raised:
            writer.write(np.zeros((10, 2, 2), np.float32))
        assert type(raised.value) is kind
    writer.close()
