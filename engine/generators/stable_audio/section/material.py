"""Sound a piece starts from: the end of the section before, or a section it is a variation of."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from engine.errors import GeneratorError, SectionError
from engine.generators.stable_audio.section.stretch import stretch
from engine.protocol import ROOM, SectionRequest
from engine.sections.file import SectionInfo, SectionReader
from engine.timebase import Grid

Audio = npt.NDArray[np.float32]

MOST_STRETCHED: Final = 0.05
"""How far the tempo of what is varied may be from the set's, as a share of it."""

SAME_TEMPO: Final = 0.0005
"""Share by which tempos may differ and count as the same."""


MODEL_RMS: Final = 0.12
"""Level at which sound from elsewhere is given to the model: that of its own music."""


def levelled(audio: Audio) -> Audio:
    """(frames, channels) at `MODEL_RMS`, or with its peaks at 1 where that is less; silence stays silent."""
    level, peak = float(np.sqrt(np.mean(audio**2, dtype=np.float64))), float(np.abs(audio).max())
    return np.asarray(audio * min(MODEL_RMS / max(level, 1e-6), 1 / max(peak, 1e-6)), np.float32)


def resampled(audio: Audio, rate: int, wanted: int) -> Audio:
    """(frames, channels) at another rate; the same array where the rates are equal."""
    if rate == wanted or not len(audio):
        return audio
    step = Fraction(wanted, rate)
    out = signal.resample_poly(audio, step.numerator, step.denominator, axis=0)
    return np.ascontiguousarray(out, np.float32)


def before(path: str, frame: int, longest: int, rate: int) -> Audio:
    """The last sound of a section before one of its frames, all stems together.

    Args:
        path: the section file.
        frame: in the section, at the file's rate.
        longest: frames wanted at ``rate``; fewer come where the file begins later.
        rate: of what is returned.

    Raises:
        GeneratorError: the file cannot be read, or is not made so far yet.
    """
    reader = _opened(path)
    try:
        sound = reader.before(frame, -(-longest * reader.info.rate // rate))
    except SectionError as error:
        raise GeneratorError(f"cannot continue the section before: {error.message}", "a re-roll starts afresh") from error
    out = resampled(sound, reader.info.rate, rate)
    return _as_music(out[max(0, len(out) - longest) :], reader.info)


def whole(request: SectionRequest, rate: int) -> Audio:
    """The section that ``request`` is a variation of, at the length of the request: its bars again where it is shorter.

    Raises:
        GeneratorError: it cannot be read, is not finished, or lies on another grid.
    """
    assert request.vary_path is not None
    reader = _opened(request.vary_path)
    info = reader.info
    if reader.ready < info.frames or info.first_frame:
        raise GeneratorError(f"{request.vary_path} is no whole section: it cannot be varied", "wait until all of it is made")
    ratio = info.bpm / request.bpm
    if abs(ratio - 1) > MOST_STRETCHED or info.beats_per_bar != request.beats_per_bar:
        raise GeneratorError(
            f"{info.section_id} has {info.bpm:g} BPM in {info.beats_per_bar}, the set {request.bpm:g} in {request.beats_per_bar}",
            "vary a section of the same tempo",
        )
    audio = _as_music(resampled(reader.audio.sum(axis=1, dtype=np.float32), info.rate, rate), info)
    if abs(ratio - 1) > SAME_TEMPO:
        audio = stretch(audio, rate, ratio, 60 / request.bpm)
    wanted = request.total_frames(rate)
    grid = Grid(request.bpm, request.beats_per_bar, rate)
    while len(audio) < wanted:  # the bars, and again the bars, and behind them the tail
        body = grid.frame_of_bar(info.bars)
        repeats = -(-(wanted - len(audio)) // body)
        audio = np.concatenate([audio[:body]] * repeats + [audio])
    return audio[:wanted]


def _as_music(audio: Audio, info: SectionInfo) -> Audio:
    """What a microphone took may be soft: as loud as the model's own music, so that it does not go on from near silence."""
    return levelled(audio) if info.generator == ROOM and len(audio) else audio


def _opened(path: str) -> SectionReader:
    try:
        return SectionReader(path)
    except SectionError as error:
        raise GeneratorError(f"a section to start from cannot be used: {error.message}", error.hint) from error
