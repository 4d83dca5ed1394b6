"""What a section costs, when it is due, until when steering counts, how late is late: pure functions from the conductor's state.

The scheduler and the screen both ask here and nobody else knows, so that what the screen says is what the scheduler does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from engine.conductor.requests import next_index, tail_bars
from engine.conductor.state import OPENING, Job, State, Version
from engine.conductor.tempo import start_bar, tempo_of
from engine.protocol import SectionRequest
from engine.timebase import section_frames

ASSUMED_SPEED: Final = 1.0
"""Seconds of sound a second of work, before anything was measured."""

LIVE_SPEED: Final = 10.0
"""The same of a live generator, and of the stand-in."""

OVERHEAD_S: Final = 0.1
"""Seconds that any work takes, however little sound it makes."""

SPARE: Final = 1.35
"""An expected time of work counts this much, and `MARGIN_S` more, against the time that there is for it."""

MARGIN_S: Final = 0.5
"""Seconds kept between an expected finish and the deadline."""

URGENT: Final = (1.5, 2.0)
"""A next section is at risk when there is less time for it than so many times its expected work and so many seconds more."""

MAX_TRIES: Final = 3
"""How often a section may be made at most until it lies on the grid."""

STREAM_SPEED: Final = 2.0
"""A generator this many times faster than the sound may be played while it is still making the section."""

MOST_STEPS: Final = 0.9
"""A generator is not taken to spend more than this share of its time on steps before its first sound."""

OUTRUN: Final = 1.2
"""A re-make that is made this many times faster than it plays is not overtaken by what sounds."""

FIRST_BARS: Final = 1.25
"""Bars of a re-make that must be there before it comes in."""

OVERDUE: Final = 0.25
"""Work that has taken longer than was expected is expected to take this part of that time more."""

OPENING_BARS: Final = (16, 64)
"""The fewest and the most bars that the stand-in opens with: so long a slow generator is waited for once its first section is
there, so that the second is not late."""

SHOWN: Final = 0.95
"""The most of a section that is shown as made while its generator has not said so."""


def needed_s(work_s: float) -> float:
    """Seconds before a deadline at which work of so many seconds must begin at the latest."""
    return SPARE * work_s + MARGIN_S


def workable_s(left_s: float) -> float:
    """The most seconds of work that may begin so many seconds before a deadline; 0 or less for none."""
    return (left_s - MARGIN_S) / SPARE


# ------------------------------------------------------------ when the next section is due


def playing_end(state: State) -> int:
    """The transport frame of the bar line at which the sounding section is over (before: bar 0)."""
    grid = state.grid
    if state.transport.now is None:
        return grid.origin
    return grid.frame_of_bar(end_bar(state))


def due_frame(state: State) -> int:
    """The deadline: the bar line at which the next section is to start."""
    grid, earliest = state.grid, state.transport.frame + state.settings.commit
    end = playing_end(state)
    if state.transport.now is None:
        return end
    if not (state.transport.jump or state.transport.overdue) and end >= earliest:
        return end
    return min(grid.frame_of_bar(grid.next_bar(earliest)), end if end >= earliest else 2**62)


def due_in_s(state: State) -> float:
    """Seconds until the deadline, as the transport runs."""
    return (due_frame(state) - state.transport.frame) / state.grid.rate


def deadline_s(state: State) -> float:
    """Seconds that there are for the making of the next section; without end while the sounding one is held."""
    return math.inf if state.steering.held and state.transport.now is not None else due_in_s(state)


def end_bar(state: State) -> int:
    """The set's bar at which the sounding section is over (0 before the set starts)."""
    if state.transport.now is None:
        return 0
    return start_bar(state) + state.transport.now.version.request.bars


# ------------------------------------------------------------ what it costs


def estimate_s(state: State, frames: int, steps: int = 0) -> float:
    """Seconds that the making of some frames of sound will take with the share of a core that there is for it now.

    A live generator knows no steps.
    """
    speed = state.work.speed or (LIVE_SPEED if state.work.traits.live else ASSUMED_SPEED)
    work = 1 / speed if state.work.traits.live else state.work.pace.per_second(steps, 1 / speed, state.work.traits)
    return frames / state.grid.rate * work / state.work.share + OVERHEAD_S


def pace_now(state: State) -> float:
    """Seconds of sound that the set's generator makes in a second, with the share of a core that it gets."""
    return (state.work.speed or (LIVE_SPEED if state.work.traits.live else ASSUMED_SPEED)) * state.work.share


def request_cost_s(state: State, request: SectionRequest) -> float:
    """Seconds of work that a request will take, made once: what is still to make, and what is kept of the section before."""
    return estimate_s(state, worked_frames(state, request), request.steps)


