"""Loudness and peaks as ITU-R BS.1770-4 measures them, and silence. Block by block: an hour costs no more memory than a minute.

Source: Recommendation ITU-R BS.1770-4 (10/2015), annex 1 (loudness) and annex 2 (true peak); EBU Tech 3341 for the windows of
momentary (400 ms) and short-term (3 s) loudness.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from engine.analysis.audio import Audio, level
from engine.dsp.k_weighting import LUFS_OFFSET, k_weighting
from engine.dsp.levels import decibels_of, gain_of

Curve = npt.NDArray[np.float64]

STEP_S: Final = 0.1
"""Seconds between two readings: blocks of 400 ms overlap by 75 %."""

MOMENTARY: Final = 4
SHORT_TERM: Final = 30
"""Steps in a momentary and in a short-term reading."""

_ABSOLUTE_GATE: Final = -70.0
_RELATIVE_GATE: Final = -10.0
_OVERSAMPLING: Final = 4
_REACH: Final = 21
"""Frames that go into one sample between two frames: a Kaiser window (beta 5) of 81 taps at four times the rate."""


def _between() -> npt.NDArray[np.float32]:
    """(21, 4): how the frames around make up the four samples from one frame to the next (BS.1770-4 asks for four)."""
    taps = _OVERSAMPLING * signal.firwin(_OVERSAMPLING * (_REACH - 1) + 1, 1 / _OVERSAMPLING, window=("kaiser", 5.0))
    padded = np.concatenate((taps, np.zeros(_OVERSAMPLING - 1)))
    return np.ascontiguousarray(padded.reshape(_REACH, _OVERSAMPLING)[::-1], dtype=np.float32)


_BETWEEN: Final = _between()


def lufs(mean_square: Curve) -> Curve:
    """K-weighted mean squares, summed over channels, as LUFS; -inf where there is nothing."""
    with np.errstate(divide="ignore"):
        return np.asarray(LUFS_OFFSET + 10 * np.log10(mean_square), dtype=np.float64)


class LoudnessMeter:
    """Loudness of mono or stereo audio (all channels weigh 1), fed in blocks of any size."""

    def __init__(self, rate: int, channels: int = 2) -> None:
        self._step = round(rate * STEP_S)
        self._filter = k_weighting(rate)
        self._state = np.zeros((2, 2, channels))
        self._rest: Curve = np.zeros(0)
        self._means: list[Curve] = []

    def feed(self, block: Audio) -> None:
        """Take in (frames, channels)."""
        weighted, self._state = signal.sosfilt(self._filter, block.astype(np.float64), axis=0, zi=self._state)
        power = np.concatenate((self._rest, np.square(weighted).sum(axis=1)))
        whole = len(power) // self._step * self._step
        self._rest = power[whole:]
        self._means.append(power[:whole].reshape(-1, self._step).mean(axis=1))

    def curve(self, steps: int) -> Curve:
        """A reading over ``steps`` times 0.1 s at every 0.1 s, in LUFS; reading k covers the steps k to k + ``steps``."""
        means = np.concatenate(self._means) if self._means else np.zeros(0)
        if len(means) < steps:
            return np.zeros(0)
        total = np.concatenate(([0.0], np.cumsum(means)))
        return lufs(np.maximum(total[steps:] - total[:-steps], 0.0) / steps)

    def integrated(self) -> float:
        """Gated loudness of all that was fed, in LUFS; -inf if there is less than 400 ms above -70 LUFS."""
        blocks = self.curve(MOMENTARY)
        blocks = blocks[blocks > _ABSOLUTE_GATE]
        if not len(blocks):
            return float("-inf")
        power = 10 ** ((blocks - LUFS_OFFSET) / 10)
        gate = float(lufs(np.array(power.mean()))) + _RELATIVE_GATE
        return float(lufs(np.array(power[blocks > gate].mean())))


class TruePeakMeter:
    """The highest absolute value of the signal between its samples too, found at four times the rate."""

    def __init__(self, channels: int = 2) -> None:
        self._tail: Audio = np.zeros((_REACH - 1, channels), dtype=np.float32)
        self._peak = 0.0

    def feed(self, block: Audio) -> None:
        """Take in (frames, channels)."""
        joined = np.concatenate((self._tail, block.astype(np.float32)))
        self._peak = max(self._peak, float(np.abs(block).max(initial=0.0)), _highest(joined))
        self._tail = joined[1 - _REACH :]

    def dbtp(self) -> float:
        """The true peak so far in dBTP; -inf for silence."""
        peak = max(self._peak, _highest(np.concatenate((self._tail, np.zeros_like(self._tail)))))
        return decibels_of(peak)


def _highest(joined: Audio) -> float:
    """The highest absolute value between the frames of (frames, channels) that have all their neighbours."""
    if len(joined) < _REACH:
        return 0.0
    windows = np.lib.stride_tricks.sliding_window_view(joined, _REACH, axis=0)
    return max(float(np.abs(windows[:, channel] @ _BETWEEN).max()) for channel in range(joined.shape[1]))


class SilenceMeter:
    """The longest run of frames whose every channel stays below a floor in dBFS."""

    def __init__(self, rate: int, floor_db: float = -70.0) -> None:
        self._rate = rate
        self._floor = gain_of(floor_db)
        self._run = 0
        self._longest = 0

    def feed(self, block: Audio) -> None:
        """Take in (frames, channels)."""
        loud = np.flatnonzero(level(block) >= self._floor)
        if not len(loud):
            self._run += len(block)
            return
        inside = int(np.diff(loud).max(initial=1)) - 1
        self._longest = max(self._longest, self._run + int(loud[0]), inside)
        self._run = len(block) - 1 - int(loud[-1])

    def longest_ms(self) -> float:
        """The longest run so far in milliseconds."""
        return 1000 * max(self._longest, self._run) / self._rate


def _feed_all(meter: LoudnessMeter | TruePeakMeter | SilenceMeter, audio: Audio, rate: int) -> None:
    second = max(1, rate)
    for start in range(0, len(audio), second):
        meter.feed(audio[start : start + second])


def integrated_lufs(audio: Audio, rate: int) -> float:
    """Integrated loudness of (frames, channels) in LUFS; -inf for silence or less than 400 ms."""
    meter = LoudnessMeter(rate, audio.shape[1])
    _feed_all(meter, audio, rate)
    return meter.integrated()


def true_peak_dbtp(audio: Audio, rate: int) -> float:
    """True peak of (frames, channels) in dBTP; -inf for silence."""
    meter = TruePeakMeter(audio.shape[1])
    _feed_all(meter, audio, rate)
    return meter.dbtp()


def longest_silence_ms(audio: Audio, rate: int, floor_db: float = -70.0) -> float:
    """The longest run of (frames, channels) below ``floor_db`` dBFS in all channels, in milliseconds."""
    meter = SilenceMeter(rate, floor_db)
    _feed_all(meter, audio, rate)
    return meter.longest_ms()


def mean_lufs(audio: Audio, rate: int) -> float:
    """Ungated loudness of (frames, channels) as one block, in LUFS; -inf for silence or nothing."""
    if not len(audio):
        return float("-inf")
    weighted = signal.sosfilt(k_weighting(rate), audio.astype(np.float64), axis=0)
    return float(lufs(np.array(np.square(weighted).sum(axis=1).mean())))
