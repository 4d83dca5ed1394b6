"""A name, and by how many milliseconds what belongs to it is earlier or later: ``Synth=-12``, as options have it. Pure."""

from __future__ import annotations

from typing import Final

MOST_OFFSET_MS: Final = 500.0
OFFSETS: Final = f"milliseconds from -{MOST_OFFSET_MS:g} to {MOST_OFFSET_MS:g}"
"""What may stand behind the ``=``, for messages."""


def named_offset(text: str) -> tuple[str, float]:
    """Read ``Synth`` or ``Synth=-12``: the name, and behind the last ``=`` the offset in milliseconds, below 0 for earlier.

    Raises:
        ValueError: there is no name, or the offset is none.
    """
    name, equals, offset = (each.strip() for each in text.rpartition("="))
    if not equals:
        name, offset = offset, "0"
    late = float(offset)
    if not name or not abs(late) <= MOST_OFFSET_MS:  # nan is none either
        raise ValueError(f"{text!r} has no name, or no {OFFSETS}")
    return name, late
