"""Bars, beats and frames: exact arithmetic, no clock.

A frame is one sample of every channel. A grid places bar 0 at ``origin`` and every later bar line at the
nearest frame to its exact rational time, so that rounding never accumulates however long a set is. A tempo map is several grids,
one after the other from a bar line on: each begins on a whole frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

MIN_BPM, MAX_BPM = 20, 300
"""The tempos a set can have, in quarter notes a minute."""

SAMPLE_RATE = 44_100
"""Frames per second everywhere inside the instrument; devices at other rates are resampled to."""

QUANTUM = 256
"""Frames the renderer makes at a time; every device block is a whole number of them."""

SLACK = 8
"""Frames by which the start of a section that looped may miss its bar line through rounding."""


@lru_cache(maxsize=256)
def _frames_per_beat(bpm: float, rate: int) -> Fraction:
    return Fraction(60_000 * rate, round(bpm * 1000))


@lru_cache(maxsize=256)
def _frames_per_bar(bpm: float, rate: int, beats: int) -> Fraction:
    return _frames_per_beat(bpm, rate) * beats


@dataclass(frozen=True, slots=True)
class Grid:
    """The bar grid of a set.

    Attributes:
        bpm: beats (quarter notes) per minute, 20..300.
        beats_per_bar: beats in a bar, 1 or more.
        rate: frames per second.
        origin: frame of bar 0's downbeat.
    """

    bpm: float
    beats_per_bar: int = 4
    rate: int = SAMPLE_RATE
    origin: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.bpm < 1000 or self.beats_per_bar < 1 or self.rate < 1:
            raise ValueError(f"no grid with {self.bpm} BPM, {self.beats_per_bar} beats a bar, {self.rate} Hz")

    @property
    def frames_per_beat(self) -> Fraction:
        """Exact frames in a beat (the tempo is read to a thousandth of a BPM)."""
        return _frames_per_beat(self.bpm, self.rate)

    @property
    def frames_per_bar(self) -> Fraction:
        """Exact frames in a bar."""
        return _frames_per_bar(self.bpm, self.rate, self.beats_per_bar)

    def frame_of_beat(self, beat: Fraction | int | float) -> int:
        """The frame nearest to a beat counted from bar 0; fractions of a beat are allowed."""
        return self.origin + round(Fraction(beat) * self.frames_per_beat)

    def frame_of_bar(self, bar: int) -> int:
        """The frame of a bar line."""
        each = self.frames_per_bar
        whole, rest = divmod(bar * each.numerator, each.denominator)  # a Fraction's own way takes four times as long
        half = 2 * rest - each.denominator
        return self.origin + whole + (half > 0 or (half == 0 and whole % 2))

    def bar_at(self, frame: int) -> int:
        """The bar a frame lies in (negative before the origin): the last bar line at or before it."""
        each = self.frames_per_bar
        bar = (frame - self.origin) * each.denominator // each.numerator
        while self.frame_of_bar(bar + 1) <= frame:
            bar += 1
        while self.frame_of_bar(bar) > frame:
            bar -= 1
        return bar

    def beats_at(self, frame: int) -> float:
        """Beats since bar 0, with a fraction."""
        return float((frame - self.origin) / self.frames_per_beat)

    def next_bar(self, frame: int) -> int:
        """The first bar whose line is at or after ``frame``."""
        bar = self.bar_at(frame)
        return bar if self.frame_of_bar(bar) == frame else bar + 1

    def next_beat_frame(self, frame: int, division: int = 1) -> int:
        """The first frame at or after ``frame`` that lies on a beat, or on 1/``division`` of one."""
        step = self.frames_per_beat / division
        index = int((frame - self.origin) // step)
        while (found := self.origin + round(index * step)) < frame:
            index += 1
        return found

    def bars_in(self, seconds: float) -> float:
        """How many bars a duration is."""
        return float(Fraction(seconds) * self.rate / self.frames_per_bar)

    def seconds(self, frames: int) -> float:
        """Frames as seconds."""
        return frames / self.rate

    def from_bar(self, bar: int, bpm: float) -> Grid:
        """The grid that goes on at another tempo from a bar line on: that line stays where it is, and bars are counted on."""
        if bpm == self.bpm:
            return self
        each = _frames_per_bar(bpm, self.rate, self.beats_per_bar)
        return Grid(bpm, self.beats_per_bar, self.rate, self.frame_of_bar(bar) - round(bar * each))


@dataclass(frozen=True, slots=True)
class TempoChange:
    """From a bar on, a set's bars lie on another grid, which counts them as the set does."""

    bar: int
    grid: Grid


@dataclass(frozen=True, slots=True)
class TempoMap:
    """A set's bars where its tempo changes on bar lines: the same questions as to a `Grid`, over all of its pieces.

    Attributes:
        first: the grid that the set begins with; what lies before bar 0 lies on it too.
        changes: the grids that take over, each from a bar on, in order; a bar line where one does belongs to both.
    """

    first: Grid
    changes: tuple[TempoChange, ...] = ()

    @property
    def last(self) -> Grid:
        """The grid of all that follows the last change."""
        return self.changes[-1].grid if self.changes else self.first

    @property
    def start(self) -> int:
        """The frame of bar 0."""
        return self.frame_of_bar(0)

    def changed(self, bar: int, bpm: float) -> TempoMap:
        """The map with another tempo from a bar on; what it had from there on is dropped."""
        kept = tuple(change for change in self.changes if change.bar < bar)
        before = TempoMap(self.first, kept)
        after = before.last.from_bar(bar, bpm)
        return before if after == before.last else TempoMap(self.first, (*kept, TempoChange(bar, after)))

    def moved(self, frames: int) -> TempoMap:
        """All of it so many frames later."""
        changes = tuple(replace(each, grid=_later(each.grid, frames)) for each in self.changes)
        return TempoMap(_later(self.first, frames), changes)

    def at_bar(self, bar: int) -> Grid:
        """The grid that a bar lies on."""
        return next((change.grid for change in reversed(self.changes) if bar >= change.bar), self.first)

    def at(self, frame: int) -> Grid:
        """The grid that a frame lies on."""
        for change in reversed(self.changes):
            if frame >= change.grid.frame_of_bar(change.bar):
                return change.grid
        return self.first

    def bpm_at(self, frame: int) -> float:
        """The tempo at a frame."""
        return self.at(frame).bpm

    def frame_of_bar(self, bar: int) -> int:
        """The frame of a bar line."""
        return self.at_bar(bar).frame_of_bar(bar)

    def bar_at(self, frame: int) -> int:
        """The bar a frame lies in: the last bar line at or before it."""
        return self.at(frame).bar_at(frame)

    def beats_at(self, frame: int) -> float:
        """Beats since bar 0, with a fraction; each as long as its tempo has it."""
        return self.at(frame).beats_at(frame)

    def next_bar(self, frame: int) -> int:
        """The first bar whose line is at or after ``frame``."""
        bar = self.bar_at(frame)
        return bar if self.frame_of_bar(bar) == frame else bar + 1

    def seconds_at(self, frame: int) -> float:
        """Seconds from bar 0 to a frame."""
        return (frame - self.start) / self.first.rate


def _later(grid: Grid, frames: int) -> Grid:
    return replace(grid, origin=grid.origin + frames)


def section_frames(bpm: float, beats_per_bar: int, bars: int, rate: int = SAMPLE_RATE) -> int:
    """Frames in ``bars`` whole bars counted from a section's own downbeat."""
    return Grid(bpm, beats_per_bar, rate).frame_of_bar(bars)
