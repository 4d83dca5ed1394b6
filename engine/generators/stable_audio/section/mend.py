"""A piece laid on the grid: cut at its own downbeat, stretched a little where its tempo is a little off, as it is made."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.generators.stable_audio.section.grid import Pulse, measure
from engine.generators.stable_audio.section.piece import MOST_STRETCH
from engine.generators.stable_audio.section.stretch import Splicer
from engine.protocol import GridFit, SectionRequest

Audio = npt.NDArray[np.float32]

_UNHEARD_S: Final = 0.008
"""A tempo that leads no further astray by the section's end is left alone."""

MEASURED_S: Final = 8.0
"""So much of a section tells its tempo to 0.1 %."""

_MOVED_S: Final = 0.03
"""A beat that lies further away when it is measured again is another one."""

_FADES_S: Final = (0.0015, 0.01)


class Mending:
    """A piece laid on the grid while it is still being made: measured as soon as `MEASURED_S` of it are there, then carried on.

    Each time there is twice as much it is measured again, and what is still to come is corrected by what was found.

    Args:
        rate: the piece's frames per second.
        request: whose grid.
        origin: the piece's frame at which the section's downbeat was asked for; as much in front of it as a shift may need.
        kept: whether what lies before it is the section before, which says nothing of this one's grid.

    Attributes:
        off: by what share its tempo is off where that is too much to be mended, else 0; 0 before it was measured.
        stretch: new length over old.
    """

    def __init__(self, rate: int, request: SectionRequest, origin: int, kept: bool) -> None:
        self.rate, self.request, self.origin, self.kept = rate, request, origin, kept
        self.total = request.total_frames(rate)
        self.pulse = Pulse(request.bpm, 0.0, 0.0)
        self.off, self.stretch = 0.0, 1.0
        self._parts: list[Audio] = []
        self._fed = 0
        self._next = origin + round((MEASURED_S + 60 / request.bpm / 2) * rate)
        self._start: int | None = None
        self._splicer = Splicer(rate, 60 / request.bpm)

    def feed(self, block: Audio) -> None:
        """Take the next frames (n, 2) of the piece."""
        self._parts.append(block)
        self._fed += len(block)
        if self._start is not None:
            self._splicer.feed(block)

    def measure(self, over: bool) -> bool:
        """Measure it if there is enough of it, or all. Returns whether it has been measured."""
        if self._fed < self._next and not (over and self._start is None):
            return self._start is not None
        self._next = 2 * self._fed
        audio = np.concatenate(self._parts)
        self._parts = [audio]
        origin_s = self.origin / self.rate
        pulse = measure(audio, self.rate, self.request.bpm, origin_s, origin_s if self.kept else 0.0)
        ratio = pulse.bpm / self.request.bpm
        mendable = abs(ratio - 1) <= MOST_STRETCH
        start = max(0, self.origin + round(pulse.late_s * self.rate))
        if self._start is None:
            self.pulse, self._start, self.off = pulse, start, 0.0 if mendable else abs(ratio - 1)
            self._splicer.feed(audio[start:])
        elif self.off or not (pulse.found and self.pulse.found and mendable):
            return True
        elif abs(start - self._start) > _MOVED_S * self.rate:
            return True  # another beat was found than the one that everything lies on by now
        self.pulse = pulse
        self.stretch = ratio if mendable and abs(ratio - 1) * self.total > _UNHEARD_S * self.rate else 1.0
        self._splicer.aim(self.stretch, start - self._start)
        return True

    def take(self, over: bool) -> Audio:
        """The section's frames (n, 2) that come next and are certain; once the piece is ``over``, all up to its end."""
        done = self._splicer.at
        return _edged(self._splicer.take(self.total, over), self.rate, done, self.total)

    def fit(self, section: Audio, tries: int, steps: int) -> GridFit:
        """How it lay on the grid, given all of the section."""
        found = self.pulse.found
        after = measure(section, self.rate, self.request.bpm) if found and not self.off else Pulse(0.0, 0.0, 0.0)
        bpm = self.pulse.bpm if found else 0.0
        return GridFit(bpm, after.late_s * 1000, self.stretch, tries, steps, self.pulse.sure)


def mended(
    audio: Audio, rate: int, request: SectionRequest, origin: int, kept: bool, tries: int, steps: int
) -> tuple[Audio, GridFit, float]:
    """The section out of a piece that is there as a whole, on the grid; arguments as `Mending` and `Mending.fit` take them.

    Returns:
        The section and its tail (total_frames, 2); how it lay on the grid; by what share its tempo is still off, 0 if mended.
    """
    mending = Mending(rate, request, origin, kept)
    mending.feed(audio)
    mending.measure(over=True)
    section = mending.take(over=True)
    return section, mending.fit(section, tries, steps), mending.off


def measured(section: Audio, rate: int, request: SectionRequest, start: int, end: int) -> GridFit:
    """How some frames of a section lie on its grid, where nothing was mended."""
    pulse = measure(section[start:end], rate, request.bpm, -start / rate)
    return GridFit(pulse.bpm if pulse.found else 0.0, pulse.late_s * 1000, 1.0, 1, request.steps, pulse.sure)


def _edged(part: Audio, rate: int, first: int, total: int) -> Audio:
    """Frames of a section from its ``first`` on, cut without clicks: a moment's fade at both of its ends."""
    out = part.copy()
    for seconds, edge, begins in zip(_FADES_S, (out, out[::-1]), (first, total - first - len(part)), strict=True):
        length = min(round(seconds * rate), total)
        inside = max(0, min(length - begins, len(out)))
        if inside:
            at = np.arange(begins, begins + inside)
            edge[:inside] *= (0.5 - 0.5 * np.cos(np.pi * (at + 0.5) / length))[:, None].astype(np.float32)
    return out
