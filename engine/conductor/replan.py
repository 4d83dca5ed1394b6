"""What is still planned, fitted to the bars that are left and to what the generator can make: pure functions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.conductor.forecast import end_bar
from engine.conductor.lengths import Limits, fitted
from engine.conductor.planning.plan import PlannedSection, fit
from engine.conductor.state import State
from engine.conductor.tempo import tempo_of

Parts = tuple[PlannedSection, ...]


def refit(state: State) -> State:
    """Fit what is still planned to the bars that are left, so that the ending lands where it was asked for."""
    if state.transport.now is None:
        return within_limits(state)
    first = first_open(state)
    ahead, later = _of_one_piece(state, first)
    made = state.plan[state.transport.now.version.index + 1 : first]
    left = state.settings.total_bars - end_bar(state) - sum(part.bars for part in (*made, *later))
    if ahead and left != sum(part.bars for part in ahead):
        ahead = fit(ahead, max(left, min(4, sum(part.bars for part in ahead))))
    plan = (*state.plan[:first], *ahead, *later)
    drift = end_bar(state) + sum(part.bars for part in plan[state.transport.now.version.index + 1 :]) - state.settings.total_bars
    return within_limits(replace(state.with_transport(drift=drift), plan=plan))


def _of_one_piece(state: State, first: int) -> tuple[Parts, Parts]:
    """What may give way from an index on, and what may not: a piece that has not begun keeps its length."""
    here = state.plan[state.here].piece
    after = next((index for index in range(first, len(state.plan)) if state.plan[index].piece != here), len(state.plan))
    return state.plan[first:after], state.plan[after:]


def first_open(state: State) -> int:
    """The plan's first index whose length may still change: a slow generator finishes what it has begun."""
    index = 0 if state.transport.now is None else state.transport.now.version.index + 1
    begun = state.work.next is not None or any(job.purpose == "next" and job.version.index == index for job in state.work.jobs)
    after = state.work.after is not None or any(job.purpose == "after" for job in state.work.jobs)
    return index + (begun + after if not state.work.traits.live else 0)


def within_limits(state: State) -> State:
    """The plan with sections for which there is room, and that a generator which is not live can make in time."""
    first, grid = first_open(state), state.grid
    slowest = min((tempo_of(state, index) for index in range(first, len(state.plan))), default=grid.bpm)
    bar_s = float(replace(grid, bpm=slowest).frames_per_bar) / grid.rate
    before = state.plan[first - 1].bars if first else None
    if state.work.traits.live:
        if not state.work.room:
            return state
        first += state.work.next is not None and state.work.next.complete  # what is there need not be shortened
        limits = Limits(bar_s, state.work.traits, room=state.work.room)
        return replace(state, plan=(*state.plan[:first], *fitted(state.plan[first:], None, limits)))
    hurried = state.work.pace.per_second(state.work.steps[-1], 0.0, state.work.traits)
    limits = Limits(bar_s, state.work.traits, _work(state), hurried, state.work.room)
    return replace(state, plan=(*state.plan[:first], *fitted(state.plan[first:], before, limits)))


KEEPS_UP: Final = 0.45
"""The most seconds of work a second of sound at which steps are full; with more, sections are planned for fewer steps."""


def _work(state: State) -> float:
    """Seconds of work a second of sound to plan with; 0 before anything was measured."""
    if not state.work.pace.measured:
        return 0.0
    paces = [state.work.pace.per_second(steps, 0.0, state.work.traits) for steps in state.work.steps]
    return next((pace for pace in paces if pace <= KEEPS_UP), paces[-1])
