"""Requests to pocket, what it plays, and ears that measure it without the code under test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.dsp.k_weighting import k_weight
from engine.generators.base import Block
from engine.generators.pocket import Pocket
from engine.generators.pocket.seams.previous import transition_gains
from engine.protocol import PromptWeight, SectionRequest
from engine.sections.file import SectionInfo, SectionWriter
from engine.timebase import SAMPLE_RATE as RATE
from engine.timebase import Grid

Audio = npt.NDArray[np.float32]

NEAR = 9 * RATE
"""Frames beside a seam that are rendered where nothing further away is measured: more than the 8 s that pocket corrects."""


def ask(text: str = "house", **changes: object) -> SectionRequest:
    """A short drop between a build and a breakdown."""
    request = SectionRequest(
        "s",
        (PromptWeight(text, 1.0),),
        2,
        124.0,
        "F minor",
        3,
        tail_bars=1,
        role="drop",
        energy=1.0,
        previous_role="build",
        next_role="breakdown",
    )
    return replace(request, **changes)  # type: ignore[arg-type]


def blocks(pocket: Pocket, request: SectionRequest) -> Iterator[Block]:
    return pocket.generate(request, lambda _: None, lambda: False)


def play(pocket: Pocket, request: SectionRequest) -> Block:
    """A section, (frames, stems, 2)."""
    return np.concatenate(list(blocks(pocket, request)))


def mixed(sound: Block) -> Audio:
    """The sum of (frames, stems, 2) over its stems, (frames, 2): as a product, which takes a tenth of the time of `sum`."""
    stems = sound.shape[1]
    mix: Audio = sound.reshape(len(sound), -1) @ np.tile(np.eye(2, dtype=np.float32), (stems, 1))
    return mix


def play_mix(pocket: Pocket, request: SectionRequest) -> Audio:
    """The sum of a section's stems, (frames, 2)."""
    return mixed(play(pocket, request))


def play_end(pocket: Pocket, request: SectionRequest) -> Block:
    """A section of which only what is near its last bar's end is rendered; silence before."""
    start = Grid(request.bpm, request.beats_per_bar).frame_of_bar(request.bars - 3) - NEAR
    start = start if start > NEAR else 0  # a section entered within an edge is corrected otherwise
    made = list(blocks(pocket, replace(request, from_frame=start)))
    return np.concatenate([np.zeros((start, *made[0].shape[1:]), np.float32), *made])


def play_start(pocket: Pocket, request: SectionRequest) -> Block:
    """The first seconds of a section, at least its fade-in."""
    made: list[Block] = []
    enough = max(NEAR, Grid(request.bpm, request.beats_per_bar).frame_of_bar(request.entry_bars))
    for block in blocks(pocket, request):
        made.append(block)
        if sum(map(len, made)) >= enough:
            break
    return np.concatenate(made)


def write_section(path: Path, request: SectionRequest, sound: Block) -> str:
    """A section file as the engine writes it."""
    frames, tail = request.total_frames(), request.tail_bars
    info = SectionInfo("s", Pocket.traits.stems, RATE, 0, frames, request.bars, tail, 4, request.bpm, "A minor", 5, "pocket")
    writer = SectionWriter(path, info)
    writer.write(sound)
    writer.close()
    return str(path)


