"""Envelopes: how loud every note is at every position of its filter, chunk by chunk.

They are straight lines between points counted from a note's own onset, so that they do not depend on where chunks begin.
Several chunks are calculated at once: the cost lies in the number of calls, not of points.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.generators.pocket.instruments.spectra import RATE
from engine.generators.pocket.instruments.voices import CHUNK, VOICES, positions
from engine.generators.pocket.parts import part_of
from engine.generators.pocket.render.loudness import Gains
from engine.generators.pocket.render.sound import (
    ATTACK,
    DECAY,
    END,
    GATE,
    LEVEL,
    ONSET,
    POSITION,
    RELEASE,
    RISE,
    SUSTAIN,
    SWEEP,
    SWEEP_S,
    SWING,
    SWING_HZ,
    TAIL,
    Sound,
)
from engine.generators.pocket.score.events import Score

STEP: Final = 64
"""Frames between two points of an envelope, which are joined by straight lines."""
_POINTS: Final = CHUNK // STEP + 2
"""Points that a chunk needs, wherever it begins between two of them."""
_AHEAD: Final = 4
"""Chunks calculated at once."""
_FAINT: Final = 0.004
"""Amplitude, relative to full scale, below which a filter position of a note is skipped in a chunk."""

Floats = NDArray[np.float32]
Indexes = NDArray[np.int64]

_RAMP: Final = np.arange(STEP, dtype=np.float32) / np.float32(STEP)
_ENDS: Final = np.stack([1.0 - _RAMP, _RAMP])
"""Weights of a line's two ends in each of its frames, (2, STEP)."""


def ramps(ends: Floats, out: Floats | None = None) -> Floats:
    """Straight lines of STEP frames each, one after the other: (lines, 2) start and end values -> (lines * STEP,).

    Args:
        ends: start and end of each line.
        out: (lines, STEP) to write to; None for a new array.
    """
    return np.matmul(ends, _ENDS, out=out).reshape(-1)


def polyline(points: NDArray[np.float64]) -> Floats:
    """Straight lines through points that are STEP frames apart: (points,) -> ((points - 1) * STEP,)."""
    ends = np.empty((len(points) - 1, 2), np.float32)
    ends[:, 0], ends[:, 1] = points[:-1], points[1:]
    return ramps(ends)


class Segment(NamedTuple):
    """A note's amplitude at one filter position in a chunk.

    Attributes:
        position: index of the filter position.
        since: frames from the note's onset to the first line; a multiple of `STEP`.
        ends: (lines, 2) amplitude at the start and end of each line.
    """

    position: int
    since: int
    ends: Floats


