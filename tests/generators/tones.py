"""A generator of plain tones and clicks, numpy alone: quick to start, exact to check."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from engine.generators.base import Block
from engine.protocol import STEMS, SectionRequest, Traits
from engine.timebase import Grid

BLOCK = 22_050


class Tones:
    """A click on each beat, and a steady tone in each other stem whose level is the first prompt's weight."""

    name = "tones"
    rate = 44_100
    traits = Traits(live=True)

    def warm_up(self) -> None:
        """Nothing to prepare."""

    def generate(
        self, request: SectionRequest, on_progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Block]:
        """Yield half-second blocks."""
        total = request.total_frames(self.rate)
        grid = Grid(request.bpm, request.beats_per_bar)
        weight = request.prompts[0].weight if request.prompts else 0.0
        for start in range(request.from_frame, total, BLOCK):
            if cancelled():
                return
            frames = np.arange(start, min(start + BLOCK, total))
            block = np.zeros((len(frames), len(STEMS), 2), np.float32)
            for beat in range(int(grid.beats_at(start)), int(grid.beats_at(start + BLOCK)) + 2):
                at = grid.frame_of_beat(beat) - start
                if 0 <= at < len(frames):
                    block[at : at + 200, 0] = 0.4 * np.sin(np.arange(min(200, len(frames) - at)) / 4)[:, None]
            for stem, hertz in enumerate((55.0, 220.0, 440.0), 1):
                block[:, stem] = 0.1 * weight * np.sin(2 * np.pi * hertz * frames / self.rate)[:, None]
            on_progress((start - request.from_frame) / max(1, total - request.from_frame))
            yield block
