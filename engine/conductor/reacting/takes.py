"""Choosing which take of the next section comes. Pure."""

from __future__ import annotations

from typing import Final

from engine import protocol as p
from engine.conductor.cues import handing_over
from engine.conductor.events import Step, Tell
from engine.conductor.forecast import in_time, next_safe, usable
from engine.conductor.requests import next_index
from engine.conductor.state import State, Version
from engine.conductor.steering import take_name
from engine.conductor.takes import settled, take_at

LAST: Final = "Nothing to choose: this is the last section."


def choose_take(state: State, command: p.ChooseTake) -> Step:
    """Another take shall come; what sounds is not touched, and what cannot be there in time leaves its place to A."""
    index = next_index(state)
    if not 0 <= command.take < p.MAX_TAKES:
        return state, ()
    if index is None:
        return state, (Tell("info", LAST),)
    begun = handing_over(state)
    if begun is not None:
        return state, (Tell("warning", f"Too late: take {take_name(begun.wish.take)} comes in now."),)
    state = settled(state.with_steering(chosen=command.take, by_hand=True))
    return state, (_told(state, index, take_name(state.steering.take)),)


def _told(state: State, index: int, name: str) -> Tell:
    there = take_at(state, state.steering.chosen)
    if there is not None and usable(state, there):
        return Tell("info", f"Take {name} comes next.")
    if not next_safe(state) or state.work.next is None:
        return Tell("info", f"Take {name} comes next; take A is made first, to be safe.")
    instead = take_name(state.work.next.wish.take)
    if in_time(state, index):
        return Tell("info", f"Take {name} is made; take {instead} comes if it is not ready in time.")
    return Tell("warning", f"Too late for take {name}: it cannot be ready, take {instead} comes.")


def fallen_back(state: State, version: Version) -> tuple[Tell, ...]:
    """What is said where another take than the one chosen by hand begins to sound."""
    chosen = state.steering.take
    if not state.steering.by_hand or version.index < 0 or version.take == state.steering.chosen:
        return ()
    text = f"Take {take_name(chosen)} was not ready in time: take {take_name(version.wish.take)} plays."
    return (Tell("warning", text),)