def worked_frames(state: State, request: SectionRequest) -> int:
    """Frames of sound that a request takes the work of: what is still to make, and what is kept of the section before."""
    kept = 0 if request.continue_path is None else _kept_frames(state)
    return request.total_frames() - request.from_frame + kept


def _kept_frames(state: State) -> int:
    """Frames of the section before that the set's generator works over as well."""
    grid = state.grid
    return grid.frame_of_bar(state.work.traits.kept_bars(float(grid.frames_per_bar) / grid.rate)) - grid.origin


def next_cost_s(state: State, index: int, steps: int = 0) -> float:
    """Seconds of work the next section will take, with as few steps as there may be if nothing else is asked."""
    grid, now = state.grid, state.transport.now
    kept = 0 if now is None or (now.version.index == OPENING and index == 0) else _kept_frames(state)
    bars = state.plan[index].bars + tail_bars(state, index)
    frames = section_frames(tempo_of(state, index), grid.beats_per_bar, bars, grid.rate)
    return estimate_s(state, frames + kept, steps or state.work.steps[-1])


def effort(state: State, index: int) -> tuple[int, int]:
    """The steps that the next section can be made with before its deadline, and how often it can be made with them.

    Nothing waits for a set that has not begun, or that the stand-in opens, but the performer: full steps, once.
    """
    now, full = state.transport.now, state.work.traits.steps
    if state.work.traits.live or now is None or now.version.index == OPENING:
        return full, 1
    if math.isinf(deadline_s(state)):
        return full, MAX_TRIES
    work_s = workable_s(due_in_s(state))
    in_time = [steps for steps in state.work.steps if next_cost_s(state, index, steps) <= work_s]
    steps = in_time[0] if in_time else state.work.steps[-1]
    if steps < full:
        return steps, 1
    return steps, max(1, min(MAX_TRIES, int(work_s / next_cost_s(state, index, steps))))


# ------------------------------------------------------------ in time, at risk, late


def in_time(state: State, index: int) -> bool:
    """Whether the next section, begun now, would be there before its deadline."""
    return needed_s(next_cost_s(state, index)) <= deadline_s(state)


def leaves_time(state: State, index: int, more_s: float) -> bool:
    """Whether the next section could be begun only after so many seconds of other work, and nothing would have to hurry."""
    times, spare_s = URGENT
    return not state.transport.jump and deadline_s(state) >= times * next_cost_s(state, index) + spare_s + more_s


def at_risk(state: State, index: int) -> bool:
    """Whether nothing may go before the making of the next section."""
    return not next_safe(state) and (state.transport.now is None or state.work.starved or not leaves_time(state, index, 0.0))


def arrives(state: State, request: SectionRequest) -> bool:
    """Whether a re-make of what sounds, begun now, would be heard for a bar at least.

    One that is made faster than it plays comes in as soon as its first bars are there, another once all of it is. While the
    last bars loop there is always time.
    """
    if state.steering.held:
        return True
    grid, frame = state.grid, state.transport.frame
    bar_s = float(grid.frames_per_bar) / grid.rate
    if pace_now(state) >= OUTRUN:
        made_s = state.work.lead / grid.rate + FIRST_BARS * bar_s / pace_now(state)
    else:
        made_s = estimate_s(state, worked_frames(state, request))
    return made_s + bar_s <= (playing_end(state) - frame) / grid.rate


def usable(state: State, version: Version) -> bool:
    """Whether a version may be cued: complete, or ahead by two bars and made faster than it plays.

    A live generator is trusted to be that fast until it was measured: the first section must not wait for its own end. One that
    takes steps first has no sound before they are taken: what is left to do then is quicker than the whole was.
    """
    if version.complete:
        return True
    request, traits = version.request, state.work.traits
    left = 1.0 if version.place == "stand-in" else 1 - min(MOST_STEPS, traits.step_share)
    fast = state.work.speed * state.work.share >= STREAM_SPEED * left or (traits.live and not state.work.speed)
    return fast and version.ready_to >= section_frames(request.bpm, request.beats_per_bar, 2, state.grid.rate)


def next_safe(state: State) -> bool:
    """Whether there is a version of the next section that can be cued."""
    return state.work.next is not None and usable(state, state.work.next)


