"""Voices: a section file read along the transport, with stem levels and fades, added to the mix."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.dsp.crossfade import Floats
from engine.player.decks import SeenReader
from engine.player.rendering.transitions import REACH, Fade, Gain, lows
from engine.protocol import ROOM, STEMS, Cue
from engine.timebase import QUANTUM

STEM_NAMES = (*STEMS, "mix", ROOM)

_RAMP: Floats = np.arange(QUANTUM, dtype=np.float64)
_UNIT: npt.NDArray[np.float32] = ((np.arange(QUANTUM) + 1) / QUANTUM).astype(np.float32)
_SUM: npt.NDArray[np.float32] = np.tile(np.eye(2, dtype=np.float32), (len(STEMS), 1))


def _twice(gains: list[float]) -> npt.NDArray[np.float32]:
    """Each gain for a left and a right column."""
    return np.array([gain for gain in gains for _ in (0, 1)], dtype=np.float32)


class Levels:
    """The stems' gains at both ends of a quantum.

    Attributes:
        now, before: gains in the order of `STEM_NAMES`, at the quantum's end and at its start.
        peaks: peak of each stem in this quantum, linear, after its level.
    """

    STEP = 0.5
    """The furthest a level moves in a quantum: a mute takes 12 ms."""

    def __init__(self) -> None:
        self.now = [1.0] * len(STEM_NAMES)
        self.before = list(self.now)
        self.peaks = [0.0] * len(STEM_NAMES)
        self.columns: dict[tuple[str, ...], list[int]] = {}

    def move(self, targets: list[float], at_once: bool) -> None:
        """Start a quantum that ends at (or on the way to) ``targets``."""
        self.before, old = self.now, self.now
        self.now = [t if at_once else min(max(t, o - self.STEP), o + self.STEP) for t, o in zip(targets, old, strict=True)]
        if at_once:
            self.before = self.now
        self.peaks = [0.0] * len(STEM_NAMES)

    def mix(self, block: npt.NDArray[np.float32], stems: tuple[str, ...], offset: int, meter: bool) -> npt.NDArray[np.float32]:
        """Sum a block (n, stems, 2) that starts ``offset`` frames into the quantum to (2, n)."""
        n = len(block)
        flat = block.reshape(n, -1)
        columns = self.columns.get(stems)
        if columns is None:
            columns = self.columns[stems] = [STEM_NAMES.index(name) for name in stems]
        now = [self.now[c] for c in columns]
        before = [self.before[c] for c in columns]
        if meter and n == QUANTUM:
            peaks = np.abs(flat.reshape(n // 16, -1)).max(axis=0).reshape(16, -1, 2).max(axis=(0, 2)).tolist()
            for c, peak in zip(columns, peaks, strict=True):
                self.peaks[c] = max(self.peaks[c], peak * self.now[c])
        weights = _SUM[: flat.shape[1]]
        if now == before:
            return np.asarray((weights * _twice(now)[:, None]).T @ flat.T, dtype=np.float32)
        start = _twice(before)
        step = _twice(now) - start
        ramp = _UNIT[offset : offset + n] if offset + n <= QUANTUM else np.ones(n, dtype=np.float32)
        return np.asarray(weights.T @ (flat * (start + ramp[:, None] * step)).T, dtype=np.float32)


@dataclass(slots=True, eq=False)
class Voice:
    """A section sounding from ``start`` to ``stop`` (transport frames), with its own frame 0 at ``origin``."""

    cue: Cue
    reader: SeenReader
    origin: int
    start: int
    stop: int | None = None
    fades: list[Fade] = field(default_factory=list)

    @property
    def first(self) -> int:
        """Transport frame of the file's first sample."""
        return self.origin + self.reader.info.first_frame

    @property
    def ready(self) -> int:
        """Transport frame up to which the file is written."""
        return self.first + min(self.reader.ready, self.reader.info.frames)

    @property
    def last(self) -> int:
        """Transport frame at which the finished file ends."""
        return self.first + self.reader.info.frames

    @property
    def end(self) -> int:
        """Transport frame at which the section's bars are over."""
        return self.origin + self.cue.end_frame

    def samples(self, frame: int, count: int) -> npt.NDArray[np.float32]:
        """Up to ``count`` frames (n, stems, 2) of the file from a transport frame on, fewer where it holds no more."""
        at = frame - self.first
        return self.reader.audio[max(at, 0) : max(0, min(at + count, self.reader.ready))]

    def shaped(self, frame: int, count: int) -> npt.NDArray[np.float32]:
        """The same with what transitions make of each stem."""
        sound = self.samples(frame, count)
        for fade in self.fades:
            if fade.shape == "stems":
                gains = fade.stem_gains(frame, len(sound), self.reader.info.stems)
                sound = sound * gains[:, :, None].astype(np.float32)
        return sound

    def add_to(self, bus: Floats, frame: int, levels: Levels, meter: bool) -> tuple[int, int]:
        """Add the quantum that starts at ``frame`` to ``bus`` (2, 256); returns the part of it that was filled."""
        a = max(self.start, self.first, frame) - frame
        b = min(frame + QUANTUM, self.ready, frame + QUANTUM if self.stop is None else self.stop) - frame
        if b <= a:
            return 0, 0
        while self.fades and self.fades[0].rising and self.fades[0].end <= frame:
            del self.fades[0]
        low: Gain = 1.0
        high: Gain = 1.0
        splitting = next((fade for fade in self.fades if fade.split is not None and fade.end > frame), None)
        for fade in self.fades:
            if splitting is not None and not splitting.agrees(fade):
                continue  # it means other lows: it counts once the fade that splits now is over, 10 ms at most
            gains = fade.gains(frame + a, _RAMP[: b - a])
            low, high = low * gains[0], high * gains[1]
        sound = levels.mix(self.shaped(frame + a, b - a), self.reader.info.stems, a, meter)
        if splitting is not None:
            deep = self._lows(splitting, frame + a, b - a, levels, _UNIT[a:b])
            bus[:, a:b] += (sound - deep) * high + deep * low
        elif self.fades:
            bus[:, a:b] += sound * high
        else:
            bus[:, a:b] += sound
        return a, b

    def _lows(self, fade: Fade, frame: int, count: int, levels: Levels, ramp: npt.NDArray[np.float32]) -> Floats:
        """The lows that a fade treats apart; on the way through the quantum its filter may move, and so may the levels."""
        deep = self._filtered(fade, frame, count, levels.now)
        if levels.before != levels.now:
            old = self._filtered(fade, frame, count, levels.before)
            deep = old + ramp * (deep - old)
        return deep

    def _filtered(self, fade: Fade, frame: int, count: int, gains: list[float]) -> Floats:
        """The lows at some levels; both sides of a fade go from one filter to the next at the same frames."""
        assert fade.split is not None
        way = fade.way(frame, np.arange(count + 1, dtype=np.float64))
        first, last = float(way[0]), float(way[-1])
        before, after = fade.split.spectrum(first), fade.split.spectrum(last)
        context = self.context(frame, count, gains)
        deep = lows(context, after)
        if before is after or first == last:
            return deep
        old = lows(context, before)
        return old + (way[:-1] - first) / (last - first) * (deep - old)

    def context(self, frame: int, count: int, gains: list[float]) -> npt.NDArray[np.float32]:
        """The mix of some frames with `REACH` more to each side, zeros where the file has none: (2, count + 2 * REACH)."""
        context = np.zeros((2, count + 2 * REACH), dtype=np.float32)
        skip = max(0, self.first - (frame - REACH))
        block = self.shaped(frame - REACH + skip, count + 2 * REACH - skip)
        steady = Levels()
        steady.now = steady.before = gains
        context[:, skip : skip + len(block)] = steady.mix(block, self.reader.info.stems, 0, meter=False)
        return context
