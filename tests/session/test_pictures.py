"""What a take looks like: peaks, loudness and stems of a section file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.sections.file import SectionInfo, SectionReader, SectionWriter
from engine.session.pictures import TAKE_COLUMNS, picture

RATE, FRAMES = 44_100, 4 * 44_100


def test_picture_follows_the_sound_and_names_the_loudest_stem(tmp_path: Path) -> None:
    info = SectionInfo("s", ("drums", "bass"), RATE, 0, FRAMES, 2, 0, 4, 120.0, "A minor", 1, "test")
    sound = np.zeros((FRAMES, 2, 2), np.float32)
    sine = np.sin(np.arange(FRAMES // 2) * 2 * np.pi * 1000 / RATE).astype(np.float32)
    sound[FRAMES // 2 :, 0] = 0.5 * sine[:, None]
    sound[FRAMES // 2 :, 1] = 0.05 * sine[:, None]
    writer = SectionWriter(tmp_path / "s.section", info)
    writer.write(sound)
    writer.close()
    found = picture(SectionReader(tmp_path / "s.section"), FRAMES)
    assert len(found.peaks) == TAKE_COLUMNS
    assert max(found.peaks[: TAKE_COLUMNS // 2]) == 0.0
    assert abs(max(found.peaks) - 0.55) < 0.01
    assert abs(found.stems[0] - 0.5 * np.sqrt(0.5) * np.sqrt(0.5)) < 0.01 and found.stems[0] > 9 * found.stems[1]
    assert -6.0 < found.loudness < -4.0, "a sine of .55 on both sides has -5.2 LUFS"
