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
    splicer = Splicer(rate, beat_s)
    splicer.feed(audio)
    splicer.aim(ratio)
    return splicer.take(wanted, over=True)


class Splicer:
    """Stretches a sound while it comes: ``shift`` is the source frame minus the output frame of what is being copied.

    Args:
        rate: frames per second.
        beat_s: seconds from beat to beat in what comes out; the first beat is its beginning.
    """

    def __init__(self, rate: int, beat_s: float) -> None:
        self.audio: Audio = np.zeros((0, 2), np.float32)
        self.thin = self.rise = np.zeros(0, np.float32)
        self.fade = round(_FADE_S * rate) // _THIN * _THIN
        self.stray = _STRAY_S * rate
        self.beat = self.whole_beat = beat_s * rate
        self.places = max(1, round(_PLACES_S * rate))
        self.low, self.high = (round(jump * rate / _THIN) for jump in _JUMPS_S)
        self.at, self.shift = 0, 0
        self.offset, self.slope = 0.0, 0.0

    def feed(self, audio: Audio) -> None:
        """Take the next frames (n, channels) of the source."""
        self.audio = np.concatenate((self.audio, audio)) if len(self.audio) else audio
        mono = self.audio.mean(axis=1, dtype=np.float32)
        self.thin = mono[: len(mono) // _THIN * _THIN].reshape(-1, _THIN).mean(axis=1)
        self.rise = _rises(self.thin, self.fade // _THIN)

    def aim(self, ratio: float, offset: float = 0.0) -> None:
        """From here on frame f of the output should be source frame ``offset`` + f / ``ratio``."""
        self.slope, self.offset = 1 / ratio - 1, offset  # how the shift should move per output frame
        self.beat = self.whole_beat
        while self.beat * abs(self.slope) > 2 * self.stray:
            self.beat /= 2

    def take(self, wanted: int, over: bool) -> Audio:
        """What comes next of the first ``wanted`` output frames, as far as it is certain; all of it once the source is ``over``.

        Splices are set before each beat that would stray.
        """
        parts = [np.zeros((0, self.audio.shape[1]), np.float32)]
        while self.at < wanted:
            beat = self._due()
            last = beat + self.shift + self.high * _THIN + 3 * self.fade
            if beat < wanted and not over and last > len(self.audio):
                self._copy(parts, max(self.at, min(int(beat - self.beat), len(self.audio) - self.shift)))
                break
            if beat >= wanted or (found := self._best(beat)) is None:
                self._copy(parts, wanted if over else max(self.at, min(wanted, len(self.audio) - self.shift)))
                break
            where, jump, alike = found
            self._copy(parts, where)
            here = self.audio[where + self.shift :][: min(self.fade, wanted - where)]
            there = self.audio[where + self.shift + jump :][: len(here)]
            parts.append(crossed(here[: len(there)], there, alike))
            self.at, self.shift = where + len(there), self.shift + jump
        return np.concatenate(parts)

    def _due(self) -> float:
        """The first beat (an output frame) to come that strays too far."""
        away = self.shift - self.offset - self.slope * self.at
        coming = (int((self.at + self.fade) / self.beat) + 1) * self.beat
        if abs(away) > self.stray:
            return coming
        if not self.slope:
            return np.inf
        edge = self.shift - self.offset + (self.stray if self.slope > 0 else -self.stray)
        return max((int(edge / self.slope / self.beat) + 1) * self.beat, coming)

    def _best(self, beat: float) -> tuple[int, int, float] | None:
        """(output frame, jump, likeness) of the splice heard least before a beat; None near the end of the sound."""
        best, at, shift = (np.inf, 0, 0, 0.0), self.at, self.shift
        ideal = self.offset + self.slope * beat
        sign = 1 if ideal > shift else -1
        size = self.fade // _THIN
        jumps = sign * np.arange(self.low, self.high + 1)
        stray = np.maximum(0, np.abs(shift + jumps * _THIN - ideal) / self.stray - 1)
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

    def _copy(self, parts: list[Audio], end: int) -> None:
        """Copy up to an output frame; silence where the source has no more."""
        part = self.audio[max(0, self.at + self.shift) : max(0, end + self.shift)]
        parts.append(part)
        if (missing := end - self.at - len(part)) > 0:
            parts.append(np.zeros((missing, self.audio.shape[1]), np.float32))
        self.at = end


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
