"""What is measured of the sound: how alike the two sides of a hand-over are, and the waveform that the screen shows.

Both read seconds of sound and compute with it, so both are left to `Later`: never on the thread that decides, unless time is
counted, where the same set must come out bit for bit. What is compared is what the conductor knows to be made, not what the
file happens to hold by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from engine.analysis.audio import correlation
from engine.analysis.picture import PeakColumns
from engine.conductor.events import Measured
from engine.conductor.state import State, Version
from engine.conductor.tempo import frames_of
from engine.errors import SectionError
from engine.protocol import TRANSITION_BY_KIND, Cue
from engine.sections.file import SectionReader
from engine.session.later import Later, at_once

COLUMNS: Final = 240
"""Peaks over a section's bars."""

KEPT: Final = 4
"""Waveforms that are remembered: of what sounds, and of what it may go back to."""

MEASURED_FRAMES: Final = 4 * 44_100
"""At most this much of a hand-over is compared: enough to tell whether both sides are the same music."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Frames ``start`` to ``stop`` of a section file that is open: it may leave the session before it is read."""

    reader: SectionReader
    start: int
    stop: int


def excerpt(folder: Path, version: Version, start: int, length: int) -> Excerpt:
    """Some of a version, from one of the section's frames on, as far as it is known to be made.

    Raises:
        SectionError: if its file is gone.
    """
    reader = SectionReader(folder / version.path)
    made = (version.total if version.complete else version.ready_to) - reader.info.first_frame
    first = max(0, start - reader.info.first_frame)
    return Excerpt(reader, first, max(first, min(first + length, made)))


def likeness(old: Excerpt, new: Excerpt) -> float:
    """How alike two excerpts are over the frames that both have, -1..1; 0 where they have none."""
    frames = min(old.stop - old.start, new.stop - new.start)
    sides = [each.reader.audio[each.start : each.start + frames].sum(axis=1) for each in (old, new)]
    return correlation(*sides) if frames else 0.0


def draw(reader: SectionReader, frames: int) -> tuple[float, ...]:
    """A section's peaks, 0..1, up to one of its frames; a file that begins later gives fewer than `COLUMNS`."""
    length = frames - reader.info.first_frame
    meter = PeakColumns(length, max(1, round(COLUMNS * length / frames)))
    for block in reader.blocks(length):
        meter.feed(block)
    return tuple(min(1.0, float(peak)) for peak in meter.values())


class Measuring:
    """Has cues compared and sections drawn, each once.

    Args:
        folder: where section files lie.
        found: told what a cue's sides are like.

    Attributes:
        later: does the work; at once, unless the set plays in real time.
        waveforms: peaks by section id.
    """

    def __init__(self, folder: Path, found: Callable[[Measured], None]) -> None:
        self.later: Later = at_once
        self.waveforms: dict[str, tuple[float, ...]] = {}
        self._folder, self._found = folder, found
        self._compared: set[int] = set()
        self._drawn = ""
        """The section that was drawn last, or is being drawn."""

    def compare(self, state: State, cues: tuple[Cue, ...]) -> None:
        """Find out how alike the two sides of hand-overs are: it decides between equal power and equal gain."""
        now, versions = state.transport.now, dict(state.transport.cue_versions)
        for cue in cues:
            fades = TRANSITION_BY_KIND[cue.transition].measured and cue.length
            if now is None or not fades or cue.cue_id in self._compared or cue.cue_id not in versions:
                continue
            self._compared.add(cue.cue_id)
            length = min(cue.length, MEASURED_FRAMES)
            try:
                old = excerpt(self._folder, now.version, cue.start_frame - now.origin, length)
                new = excerpt(self._folder, versions[cue.cue_id], cue.start_frame - cue.origin_frame, length)
            except SectionError:
                continue
            self.later(partial(likeness, old, new), partial(self._told, cue.cue_id))

    def _told(self, cue_id: int, alike: float) -> None:
        self._found(Measured(cue_id, alike))

    def look(self, state: State) -> None:
        """Draw the sounding section once it is complete."""
        now = state.transport.now
        if now is None or now.version.id == self._drawn or not now.version.complete:
            return
        try:
            reader = SectionReader(self._folder / now.version.path)
        except SectionError:
            return
        self._drawn = now.version.id
        frames = frames_of(state, now.version)
        fallback = now.fallback.id if now.fallback else ""
        self.later(partial(draw, reader, frames), partial(self._show, now.version.id, fallback))

    def _show(self, section_id: str, fallback: str, peaks: tuple[float, ...]) -> None:
        """A re-make begins in the middle of a section: what was heard before it is the fallback's."""
        before = (*self.waveforms.get(fallback, ()), *([0.0] * COLUMNS))[: COLUMNS - len(peaks)]
        self.waveforms = dict(list(self.waveforms.items())[1 - KEPT :])
        self.waveforms[section_id] = (*before, *peaks)
