"""What a section costs, when it is due, and how long its making still takes: pure functions from the conductor's state.

The scheduler and the screen both ask here, so that what the screen says is what the scheduler does.
"""

from __future__ import annotations

from engine.conductor.lengths import SPARE
from engine.conductor.state import OPENING, Job, State
from engine.protocol import SectionRequest

ASSUMED_SPEED = 1.0
"""Seconds of sound a second of work, before anything was measured; a live generator is assumed ten times that."""

MAX_TRIES = 3
"""How often a section may be made at most until it lies on the grid."""

MARGIN_S = 0.5
"""Kept between an expected finish and the deadline."""


def playing_end(state: State) -> int:
    """The transport frame of the bar line at which the sounding section is over (before: bar 0)."""
    grid = state.settings.grid
    if state.transport.now is None:
        return grid.origin
    return grid.frame_of_bar(grid.bar_at(state.transport.now.origin) + state.transport.now.version.request.bars)


def due_frame(state: State) -> int:
    """The deadline: the bar line at which the next section is to start."""
    grid, earliest = state.settings.grid, state.transport.frame + state.settings.commit
    end = playing_end(state)
    if state.transport.now is None:
        return end
    if not (state.transport.jump or state.transport.overdue) and end >= earliest:
        return end
    return min(grid.frame_of_bar(grid.next_bar(earliest)), end if end >= earliest else 2**62)


def due_in_s(state: State) -> float:
    """Seconds until the deadline, as the transport runs."""
    return (due_frame(state) - state.transport.frame) / state.settings.grid.rate


def end_bar(state: State) -> int:
    """The set's bar at which the sounding section is over (0 before the set starts)."""
    if state.transport.now is None:
        return 0
    grid = state.settings.grid
    return grid.bar_at(state.transport.now.origin) + state.transport.now.version.request.bars


def estimate_s(state: State, frames: int, steps: int = 0) -> float:
    """Seconds of work that some frames of sound will take; a live generator knows no steps."""
    speed = state.work.speed or (10 * ASSUMED_SPEED if state.work.traits.live else ASSUMED_SPEED)
    work = 1 / speed if state.work.traits.live else state.work.pace.per_second(steps, 1 / speed, state.work.traits)
    return frames / state.settings.grid.rate * work + 0.1


def worked_frames(state: State, request: SectionRequest) -> int:
    """Frames of sound that a request takes the work of: what is still to make, and what is kept of the section before."""
    kept = 0 if request.continue_path is None else _kept_frames(state)
    return request.total_frames() - request.from_frame + kept


def _kept_frames(state: State) -> int:
    """Frames of the section before that the set's generator works over as well."""
    grid = state.settings.grid
    return grid.frame_of_bar(state.work.traits.kept_bars(float(grid.frames_per_bar) / grid.rate)) - grid.origin


def next_cost_s(state: State, index: int, steps: int = 0) -> float:
    """Seconds of work the next section will take, with as few steps as there may be if nothing else is asked."""
    part, grid = state.plan[index], state.settings.grid
    kept = 0 if state.transport.now is None else _kept_frames(state)
    return estimate_s(state, grid.frame_of_bar(part.bars + 2) - grid.origin + kept, steps or state.work.steps[-1])


def effort(state: State, index: int) -> tuple[int, int]:
    """The steps that the next section can be made with before its deadline, and how often it can be made with them.

    Nothing waits for a set that has not begun, or that pocket opens, but the performer: full steps, once.
    """
    if state.work.traits.live or state.transport.now is None or state.transport.now.version.index == OPENING:
        return state.work.traits.steps, 1
    left = due_in_s(state) - MARGIN_S
    in_time = [steps for steps in state.work.steps if SPARE * next_cost_s(state, index, steps) <= left]
    steps = in_time[0] if in_time else state.work.steps[-1]
    if steps < state.work.traits.steps:
        return steps, 1
    return steps, max(1, min(MAX_TRIES, int(left / (SPARE * next_cost_s(state, index, steps)))))


def progress_of(state: State, job: Job, done: float) -> tuple[float, float]:
    """How much of a section is made, 0..1, and seconds to its end: nothing of it is there before it is sampled.

    What is still to do counts as long as expected at first, and the more the generator has said, as long as what is done took.
    """
    request, rate = job.version.request, state.settings.grid.rate
    cost = estimate_s(state, worked_frames(state, request), request.steps)
    passed, took = (state.transport.clock - job.asked_at) / rate, (job.told_at - job.asked_at) / rate
    if job.done > 0:
        cost = took + (1 - job.done) * ((1 - job.done) * cost + took)
    return max(done, job.done, min(0.95, passed / max(cost, 1e-3))), max(0.1, cost - passed)
