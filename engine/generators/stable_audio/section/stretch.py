"""Longer or shorter by a few percent at the same pitch: copies with splices where they are heard least.

Between splices the sound is untouched, so drum hits stay as they are; both channels are spliced at the same frames. A splice
jumps by 4 to 22 ms to where the waveform looks most like what would have come, between beats and away from onsets, so that
beats lie within some 6 ms of their places, 10 at most.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]

_JUMPS_S: Final = (0.004, 0.022)
_FADE_S: Final = 0.012
_STRAY_S: Final = 0.005
"""How far beats may stray from their places before a splice is looked for."""

_PLACES_S: Final = 0.006
"""Places tried for a splice lie so far apart."""

_THIN: Final = 4
"""Every so many-th frame is compared."""

_SLOWEST, _FASTEST = 0.9, 1.1
_RISE_COST: Final = 1.0
_STRAY_COST: Final = 1.0


def stretch(audio: Audio, rate: int, ratio: float, beat_s: float = 0.5) -> Audio:
    """Change the length of a sound, not its pitch.

    Args:
        audio: (frames, channels) float32.
        rate: frames per second.
        ratio: new length over old, 0.9 to 1.1.
        beat_s: seconds from beat to beat in what comes out; the first beat is its beginning.

    Returns:
        (round(frames * ratio), channels) float32; frame f of the old lies near frame f * ratio of the new.

    Raises:
        ValueError: a ratio beyond that.
    """
    if not _SLOWEST <= ratio <= _FASTEST:
        raise ValueError(f"cannot stretch by {ratio}: splices are for a few percent")
    wanted = round(len(audio) * ratio)
    if wanted == len(audio) or not len(audio):
        return audio.copy()
    return _Splicer(audio, rate, ratio, beat_s).run(wanted)


class _Splicer:
    """One run over a sound: ``shift`` is the source frame minus the output frame of what is being copied."""

    def __init__(self, audio: Audio, rate: int, ratio: float, beat_s: float) -> None:
        self.audio = audio
        mono = audio.mean(axis=1, dtype=np.float32)
        even = mono[: len(mono) // _THIN * _THIN].reshape(-1, _THIN)
        self.thin = even.mean(axis=1)
        self.fade = round(_FADE_S * rate) // _THIN * _THIN
        self.stray = _STRAY_S * rate
        self.slope = 1 / ratio - 1  # how the shift should move per output frame
        self.beat = beat_s * rate
        while self.beat * abs(self.slope) > 2 * self.stray:
            self.beat /= 2
        self.places = max(1, round(_PLACES_S * rate))
        self.low, self.high = (round(jump * rate / _THIN) for jump in _JUMPS_S)
        self.rise = _rises(self.thin, self.fade // _THIN)

    def run(self, wanted: int) -> Audio:
        """Copy, and splice before each beat that would stray."""
        out = np.empty((wanted, self.audio.shape[1]), np.float32)
        at, shift = 0, 0
        while True:
            beat = self._due(at, shift)
            if beat >= wanted or (found := self._best(at, beat, shift)) is None:
                self._copy(out, at, wanted, shift)
                return out
            where, jump, alike = found
            self._copy(out, at, where, shift)
            here = self.audio[where + shift :][: min(self.fade, wanted - where)]
            there = self.audio[where + shift + jump :][: len(here)]
            here = here[: len(there)]
            out[where : where + len(there)] = crossed(here, there, alike)
            at, shift = where + len(there), shift + jump

    def _due(self, at: int, shift: int) -> float:
        """The first beat (an output frame) to come that strays too far."""
        edge = abs(shift) if shift * self.slope > 0 else -abs(shift)
        limit = (edge + self.stray) / abs(self.slope)
        return max(int(limit / self.beat) + 1, int((at + self.fade) / self.beat) + 1) * self.beat

    def _best(self, at: int, beat: float, shift: int) -> tuple[int, int, float] | None:
        """(output frame, jump, likeness) of the splice heard least before a beat; None near the end of the sound."""
        best = (np.inf, 0, 0, 0.0)
        sign = 1 if self.slope > 0 else -1
        size = self.fade // _THIN
        jumps = sign * np.arange(self.low, self.high + 1)
        stray = np.maximum(0, np.abs(shift + jumps * _THIN - self.slope * beat) / self.stray - 1)
        for where in range(max(at, int(beat - self.beat)), max(at, int(beat) - self.fade) + 1, self.places):
            source = (where + shift) // _THIN
            first = source + min(int(jumps[0]), int(jumps[-1]))
            last = source + max(int(jumps[0]), int(jumps[-1])) + size
            if first < 0 or last > len(self.thin) or source + size > len(self.thin):
                continue
            likeness = _likeness(self.thin[source : source + size], self.thin[first:last])[::sign]
            middle = source + int(jumps[len(jumps) // 2])
            loud = max(self.rise[source], self.rise[min(len(self.rise) - 1, middle)])
            costs = (1 - likeness) + _STRAY_COST * stray**2 + _RISE_COST * loud
            pick = int(costs.argmin())
            if costs[pick] < best[0]:
                best = (float(costs[pick]), where, int(jumps[pick]) * _THIN, float(likeness[pick]))
        return None if best[0] == np.inf else best[1:]

    def _copy(self, out: Audio, start: int, end: int, shift: int) -> None:
        part = self.audio[start + shift : end + shift]
        out[start : start + len(part)] = part
        out[start + len(part) : end] = 0


def _rises(thin: npt.NDArray[np.float32], size: int) -> npt.NDArray[np.float32]:
    """0..1 per frame: how much louder the next two spans are than the span before, an onset being 1."""
    power = np.concatenate((np.zeros(1), np.cumsum(thin.astype(np.float64) ** 2)))
    edges = np.clip(np.arange(len(thin))[:, None] + np.array([-size, 0, 2 * size]), 0, len(thin))
    before, after = (np.diff(power[edges], axis=1) / np.array([1, 2])).T
    return np.asarray(np.clip((after - before) / np.maximum(after + before, 1e-12), 0, 1), np.float32)


def _likeness(piece: npt.NDArray[np.float32], span: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Normalised correlation of a piece with every place of a span, -1..1."""
    products = np.correlate(span, piece, mode="valid").astype(np.float64)
    power = np.concatenate((np.zeros(1), np.cumsum(span.astype(np.float64) ** 2)))
    there = power[len(piece) :] - power[: -len(piece)]
    here = float(piece.astype(np.float64) @ piece)
    return np.asarray(products / np.sqrt(np.maximum(there * here, 1e-12)))


def crossed(here: Audio, there: Audio, alike: float) -> Audio:
    """A crossfade of constant power between two sounds of the same length and of that likeness (correlation, 0..1)."""
    up = (0.5 - 0.5 * np.cos(np.pi * (np.arange(len(here)) + 0.5) / max(1, len(here))))[:, None]
    alike = float(np.clip(alike, 0.0, 1.0))
    level = np.sqrt(up**2 + (1 - up) ** 2 + 2 * alike * up * (1 - up))
    return np.asarray((here * (1 - up) + there * up) / level, np.float32)
