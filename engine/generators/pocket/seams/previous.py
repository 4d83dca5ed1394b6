"""The section before, as it is heard next to the seam."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from engine.dsp.crossfade import SHAPES, pair
from engine.errors import SectionError
from engine.generators.pocket.instruments.spectra import RATE
from engine.generators.pocket.seams.beat import FRAME
from engine.protocol import SectionRequest, TransitionKind
from engine.sections.file import SectionReader

_SAME_TEMPO: Final = 0.001
"""BPM by which tempos may differ and count as the same."""


class PreviousSound(NamedTuple):
    """The section before, one channel: its last sound up to where this one starts, and what of it sounds on from there."""

    sound: Tensor
    tail: Tensor


def read_previous(request: SectionRequest, frames: int) -> PreviousSound | None:
    """The last ``frames`` of the section before, and as many after them.

    None where there is none, or it cannot be read, is not made so far yet or lies on another grid.
    """
    if request.continue_path is None:
        return None
    try:
        reader = SectionReader(request.continue_path)
        sound = torch.from_numpy(reader.before(request.continue_frame, frames).mean(1))
        tail = torch.from_numpy(reader.after(request.continue_frame, frames).mean(1))
    except SectionError:
        return None
    beat = 60.0 / request.bpm * reader.info.rate
    if abs(reader.info.bpm - request.bpm) > _SAME_TEMPO or len(sound) < 2 * max(beat, FRAME):
        return None
    return PreviousSound(sound, tail)


def transition_gains(kind: TransitionKind, seconds: float, frames: int) -> tuple[Tensor, Tensor]:
    """Gains of the outgoing section and of the incoming one from where they meet on, (frames,) each, if they are unlike."""
    if kind == "cut" or seconds <= 0.0:
        return torch.zeros(frames), torch.ones(frames)
    x = np.minimum(1.0, np.arange(frames) / (seconds * RATE))
    out, into = pair(SHAPES[kind], x, 0.0)
    return torch.from_numpy(out).float(), torch.from_numpy(into).float()
