"""The key of a recording: its chroma against the profile of each key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.analysis.audio import Audio
from engine.dsp.levels import gain_of
from engine.music.key import TONICS

_SAME: Final = {"Db": "C#", "D#": "Eb", "Gb": "F#", "G#": "Ab", "A#": "Bb", "Cb": "B", "Fb": "E", "E#": "F", "B#": "C"}
_MAJOR_MODES: Final = ("major", "ionian", "lydian", "mixolydian")

_PROFILES: Final = {
    "major": np.array([6.6, 2.0, 3.5, 2.3, 4.6, 4.0, 2.5, 5.2, 2.4, 3.7, 2.3, 3.4]),
    "minor": np.array([6.5, 2.7, 3.5, 5.4, 2.6, 3.5, 2.5, 5.2, 4.0, 2.7, 4.3, 3.2]),
}
"""How well each pitch class fits a key on the tonic: I. Sha'ath, "Estimation of key in digital music recordings" (2011), who
adapted Krumhansl and Kessler's ratings to dance music, with its flat sevenths."""

_WINDOW: Final = 8192
_LOW_HZ, _HIGH_HZ = 60.0, 2000.0
_OVERTONES: Final = (1, 2, 3, 4)
_OVERTONE_WEIGHT: Final = 0.6
"""A spectral peak also counts for the notes it may be an overtone of, each 0.6 of the one before (E. Gómez, "Tonal description
of music audio signals", 2006)."""


@dataclass(frozen=True, slots=True)
class KeyEstimate:
    """A key such as ``F minor``, and how well it fits: a correlation, at most 1."""

    tonic: str
    mode: str
    strength: float

    def __str__(self) -> str:
        return f"{self.tonic} {self.mode}"


def chroma(audio: Audio, rate: int) -> npt.NDArray[np.float64]:
    """Strength of the 12 pitch classes from C, of equal temperament on A = 440 Hz; sums to 1 (or is 0).

    Made of the spectral peaks between 60 Hz and 2 kHz; every moment counts alike, however loud.

    Args:
        audio: (frames, channels).
    """
    window, total = np.hanning(_WINDOW), np.zeros(12)
    for start in range(0, max(1, len(audio) - _WINDOW + 1), _WINDOW // 2):
        mono = np.asarray(audio[start : start + _WINDOW], dtype=np.float64).mean(axis=1)
        hertz, strength = _spectral_peaks(mono * window[: len(mono)], rate)
        moment = np.zeros(12)
        for overtone in _OVERTONES:
            pitch = np.round(69 + 12 * np.log2(hertz / overtone / 440)).astype(np.int64) % 12
            moment += _OVERTONE_WEIGHT ** (overtone - 1) * np.bincount(pitch, strength, 12)
        total += moment / moment.sum() if moment.sum() > 0 else 0.0
    return total / total.sum() if total.sum() > 0 else total


def _spectral_peaks(windowed: npt.NDArray[np.float64], rate: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """(frequencies in Hz, magnitudes) of the local maxima within 50 dB of the highest, placed by a parabola through the log."""
    spectrum = np.abs(np.fft.rfft(windowed, _WINDOW))
    middle = spectrum[1:-1]
    found = np.flatnonzero((middle > spectrum[:-2]) & (middle >= spectrum[2:]) & (middle > spectrum.max() * gain_of(-50.0))) + 1
    left, top, right = (np.log(np.maximum(spectrum[found + side], 1e-30)) for side in (-1, 0, 1))
    bend = left - 2 * top + right
    offset = np.divide(0.5 * (left - right), bend, out=np.zeros_like(bend), where=bend != 0)
    hertz = (found + offset) * rate / _WINDOW
    used = (hertz >= _LOW_HZ) & (hertz <= _HIGH_HZ)
    return hertz[used], spectrum[found][used]


def estimate_key(audio: Audio, rate: int) -> KeyEstimate:
    """The major or minor key whose profile correlates best with the chroma of (frames, channels)."""
    found = chroma(audio, rate)
    if not found.any() or np.ptp(found) == 0:
        return KeyEstimate("C", "major", 0.0)
    scores = {
        (TONICS[tonic], mode): float(np.corrcoef(found, np.roll(profile, tonic))[0, 1])
        for mode, profile in _PROFILES.items()
        for tonic in range(12)
    }
    tonic, mode = max(scores, key=lambda key: scores[key])
    return KeyEstimate(tonic, mode, scores[tonic, mode])


def key_score(asked: str, heard: KeyEstimate) -> float:
    """How near an estimate is to the key asked for, as MIREX scores it.

    1 exact, 0.5 a fifth away, 0.3 relative, 0.2 parallel, else 0. Modes count as major or minor by their third.

    Raises:
        ValueError: if ``asked`` is not a key such as ``"F minor"`` or ``"D dorian"``.
    """
    parts = asked.split()
    name = parts[0][:1].upper() + parts[0][1:] if parts else ""
    name = _SAME.get(name, name)
    if name not in TONICS:
        raise ValueError(f"{asked!r} is not a key")
    minor = len(parts) > 1 and parts[1].lower() not in _MAJOR_MODES
    step = (TONICS.index(heard.tonic) - TONICS.index(name)) % 12
    same_mode = minor == (heard.mode == "minor")
    relative = 3 if minor else 9
    scores = {(0, True): 1.0, (7, True): 0.5, (5, True): 0.5, (relative, False): 0.3, (0, False): 0.2}
    return scores.get((step, same_mode), 0.0)
