"""Whether what a file says of itself can be: every field of its type, numbers within what music has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

_LIMITS: Final[Mapping[str, tuple[float, float]]] = {
    "rate": (1, 1_000_000),
    "first_frame": (0, 2**40),
    "frames": (0, 2**40),
    "bars": (1, 100_000),
    "tail_bars": (0, 100_000),
    "beats_per_bar": (1, 64),
    "bpm": (1, 1000),
    "seed": (0, 2**64),
    "set_seed": (0, 2**64),
}
"""Lowest and highest value of each number, by its field's name."""


def check_fields(kind: type[Any], values: Mapping[str, Any]) -> None:
    """See that values fit a dataclass's fields of text and numbers; others are not looked at.

    Raises:
        ValueError: names the first that does not.
    """
    for field in fields(kind):
        if field.name not in values:
            continue
        value, wanted = values[field.name], field.type
        if wanted == "str" and not isinstance(value, str):
            raise ValueError(f"{field.name} is no text")
        if wanted in ("int", "float"):
            number = isinstance(value, int) or (wanted == "float" and isinstance(value, float))
            low, high = _LIMITS.get(field.name, (-math.inf, math.inf))
            if isinstance(value, bool) or not number or not low <= value <= high:
                raise ValueError(f"{field.name} is no number that can be")