def opens_for_s(state: State) -> float:
    """Seconds for which the stand-in's opening goes on though the first section is there; 0 or more.

    The second section would be late if it were begun no sooner than the first one plays.
    """
    now, first, work = state.transport.now, state.work.next, state.work
    if now is None or now.version.index != OPENING or first is None or state.transport.jump or work.traits.live:
        return 0.0
    known = dict(state.transport.cue_versions)
    handed_over = any(cue.cue_id in known and known[cue.cue_id].id == first.id for cue in state.transport.cues)
    opened = state.grid.bar_at(state.transport.frame) - state.transport.history[-1].start_bar
    complete = work.after is not None and work.after.complete
    if handed_over or complete or opened >= OPENING_BARS[1] or len(state.plan) < 2:
        return 0.0
    job = next((each for each in work.jobs if each.purpose == "after"), work.job("main"))
    left_s = progress_of(state, job)[1] if job is not None else 0.0
    if job is None or job.purpose != "after":
        left_s += next_cost_s(state, 1)
    return max(0.0, needed_s(left_s) - first.request.bars * float(state.grid.frames_per_bar) / state.grid.rate)


def steer_until(state: State) -> int:
    """The last transport frame at which a change still reaches the next section; before the transport's frame: too late.

    What the generator works on has to be finished first; and a live one first re-makes the rest of what sounds.
    """
    index, rate = next_index(state), state.grid.rate
    if index is None:
        return -1
    ahead_s = SPARE * _ahead_s(state)
    return math.floor(due_frame(state) - (needed_s(next_cost_s(state, index)) + ahead_s) * rate)


def _ahead_s(state: State) -> float:
    """Seconds until the set's generator can begin with the next section in what would be asked for now."""
    job, now = state.work.job("main"), state.transport.now
    waits_s = progress_of(state, job)[1] if job is not None and job.purpose != "take" else 0.0  # a take gives way
    if not state.work.traits.live or now is None:
        return waits_s
    return waits_s + estimate_s(state, max(0, now.version.total - (state.transport.frame - now.origin)))


def progress_of(state: State, job: Job) -> tuple[float, float]:
    """How much of a job is done, 0..1, and seconds to its end.

    A live generator's sound comes as it is made. Of another's nothing is there before it is sampled. What is still to do counts
    as long as expected at first, and the more the generator has said, as long as what is done took.
    """
    version, rate = job.version, state.grid.rate
    first, written = version.request.from_frame, version.ready_to / version.total
    made = max(0, version.ready_to - first) / max(1, version.total - first)
    passed_s, took_s = (state.transport.clock - job.asked_at) / rate, (job.told_at - job.asked_at) / rate
    live = state.work.traits.live or job.place == "stand-in"
    done = max(made, job.done)
    if job.place == "stand-in":
        cost_s = (version.total - first) / rate / LIVE_SPEED / state.work.share
    else:
        cost_s = request_cost_s(state, version.request)
    if done > 0:
        cost_s = took_s + (1 - done) * ((1 - done) * cost_s + took_s)
    shown = 0.0 if live else min(SHOWN, passed_s / max(cost_s, 1e-3))
    left_s = cost_s - passed_s if cost_s > passed_s else OVERDUE * passed_s
    return max(written, job.done, shown), max(OVERHEAD_S, left_s)


@dataclass(frozen=True, slots=True)
class Outlook:
    """How the next section stands.

    Attributes:
        safe: a version of it can be cued.
        progress: how much of the newest version is made, 0..1.
        ready_in_s: seconds until it can be cued, 0 if it can; due_in_s: seconds until it is due.
        entry: the transport frame at which it is expected to start.
        steer_until: the last transport frame at which a change still reaches it; 0 for too late.
        late: it is not there in time.
    """

    safe: bool
    progress: float
    ready_in_s: float
    due_in_s: float
    entry: int
    steer_until: int
    late: bool


def outlook(state: State, index: int) -> Outlook:
    """How the next section stands, ``index`` being its place in the plan."""
    grid, now, frame = state.grid, state.transport.now, state.transport.frame
    job = next((job for job in state.work.jobs if job.purpose == "next"), None)
    safe, version = next_safe(state), state.work.next
    if job is not None:
        progress, ready_in_s = progress_of(state, job)
    else:
        before = state.work.job("main")
        waits_s = progress_of(state, before)[1] if before is not None and before.purpose != "take" else 0.0
        progress = version.ready_to / version.total if version else 0.0
        ready_in_s = waits_s + next_cost_s(state, index)
    progress, ready_in_s = 1.0 if safe and job is None else progress, opens_for_s(state) if safe else ready_in_s
    due_s, entry, until = due_in_s(state), due_frame(state), steer_until(state)
    if now is not None and now.version.index == OPENING and ready_in_s > 0:  # it comes in on the first bar line that it can
        entry = grid.frame_of_bar(grid.next_bar(max(entry, frame + round(ready_in_s * grid.rate))))
        due_s = max(due_s, ready_in_s)
    late = state.transport.overdue or (now is not None and ready_in_s > due_s)
    return Outlook(safe, progress, ready_in_s, due_s, entry, until if until >= frame else 0, late)
