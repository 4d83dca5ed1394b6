"""Variations for a generator that writes music from seeds: the same seeds again, some of it written anew. Pure."""

from __future__ import annotations

from typing import Final

from engine.conductor.requests import derive_seed, next_index
from engine.conductor.state import State, Version
from engine.conductor.steering import Variation
from engine.protocol import MAX_TAKES, Change

MOST_CHANGES: Final = 6
"""Changes that a section may have: each is written whole, so that many would make it late."""


def rewritten(state: State, source: Version, bars: tuple[int, int] | None, amount: float) -> State:
    """The next section from another's seeds, for a generator that makes the same music of them: some of it written anew."""
    request, at = source.request, state.steering.chosen
    take = MAX_TAKES * (state.steering.rolls[at] + 1) + at
    fresh = Change(derive_seed(state.settings.seed, next_index(state) or 0, take, "change"), bars, amount, take)
    kept = tuple(each for each in request.changes if not _covered(each, fresh))
    changes = (*kept, fresh)[-MOST_CHANGES:]
    seeds = (request.seed, request.set_seed)
    return state.with_take(Variation("", seeds=seeds, changes=changes, ideas=request.ideas, chords=request.chords))


def _covered(old: Change, new: Change) -> bool:
    """Whether nothing of a change is heard any more after another."""
    return new.amount >= 1.0 and old.bars is not None and (new.bars is None or _within(old.bars, new.bars))


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
