"""The takes of the next section: which of them comes, which are still to be made, and when there is time for it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.conductor.forecast import leaves_time, next_cost_s, next_safe, pace_now, usable
from engine.conductor.recipes import next_wish
from engine.conductor.requests import next_index
from engine.conductor.state import Job, State, Version, Wish

KEEPS_UP: Final = 2.0
"""Seconds of sound that are made in a second where the machine has time for other takes, with what it leaves the generator."""

BUSY: Final = 2.0
"""So many times more they must be where something else takes the machine's time."""


def settled(state: State) -> State:
    """The state with the take that comes as `Work.next`: the chosen one if it can be cued, else A, else any that can."""
    takes = state.work.takes
    if len(takes) < 2 or section_locked(state):
        return state
    chosen = state.steering.chosen
    best = min(takes, key=lambda version: (not usable(state, version), version.take != chosen, version.take))
    if best is state.work.next:
        return state
    return state.with_work(next=best, others=tuple(version for version in takes if version is not best))


def section_locked(state: State) -> bool:
    """Whether what comes next stays as it is, whatever is moved."""
    return "section" in state.steering.locks and state.work.next is not None and state.work.next.complete


def offered(state: State, version: Version) -> State:
    """The state with a version in its place among the takes, unless a complete one is there that it could not replace yet."""
    old = take_at(state, version.take)
    if old is not None and old.complete and not version.complete:
        return state
    work = state.work
    if work.next is None or work.next.take == version.take:
        return settled(state.with_work(next=version))
    others = tuple(other for other in work.others if other.take != version.take)
    return settled(state.with_work(others=(*others, version)))


def take_at(state: State, place: int) -> Version | None:
    """The take at a place, as far as it is there."""
    return next((version for version in state.work.takes if version.take == place), None)


def place_to_make(state: State) -> int:
    """The place of the take that is made before all others: A as long as there is none to play, then the chosen one."""
    return state.steering.chosen if next_safe(state) else 0


def spare_take(state: State, index: int) -> Wish | None:
    """What another take than the chosen one is still to be, where there is time to make it and nothing would have to wait."""
    if not has_time(state, index):
        return None
    making = [job.version.wish for job in state.work.jobs if job.purpose == "take"]
    for place in range(state.settings.takes):
        there, wanted = take_at(state, place), next_wish(state, index, place)
        if place == state.steering.chosen or wanted in making:
            continue
        if there is None or not there.complete or there.wish != wanted:
            return wanted
    return None


def how_many(state: State) -> int:
    """How many takes of the next section there may be."""
    return max(state.settings.takes, state.steering.chosen + 1)


def has_time(state: State, index: int) -> bool:
    """Whether other takes of the next section can be made, and nothing would have to wait for them."""
    work = state.work
    if state.settings.takes < 2 or section_locked(state) or work.failures or work.room or not _keeps_up(state):
        return False
    return leaves_time(state, index, next_cost_s(state, index, work.traits.steps))


def _keeps_up(state: State) -> bool:
    work = state.work
    known = work.speed > 0 or work.traits.live
    return work.spares and known and pace_now(state) >= KEEPS_UP * (BUSY if work.starved else 1.0)


def wanted_still(state: State, job: Job) -> bool:
    """Whether another take in the making is still of the next section, and what is asked of it now."""
    version = job.version
    if version.index != next_index(state) or not _keeps_up(state):
        return False
    return version.wish == next_wish(state, version.index, version.take)


def promoted(state: State, job: Job) -> State:
    """The state in which a take in the making is the one that shall come."""
    jobs = tuple(replace(each, purpose="next") if each.job_id == job.job_id else each for each in state.work.jobs)
    return state.with_work(jobs=jobs)
