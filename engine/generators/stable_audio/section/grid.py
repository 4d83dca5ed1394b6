"""Where the beats of a generated piece lie, measured against the tempo and the downbeat that were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

Audio = npt.NDArray[np.float32]
Curve = npt.NDArray[np.float64]

REACH: Final = 0.08
"""How far from the tempo asked for it is looked for, as a fraction."""

SURE: Final = 0.3
"""A beat less clear than this is taken for none."""

HOP: Final = 256
_WINDOW: Final = 1024
_EDGES_HZ: Final = (0, 130, 260, 520, 1040, 2080, 4160, 8320, 16640)
_LOW_WEIGHT: Final = 2.0
"""The lowest band counts for so many others: off-beat hats are louder in flux than the kick that is the beat."""

_LAG_S: Final = 0.0035
"""An onset raises the flux this much before the middle of the window it peaks in, measured on drum hits."""

_CLEAR: Final = 0.35
"""Autocorrelation of onset strength at whole beats that is as clear as it need be: dense dance music has 0.15, noise 0.03."""

_STEADY: Final = 0.01  # share that a tempo may drift over a piece
_NEAR: Final = 0.04  # share of a beat
_BINS: Final = 480
_SPREAD_S: Final = 0.006
_DOUBT: Final = 0.5
"""What an onset half a beat off the grid counts for against one on it: the model was asked for the beat to be there."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """A piece's own beat.

    Attributes:
        bpm: its tempo; the one asked for where there is no beat.
        late_s: how much later than the grid its beats are at the origin, from minus to plus half a beat.
        sure: 0..1, how clear the beat is; below `SURE` it is none.
    """

    bpm: float
    late_s: float
    sure: float

    @property
    def found(self) -> bool:
        """Whether there is a beat at all."""
        return self.sure >= SURE


def measure(audio: Audio, rate: int, bpm: float, origin_s: float = 0.0, skip_s: float = 0.0) -> Pulse:
    """Find tempo and phase of a piece near the tempo asked for.

    Args:
        audio: (frames, channels); some 4 s or more say something, 8 s give 0.1 %.
        rate: its frames per second.
        bpm: asked for; the tempo is looked for within `REACH` of it.
        origin_s: where in the audio a downbeat was asked for.
        skip_s: what of its beginning is left out of the measurement.
    """
    times, low, all_bands = onset_strength(audio[round(skip_s * rate) :], rate)
    none = Pulse(bpm, 0.0, 0.0)
    if len(times) * HOP / rate < 4 * 60 / bpm or not all_bands.any():
        return none
    times = times + round(skip_s * rate) / rate - origin_s
    flux = low * _LOW_WEIGHT + all_bands
    peaks = _peaks(flux, rate)
    own = _tempo(peaks, rate, bpm)
    own, late = _refined(times, flux, all_bands, own)
    sure = _clarity(peaks, rate, own)
    if sure < SURE:
        return Pulse(bpm, 0.0, sure)
    return Pulse(own, late, sure)


def onset_strength(audio: Audio, rate: int) -> tuple[Curve, Curve, Curve]:
    """Half-wave rectified flux of log magnitudes, by octaves, each octave by its own standard deviation.

    Returns:
        times in seconds, strength below 130 Hz, mean strength of all octaves; a reading every 256 frames.
    """
    mono = np.asarray(audio, dtype=np.float32).mean(axis=1)
    scale = float(np.sqrt(np.mean(mono**2, dtype=np.float64)))
    mono = np.concatenate(
        (np.zeros(_WINDOW // 2, np.float32), mono / max(scale, 1e-9) * (scale > 1e-6), np.zeros(_WINDOW, np.float32))
    )
    frames = np.lib.stride_tricks.sliding_window_view(mono, _WINDOW)[::HOP]
    window = np.hanning(_WINDOW).astype(np.float32)
    hz = np.fft.rfftfreq(_WINDOW, 1 / rate)
    starts = np.searchsorted(hz, [edge for edge in _EDGES_HZ if edge < rate / 2])
    counts = np.diff(np.append(starts, len(hz)))
    bands = np.zeros((len(frames), len(starts)), np.float32)
    before = np.zeros(len(hz), np.float32)
    for start in range(0, len(frames), 2048):
        spectra = np.log1p(np.abs(np.fft.rfft(frames[start : start + 2048] * window, axis=1))).astype(np.float32)
        rise = np.maximum(np.diff(spectra, axis=0, prepend=before[None]), 0)
        bands[start : start + len(rise)] = np.add.reduceat(rise, starts, axis=1) / counts
        before = spectra[-1]
    bands[0] = 0  # whatever sounds at the cut is no onset
    spread = bands.std(axis=0)
    bands = np.where(spread > 1e-6, bands / np.maximum(spread, 1e-6), 0)
    times = np.arange(len(bands)) * HOP / rate + _LAG_S * 44_100 / rate
    return times, bands[:, 0].astype(np.float64), bands.mean(axis=1).astype(np.float64)


def _peaks(flux: Curve, rate: int) -> Curve:
    """What stands out of 0.2 s around it, mean removed."""
    out = flux - signal.medfilt(flux, 2 * (round(0.2 * rate / HOP) // 2) + 1)
    return np.asarray(out - out.mean(), np.float64)


def _tempo(flux: Curve, rate: int, hint: float) -> float:
    """The tempo whose beats, halves and quarters the flux holds most of."""
    size = 1 << (16 * len(flux) - 1).bit_length()
    held = np.abs(np.fft.rfft(flux, size))
    hz = np.arange(len(held)) * rate / HOP / size
    step = 60 * rate / HOP / len(flux) / 24  # a 24th of what tells two tempos apart
    grid = np.arange(hint * (1 - REACH), hint * (1 + REACH) + step, step)
    scores = sum((np.interp(grid / 60 * multiple, hz, held) for multiple in (1, 2, 4)), np.zeros(len(grid)))
    best = int(scores.argmax())
    if best in (0, len(grid) - 1):
        return float(grid[best])
    return float(grid[best] + step * _vertex(*scores[best - 1 : best + 2]))


def _refined(times: Curve, flux: Curve, fine: Curve, bpm: float) -> tuple[float, float]:
    """Tempo and lateness at time 0, straightened by the lateness of the piece's first and second half.

    ``flux`` says which of two places in the beat it is, ``fine`` where exactly: low onsets rise slowly.
    """
    late = _lateness(times, flux, bpm)
    middle = (times[0] + times[-1]) / 2
    halves = [times < middle, times >= middle]
    centres = [float(times[half].mean()) for half in halves]
    lates = [_lateness(times[half], fine[half], bpm, near=late) for half in halves]
    slope = (lates[1] - lates[0]) / max(1.0, centres[1] - centres[0])
    if abs(slope) > _STEADY:  # half the beats are elsewhere: no steady tempo to straighten
        return bpm, late
    at_zero = (lates[0] + lates[1]) / 2 - slope * (centres[0] + centres[1]) / 2
    beat = 60 / bpm
    return bpm / (1 + slope), (at_zero / beat + 0.5) % 1.0 * beat - beat / 2


def _lateness(times: Curve, flux: Curve, bpm: float, near: float | None = None) -> float:
    """Seconds by which the beats are later than multiples of a beat; the best within 40 ms of ``near``, if given."""
    beat = 60 / bpm
    phase = (times / beat) % 1.0 * _BINS
    lower = np.floor(phase).astype(np.int64)
    share = phase - lower
    folded, weight = _fold(lower, share, flux), _fold(lower, share, np.ones_like(flux))
    offsets = np.minimum(np.arange(_BINS), _BINS - np.arange(_BINS))
    kernel = np.exp(-0.5 * (offsets * beat / _BINS / _SPREAD_S) ** 2)
    smooth = _circular(folded, kernel) / np.maximum(_circular(weight, kernel), 1e-9)
    if near is None:
        chosen = smooth * (1 - _DOUBT * offsets / (_BINS / 2))
    else:
        away = np.abs((np.arange(_BINS) / _BINS - near / beat + 0.5) % 1.0 - 0.5) * beat
        chosen = np.where(away < _NEAR, smooth, -np.inf)
    best = int(chosen.argmax())
    at = best + _vertex(smooth[best - 1], smooth[best], smooth[(best + 1) % _BINS])
    return float(((at / _BINS + 0.5) % 1.0 - 0.5) * beat)


def _clarity(flux: Curve, rate: int, bpm: float) -> float:
    """0..1: how much of the flux comes again one, two and four beats later, by autocorrelation."""
    smooth = signal.oaconvolve(flux, np.hanning(7) / np.hanning(7).sum(), mode="same")
    size = 2 * len(smooth)
    auto = np.fft.irfft(np.abs(np.fft.rfft(smooth, size)) ** 2, size)[: len(smooth)]
    if auto[0] <= 0:
        return 0.0
    auto = auto / auto[0] * len(auto) / np.maximum(len(auto) - np.arange(len(auto)), 1)
    lags = np.array([1, 2, 4]) * 60 / bpm * rate / HOP
    found = np.interp(lags[lags < len(auto) * 0.75], np.arange(len(auto)), auto)
    return float(np.clip(found.mean() / _CLEAR, 0.0, 1.0)) if len(found) else 0.0


def _vertex(left: float, middle: float, right: float) -> float:
    """Where between its neighbours a parabola's top lies, -0.5..0.5."""
    bend = left - 2 * middle + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend else 0.0


def _fold(lower: npt.NDArray[np.int64], share: Curve, values: Curve) -> Curve:
    """Values summed by their place in the beat, each split between the two bins next to it."""
    here = np.bincount(lower % _BINS, values * (1 - share), _BINS)
    after = np.bincount((lower + 1) % _BINS, values * share, _BINS)
    return np.asarray(here + after, np.float64)


def _circular(values: Curve, kernel: Curve) -> Curve:
    return np.fft.irfft(np.fft.rfft(values) * np.fft.rfft(kernel), len(values))
