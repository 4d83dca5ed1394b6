"""All a report says of a recording's sound, measured in one pass, block by block."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.analysis.audio import Audio
from engine.analysis.loudness import SHORT_TERM, STEP_S, LoudnessMeter, SilenceMeter, TruePeakMeter
from engine.analysis.picture import PeakColumns, Spectrogram


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What was measured.

    Attributes:
        rate, frames: of the audio.
        lufs: integrated loudness; true_peak_dbtp; longest_silence_ms below -70 dBFS. -inf for silence.
        peaks: (columns,) highest absolute values.
        short_term_s, short_term: middles of the 3 s windows in seconds, one every 0.1 s, and their LUFS.
        spectrogram: (bands, columns) in dB; edges_hz: (bands + 1,).
    """

    rate: int
    frames: int
    lufs: float
    true_peak_dbtp: float
    longest_silence_ms: float
    peaks: npt.NDArray[np.float32]
    short_term_s: npt.NDArray[np.float64]
    short_term: npt.NDArray[np.float64]
    spectrogram: npt.NDArray[np.float64]
    edges_hz: npt.NDArray[np.float64]


def survey(blocks: Iterable[Audio], rate: int, frames: int, channels: int, columns: int = 1200) -> Survey:
    """Measure a recording.

    Args:
        blocks: (n, channels) in order, ``frames`` in all.
        columns: width of the pictures.
    """
    loudness, peak, silence = LoudnessMeter(rate, channels), TruePeakMeter(channels), SilenceMeter(rate)
    shape, spectrogram = PeakColumns(frames, columns), Spectrogram(rate, frames, columns)
    for block in blocks:
        for meter in (loudness, peak, silence, shape, spectrogram):
            meter.feed(block)
    short_term = loudness.curve(SHORT_TERM)
    return Survey(
        rate=rate,
        frames=frames,
        lufs=loudness.integrated(),
        true_peak_dbtp=peak.dbtp(),
        longest_silence_ms=silence.longest_ms(),
        peaks=shape.values(),
        short_term_s=np.asarray((np.arange(len(short_term)) + SHORT_TERM / 2) * STEP_S, np.float64),
        short_term=short_term,
        spectrogram=spectrogram.decibels(),
        edges_hz=spectrogram.edges_hz,
    )
