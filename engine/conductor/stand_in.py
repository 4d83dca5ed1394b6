"""What the stand-in opens a slow generator's set with, and what is made meanwhile: the first section, and the second. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from engine.conductor.forecast import OPENING_BARS, due_frame, next_cost_s, next_safe, opens_for_s, workable_s
from engine.conductor.planning.plan import PHRASE
from engine.conductor.recipes import next_wish
from engine.conductor.requests import make_version, wish
from engine.conductor.state import OPENING, Playing, Purpose, State, Version

AT_ONCE_S: Final = 4.0
"""A first section that takes no longer is waited for."""

LOADING_S: Final = 10.0
"""Taken for a slow generator's way from its start to its first work."""


def at_once(state: State) -> bool:
    """Whether the first section is known to be there in a moment; a speed that was never measured is not."""
    if "main" not in state.work.up or not state.work.pace.measured or state.work.failures:
        return False
    job = state.work.job("main")
    passed = (state.transport.clock - job.asked_at) / state.grid.rate if job is not None else 0.0
    return max(passed, next_cost_s(state, 0, state.work.traits.steps)) <= AT_ONCE_S


def opening(state: State) -> tuple[Purpose, Version]:
    """What the stand-in plays from the start, in the set's tempo, key and prompts, until the first section is expected.

    It may go on longer, see `opens_for_s`: its last bars loop then.
    """
    grid = state.grid
    waited_s = next_cost_s(state, 0, state.work.traits.steps) + (0.0 if "main" in state.work.up else LOADING_S)
    phrases = math.ceil(waited_s * grid.rate / float(grid.frames_per_bar) / PHRASE)
    bars = min(max(OPENING_BARS[0], phrases * PHRASE), OPENING_BARS[1])
    wanted = replace(wish(state, 0, 0), name="opening", bars=bars, role="intro", tail_bars=2, variation=None, loras=())
    return "next", replace(make_version(state, OPENING, wanted, "stand-in", start_bar=0), filler=True)


def second(state: State) -> tuple[Purpose, Version] | None:
    """The second section, where the first is there and would be over before it.

    It is made with as many steps as there is time for while the first one plays.
    """
    first, now = state.work.next, state.transport.now
    if any(job.purpose == "after" for job in state.work.jobs):
        return None
    if now is None or first is None or not next_safe(state) or state.work.after is not None or opens_for_s(state) <= 0:
        return None
    frame = due_frame(state)
    sounds = Playing(first, now.cue, frame, frame)
    then = state.with_transport(now=sounds).with_first_takes().with_work(next=None)
    work_s = workable_s(first.request.bars * float(state.grid.frames_per_bar) / state.grid.rate)
    steps = next((each for each in state.work.steps if next_cost_s(then, 1, each) <= work_s), state.work.steps[-1])
    start = state.grid.bar_at(frame) + first.request.bars
    return "after", make_version(then, 1, next_wish(then, 1, 0), "main", start_bar=start, steps=steps)


def follows(state: State, after: Version) -> bool:
    """Whether a second section goes on from the first one that comes, and not from another take of it."""
    first = state.work.next
    return first is not None and after.request.continue_path in (None, first.path)


def without_after(state: State) -> State:
    """The state without a second section that was made to follow another first one than the one that comes."""
    after = state.work.after
    if after is None or follows(state, after):
        return state
    if not after.complete:  # its job is ended, and it with that
        return state
    return state.with_work(after=None, trash=(*state.work.trash, after.path))


def begun_after(state: State, version: Version) -> State:
    """The state in which what was made to follow a section is what comes next, for that section begins."""
    after = state.work.after
    fits = after is not None and after.index == version.index + 1 and after.request.continue_path in (None, version.path)
    jobs = tuple(replace(job, purpose="next") if job.purpose == "after" else job for job in state.work.jobs)
    trash = state.work.trash if fits or after is None else (*state.work.trash, after.path)
    return state.with_work(next=after if fits else None, after=None, jobs=jobs, trash=trash)
