"""What every generator is: one method that turns a request into blocks of sound, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from engine.protocol import SectionRequest, Traits

Block = npt.NDArray[np.float32]
"""(frames, stems, 2) float32, full scale at 1."""


class Generator(Protocol):
    """A source of sections.

    Attributes:
        name: as presets and the command line name it.
        rate: frames per second.
        traits: what plans and estimates need to know of it; asked for after `warm_up`.

    A generator whose music has to be measured against the grid also has ``fit: GridFit | None``, of the section it made last.
    One whose traits are known only once others answer also has those of `Changing`.
    """

    name: str
    rate: int

    @property
    def traits(self) -> Traits:
        """What it says of itself, the same as long as it lives, or, if it is `Changing`, until it says otherwise."""
        ...

    def warm_up(self) -> None:
        """Load and prepare what the first request would otherwise wait for."""

    def generate(
        self, request: SectionRequest, on_progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Block]:
        """Yield blocks in order, from ``request.from_frame`` to ``request.total_frames(rate)`` in all.

        Args:
            request: what to make. Same request, same machine: same samples, however the blocks are cut.
            on_progress: called now and then with the fraction done, 0..1; less than before where it begins anew.
            cancelled: asked between steps of work; once true the iterator ends early.

        Raises:
            GeneratorError: if it cannot be made.
        """
        ...


@runtime_checkable
class Changing(Protocol):
    """A generator whose traits may turn out to be others than it said.

    Attributes:
        changed: called, on any thread, when they did.
        most_hands: the most sections that it may ever make at once.
    """

    changed: Callable[[], None]
    most_hands: int
