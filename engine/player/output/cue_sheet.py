"""The cue sheet beside a recording: where each section begins in it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.processes.layout import cue_sheet
from engine.timebase import SAMPLE_RATE

CUE_FRAMES_PER_S: Final = 75
MOST_TRACKS: Final = 99
"""Tracks that a cue sheet can have."""


def sheet_text(title: str, name: str, heard: Sequence[tuple[int, str]]) -> str:
    """A cue sheet; its positions are minutes, seconds and 75ths of one.

    Args:
        title: the set's.
        name: of the recording's file.
        heard: frame of the recording and title of each section, in order; what is beyond `MOST_TRACKS` is left out.
    """
    lines = [f'TITLE "{_quoted(title)}"', f"FILE {_quoted_name(name)} WAVE"]
    for number, (position, track) in enumerate((heard or [(0, title)])[:MOST_TRACKS]):
        lines += [f"  TRACK {number + 1:02d} AUDIO", f'    TITLE "{_quoted(track)}"']
        lines += ["    INDEX 00 00:00:00"] if not number and position else []  # silence before the first sound
        lines.append(f"    INDEX 01 {_cue_time(position)}")
    return "\n".join(lines) + "\n"


def write_sheet(recording: Path, sheet: str) -> None:
    """Write the sheet that lies beside a recording; it takes the place of another only when it is whole."""
    fresh = recording.with_name(f".cue-{os.getpid()}.part")  # a name as long as the recording's could not take an ending more
    fresh.write_text(sheet, encoding="utf-8")
    fresh.replace(cue_sheet(recording))


def _cue_time(frames: int) -> str:
    seconds, part = divmod(round(frames * CUE_FRAMES_PER_S / SAMPLE_RATE), CUE_FRAMES_PER_S)
    return f"{seconds // 60:02d}:{seconds % 60:02d}:{part:02d}"


def _quoted_name(name: str) -> str:
    """A file's name in quotes: in single ones where it has double ones itself, for which a cue sheet has no escape."""
    return f"'{name}'" if '"' in name and "'" not in name else f'"{name}"'


def _quoted(text: str) -> str:
    return " ".join(text.replace('"', "'").split())
