"""Grooves of a set's own: its seed turns, thins and moves what a style writes for cymbals, percussion and soft strokes.

What tells a style stays: the kick, the backbeat, the cymbal on every off-beat and the one that keeps time.
"""

from __future__ import annotations

from typing import Final

from engine.generators.pocket.parts import MARK_VELOCITY
from engine.generators.pocket.score.chance import chance, choose
from engine.generators.pocket.styles import Lane

BEAT: Final = 4
"""Sixteenths of a beat."""

_FEELS: Final = ("1111", "1111", "1010", "1011", "1110", "0110", "0011", "1101", "0111", "1001")
"""Which sixteenths of every beat a cymbal plays of those its style writes; as written the most often."""

_TURNS: Final = (0, 0, 2, 3, 4, 5, 6, 8, 10, 11, 12, 14)
"""Sixteenths by which a percussion line starts later."""

_SOFT_STROKES: Final = ((), (), (15,), (11,), (7,), (14,), (3, 11), (7, 15), (10,), (6, 14))
"""Sixteenths of a bar at which there is a soft stroke between the backbeats, one that comes with density."""

_LEVEL_DB: Final = 3.0
"""By how much a cymbal or percussion line is louder or softer than its style has it, at most, in dB."""


def groove_level_db(lane: Lane, set_seed: int, number: int, *, firm: bool) -> float:
    """By how many dB a set's cymbal or percussion line is louder than its style has it.

    Args:
        lane: the line.
        set_seed: the set's.
        number: the line's index in its style.
        firm: it tells the style, and stays.
    """
    if firm or lane.group not in {"hats", "perc"} or lane.sliced:
        return 0.0
    return _LEVEL_DB * (2.0 * chance(set_seed, "groove level", number) - 1.0)


def groove(pattern: str, lane: Lane, set_seed: int, number: int, idea: int, bar: int, *, firm: bool) -> str:
    """A line's pattern as the set plays it.

    Args:
        pattern: as the style writes it, a mark a sixteenth.
        lane: the line.
        set_seed: the set's.
        number: the line's index in its style.
        idea: which of the set's ideas plays; each has a groove.
        bar: of the section, from 0.
        firm: the line tells the style, and stays.
    """
    place = (number, idea)
    if firm:
        return pattern
    if lane.sliced:
        return _cut(pattern, set_seed, idea, bar)
    if lane.group == "perc":
        turn = choose(_TURNS, set_seed, "groove turn", *place)
        return pattern[-turn:] + pattern[:-turn] if turn else pattern
    if lane.group == "hats":
        feel = choose(_FEELS, set_seed, "groove feel", *place)
        felt = "".join(mark if feel[step % BEAT] == "1" else "." for step, mark in enumerate(pattern))
        return felt if any(mark in MARK_VELOCITY for mark in felt) else pattern
    if lane.group == "kick":
        return pattern
    soft = choose(_SOFT_STROKES, set_seed, "groove soft", idea)
    return "".join("3" if mark == "." and step % 16 in soft else mark for step, mark in enumerate(pattern))


_CUTS: Final = (
    (),
    ((12, "cccc"),),
    ((14, "ee"),),
    ((13, "..."),),
    ((8, "....c..c"),),
    ((0, "0101"), (12, "c.cc")),
    ((10, "aaaa"), (14, "..")),
    ((6, "4.4.46"),),
    ((12, "4444"),),
)
"""Turns of a break at the end of four bars, as (sixteenth, slices from there on): rolls on a slice, stutters, a beat left out,
and stops before the next bar; none as well."""


def _cut(pattern: str, set_seed: int, idea: int, bar: int) -> str:
    """A break's slices in a bar, turned as a player of samples would at the end of every four."""
    if bar % 4 != 3:
        return pattern
    cuts = choose(_CUTS, set_seed, "groove cut", idea, bar // 4 % 4)
    for at, slices in cuts:
        pattern = pattern[:at] + slices + pattern[at + len(slices) :]
    return pattern
