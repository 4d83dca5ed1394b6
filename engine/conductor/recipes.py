"""How each take of the next section is made: out of which seeds, and what of it is written anew. Pure.

A generator that makes the same music of the same seeds can write some of a section anew and leave the rest, stem by stem.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.conductor.pieces import place_in_piece, seed_of
from engine.conductor.requests import derive_seed, wish
from engine.conductor.state import State, Wish
from engine.conductor.steering import Take, Variation
from engine.protocol import MAX_TAKES, STEM_PARTS, Change

MOST_CHANGES: Final = 8
"""Changes that a section may have: each is written whole, so that many would make it late."""


ALL_PARTS: Final = tuple(part for parts in STEM_PARTS.values() for part in parts)


def next_wish(state: State, index: int, place: int | None = None) -> Wish:
    """What is asked of the next section's take at a place, 0 for A; of the chosen one if none is named."""
    place = state.steering.chosen if place is None else place
    return wish(state, index, state.steering.takes[place].number, recipe(state, index, place))


def recipe(state: State, index: int, place: int) -> Variation | None:
    """What a take is made out of; None for nothing: it is a section of its own.

    B and C have in common with A what the set wants them to, and what is locked.
    """
    take, parts = state.steering.takes[place], state.settings.take_parts[place]
    if take.variation is not None or not place or not state.work.traits.live:
        return take.variation
    free, chords = free_parts(state), free_chords(state)
    if not parts and free == ALL_PARTS and chords:
        return None
    base = in_seeds(state, index, 0) if state.steering.lock_base is None else state.steering.lock_base
    if not parts and free == ALL_PARTS:
        return replace(of_its_own(state, index, take), progression=base.progression)
    made = rewritten(base, *some_anew(state, index, take.number, tuple(part for part in parts or free if part in free)))
    return replace(made, progression=take.number) if chords and not parts else made


def free_parts(state: State) -> tuple[str, ...]:
    """What of a section is not locked."""
    locked = {part for stem, parts in STEM_PARTS.items() if stem in state.steering.locks for part in parts}
    tune = {"melody"} if "motif" in state.steering.locks else set()
    return tuple(part for part in ALL_PARTS if part not in locked | tune)


def free_chords(state: State) -> bool:
    """Whether a section may be on other chords: they are not locked, and neither is anything that plays them."""
    return not {"chords", "bass", "harmony", "lead", "motif"} & set(state.steering.locks)


def some_anew(state: State, index: int, number: int, parts: tuple[str, ...]) -> tuple[Change, ...]:
    """Some parts from the seed and ideas of a take's number; nothing for no part."""
    return (anew(state, index, number, parts=parts),) if parts else ()


def in_seeds(state: State, index: int, place: int) -> Variation:
    """A take as the seeds, ideas and chords that it is made of, with what is written anew of it."""
    made = recipe(state, index, place)
    if made is not None and made.seeds is not None:
        return made
    return of_its_own(state, index, state.steering.takes[place])


def of_its_own(state: State, index: int, take: Take) -> Variation:
    """The seeds, ideas and chords of a take that is made out of nothing."""
    seed = seed_of(state, index)
    seeds = (derive_seed(seed, place_in_piece(state, index), take.number, 0), seed)
    return Variation("", seeds=seeds, ideas=take.number, progression=take.number)


def fresh_number(state: State) -> int:
    """The number that the chosen take has once it is made another way."""
    at = state.steering.chosen
    return MAX_TAKES * (state.steering.rolls[at] + 1) + at


def anew(
    state: State,
    index: int,
    number: int,
    *,
    bars: tuple[int, int] | None = None,
    amount: float = 1.0,
    parts: tuple[str, ...] = (),
) -> Change:
    """Some of a section from the seed and the ideas of a take's number; what is left at its default is all of it."""
    seed = derive_seed(seed_of(state, index), place_in_piece(state, index), number, "change")
    return Change(seed, bars, amount, number, parts)


def rewritten(source: Variation, *changes: Change) -> Variation:
    """A section in seeds with more of it written anew, one after the other; what is not heard any more is left out."""
    kept = source.changes
    for change in changes:
        kept = (*(each for each in kept if not _covered(each, change)), change)
    return replace(source, changes=kept[-MOST_CHANGES:])


def _covered(old: Change, new: Change) -> bool:
    """Whether nothing of a change is heard any more after another."""
    parts = not new.parts or (bool(old.parts) and set(old.parts) <= set(new.parts))
    return parts and new.amount >= 1.0 and (new.bars is None or (old.bars is not None and _within(old.bars, new.bars)))


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def with_stem(own: Variation, other: Variation, stem: str) -> Variation:
    """A section in seeds with a stem as another one has it: on the chords of its own."""
    assert other.seeds is not None
    parts = STEM_PARTS[stem]
    shared = ((each, tuple(part for part in parts if not each.parts or part in each.parts)) for each in other.changes)
    its_own = (replace(change, parts=its) for change, its in shared if its)
    return rewritten(own, Change(other.seeds[0], None, 1.0, other.ideas, parts), *its_own)
