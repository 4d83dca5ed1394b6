"""The plan of a set: an arc of named parts that lands on the minutes asked for.

Pure arithmetic. Bars are spread over the parts in whole phrases; what does not fill a phrase goes to the ending.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count, pairwise, takewhile
from typing import Final

from engine.conductor.planning.long_sets import Place, long_shape
from engine.protocol import LONGEST_TRANSITION, NEAR_S, TRANSITION_TABLE, Role, SectionPurpose, TransitionKind
from engine.timebase import Grid

PHRASE: Final = 4
"""Bars in the shortest musical phrase; parts are whole phrases where they can be."""

ENERGY: Final[dict[Role, float]] = {"intro": 0.3, "build": 0.6, "drop": 0.9, "breakdown": 0.35, "outro": 0.3, "free": 0.6}
"""The energy of a part whose preset names none, by its role, 0..1."""

SHARE: Final[dict[Role, float]] = {"intro": 0.9, "build": 0.7, "drop": 1.6, "breakdown": 1.0, "outro": 0.9, "free": 1.0}
"""How long a part of each role is against the others: a drop is the longest, a build the shortest."""

_PARTS_PER_CYCLE: Final = SHARE["build"] + SHARE["drop"] + SHARE["breakdown"]
_SHARE_S: Final = 33.0
"""Seconds of a share of 1: sixteen bars at house tempo, long enough to settle, short enough to steer."""

_SHARE_BARS: Final = (8.0, 24.0)
"""Bars of a share of 1, at slow and at fast tempi."""

_INTO: Final[dict[Role, tuple[TransitionKind, int]]] = {
    role: (row.name, bars) for row in TRANSITION_TABLE for role, bars in row.into
}
"""How a part is handed over to, by its role, and over how many bars: few, so that one hears where the part begins."""

_MOST_WAVES: Final = 4
"""Waves of build, drop and breakdown that a set has at most: about eight minutes of them."""

MAX_TRANSITION: Final = LONGEST_TRANSITION


@dataclass(frozen=True, slots=True)
class PlannedSection:
    """A part of the plan.

    ``prompts`` lean on prompt slots, counted from 0. ``transition`` is how it hands over to the part after it, over
    ``transition_bars``; energy, density and brightness are 0..1. ``bpm`` and ``key`` are those from it on, None leaves them as
    they are; it comes to its tempo bar by bar over its first ``glide`` bars, 0 for at once. ``purpose`` and ``occurrence`` are
    the script's, see `engine.conductor.planning.script`. ``piece`` is the place of its piece in `Settings.pieces`. ``id`` says
    which part it is, whatever becomes of the plan around it: pieces of one part share it, 0 is a part that has none yet, and two
    parts that differ in it alone are the same music.
    """

    name: str
    role: Role
    bars: int
    energy: float
    density: float
    brightness: float
    prompts: tuple[tuple[int, float], ...] = ()
    transition: TransitionKind = "cut"
    transition_bars: int = 0
    purpose: SectionPurpose = "statement"
    occurrence: int = 1
    bpm: float | None = None
    key: str | None = None
    glide: int = 0
    piece: int = 0
    id: int = field(default=0, compare=False)


def total_bars(minutes: float, grid: Grid) -> int:
    """Whole bars in ``minutes``, so that the last bar line falls at most a bar before them; at least 1."""
    return max(1, math.floor(grid.bars_in(minutes * 60) + 1e-9))


def bars_per_share(grid: Grid) -> float:
    """How many bars a part of share 1 has at a tempo."""
    low, high = _SHARE_BARS
    return min(high, max(low, grid.bars_in(_SHARE_S)))


def beyond(parts: Sequence[PlannedSection], bar_s: float) -> tuple[PlannedSection, ...]:
    """The parts after the first of some, nearest first, as long as every one in between is shorter than `NEAR_S`.

    Args:
        parts: a section's neighbour and what lies beyond it, nearest first.
        bar_s: seconds in a bar.
    """
    near = takewhile(lambda each: each[0].bars * bar_s < NEAR_S, pairwise(parts))
    return tuple(further for _, further in near)


def into(role: Role | None) -> tuple[TransitionKind, int]:
    """How a part hands over to one of a role, and over how many bars; None for the set's end."""
    return ("cut", 0) if role is None else _INTO[role]


def density_at(energy: float) -> float:
    """The density, 0..1, of a part that names none, by its energy, 0..1."""
    return round(0.2 + 0.7 * energy, 3)


