"""A generator of one mix that is not live, has a longest length, and says how its sections lay on the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from engine.errors import GeneratorError
from engine.generators.base import Block
from engine.protocol import GridFit, SectionRequest, Traits
from tests.generators.tones import Tones


class Slow:
    """The tones' stems as one mix, a little louder with each step."""

    name = "slow"
    rate = 44_100
    traits = Traits(stems=("mix",), max_seconds=26.0, steps=8, step_share=0.7, kept_s=8.0)

    def __init__(self) -> None:
        self.fit: GridFit | None = None
        self._tones = Tones()

    def warm_up(self) -> None:
        """Nothing to prepare."""

    def generate(
        self, request: SectionRequest, on_progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Block]:
        """Yield half-second blocks; every section is made as often as it may be."""
        bar_s = 60 / request.bpm * request.beats_per_bar
        kept = self.traits.kept_bars(bar_s) * bar_s if request.continue_path else 0.0
        if request.total_frames() / self.rate + kept > self.traits.max_seconds:
            raise GeneratorError("too long")
        for block in self._tones.generate(request, on_progress, cancelled):
            yield np.asarray(block.sum(axis=1, keepdims=True) * request.steps / self.traits.steps, np.float32)
        self.fit = GridFit(request.bpm, 4.0, 1.0, request.tries, request.steps, 0.9, self.traits.steps)
