"""How a piece develops, and how much air is in it: bars compared with one another, and what moves in each band.

A bar is a picture: 64 mel bands by 64 moments, in dB. Two bars differ by the mean of the absolute differences of their pictures;
under `COPY_DB` a listener takes one for the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from engine.analysis.audio import Audio

COPY_DB: Final = 3.0
"""Bars that differ by less are near-copies of one another."""

FAR_BARS: Final = 32
"""Bars further apart than this say the same again, rather than repeat it."""

NOVELTY_BARS: Final = 4
"""Bars before and after a place that tell whether something new begins there."""

_NEAR_BARS: Final = 4
"""Bars on each side in which a border is the greatest change."""

_QUARTERS: Final = 4
"""A bar's parts that are compared: its beats, where it has four."""

_BANDS: Final = 64
_MOMENTS: Final = 64
_WINDOW_S: Final = 0.093
_HOP_S: Final = 0.0116
_RANGE_DB: Final = 70.0
"""What lies further below the loudest moment of all is not heard."""

Band = tuple[float, float]
"""From and up to so many Hz."""

SUB: Final[Band] = (20, 60)
LOW: Final[Band] = (30, 150)
MID: Final[Band] = (300, 2000)
HIGH: Final[Band] = (5000, 15_000)
TOP: Final[Band] = (6000, 16_000)
HEARD: Final[Band] = (20, 18_000)

_LOUD_S: Final = 20
_AIR_HOP_S: Final = 0.01
_TINY: Final = 1e-12

Pictures = npt.NDArray[np.float64]
"""Bars as pictures: (bars, bands, moments), dB."""