def brightness_at(energy: float) -> float:
    """The brightness, 0..1, of a part that names none, by its energy, 0..1."""
    return round(0.25 + 0.5 * energy, 3)


def arc(bars: int, share: float = 17.0) -> tuple[PlannedSection, ...]:
    """An arc of parts that adds up to ``bars``: intro, then build, drop and breakdown in rising waves, and an outro.

    Where there would be more than a few waves, several arcs with rests between them: see `engine.conductor.planning.long_sets`.

    Args:
        bars: 1 or more.
        share: bars of a part of share 1, see `bars_per_share`.
    """
    if bars < 2 * PHRASE:
        return _named(_usual([("free", 0.6)]), bars)
    if bars < 4 * PHRASE:
        return _named(_usual([("intro", 0.35), ("outro", 0.3)]), bars)
    ends = SHARE["intro"] + SHARE["outro"] - SHARE["breakdown"]
    waves = max(1, round((bars / share - ends) / _PARTS_PER_CYCLE))
    if waves > _MOST_WAVES:
        return _named(long_shape(bars / share), bars)
    parts: list[tuple[Role, float]] = [("intro", 0.3)]
    for wave in range(waves):
        height = 1.0 if waves == 1 else wave / (waves - 1)
        parts += [("build", 0.5 + 0.15 * height), ("drop", 0.85 + 0.15 * height), ("breakdown", 0.4 - 0.1 * height)]
    parts[-1] = ("outro", 0.25)
    return _named(_usual(parts), bars)


def _usual(parts: Sequence[tuple[Role, float]]) -> list[Place]:
    """Parts of the lengths that their roles usually have."""
    return [Place(role, energy, SHARE[role]) for role, energy in parts]


def numbered(role: str, taken: Sequence[str]) -> str:
    """A part's name: its role, with the first number that no other part of a plan has from the second on."""
    names = (role if number == 1 else f"{role} {number}" for number in count(1))
    return next(name for name in names if name not in taken)


def _named(parts: Sequence[Place], bars: int) -> tuple[PlannedSection, ...]:
    lengths = spread([part.share for part in parts], bars)
    made: list[PlannedSection] = []
    after = [*(part.role for part in parts[1:]), None]
    for (role, energy, _), length, following in zip(parts, lengths, after, strict=True):
        called = "groove" if role == "free" and len(parts) > 1 else role
        kind, overlap = into(following)
        made.append(
            PlannedSection(
                name=numbered(called, [part.name for part in made]),
                role=role,
                bars=length,
                energy=round(energy, 3),
                density=density_at(energy),
                brightness=brightness_at(energy),
                transition=kind,
                transition_bars=overlap,
            )
        )
    return tuple(made)


def spread(shares: Sequence[float], bars: int) -> list[int]:
    """Split ``bars`` by ``shares`` into whole phrases (8 bars, else 4, else single bars); the last takes the rest.

    Every part gets at least one bar; ``bars`` must be at least the number of parts.
    """
    shortest = PHRASE if bars // PHRASE >= len(shares) else 1
    unit = next((unit for unit in (2 * PHRASE, PHRASE) if bars // unit >= 2 * len(shares)), shortest)
    units, whole = bars // unit, sum(shares)
    exact = [share * units / whole for share in shares]
    given = [max(1, math.floor(value)) for value in exact]
    while sum(given) > units:
        given[given.index(max(given))] -= 1
    by_remainder = sorted(range(len(shares)), key=lambda i: (given[i] - exact[i], i))
    for i in range(units - sum(given)):
        given[by_remainder[i % len(shares)]] += 1
    result = [count * unit for count in given]
    result[-1] += bars - sum(result)
    return result


def fit(parts: Sequence[PlannedSection], bars: int) -> tuple[PlannedSection, ...]:
    """Stretch or shrink parts to ``bars`` in all; when there is not a bar for each, parts before the last are dropped."""
    kept = list(parts)
    while len(kept) > max(1, bars // PHRASE) and len(kept) > 1:
        kept.pop(-2)
    have = sum(part.bars for part in kept)
    if have == bars:
        return tuple(kept)
    if len(kept) > 1 and abs(bars - have) < PHRASE and kept[-1].bars + bars - have >= PHRASE:
        return (*kept[:-1], replace(kept[-1], bars=kept[-1].bars + bars - have))
    lengths = spread([float(part.bars) for part in kept], max(bars, len(kept)))
    return tuple(replace(part, bars=length) for part, length in zip(kept, lengths, strict=True))
