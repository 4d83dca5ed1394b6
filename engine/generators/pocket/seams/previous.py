"""The section before: its sound around the seam, and the gains with which one section hands over to the next."""

from __future__ import annotations

import math
from functools import cached_property
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
"""BPM by which two tempos may differ and still count as the same."""


class PreviousSound(NamedTuple):
    """The section before, one channel.

    Attributes:
        sound: (frames,) its last sound before the seam.
        tail: (frames,) what follows from the seam on: its tail, over which this section may fade in.
    """

    sound: Tensor
    tail: Tensor


def read_previous(request: SectionRequest, frames: int) -> PreviousSound | None:
    """Read up to ``frames`` frames on each side of the seam from the section file before.

    Returns:
        None where there is no section before, its file cannot be read or is not written that far yet, it has another tempo,
        or less than two beats of it lie before the seam.
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


def beat_overlaps(kind: TransitionKind) -> bool:
    """Whether the beat of the one side is heard over that of the other; where drums change hands at once it is not."""
    return SHAPES.get(kind, "stems") != "stems"


def transition_gains(kind: TransitionKind, seconds: float, frames: int) -> tuple[Tensor, Tensor]:
    """Gains of the outgoing and of the incoming section from the seam on, taken as uncorrelated: (frames,) each."""
    if not beat_overlaps(kind) or seconds <= 0.0:
        return torch.zeros(frames), torch.ones(frames)
    x = np.minimum(1.0, np.arange(frames) / (seconds * RATE))
    out, into = pair(SHAPES[kind], x, 0.0)
    return torch.from_numpy(out).float(), torch.from_numpy(into).float()


class Entry:
    """A section's first seconds as the audience hears them: faded in over the tail of the section before.

    Args:
        request: what was asked for.
        seconds: length of the fade-in; 0 for a cut.
        frames: how much of the section before to read on each side of the seam.
    """

    def __init__(self, request: SectionRequest, seconds: float, frames: int) -> None:
        self._request = request
        self._seconds = seconds
        self._frames = frames

    @cached_property
    def previous(self) -> PreviousSound | None:
        """The section before; None if it cannot be heard (see `read_previous`)."""
        return read_previous(self._request, self._frames)

    @cached_property
    def _gains(self) -> tuple[Tensor, Tensor]:
        """Gains of the section before and of this one while this one fades in."""
        return transition_gains(self._request.entry, self._seconds, math.ceil(self._seconds * RATE))

    def lasts_beyond(self, frame: int) -> bool:
        """Whether the section is still fading in at one of its frames."""
        return frame < len(self._gains[0])

    def fade_in(self, start: int, count: int) -> Tensor:
        """Gain of this section from one of its frames on, (count,)."""
        gain = torch.ones(count)
        fading = self._gains[1][start : start + count]
        gain[: len(fading)] = fading
        return gain

    def heard(self, sound: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """This section's sound (frames,) from frame ``start`` on, faded in, and the same with the tail under it."""
        out = self._gains[0][start : start + len(sound)]
        if not len(out):
            return sound, sound
        own = sound * self.fade_in(start, len(sound))
        heard = own.clone()
        if self.previous is not None:
            tail = self.previous.tail[start : start + len(out)]
            heard[: len(tail)] += tail * out[: len(tail)]
        return own, heard
