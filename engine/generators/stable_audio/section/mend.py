"""A piece laid on the grid: cut at its own downbeat, stretched a little where its tempo is a little off."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.generators.stable_audio.section.grid import Pulse, measure
from engine.generators.stable_audio.section.piece import MOST_STRETCH
from engine.generators.stable_audio.section.stretch import stretch
from engine.protocol import GridFit, SectionRequest

Audio = npt.NDArray[np.float32]

_UNHEARD_S: Final = 0.008
"""A tempo that leads no further astray by the section's end is left alone."""

_FADES_S: Final = (0.0015, 0.01)


def mended(
    audio: Audio, rate: int, request: SectionRequest, origin: int, kept: bool, tries: int, steps: int
) -> tuple[Audio, GridFit, float]:
    """The section out of a piece, on the grid.

    Args:
        audio: (frames, 2), the whole piece.
        rate: its frames per second.
        request: whose grid.
        origin: the piece's frame at which the section's downbeat was asked for; as much in front of it as a shift may need.
        kept: whether what lies before it is the section before, which says nothing of this one's grid.
        tries, steps: for the report.

    Returns:
        The section and its tail (total_frames, 2); how it lay on the grid; by what share its tempo is still off, 0 if mended.
    """
    total = request.total_frames(rate)
    pulse = measure(audio, rate, request.bpm, origin / rate, origin / rate if kept else 0.0)
    ratio = pulse.bpm / request.bpm
    off = abs(ratio - 1)
    mendable = off <= MOST_STRETCH
    done = ratio if mendable and off * total > _UNHEARD_S * rate else 1.0
    start = max(0, origin + round(pulse.late_s * rate))
    taken = audio[start : start + -int(-total // done)]
    section = stretch(taken, rate, done, 60 / request.bpm)[:total] if done != 1.0 else taken[:total]
    section = np.concatenate((section, np.zeros((total - len(section), section.shape[1]), np.float32)))
    after = measure(section, rate, request.bpm) if pulse.found and mendable else Pulse(0.0, 0.0, 0.0)
    fit = GridFit(pulse.bpm if pulse.found else 0.0, after.late_s * 1000, done, tries, steps, pulse.sure)
    return _edged(section, rate), fit, 0.0 if mendable else off


def measured(section: Audio, rate: int, request: SectionRequest, start: int, end: int) -> GridFit:
    """How some frames of a section lie on its grid, where nothing was mended."""
    pulse = measure(section[start:end], rate, request.bpm, -start / rate)
    return GridFit(pulse.bpm if pulse.found else 0.0, pulse.late_s * 1000, 1.0, 1, request.steps, pulse.sure)


def _edged(section: Audio, rate: int) -> Audio:
    """Cut without clicks: a moment's fade at both ends."""
    out = section.copy()
    for seconds, edge in zip(_FADES_S, (out, out[::-1]), strict=True):
        length = min(round(seconds * rate), len(out))
        edge[:length] *= (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length))[:, None].astype(np.float32)
    return out
