"""What a take looks like, for who has no headphones to hear it beforehand: its peaks, its loudness, and how loud each stem is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from engine.analysis.picture import PeakColumns
from engine.conductor.state import State
from engine.conductor.takes import how_many
from engine.conductor.tempo import frames_of
from engine.errors import SectionError
from engine.sections.file import SectionReader
from engine.session.later import Later, at_once

TAKE_COLUMNS: Final = 80
"""Peaks over a take's bars."""

KEPT: Final = 6
"""Pictures that are remembered: of all takes, and of those that they were before."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Peaks 0..1, evenly spaced; loudness in LUFS; the RMS of each stem, 0..1, in the order of the file."""

    peaks: tuple[float, ...]
    loudness: float
    stems: tuple[float, ...]


def picture(reader: SectionReader, frames: int) -> Picture:
    """The picture of a section that is complete, of so many frames of its bars."""
    from engine.analysis.loudness import LoudnessMeter

    peaks, stems = PeakColumns(frames, TAKE_COLUMNS), np.zeros(len(reader.info.stems))
    meter, rate = LoudnessMeter(reader.info.rate, 2), reader.info.rate
    for start in range(0, frames, rate):
        part = reader.audio[start : min(start + rate, frames)]  # (frames, stems, 2)
        mix = part.sum(axis=1)
        peaks.feed(mix)
        meter.feed(mix)
        stems += np.square(part, dtype=np.float64).mean(axis=2).sum(axis=0)
    return Picture(
        tuple(min(1.0, float(peak)) for peak in peaks.values()),
        float(meter.integrated()),
        tuple(min(1.0, float(each)) for each in np.sqrt(stems / max(1, frames))),
    )


class Pictures:
    """Has the takes of the next section drawn, each once and one after the other.

    Args:
        folder: where section files lie.

    Attributes:
        later: does the work; at once, unless the set plays in real time.
        found: the pictures by section id.
    """

    def __init__(self, folder: Path) -> None:
        self.later: Later = at_once
        self.found: dict[str, Picture] = {}
        self._folder = folder
        self._asked: tuple[str, ...] = ()
        self._busy = False

    def look(self, state: State) -> None:
        """Draw a take that is complete and was not drawn yet."""
        version = next((each for each in state.work.takes if each.complete and each.id not in self._asked), None)
        if version is None or self._busy or how_many(state) < 2:
            return
        self._asked = (*self._asked, version.id)[-2 * KEPT :]
        try:
            reader = SectionReader(self._folder / version.path)
        except SectionError:
            return
        if reader.info.first_frame:
            return
        self._busy = True
        self.later(partial(_drawn, reader, frames_of(state, version)), partial(self._show, version.id))

    def _show(self, section_id: str, made: Picture | None) -> None:
        self._busy = False
        if made is not None:
            self.found = dict([*self.found.items(), (section_id, made)][-KEPT:])


def _drawn(reader: SectionReader, frames: int) -> Picture | None:
    """The picture; None where the file went meanwhile."""
    try:
        return picture(reader, min(frames, reader.ready))
    except (OSError, ValueError):
        return None
