"""A set's script: what every part of a plan is for, beyond its role, so that later parts are new and still the same piece.

Pure functions of the plan and the set's seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from engine.conductor.planning.plan import PlannedSection
from engine.music.key import Key
from engine.protocol import SectionPurpose

_TURNS: Final = 4
"""Parts of one role that make a turn: a statement, an answer, a contrast and the sum. Longer sets begin another turn with new
material."""
_FRAME: Final = ("intro", "outro")
"""Roles that frame the set: they only ever state its first theme."""


def scripted(plan: Sequence[PlannedSection], seed: int) -> tuple[PlannedSection, ...]:
    """The plan with every part's purpose, and which of its role it is, counted from 1."""
    totals = Counter(part.role for part in plan)
    met: Counter[str] = Counter()
    made = []
    for part in plan:
        met[part.role] += 1
        purpose: SectionPurpose = "statement" if part.role in _FRAME else purpose_of(met[part.role], totals[part.role], seed)
        made.append(replace(part, purpose=purpose, occurrence=met[part.role]))
    return tuple(made)


def purpose_of(number: int, count: int, seed: int) -> SectionPurpose:
    """What the ``number``-th of ``count`` parts of a role is for.

    The first states, the last of three or more sums up; in between an answer and a contrast, in the order that the seed draws.
    """
    first = (number - 1) // _TURNS * _TURNS
    turn, length = number - first, min(_TURNS, count - first)
    if turn == 1:
        return "statement"
    if turn == length and length > 2:
        return "sum"
    inner: tuple[SectionPurpose, SectionPurpose] = ("answer", "contrast") if seed % 2 else ("contrast", "answer")
    return inner[turn - 2] if length == _TURNS else "contrast"


def lifted(plan: Sequence[PlannedSection], key: str, semitones: int) -> tuple[PlannedSection, ...]:
    """The plan whose key rises at its last drop, for the rest of the set; as it is where fewer than two drops are planned.

    Args:
        plan: the set's.
        key: the set's, where a part names none.
        semitones: by how much; 0 leaves everything as it is.
    """
    drops = [index for index, part in enumerate(plan) if part.role == "drop"]
    if not semitones or len(drops) < 2:
        return tuple(plan)
    return tuple(
        replace(part, key=_higher(part.key or key, semitones)) if index >= drops[-1] else part for index, part in enumerate(plan)
    )


def _higher(key: str, semitones: int) -> str:
    named = Key.parse(key)
    return Key.of(named.tonic + semitones, named.mode).name
