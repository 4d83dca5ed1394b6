"""The next section made another way, in whole or in part: all of it, some bars, a stem, or a stem of another take. Pure."""

from __future__ import annotations

from dataclasses import replace

from engine import protocol as p
from engine.conductor.events import Step, Tell
from engine.conductor.recipes import (
    ALL_PARTS,
    anew,
    free_chords,
    free_parts,
    fresh_number,
    in_seeds,
    of_its_own,
    rewritten,
    some_anew,
    with_stem,
)
from engine.conductor.requests import next_index
from engine.conductor.state import State, Version
from engine.conductor.steering import Take, Variation, take_name


def varied(state: State, source: Version, bars: tuple[int, int] | None, amount: float) -> State:
    """The next section from another's seeds, for a generator that makes the same music of them: some of it written anew."""
    request = source.request
    change = anew(state, next_index(state) or 0, fresh_number(state), bars=bars, amount=amount)
    seeds = (request.seed, request.set_seed)
    own = Variation("", seeds=seeds, changes=request.changes, ideas=request.ideas, progression=request.progression)
    return state.with_take(rewritten(own, change))


def re_roll(state: State, command: p.ReRoll) -> Step:
    """The chosen take is made another way."""
    index = next_index(state)
    if index is None:
        return state, (Tell("info", "Nothing to re-roll: this is the last section."),)
    if state.work.traits.live and not free_parts(state):
        return state, (Tell("info", "All stems are locked: let go of one to re-roll it."),)
    told = Tell("info", "The next section is made another way; undo brings the take before it back.")
    return state.with_take(_another_way(state, index)), (told,)


def _another_way(state: State, index: int) -> Variation | None:
    """What the chosen take is made out of from now on: what is locked of it, and all else anew; None where nothing is locked."""
    free, chords = free_parts(state), free_chords(state)
    if (free == ALL_PARTS and chords) or not state.work.traits.live:
        return None
    number, own = fresh_number(state), in_seeds(state, index, state.steering.chosen)
    if free == ALL_PARTS:
        return replace(of_its_own(state, index, Take(number)), progression=own.progression)
    return replace(rewritten(own, *some_anew(state, index, number, free)), progression=number if chords else own.progression)


def re_roll_stem(state: State, command: p.ReRollStem) -> Step:
    """One stem of the chosen take is written anew, and the others stay."""
    index = next_index(state)
    if index is None:
        return state, (Tell("info", "Nothing to re-roll: this is the last section."),)
    if (told := _no_such_stem(state, command.stem)) is not None:
        return state, (told,)
    change = anew(state, index, fresh_number(state), parts=p.STEM_PARTS[command.stem])
    state = state.with_take(rewritten(in_seeds(state, index, state.steering.chosen), change))
    return state, (Tell("info", f"Take {take_name(state.steering.take)} has another {_named(command.stem)}; all else stays."),)


def take_stem(state: State, command: p.TakeStem) -> Step:
    """The chosen take gets a stem of another one."""
    index, chosen = next_index(state), state.steering.chosen
    if index is None:
        return state, (Tell("info", "Nothing to put together: this is the last section."),)
    if not 0 <= command.take < p.MAX_TAKES:
        return state, ()
    if (told := _no_such_stem(state, command.stem)) is not None:
        return state, (told,)
    other_name = take_name(state.steering.takes[command.take].number)
    if command.take == chosen:
        return state, (Tell("info", f"Take {other_name} is the chosen one: it has its own {command.stem} already."),)
    own, other = in_seeds(state, index, chosen), in_seeds(state, index, command.take)
    assert own.seeds is not None and other.seeds is not None
    if own.seeds[1] != other.seeds[1]:
        text = f"Take {other_name} has another motif: its {command.stem} would not fit here."
        return state, (Tell("warning", text),)
    state = state.with_take(with_stem(own, other, command.stem))
    text = f"Take {take_name(state.steering.take)} has the {command.stem} of take {other_name}; all else stays."
    return state, (Tell("info", text),)


def _no_such_stem(state: State, stem: str) -> Tell | None:
    """What is said where a stem cannot be made by itself; None where it can."""
    if stem not in p.STEM_PARTS:
        return Tell("info", f"There is no stem {stem[:20]}: choose drums, bass, harmony or lead.")
    if not state.work.traits.live:
        return Tell("info", f"{state.work.generator} makes one mix: no stem of it can be made alone. r makes all anew.")
    return None


def _named(stem: str) -> str:
    return "set of drums" if stem == "drums" else stem
