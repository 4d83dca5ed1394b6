"""What is heard in a sound: its tempo, key, energy, density and brightness.

``python -m engine.analysis.hearing FILE`` prints what is heard in a file as a line of JSON, or what is wrong with it: a process
of its own, so that the engine's neither waits for the arithmetic nor loads what that needs.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np

from engine.analysis.audio import Audio
from engine.analysis.beat import HOP, beat_phase_ms, onset_strength, tempo
from engine.analysis.key import estimate_key
from engine.analysis.loudness import integrated_lufs
from engine.dsp.sounds import read_sound
from engine.errors import SectionError, SoundError
from engine.protocol import HeardSound
from engine.sections.file import MAGIC, SectionReader
from engine.timebase import SAMPLE_RATE, section_frames

_MIDDLE_BPM: Final = 112.0
_REACH: Final = 0.42
"""Tempos from 65 to 159 BPM are told: little more than an octave, so that of a beat and its half one alone is left."""

_CLEAR: Final = 0.12
"""Autocorrelation of onset strength at a beat from which there is one; noise has 0.03, dense dance music 0.15."""

_WHOLE: Final = 0.02
"""A loop whose bars would need a tempo that is off by no more of it has whole bars."""

_CLEAR_KEY: Final = 0.55
"""Correlation with a key's profile from which that is the key."""

_AT_START_MS: Final = 30.0
"""A first beat that lies no later is the file's beginning."""

_LOUD: Final = (-30.0, -8.0)
"""LUFS of a sound without any energy, and of one with the most."""

_CENTRE_HZ: Final = (300.0, 2500.0)
"""Middle of the spectrum, by log frequency, of a dark and of a bright sound."""

_HEARD_HZ: Final = (40.0, 16_000.0)

_DENSE: Final = 4.0
"""Onsets a beat of the densest music: sixteenths."""

_STANDS_OUT: Final = 1.0
"""Standard deviations by which an onset stands out of the flux: of half its mean, where it is as even as noise."""


def hear(path: Path, words: str = "") -> HeardSound:
    """Measure a sound file.

    Raises:
        SoundError: it cannot be read, or nothing is in it.
    """
    return heard_in(read_sound(path), str(path), words)


def hear_bars(path: Path) -> HeardSound:
    """Measure a section file, whose tempo is known.

    Raises:
        SectionError: it cannot be read.
    """
    reader = SectionReader(path)
    info = reader.info
    bars = section_frames(info.bpm, info.beats_per_bar, info.bars, info.rate)
    return heard_in(np.asarray(reader.audio[: min(bars, reader.ready)].sum(axis=1)), str(path), bpm=info.bpm)


def heard_in(sound: Audio, path: str, words: str = "", bpm: float = 0.0) -> HeardSound:
    """Measure a sound (frames, 2) at `SAMPLE_RATE`.

    Args:
        sound: of a second or more.
        path: where it lies.
        words: beside it in a prompt.
        bpm: its tempo where that is known: then its first frame is a beat.
    """
    seconds = len(sound) / SAMPLE_RATE
    start_s, beats = 0.0, round(seconds * bpm / 60)
    if not bpm:
        bpm, start_s, beats = _beat(sound, seconds)
    key = estimate_key(sound, SAMPLE_RATE)
    density = _density(sound, bpm)
    loud = _unit((integrated_lufs(sound, SAMPLE_RATE) - _LOUD[0]) / (_LOUD[1] - _LOUD[0]))
    brightness = _brightness(sound)
    return HeardSound(
        path,
        words,
        round(seconds, 3),
        bpm,
        beats,
        round(start_s, 4),
        str(key) if key.strength >= _CLEAR_KEY else "",
        round(0.5 * loud + 0.35 * density + 0.15 * brightness, 3),
        round(density, 3),
        round(brightness, 3),
    )


def _beat(sound: Audio, seconds: float) -> tuple[float, float, int]:
    """Tempo in BPM, the first beat's place in seconds, and whole beats from there on; zeros where there is no beat."""
    found = tempo(sound, SAMPLE_RATE, _MIDDLE_BPM, _REACH)
    if _clarity(sound, found) < _CLEAR:
        return 0.0, 0.0, 0
    bars = round(seconds * found / 240)
    if bars and abs(240 * bars / seconds / found - 1) <= _WHOLE:
        return round(240 * bars / seconds, 3), 0.0, 4 * bars  # a loop: whole bars, from its first frame on
    late = beat_phase_ms(sound, SAMPLE_RATE, found)
    late = late if late > _AT_START_MS else late + 60_000 / found if late < -_AT_START_MS else 0.0
    return round(found, 2), late / 1000, int((seconds - late / 1000) * found / 60)


def _clarity(sound: Audio, bpm: float) -> float:
    """How alike the onsets are a beat on, or four, 0..1."""
    flux = onset_strength(sound, SAMPLE_RATE)[1]
    flux = flux - flux.mean()
    power = float(flux @ flux)
    if power <= 0:
        return 0.0
    around = []
    for beats in (1, 2, 4):
        lag = beats * 60 / bpm * SAMPLE_RATE / HOP
        near = [round(lag) + step for step in (-1, 0, 1)]
        around += [float(flux[each:] @ flux[:-each]) / power for each in near if 0 < each < len(flux) - 1]
    return max(around, default=0.0)


def _density(sound: Audio, bpm: float) -> float:
    flux = onset_strength(sound, SAMPLE_RATE)[1]
    above = flux > flux.mean() + _STANDS_OUT * max(flux.std(), flux.mean() / 2)
    onsets = int(np.count_nonzero(above[1:] & ~above[:-1]))
    beats = len(sound) / SAMPLE_RATE * (bpm or 120.0) / 60
    return _unit(onsets / max(1.0, beats) / _DENSE)


def _brightness(sound: Audio) -> float:
    """Where the middle of the spectrum lies by log frequency, magnitudes counting."""
    mono = sound.mean(axis=1)
    size = 4096
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(mono, (0, size)), size)[::size]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)).sum(axis=0)[1:]
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)[1:]
    inside = (hertz >= _HEARD_HZ[0]) & (hertz <= _HEARD_HZ[1])
    weight = spectrum[inside]
    centre = float((np.log(hertz[inside]) @ weight) / weight.sum()) if weight.sum() > 0 else float(np.log(_CENTRE_HZ[0]))
    low, high = np.log(_CENTRE_HZ)
    return _unit(float((centre - low) / (high - low)))


def _unit(value: float) -> float:
    return float(min(1.0, max(0.0, value))) if np.isfinite(value) else 0.0


def is_section(path: Path) -> bool:
    """Whether a file is one of this instrument's own."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def main(path: str) -> int:
    """Print what is heard in a file."""
    try:
        print(json.dumps({"heard": asdict(hear_bars(Path(path)) if is_section(Path(path)) else hear(Path(path)))}))
    except (SoundError, SectionError) as error:
        print(json.dumps({"wrong": error.message, "hint": error.hint}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
