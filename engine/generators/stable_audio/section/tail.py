"""What lies behind a section's last bar: music that goes on, never the ending that the model may have written there."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.generators.stable_audio.section.stretch import crossed
from engine.protocol import SectionRequest
from engine.timebase import Grid

Audio = npt.NDArray[np.float32]

FADED: Final = 0.25
"""A bar with less than this share of the amplitude that the section's bars usually have is an ending (-12 dB)."""

FULL: Final = 0.5
"""A bar with at least this share may be heard again in place of one (-6 dB)."""


def unfaded(section: Audio, request: SectionRequest, rate: int) -> Audio:
    """The section's tail, with its last full bars once more where it fades out; of an outro as it is.

    Args:
        section: (total_frames, 2), the bars and the tail.
    """
    grid = Grid(request.bpm, request.beats_per_bar, rate)
    edges = [grid.frame_of_bar(bar) for bar in range(request.bars + request.tail_bars + 1)]
    end, tail = edges[request.bars], section[edges[request.bars] :]
    if request.role == "outro" or not request.tail_bars:
        return tail
    levels = [float(np.sqrt(np.mean(section[a:b] ** 2))) for a, b in pairwise(edges)]
    usual = float(np.median(levels[: request.bars]))
    if min(levels[request.bars :]) >= FADED * usual:
        return tail
    donors = [bar for bar in range(request.bars) if levels[bar] >= FULL * usual][-request.tail_bars :]
    bars = np.concatenate([section[edges[bar] : edges[bar + 1]] for bar in donors])
    new = np.resize(bars, tail.shape)
    fade = min(round(grid.frames_per_beat / 8), len(new), end)
    new[:fade] = crossed(tail[:fade], new[:fade], 0.5)
    new[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return np.asarray(new, np.float32)
