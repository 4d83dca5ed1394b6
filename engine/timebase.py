"""Bars, beats and frames: exact arithmetic, no clock.

A frame is one sample of every channel. A grid places bar 0 at ``origin`` and every later bar line at the
nearest frame to its exact rational time, so that rounding never accumulates however long a set is.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

MIN_BPM, MAX_BPM = 20, 300
"""The tempos a set can have, in quarter notes a minute."""

SAMPLE_RATE = 44_100
"""Frames per second everywhere inside the instrument; devices at other rates are resampled to."""

QUANTUM = 256
"""Frames the renderer makes at a time; every device block is a whole number of them."""


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


def section_frames(bpm: float, beats_per_bar: int, bars: int, rate: int = SAMPLE_RATE) -> int:
    """Frames in ``bars`` whole bars counted from a section's own downbeat."""
    return Grid(bpm, beats_per_bar, rate).frame_of_bar(bars)