class Envelopes:
    """The envelopes of a section's notes.

    Args:
        score, sound, gains: the notes, how they sound, and how loud.
    """

    def __init__(self, score: Score, sound: Sound, gains: Gains) -> None:
        count = len(score.notes)
        rows = sound.rows[:count].numpy()
        filters = {part: positions(VOICES[voice]) for part, voice in score.voices.items()}
        self._onsets = rows[:, ONSET].astype(np.int64)
        self._lasts = np.ceil((rows[:, END] - rows[:, ONSET]) / STEP).astype(np.int64)
        self._chunks = self._onsets // CHUNK, rows[:, END].astype(np.int64) // CHUNK
        self._columns = np.ascontiguousarray(rows.T, np.float32)
        self._tops = np.array([filters[note.part][0] - 1 for note in score.notes], np.float32)
        self._octaves = np.array([filters[note.part][1] for note in score.notes], np.float32)
        self._gains = np.array([gains.parts[note.part] for note in score.notes], np.float32)
        parts = sorted({part_of(note.part) for note in score.notes})
        self._part = np.array([parts.index(part_of(note.part)) for note in score.notes], np.int64)
        last = len(score.bars) - 1
        self._opening = np.array([[score.bars[min(i, last)].opened(part) for i in range(last + 3)] for part in parts])
        self._bar = float(score.grid.frames_per_bar)
        self._reckoned = -1
        self._segments: list[dict[int, list[Segment]]] = []

    def chunk(self, index: int) -> dict[int, list[Segment]]:
        """Note index -> segments that sound in a chunk, both in order."""
        group = index // _AHEAD
        if group != self._reckoned:
            self._segments, self._reckoned = self._reckon(group * _AHEAD), group
        return self._segments[index % _AHEAD]

    def _reckon(self, first: int) -> list[dict[int, list[Segment]]]:
        """Segments of the chunks from ``first`` on."""
        playing = np.flatnonzero((self._chunks[0] < first + _AHEAD) & (self._chunks[1] >= first))
        segments: list[dict[int, list[Segment]]] = [{} for _ in range(_AHEAD)]
        if not len(playing):
            return segments
        onsets, gains = self._onsets[playing], self._gains[playing]
        start = np.maximum(0, first * CHUNK - onsets) // STEP
        newest = np.maximum(0, (first + _AHEAD - 1) * CHUNK - onsets) // STEP
        counts = np.maximum(2, np.minimum(self._lasts[playing] + 1, newest + _POINTS) - start)
        level, place = self._points(playing, start, counts)
        pairs, place_of, points = _by_position(level, place, counts)
        ends = np.stack([points[:-1], points[1:]], 1)
        begins = np.cumsum(counts[pairs]) - counts[pairs]
        for chunk, found in enumerate(segments):
            frame = (first + chunk) * CHUNK
            low = np.maximum(0, frame - onsets) // STEP - start
            high = np.where((onsets < frame + CHUNK) & (low + 1 < counts), np.minimum(low + _POINTS, counts), 0)
            here = np.flatnonzero(high[pairs])
            notes = pairs[here]
            faint = _FAINT * gains[notes]
            for which, begin, end in _heard(points, begins[here] + low[notes], begins[here] + high[notes], faint):
                pair, note = here[which], notes[which]
                since = STEP * int(start[note] + begin - begins[pair])
                found.setdefault(int(playing[note]), []).append(Segment(int(place_of[pair]), since, ends[begin:end]))
        return segments

    def _points(self, notes: Indexes, start: Indexes, counts: Indexes) -> tuple[Floats, Floats]:
        """Amplitude and filter position at some notes' points: (points,) each.

        Args:
            notes, start, counts: (notes,) which notes, the first point of each, and how many.
        """
        begins = np.cumsum(counts) - counts
        frames = STEP * (np.arange(counts.sum()) + np.repeat(start - begins, counts))
        absolute = frames + np.repeat(self._onsets[notes], counts)
        r = np.repeat(self._columns[:, notes], counts, axis=1)
        t = (frames / RATE).astype(np.float32)
        held = np.minimum(t, r[GATE])
        rise = np.minimum(held / r[ATTACK], np.float32(1.0))
        level = r[LEVEL] * rise * rise * (3.0 - 2.0 * rise)
        level *= r[SUSTAIN] + (1.0 - r[SUSTAIN]) * np.exp(-held / r[DECAY])
        after = (t - held) / r[RELEASE]
        level *= np.exp(-after) * np.clip(TAIL - after, 0.0, 1.0)
        place = r[POSITION] + r[SWEEP] * np.exp(-t / r[SWEEP_S])
        turned = np.float32(2.0 * math.pi) * r[SWING_HZ] * (absolute / RATE).astype(np.float32)
        place += r[SWING] * np.sin(turned)
        place += r[RISE] * np.minimum(t / r[GATE], np.float32(1.0))
        place += self._opening_at(absolute, np.repeat(self._part[notes], counts)) / np.repeat(self._octaves[notes], counts)
        np.clip(place, 0.0, np.repeat(self._tops[notes], counts), out=place)
        return level * np.repeat(self._gains[notes], counts), place

    def _opening_at(self, frames: Indexes, part: Indexes) -> Floats:
        """Octaves by which the form opens a part's filters at a frame: straight lines from bar to bar."""
        bar = np.minimum(frames / self._bar, self._opening.shape[1] - 1.001)
        low = bar.astype(np.int64)
        before = self._opening[part, low]
        opening: Floats = (before + (bar - low) * (self._opening[part, low + 1] - before)).astype(np.float32)
        return opening


def _by_position(level: Floats, place: Floats, counts: Indexes) -> tuple[Indexes, Indexes, Floats]:
    """Crossfade each point between the two filter positions around it.

    Args:
        level, place: (points,) amplitude and filter position of some notes, one after the other, ``counts`` points each.

    Returns:
        The note and the filter position of each pair that occurs, (pairs,) each, and the pairs' amplitudes end to end.
    """
    notes, positions_of, shares = [], [], []
    begins = np.cumsum(counts) - counts
    lows = np.minimum.reduceat(place, begins).astype(np.int64)
    highs = np.ceil(np.maximum.reduceat(place, begins)).astype(np.int64)
    spans = np.stack([begins, begins + counts, lows, highs + 1], 1).tolist()
    for note, (begin, end, low, high) in enumerate(spans):
        for position in range(low, high):
            share = np.abs(place[begin:end] - position)
            np.subtract(1.0, share, out=share)
            np.maximum(share, 0.0, out=share)
            share *= level[begin:end]
            notes.append(note)
            positions_of.append(position)
            shares.append(share)
    return np.array(notes), np.array(positions_of), np.concatenate(shares)


def _heard(points: Floats, begins: Indexes, ends: Indexes, faint: Floats) -> list[tuple[int, int, int]]:
    """Spans of points louder than ``faint``: (index, first point, last point), cut down to the part that is not silent."""
    if not len(begins):
        return []
    edges = np.stack([begins, ends], 1).reshape(-1)
    loudest = np.maximum.reduceat(np.append(points, np.float32(0.0)), edges)[::2]
    which = np.flatnonzero(loudest > faint)
    sounding = np.flatnonzero(points > 0.0)
    first = sounding[np.searchsorted(sounding, begins[which])]
    last = sounding[np.searchsorted(sounding, ends[which]) - 1]
    first, last = np.maximum(first - 1, begins[which]), np.minimum(last + 1, ends[which] - 1)
    return list(zip(which.tolist(), first.tolist(), last.tolist(), strict=True))
