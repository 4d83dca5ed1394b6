"""Where the beats of a recording lie: onset strength, tempo near a hint, and phase against a grid."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from engine.analysis.audio import Audio

HOP: Final = 256
WINDOW: Final = 1024
_BINS_PER_BEAT: Final = 480
_SPREAD_MS: Final = 6.0
"""Width (standard deviation) of what counts as one onset when beats are folded onto each other."""

_LAG_S: Final = 0.0051
"""An onset raises the spectral flux this much before the middle of the window it peaks in, measured on drum hits at 44.1 kHz."""

Strength = npt.NDArray[np.float64]


def onset_strength(audio: Audio, rate: int) -> tuple[Strength, Strength]:
    """Half-wave rectified spectral flux of log magnitudes.

    Args:
        audio: (frames, channels).

    Returns:
        (times in seconds, strength), a reading every 256 frames; an onset's time is where its reading peaks.
    """
    mono = np.asarray(audio, dtype=np.float32).mean(axis=1)
    mono = np.concatenate((np.zeros(WINDOW // 2, np.float32), mono, np.zeros(WINDOW, np.float32)))
    window = np.hanning(WINDOW).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(mono, WINDOW)[::HOP]
    flux = np.zeros(len(frames))
    before = np.zeros(WINDOW // 2 + 1, np.float32)
    for start in range(0, len(frames), 2048):
        spectra = np.log1p(100 * np.abs(np.fft.rfft(frames[start : start + 2048] * window, axis=1))).astype(np.float32)
        rise = np.diff(np.concatenate((before[None], spectra)), axis=0)
        flux[start : start + len(rise)] = np.maximum(rise, 0).sum(axis=1)
        before = spectra[-1]
    return np.arange(len(flux)) * HOP / rate + _LAG_S, flux


def tempo(audio: Audio, rate: int, hint: float, reach: float = 0.06) -> float:
    """The tempo of a recording in BPM, within ``reach`` (a fraction) of ``hint``.

    The tempo whose beats, half and quarter beats the onset strength's spectrum holds most of. Some 8 s or more of audio with
    a pulse give 0.1 %.
    """
    times, flux = onset_strength(audio, rate)
    if not len(flux) or not flux.any():
        return hint
    flux = flux - signal.medfilt(flux, 2 * (round(0.2 * rate / HOP) // 2) + 1)
    flux -= flux.mean()

    def score(bpm: float) -> float:
        turns = np.exp(-2j * np.pi * times * bpm / 60)
        return float(abs(flux @ turns) + abs(flux @ turns**2) + abs(flux @ turns**4))

    low, high = hint * (1 - reach), hint * (1 + reach)
    seconds = max(1.0, float(times[-1]))
    step = 60 / (4 * seconds) / 6
    grid = np.arange(low, high + step, step)
    scores = np.array([score(float(bpm)) for bpm in grid])
    best = int(scores.argmax())
    if best in (0, len(grid) - 1):
        return float(grid[best])
    left, middle, right = scores[best - 1 : best + 2]
    return float(grid[best] + step * 0.5 * (left - right) / (left - 2 * middle + right))


def beat_phase_ms(audio: Audio, rate: int, bpm: float, origin_s: float = 0.0) -> float:
    """How much later than a grid the beats of a recording lie, in milliseconds, from minus half a beat to half a beat.

    Args:
        audio: (frames, channels), some bars of it.
        bpm: the grid's tempo.
        origin_s: a beat of the grid, in seconds from the audio's start.

    Returns:
        Milliseconds, positive if the music is late; nan if there are no onsets.
    """
    times, flux = onset_strength(audio, rate)
    if not flux.any():
        return float("nan")
    beat_s = 60 / bpm
    phase = ((times - origin_s) / beat_s) % 1.0 * _BINS_PER_BEAT
    lower = np.floor(phase).astype(np.int64)
    share = phase - lower
    folded, weight = _fold(lower, share, flux), _fold(lower, share, np.ones_like(flux))
    offsets = np.minimum(np.arange(_BINS_PER_BEAT), _BINS_PER_BEAT - np.arange(_BINS_PER_BEAT))
    kernel = np.exp(-0.5 * (offsets * beat_s * 1000 / _BINS_PER_BEAT / _SPREAD_MS) ** 2)
    smooth = _circular(folded, kernel) / np.maximum(_circular(weight, kernel), 1e-9)
    best = int(smooth.argmax())
    left, middle, right = smooth[best - 1], smooth[best], smooth[(best + 1) % _BINS_PER_BEAT]
    bend = left - 2 * middle + right
    at = best + (0.5 * (left - right) / bend if bend else 0.0)
    return float(((at / _BINS_PER_BEAT + 0.5) % 1.0 - 0.5) * beat_s * 1000)


def _fold(lower: npt.NDArray[np.int64], share: Strength, values: Strength) -> Strength:
    """Values summed by their place in the beat, each split between the two bins next to it."""
    here = np.bincount(lower % _BINS_PER_BEAT, values * (1 - share), _BINS_PER_BEAT)
    after = np.bincount((lower + 1) % _BINS_PER_BEAT, values * share, _BINS_PER_BEAT)
    return np.asarray(here + after, np.float64)


def _circular(values: Strength, kernel: Strength) -> Strength:
    return np.fft.irfft(np.fft.rfft(values) * np.fft.rfft(kernel), len(values))