def play_in_a_row(pocket: Pocket, folder: Path, requests: list[SectionRequest]) -> tuple[Audio, list[int]]:
    """Sections one after another as the audience hears them, and the frame at which each starts.

    Each continues the one before and fades in over its tail. Of the first and the last only what is near the seams is rendered.
    """
    grid = Grid(requests[0].bpm, 4)
    starts = [grid.frame_of_bar(request.first_bar) - grid.frame_of_bar(requests[0].first_bar) for request in requests]
    heard = np.zeros((starts[-1] + grid.frame_of_bar(requests[-1].bars), 2), np.float32)
    path, before = None, 0
    for number, (start, asked) in enumerate(zip(starts, requests, strict=True)):
        request = replace(asked, continue_path=path, continue_frame=grid.frame_of_bar(before))
        last = number == len(requests) - 1
        made = (play_end if number == 0 else play_start if last else play)(pocket, request)
        path, before = write_section(folder / str(number), request, made), request.bars
        sound, fade = mixed(made), grid.frame_of_bar(request.entry_bars)
        out, into = (gain.numpy()[:, None] for gain in transition_gains(request.entry, fade / RATE, len(sound)))
        heard[start : start + fade] *= out[:fade]
        heard[start + fade :] = 0.0
        heard[start : start + len(sound)] += (sound * into)[: len(heard) - start]
    return heard, starts


def _transform_size(frames: int) -> int:
    """A power of two, at least ``frames``."""
    return 1 << (frames - 1).bit_length()


def lufs(audio: Audio) -> float:
    """Ungated loudness of (frames, 2), by the power response of the K weighting."""
    size = _transform_size(len(audio))
    spectrum = np.abs(np.fft.rfft(audio, n=size, axis=0)) ** 2
    weight = k_weight(np.linspace(0, RATE / 2, len(spectrum)))
    return float(-0.691 + 10 * np.log10(2 * (spectrum.sum(1) * weight).sum() / len(audio) / size))


def centroid(audio: Audio) -> float:
    """Amplitude-weighted mean of log frequency above 60 Hz, in octaves above 1 Hz."""
    size = _transform_size(len(audio))
    power = np.abs(np.fft.rfft(audio.mean(1), n=size)) ** 2
    hz = np.fft.rfftfreq(size, 1 / RATE)
    heard = hz > 60
    return float((np.log2(hz[heard]) * np.sqrt(power[heard])).sum() / np.sqrt(power[heard]).sum())


def onsets_per_second(audio: Audio) -> float:
    """Rises of the treble's level by 4 dB within 20 ms, per second."""
    bright = np.diff(audio.sum(1), n=2)
    level = np.sqrt((bright[: len(bright) // 441 * 441].reshape(-1, 441) ** 2).mean(1)) + 1e-3 * bright.std()
    rises = 20 * np.log10(level[2:] / level[:-2]) > 4
    return float((rises[1:] & ~rises[:-1]).sum() / (len(audio) / RATE))


def beat_phase(audio: Audio, start: int, beat: float) -> float:
    """Beat phase, in beats, of (frames, 2) that starts at a frame of the grid: the angle of the spectral flux at the beat's
    rate, every 512 frames, as recordings of whole sets are judged."""
    windows = np.lib.stride_tricks.sliding_window_view(audio.mean(1), 1024)[::512]
    seen = np.log1p(100.0 * np.abs(np.fft.rfft(windows * np.hanning(1024) / 256.0, axis=1)))
    rises = np.maximum(np.diff(seen, axis=0), 0.0).sum(1)
    at = start + 512 * np.arange(1, len(seen))
    return float(np.angle(((rises - rises.mean()) * np.exp(2j * np.pi * at / beat)).sum())) / (2 * np.pi)


def _wrapped(beats: float) -> float:
    """A difference of phases, -0.5..0.5 beats."""
    return (beats + 0.5) % 1.0 - 0.5


def phase_shift(before: Audio, after: Audio, beat: float) -> float:
    """Beats from the beat phase of the end of one section to that of the start of the next."""
    span = 7 * RATE
    start = len(before) - span
    return _wrapped(beat_phase(after[:span], 0, beat) - beat_phase(before[start:], start, beat))


def phase_shift_at(heard: Audio, seam: int, beat: float) -> float:
    """Beats from the beat phase of the eight seconds before a frame to that of the eight seconds after it."""
    first, span = seam // 512 * 512, 8 * RATE // 512 * 512
    before, after = (beat_phase(heard[start : start + span + 512], start, beat) for start in (first - span, first - 512))
    return _wrapped(after - before)
