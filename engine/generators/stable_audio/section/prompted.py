"""Prompts that are sound files, laid on a piece's grid: what the model starts from in place of noise alone."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.dsp.sounds import read_sound
from engine.errors import GeneratorError, SoundError
from engine.generators.stable_audio.section.material import levelled, resampled
from engine.generators.stable_audio.section.stretch import stretch
from engine.protocol import HeardSound, SectionRequest
from engine.timebase import SAMPLE_RATE, Grid

Audio = npt.NDArray[np.float32]

MOST_AT_ONCE: Final = 0.09
"""What is to be longer or shorter by more is stretched several times."""

FARTHEST: Final = 2**0.5
"""A tempo farther from the set's, as a ratio, is taken for twice or half of it."""


def prompted(request: SectionRequest, rate: int, frames: int, lead: int) -> tuple[Audio, float] | None:
    """The sounds among a request's prompts, mixed by their weights, again and again over a piece.

    Args:
        request: whose prompts and grid.
        rate: the model's.
        frames: of the piece.
        lead: frames before the section's downbeat, whole bars; the sounds' first beats lie on it.

    Returns:
        (frames, 2), and the share, 0..1, that sounds have of all prompts' weights; None where there are none.

    Raises:
        GeneratorError: a file cannot be read any more.
    """
    sounds = [(prompt.sound, prompt.weight) for prompt in request.prompts if prompt.sound is not None and prompt.weight > 0]
    if not sounds:
        return None
    total = sum(prompt.weight for prompt in request.prompts if prompt.weight > 0)
    weight = sum(each for _, each in sounds)
    mixed = np.zeros((frames, 2), np.float32)
    for sound, own in sounds:
        loop = on_grid(sound, request.bpm, request.beats_per_bar, rate)
        mixed += _around(loop, frames, lead) * (own / weight)
    return levelled(mixed), weight / total


def _around(loop: Audio, frames: int, lead: int) -> Audio:
    """A loop over some frames, one of its beginnings ``lead`` frames after the first."""
    return loop[(np.arange(frames) - lead) % len(loop)]


@lru_cache(maxsize=4)
def on_grid(sound: HeardSound, bpm: float, beats_per_bar: int, rate: int) -> Audio:
    """A file in another tempo, from its first beat on, whole bars of it where it has as many.

    Raises:
        GeneratorError: it cannot be read any more.
    """
    try:
        audio = resampled(read_sound(Path(sound.path)), SAMPLE_RATE, rate)
    except SoundError as error:
        raise GeneratorError(f"a prompt's sound cannot be used: {error.message}", error.hint) from error
    grid = Grid(bpm, beats_per_bar, rate)
    if not sound.bpm or not sound.beats:
        bars = max(1, int(len(audio) // grid.frames_per_bar))
        return np.resize(audio, (grid.frame_of_bar(bars), 2))  # its beginning, or all of it again where a bar is longer
    ratio = sound.bpm / bpm
    beats = float(sound.beats)
    while ratio > FARTHEST:
        ratio, beats = ratio / 2, beats / 2
    while ratio < 1 / FARTHEST:
        ratio, beats = ratio * 2, beats * 2
    start = round(sound.start_s * rate)
    audio = stretched(audio[start : start + round(sound.beats * 60 / sound.bpm * rate)], rate, ratio, 60 / bpm)
    bars = int(beats // beats_per_bar)
    wanted = grid.frame_of_bar(bars) if bars else round(beats * float(grid.frames_per_beat))
    return np.concatenate((audio, np.zeros((max(0, wanted - len(audio)), 2), np.float32)))[:wanted]


def stretched(audio: Audio, rate: int, ratio: float, beat_s: float) -> Audio:
    """A sound ``ratio`` times as long at the same pitch, by as many small stretches as that takes."""
    steps = max(1, int(np.ceil(abs(np.log(ratio)) / np.log1p(MOST_AT_ONCE))))
    each = ratio ** (1 / steps)
    for step in range(steps):
        audio = stretch(audio, rate, each, beat_s * each ** (step + 1 - steps))
    return audio
