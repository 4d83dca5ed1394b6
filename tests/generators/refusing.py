"""A generator that cannot be loaded."""

from __future__ import annotations

from engine.errors import GeneratorError
from tests.generators.broken import Broken


class Refusing(Broken):
    """Says what is missing instead of warming up."""

    name = "refusing"

    def warm_up(self) -> None:
        """Refuse."""
        raise GeneratorError("the model is not here", "get it first")
