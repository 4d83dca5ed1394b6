"""A generator of one mix that is not live, has a longest length, and says how its sections lay on the grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from engine.errors import GeneratorError
from engine.generators.base import Block
from engine.protocol import GridFit, SectionRequest
from tests.generators.tones import Tones


class Slow:
    """The tones' stems as one mix, a little louder with each step."""

    name = "slow"
    stems = ("mix",)
    rate = 44_100
    live = False
    max_seconds = 26.0

    def __init__(self) -> None:
        self.fit: GridFit | None = None
        self._tones = Tones()

    def warm_up(self) -> None:
        """Nothing to prepare."""

    def generate(
        self, request: SectionRequest, on_progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Block]:
        """Yield half-second blocks; every section is made as often as it may be."""
        kept = 8.0 if request.continue_path else 0.0
        if request.total_frames() / self.rate + kept > self.max_seconds:
            raise GeneratorError("too long")
        for block in self._tones.generate(request, on_progress, cancelled):
            yield np.asarray(block.sum(axis=1, keepdims=True) * request.steps / 8, np.float32)
        self.fit = GridFit(request.bpm, 4.0, 1.0, request.tries, request.steps, 0.9)
