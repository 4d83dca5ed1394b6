"""The shape of a set that is longer than a few rounds of build, drop and breakdown: arcs of a quarter of an hour, with rests.

An arc rises over several grooves to a peak of two drops, and falls. The next is higher, after a rest; only of many is the last
one lower again. Pure arithmetic.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from engine.protocol import Role

_ARC_SHARES: Final = 28.0
"""Length of an arc, as a part's share (see `engine.conductor.planning.plan.SHARE`): a quarter of an hour."""
_PEAK_SHARES: Final = 12.0
"""What an arc takes beside the grooves that rise to its peak."""
_GROOVES: Final = (2.3, 1.5, 2.0)
"""Shares of successive grooves; none is as long as the one before."""
_BREATH_EVERY: Final = 3
"""Grooves after which there is a short breakdown."""
_FEW: Final = 3
"""Number of arcs up to which the last is the highest."""


class Place(NamedTuple):
    """A part of the shape: its role, its energy 0..1, and its length against the others'."""

    role: Role
    energy: float
    share: float


def long_shape(shares: float) -> list[Place]:
    """The parts of a set of a length, given as the sum of its parts' shares."""
    arcs = max(1, round(shares / _ARC_SHARES))
    grooves = max(2, round((shares / arcs - _PEAK_SHARES) / (sum(_GROOVES) / len(_GROOVES) + 0.25)))
    places = [Place("intro", 0.3, 1.0)]
    for number in range(arcs):
        places += _arc(grooves, _height(number, arcs))
        places.append(Place("outro", 0.25, 1.1) if number == arcs - 1 else Place("breakdown", 0.25, 1.6))
    return places


def _height(number: int, arcs: int) -> float:
    """Energy of an arc's peak, 0..1."""
    if arcs > _FEW and number == arcs - 1:
        return 0.92
    last = arcs - 1 if arcs <= _FEW else arcs - 2
    return 0.88 + 0.12 * (number / last if last else 1.0)


def _arc(grooves: int, height: float) -> list[Place]:
    """The parts of an arc up to its rest."""
    places: list[Place] = []
    for i in range(grooves):
        if i and i % _BREATH_EVERY == 0:
            places.append(Place("breakdown", 0.4, 0.8))
        places.append(Place("free", 0.45 + 0.25 * i / grooves, _GROOVES[i % len(_GROOVES)]))
    places += [
        Place("build", 0.6, 0.7),
        Place("drop", height - 0.08, 1.8),
        Place("breakdown", 0.35, 1.2),
        Place("build", 0.7, 0.6),
        Place("drop", height, 2.4),
        Place("free", 0.65, 1.6),
        Place("free", 0.5, 1.2),
    ]
    return places
