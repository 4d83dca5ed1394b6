"""A generator that raises whatever it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.generators.base import Block
from engine.protocol import SectionRequest, Traits


class Broken:
    """Never makes a section."""

    name = "broken"
    rate = 44_100
    traits = Traits()

    def warm_up(self) -> None:
        """Nothing to prepare."""

    def generate(
        self, request: SectionRequest, on_progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Block]:
        """Raise."""
        raise RuntimeError("no music in here")
        yield
