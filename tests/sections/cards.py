"""A keeper to put on the shelf, and putting it there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from engine import protocol as p
from engine.sections.file import SectionInfo, SectionReader, SectionWriter
from engine.sections.keepers import Layer, keep

WHEN = datetime(2026, 5, 1, 22, 30)
CARD = p.Keeper(
    "Sunrise DROP", "", "Sunrise", "drop", "drop", 8, 4, 124.0, "F minor", (p.PromptWeight("house", 0.8),), "pocket", 7, 9
)
FRAMES = 4410


def section(path: Path, stems: tuple[str, ...] = ("drums", "bass")) -> Path:
    writer = SectionWriter(path, SectionInfo("s1", stems, 44_100, 0, FRAMES, 8, 0, 4, 124.0, "F minor", 7, "pocket"))
    writer.write(np.full((FRAMES, len(stems), 2), 0.25, np.float32))
    writer.close()
    return path


def kept(tmp_path: Path, card: p.Keeper = CARD) -> p.Keeper:
    return keep([Layer(SectionReader(section(tmp_path / "s1.section")))], card, WHEN)
