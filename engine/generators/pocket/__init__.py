"""The built-in generator: text to music, no download."""

from engine.generators.pocket.generator import Pocket

__all__ = ["Pocket"]
