"""What the generators should work on: pure functions from the conductor's state.

The order of importance: something to start with; the next section when it is at risk; re-making what sounds after the
performer moved something; the next section; the next section again, in what is asked for now; its other takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.conductor.cues import origin_at
from engine.conductor.events import Action, CancelJob, StartJob
from engine.conductor.forecast import (
    arrives,
    at_risk,
    due_frame,
    effort,
    end_bar,
    in_time,
    leaves_time,
    next_safe,
    playing_end,
    request_cost_s,
)
from engine.conductor.looping import looped
from engine.conductor.recipes import next_wish
from engine.conductor.requests import FILLER_BARS, make_version, next_index, wish, wish_now
from engine.conductor.stand_in import at_once, follows, opening, second, without_after
from engine.conductor.state import Job, Playing, Purpose, State, Version, Wish
from engine.conductor.takes import place_to_make, promoted, section_locked, spare_take, wanted_still
from engine.conductor.tempo import next_line, start_bar
from engine.protocol import Place
from engine.timebase import SLACK, section_frames

Want = tuple[Purpose, Version]

GIVE_UP = 3
"""Failed tries after which the stand-in makes sections for the set's own generator."""


def stale_next(state: State) -> bool:
    """Whether the next section's best version is not what is asked for now."""
    index = next_index(state)
    if index is None or state.work.next is None:
        return False
    return not state.work.next.complete or (state.work.next.wish != next_wish(state, index) and not section_locked(state))


def stale_now(state: State) -> bool:
    """Whether what sounds is not what is asked for now, or will not be completed by anyone."""
    if state.transport.now is None or state.transport.now.version.filler:
        return False
    version = state.transport.now.version
    if not version.complete:
        return not any(job.version.id == version.id for job in state.work.jobs) or wish_now(state) != version.wish
    return wish_now(state) != version.wish


def _remake(state: State) -> Want | None:
    now = state.transport.now
    if now is None or not state.work.traits.live or not stale_now(state) or (wanted := wish_now(state)) is None:
        return None
    if state.work.switch is not None and _comes(state, state.work.switch, wanted):
        return None
    first = _enters(state, now, wanted)
    if first is None:
        return None
    start = start_bar(state)
    version = make_version(state, now.version.index, wanted, "main", start_bar=start, from_frame=first, retry=state.work.failures)
    return ("remake", version) if arrives(state, version.request) else None


def _comes(state: State, switch: Version, wanted: Wish) -> bool:
    """Whether what is wanted of the sounding section is made, or being made; of a glide each step comes in before the next."""
    assert state.transport.now is not None
    gliding = state.steering.bpm is None and switch.wish.bpm != state.transport.now.version.wish.bpm
    near = replace(switch.wish, bpm=wanted.bpm) if gliding else switch.wish
    return near == wanted and (switch.complete or _has_job(state, switch))


def _enters(state: State, now: Playing, wanted: Wish) -> int | None:
    """The section's frame from which on a re-make is made; None where the next section will be there first.

    It comes in on the next sixteenth that it can, in another tempo or key on the next bar line.
    """
    grid, request, fade = state.grid, now.version.request, state.settings.fade
    loops = state.steering.held or state.transport.overdue
    marked = looped(state, replace(now.version, request=replace(request, from_frame=0)))
    latest_bar = marked[0] - 1 if marked else request.bars - min(state.settings.loop_bars if loops else 1, request.bars)
    if (wanted.bpm, wanted.key) == (request.bpm, request.key):
        at = state.transport.frame + state.settings.commit + state.work.lead // 2
        place = grid.next_beat_frame(at, 4) - fade
        if place + grid.frames_per_beat > playing_end(state) and not loops and next_safe(state):
            return None
        latest = grid.frame_of_bar(latest_bar) - grid.origin - fade
        return max(0, min(place - origin_at(state, place), latest))
    line = next_line(state)
    place = grid.frame_of_bar(line)
    if place >= playing_end(state) and not loops and next_safe(state):
        return None
    bar = line - grid.bar_at(origin_at(state, place) + SLACK)
    bars = section_frames(wanted.bpm, grid.beats_per_bar, min(bar, latest_bar), grid.rate)
    return max(0, bars - fade - SLACK)


def _has_job(state: State, version: Version) -> bool:
    return any(job.version.id == version.id for job in state.work.jobs)


def _next(state: State, place: Place) -> Want | None:
    index = next_index(state)
    if index is None or (next_safe(state) and not stale_next(state)):
        return None
    if state.work.next is not None and _has_job(state, state.work.next):
        return None
    if next_safe(state) and not in_time(state, index):
        return None
    wanted = next_wish(state, index, place_to_make(state))
    steps, tries = effort(state, index) if place == "main" else (0, 1)
    start = end_bar(state)
    return "next", make_version(state, index, wanted, place, start_bar=start, retry=state.work.failures, steps=steps, tries=tries)


def _spare(state: State) -> Want | None:
    """Another take of the next section, once the one that shall come is there."""
    index = next_index(state)
    if index is None or state.work.next is None or stale_next(state):
        return None
    wanted = spare_take(state, index)
    if wanted is None:
        return None
    return "take", make_version(state, index, wanted, "main", start_bar=end_bar(state), steps=effort(state, index)[0])


