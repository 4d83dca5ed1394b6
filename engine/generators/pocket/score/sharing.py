"""How several who play one part share it: as a knob goes from one to another, none jumps in and the part stays as loud."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set


def amplitudes(shares: Sequence[float], met: Sequence[Sequence[float]]) -> list[float]:
    """The gain of each player: in proportion to the shares, and such that the power of their sum is that of one alone.

    Shares of power would make who comes in jump to a third of its amplitude in the first tenth of a knob's way.

    Args:
        shares: 0..1, 1 in sum.
        met: for each pair how far their amplitudes add up, from 0 where only their powers do to 1. The diagonal counts as 1.
    """
    power = sum(own * other * (met[i][j] if i != j else 1.0) for i, own in enumerate(shares) for j, other in enumerate(shares))
    return [own / math.sqrt(power) for own in shares]


def overlap(one: Set[object], other: Set[object]) -> float:
    """How much of what two players strike they strike at once, 0..1: what both do against the mean of what each does."""
    return len(one & other) / math.sqrt(max(1, len(one)) * max(1, len(other)))
