"""What the report says of each section and seam beyond the numbers of the whole set, measured from the audio file."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from engine.analysis.audio import Audio
from engine.analysis.beat import beat_phase_ms, tempo
from engine.analysis.key import estimate_key, key_score
from engine.analysis.loudness import mean_lufs
from engine.analysis.seams import discontinuity, loudness_step
from engine.prompts.parsing import parse
from engine.protocol import PlayedSection, TransitionKind

CLIP_S: Final = 8.0
"""Seconds that a seam's player plays, half of them on each side."""

PHASE_S: Final = 6.0
"""Seconds on each side of a hand-over over which the beat is looked for: some ten beats."""

MOST_S: Final = 30.0
"""Seconds from a section's middle that its key, tempo and loudness are measured over."""

LEAST_S: Final = 4.0
"""Seconds below which a section is too short for that."""


@dataclass(frozen=True, slots=True)
class SectionMeasures:
    """A section as it was heard; nan, or an empty text, for what could not be measured.

    Attributes:
        bpm: its tempo, looked for within 6 % of the one that was asked for.
        key: its key; key_fits: how near that is to the one asked for, 0..1.
        lufs: its loudness.
        unknown: words of its prompts that nothing was understood from.
    """

    bpm: float
    key: str
    key_fits: float
    lufs: float
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeamMeasures:
    """A seam as it was heard; nan for what could not be measured.

    Attributes:
        before, after: the sections' names.
        at_s: where the second one begins, in seconds of the file.
        kind, length_s: of the hand-over; None where there is no word of it.
        step_lu: loudness after less that before.
        jump: above 1, a click: see `engine.analysis.seams.discontinuity`.
        drift_ms: how much later the beat lies after the hand-over than before it.
        clip: `CLIP_S` around it, as an audio file; clip_type: its media type.
    """

    before: str
    after: str
    at_s: float
    kind: TransitionKind | None
    length_s: float
    step_lu: float
    jump: float
    drift_ms: float
    clip: bytes
    clip_type: str


def measure_sections(audio: Path | str, sections: Sequence[PlayedSection]) -> list[SectionMeasures]:
    """Every section of an audio file, in order.

    Raises:
        OSError, soundfile.LibsndfileError: the file cannot be read.
    """
    with soundfile.SoundFile(audio) as file:
        end = file.frames / file.samplerate
        ends = [*(section.start_s for section in sections[1:]), end]
        return [_section(file, section, min(stop, end)) for section, stop in zip(sections, ends, strict=False)]


def _section(file: soundfile.SoundFile, section: PlayedSection, end_s: float) -> SectionMeasures:
    unknown = tuple(dict.fromkeys(word for prompt in section.prompts for word in parse(prompt.words).unknown))
    spare = max(0.0, end_s - section.start_s - MOST_S) / 2
    sound = _cut(file, section.start_s + spare, end_s - spare)
    if len(sound) < LEAST_S * file.samplerate or not sound.any():
        return SectionMeasures(math.nan, "", math.nan, math.nan, unknown)
    key = estimate_key(sound, file.samplerate)
    return SectionMeasures(
        bpm=tempo(sound, file.samplerate, section.bpm),
        key=str(key),
        key_fits=key_score(section.key, key),
        lufs=mean_lufs(sound, file.samplerate),
        unknown=unknown,
    )


def measure_seams(audio: Path | str, sections: Sequence[PlayedSection]) -> list[SeamMeasures]:
    """Every seam of an audio file, in order.

    Raises:
        OSError, soundfile.LibsndfileError: the file cannot be read.
    """
    with soundfile.SoundFile(audio) as file:
        return [_seam(file, before, after) for before, after in pairwise(sections)]


def _seam(file: soundfile.SoundFile, before: PlayedSection, after: PlayedSection) -> SeamMeasures:
    rate, at_s, over = file.samplerate, after.start_s, before.transition
    begins_s = min(at_s, over.start_s) if over is not None else at_s
    ends_s = max(at_s, over.start_s + over.length_s) if over is not None else at_s
    first_s = max(0.0, at_s - CLIP_S / 2)
    around = _cut(file, first_s, at_s + CLIP_S / 2)
    at = round((at_s - first_s) * rate)
    earlier_s = max(0.0, begins_s - PHASE_S)
    phases = (
        _phase(_cut(file, earlier_s, begins_s), rate, before.bpm, at_s - earlier_s),
        _phase(_cut(file, ends_s, ends_s + PHASE_S), rate, after.bpm, at_s - ends_s),
    )
    beat_ms = 60_000 / after.bpm
    clip, kind = compressed(around, rate)
    return SeamMeasures(
        before=before.name,
        after=after.name,
        at_s=at_s,
        kind=None if over is None else over.kind,
        length_s=0.0 if over is None else over.length_s,
        step_lu=loudness_step(around, rate, at) if len(around) else math.nan,
        jump=discontinuity(around, rate, at) if len(around) > at else math.nan,
        drift_ms=(phases[1] - phases[0] + beat_ms / 2) % beat_ms - beat_ms / 2,
        clip=clip,
        clip_type=kind,
    )


def _phase(sound: Audio, rate: int, bpm: float, origin_s: float) -> float:
    enough = len(sound) > LEAST_S * rate and sound.any()
    return beat_phase_ms(sound, rate, bpm, origin_s) if enough else math.nan


def _cut(file: soundfile.SoundFile, start_s: float, stop_s: float) -> Audio:
    start, stop = (min(file.frames, max(0, round(at * file.samplerate))) for at in (start_s, stop_s))
    file.seek(start)
    found: Audio = file.read(max(0, stop - start), dtype="float32", always_2d=True)
    return found


def compressed(sound: Audio, rate: int) -> tuple[bytes, str]:
    """Both channels as one in a small audio file, and its media type: MP3 where this machine can write it, else 16-bit WAV."""
    kinds = (("MP3", "MPEG_LAYER_III", "audio/mpeg"), ("WAV", "PCM_16", "audio/wav"))
    mono = np.clip(sound.mean(axis=1) if len(sound) else np.zeros(1, np.float32), -1.0, 1.0)
    for kind, subtype, media in kinds:
        out = io.BytesIO()
        try:
            soundfile.write(out, mono, rate, subtype=subtype, format=kind)
        except (soundfile.LibsndfileError, ValueError):  # a library that is older knows no MP3
            continue
        return out.getvalue(), media
    return b"", kinds[-1][-1]