def _main_wants(state: State) -> Want | None:
    if state.transport.clock < state.work.retry_at:
        return None
    index = next_index(state)
    if index is not None and at_risk(state, index):
        return _next(state, "main")  # nothing else, not even while it is in the making: a re-make would throw that away
    return _remake(state) or _next(state, "main") or second(state) or _spare(state)


def _spare_wants(state: State) -> Want | None:
    """What the stand-in should do while the set's own generator is late or failing."""
    if not state.settings.stand_in or next_safe(state) or next_index(state) is None:
        return None
    if (
        state.settings.opens
        and state.transport.now is None
        and state.transport.wants_play
        and not state.work.traits.live
        and not at_once(state)
    ):
        return opening(state)
    if state.work.failures >= GIVE_UP or (state.transport.now is None and state.work.failures):
        return _next(state, "stand-in")
    filling = state.transport.now is not None and (
        state.transport.now.version.filler or (state.work.switch is not None and state.work.switch.filler)
    )
    if state.transport.now is None or not state.transport.overdue or filling:
        return None
    index = state.transport.now.version.index
    wanted = replace(wish(state, index, 0), bars=FILLER_BARS, role="free", tail_bars=2)
    version = make_version(state, index, wanted, "stand-in", start_bar=state.grid.bar_at(due_frame(state)))
    return "remake", replace(version, filler=True)


def _may_replace(state: State, job: Job, purpose: Purpose, version: Version) -> bool:
    """Whether a running job should give way to a more urgent one; the next section does as long as it can be made afterwards."""
    if job.purpose == "take":
        return purpose != "take"
    if job.purpose == "after":
        return purpose not in ("take", "after")
    if job.purpose == "next":
        index, there = next_index(state), state.work.next is not None and state.work.next.complete
        cost_s = request_cost_s(state, version.request)
        return purpose == "remake" and (there or index is None or leaves_time(state, index, cost_s))
    return purpose == "remake" and state.transport.now is not None and job.version.id == state.transport.now.version.id


def choose_jobs(state: State) -> tuple[State, tuple[Action, ...]]:
    """Start, or replace, what each generator works on; one with several hands makes several takes at once."""
    actions: list[Action] = []
    state = without_after(state)
    places: tuple[tuple[Place, Callable[[State], Want | None]], ...] = (("main", _main_wants), ("stand-in", _spare_wants))
    for place, wants in places:
        if place not in state.work.up or state.transport.run == "finished":
            continue
        for job in state.work.jobs:
            if job.place != place:
                continue
            unwanted = job.purpose == "take" and not wanted_still(state, job)
            if unwanted or (job.purpose == "after" and not follows(state, job.version)):
                state = drop_job(state, job)
                actions.append(CancelJob(job))
        running = state.work.job(place)
        if running is None or _could_be_replaced(state, running):
            wanted = wants(state)
            if wanted is not None and (running is None or _may_replace(state, running, *wanted)):
                state, more = _begun(state, place, running, *wanted)
                actions += more
    for _ in range(state.work.traits.hands - 1):
        state, more = _beside(state)
        actions += more
    return state, tuple(actions)


def _begun(state: State, place: Place, running: Job | None, purpose: Purpose, version: Version) -> tuple[State, list[Action]]:
    """Start a job, in the place of another where one is running."""
    actions: list[Action] = []
    mine = [job for job in state.work.jobs if job.place == place]
    takes = [job for job in mine if job.purpose == "take"]
    for job in takes:
        if purpose == "next" and version.wish == job.version.wish:
            return promoted(state, job), actions
    free = place == "main" and takes == mine and len(mine) < state.work.traits.hands
    if running is not None and not free:
        state = drop_job(state, running)
        actions.append(CancelJob(running))
    urgent = purpose == "remake" or (purpose == "next" and not next_safe(state))
    job = Job(state.work.last_job + 1, version, purpose, place, state.transport.clock, urgent=urgent)
    state = state.with_work(jobs=(*state.work.jobs, job), last_job=job.job_id, last_section=state.work.last_section + 1)
    return state, [*actions, StartJob(job)]


def _beside(state: State) -> tuple[State, list[Action]]:
    """Another take for a hand of the set's generator that is free while the others work on takes."""
    mine = [job for job in state.work.jobs if job.place == "main"]
    if not 0 < len(mine) < state.work.traits.hands or any(job.purpose != "take" for job in mine):
        return state, []
    if "main" not in state.work.up or state.transport.run == "finished" or state.transport.clock < state.work.retry_at:
        return state, []
    wanted = _spare(state)
    return (state, []) if wanted is None else _begun(state, "main", None, *wanted)


def _could_be_replaced(state: State, job: Job) -> bool:
    sounding = state.transport.now is not None and job.version.id == state.transport.now.version.id
    if job.purpose in ("take", "after"):
        return True
    return job.place == "main" and state.work.traits.live and (job.purpose == "next" or sounding)


def drop_job(state: State, job: Job) -> State:
    """Forget a job, and an unfinished next or switch version that only it would have completed."""
    jobs = tuple(other for other in state.work.jobs if other.job_id != job.job_id)
    lost = job.version.id
    return state.with_work(
        jobs=jobs,
        next=None
        if state.work.next is not None and state.work.next.id == lost and not state.work.next.complete
        else state.work.next,
        switch=None
        if state.work.switch is not None and state.work.switch.id == lost and not state.work.switch.complete
        else state.work.switch,
        others=tuple(version for version in state.work.others if version.complete or version.id != lost),
        after=None if state.work.after is not None and state.work.after.id == lost else state.work.after,
    )