def bar_pictures(audio: Audio, rate: int, starts_s: Sequence[float], bar_s: float) -> Pictures:
    """Pictures of the bars of one length that start at some seconds; bars that the sound does not reach are left out.

    Args:
        audio: (frames, channels).
        rate: frames a second.
        starts_s: where the bars start, in seconds, in order.
        bar_s: a bar's length in seconds.
    """
    hop, window = round(_HOP_S * rate), round(_WINDOW_S * rate)
    mono = np.asarray(audio, np.float32).mean(axis=1)
    _, times, spectra = signal.stft(mono, rate, nperseg=window, noverlap=window - hop)
    power = _mel(window // 2 + 1, rate) @ (np.abs(spectra) ** 2)
    level = 10 * np.log10(power + _TINY)
    level = np.maximum(level, level.max() - _RANGE_DB)
    inside = [start for start in starts_s if start + bar_s <= len(mono) / rate + _HOP_S]
    edges = np.linspace(0, bar_s, _MOMENTS + 1)
    pictures = np.empty((len(inside), _BANDS, _MOMENTS))
    for i, start in enumerate(inside):
        places = np.minimum(np.searchsorted(times, start + edges), len(times) - 1)
        for j in range(_MOMENTS):
            pictures[i, :, j] = level[:, places[j] : max(places[j] + 1, places[j + 1])].mean(axis=1)
    return pictures


def _mel(bins: int, rate: int) -> npt.NDArray[np.float64]:
    """Triangles evenly spaced in mel, 2595 log10(1 + f / 700) (O'Shaughnessy 1987), of equal area: (bands, bins)."""
    top = 2595 * np.log10(1 + min(rate / 2, 11_025.0) / 700)
    edges = 700 * (10 ** (np.linspace(0, top, _BANDS + 2) / 2595) - 1)
    hertz = np.linspace(0, rate / 2, bins)
    rise = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    return np.asarray(np.maximum(0, np.minimum(rise, fall)) * (2 / (edges[2:] - edges[:-2]))[:, None])


def difference(one: Pictures, other: Pictures) -> float:
    """How much two stretches differ, bar by bar over the length of the shorter one, in dB."""
    bars = min(len(one), len(other))
    return float(np.abs(one[:bars] - other[:bars]).mean()) if bars else 0.0


def far_copies(pictures: Pictures) -> float:
    """The share of bars, 0..1, that have a near-copy more than `FAR_BARS` away; 0 for pieces too short to have any."""
    count = len(pictures)
    if count <= FAR_BARS + 1:
        return 0.0
    copied = 0
    for i in range(count):
        far = np.concatenate((pictures[: max(0, i - FAR_BARS)], pictures[i + FAR_BARS + 1 :]))
        copied += bool(len(far)) and float(np.abs(far - pictures[i]).mean(axis=(1, 2)).min()) < COPY_DB
    return copied / count


def after(pictures: Pictures, bars: int) -> float | None:
    """How much a stretch differs from itself so many bars on, in dB; None for one that is too short."""
    return difference(pictures[bars:], pictures[:-bars]) if len(pictures) > bars + 3 else None


def between(parts: Sequence[Pictures]) -> list[float]:
    """How much any two of some stretches differ, in dB: first and second, first and third, second and third, and so on."""
    return [difference(one, other) for one, other in combinations(parts, 2)]


def novelty(pictures: Pictures) -> npt.NDArray[np.float64]:
    """How much what follows each quarter of a bar differs from what came before it: (4 * bars,).

    A square of `NOVELTY_BARS` bars on each side slides along the likeness of any two quarters (the cosine of their spectra, less
    the piece's mean spectrum): what is alike on each side and unlike across is a border (Foote, "Automatic audio segmentation
    using a measure of audio novelty", 2000).
    """
    bars, bands, moments = pictures.shape
    quarters = pictures.reshape(bars, bands, _QUARTERS, moments // _QUARTERS).mean(axis=3).transpose(0, 2, 1).reshape(-1, bands)
    own = quarters - quarters.mean(axis=0)
    own /= np.linalg.norm(own, axis=1, keepdims=True) + _TINY
    reach = NOVELTY_BARS * _QUARTERS
    at = np.arange(-reach, reach) + 0.5
    side = np.sign(at) * np.exp(-((2 * at / reach) ** 2))
    square = np.outer(side, side)
    alike = np.pad(own @ own.T, reach)
    found = [(square * alike[i : i + 2 * reach, i : i + 2 * reach]).sum() for i in range(len(own))]
    return np.asarray(np.array(found) / np.abs(square).sum())


def borders_heard(pictures: Pictures, borders: Sequence[int]) -> float:
    """The share of borders, 0..1, that lie within a bar of a peak of `novelty`; 0 where there is none.

    Args:
        pictures: of all bars.
        borders: the first bars of the parts after the first.
    """
    curve = novelty(pictures)
    near = _NEAR_BARS * _QUARTERS
    tops = [i for i in range(len(curve)) if curve[i] == curve[max(0, i - near) : i + near + 1].max() > curve.mean()]
    return float(np.mean([any(abs(top / _QUARTERS - bar) <= 1 for top in tops) for bar in borders])) if len(borders) else 0.0


@dataclass(frozen=True, slots=True)
class Air:
    """What moves in the loudest 20 seconds of a piece.

    Attributes:
        low_range_db, mid_range_db, high_range_db: from the 10th to the 95th percentile of the level in `LOW`, `MID`, `HIGH`.
        high_rise_db: the 99th percentile of how much the level in `HIGH` rises in 10 ms.
        high_fall_db: the median of how much it falls in the 60 ms after its peaks.
        sub_db: power in `SUB` against all that is heard.
        side_db: side against mid in `TOP`.
    """

    low_range_db: float
    mid_range_db: float
    high_range_db: float
    high_rise_db: float
    high_fall_db: float
    sub_db: float
    side_db: float


def air(audio: Audio, rate: int) -> Air:
    """Measure what moves in a piece of a second or more, (frames, 2)."""
    loud = _loudest(np.asarray(audio, np.float32), rate)
    hop = round(_AIR_HOP_S * rate)
    window = 2 * hop + hop // 3
    hertz, _, spectra = signal.stft(loud.mean(axis=1), rate, nperseg=window, noverlap=window - hop, boundary=None)
    power = np.abs(spectra) ** 2

    def level(band: Band) -> npt.NDArray[np.float64]:
        return np.asarray(10 * np.log10(power[_inside(hertz, band)].sum(axis=0) + _TINY))

    def moves(levels: npt.NDArray[np.float64]) -> float:
        return float(np.percentile(levels, 95) - np.percentile(levels, 10))

    high = level(HIGH)
    peaks = [peak for peak in signal.find_peaks(high, prominence=4)[0] if peak + 6 < len(high)]
    falls = [float(high[peak] - high[peak + 6]) for peak in peaks]
    fine, sides = signal.welch((loud[:, 0] - loud[:, 1]) / 2, rate, nperseg=16_384)
    mids = signal.welch(loud.mean(axis=1), rate, nperseg=16_384)[1]
    both = sides + mids
    top = _inside(fine, TOP)
    return Air(
        moves(level(LOW)),
        moves(level(MID)),
        moves(high),
        float(np.percentile(np.maximum(np.diff(high), 0), 99)),
        float(np.median(falls)) if falls else 0.0,
        _ratio_db(both[_inside(fine, SUB)].sum(), both[_inside(fine, HEARD)].sum()),
        _ratio_db(sides[top].sum(), mids[top].sum()),
    )


def _inside(hertz: npt.NDArray[np.float64], band: Band) -> npt.NDArray[np.bool_]:
    return np.asarray((hertz >= band[0]) & (hertz < band[1]))


def _loudest(audio: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.float32]:
    """The loudest stretch of `_LOUD_S` seconds, from a whole second on."""
    power = np.add.reduceat((audio**2).mean(axis=1), np.arange(0, len(audio), rate))
    sums = np.convolve(power, np.ones(min(_LOUD_S, len(power))), "valid")
    at = int(np.argmax(sums)) * rate
    return audio[at : at + _LOUD_S * rate]


def _ratio_db(part: float, whole: float) -> float:
    return float(10 * np.log10((part + _TINY) / (whole + _TINY)))
