"""What the conductor makes of what generators say: they come and go, and jobs get on, end or fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from engine.conductor.events import (
    JobDone,
    JobFailed,
    JobProgress,
    Restarted,
    Step,
    Tell,
    WorkerLost,
    WorkerRefused,
    WorkerShare,
    WorkerUp,
)
from engine.conductor.forecast import due_in_s, usable, worked_frames
from engine.conductor.jobs import drop_job
from engine.conductor.messages import because
from engine.conductor.planning.pace import MEASURE_WEIGHT, Pace
from engine.conductor.reacting.small_disk import no_room
from engine.conductor.replan import within_limits
from engine.conductor.requests import next_index
from engine.conductor.state import OPENING, Job, State, Version
from engine.conductor.steering import take_name
from engine.conductor.takes import offered, section_locked, settled, take_at
from engine.protocol import ROOM, Traits

ALONE: Final = 1.3
"""How much longer work takes while a set plays than before it does, on the two cores of a laptop: the player, the screen
and the engine want their share. Measured with a 30 s section of Stable Audio 3 small."""

LONGEST_LEAD_S: Final = 4
"""Seconds that a re-make is expected to take to its first sound at most: what it comes too late for is not made."""

STARVED: Final = 0.4
"""Of a core: with less, a generator is starved by what else the machine does."""

FED: Final = 0.75
"""With more than that it is starved no longer."""

STEADY: Final = 1.25
"""A share that has changed by no more than this factor is taken for the same, so that forecasts hold still."""

LEAST_SHARE: Final = 0.01
"""What is taken for the least share, so that no estimate is without end."""

BACKOFF_FRAMES: Final = 11_025
"""A quarter of a second of rendered frames for each failed try in a row, eight at most."""


def worker_up(state: State, event: WorkerUp) -> Step:
    """A generator can be given work; the set's own says what it is."""
    up = tuple(sorted({*state.work.up, event.place}))
    if event.place == "main":
        state = state.with_work(generator=event.name, traits=event.traits)
        state = within_limits(_with_stems(state, event.traits.stems))
    return state.with_work(up=up), ()


def _with_stems(state: State, stems: tuple[str, ...]) -> State:
    """The stems that the set's generator makes, those that were there already at their levels; a loop from the room stays."""
    known = {stem: (level, muted) for stem, level, muted in state.steering.levels}
    stems = (*stems, *(stem for stem in known if stem == ROOM))
    return state.with_steering(levels=tuple((stem, *known.get(stem, (1.0, False))) for stem in stems))


def worker_lost(state: State, event: WorkerLost) -> Step:
    """A generator's process ended, and with it what it worked on."""
    known = event.place in state.work.up
    state = state.with_work(up=tuple(place for place in state.work.up if place != event.place))
    for running in tuple(job for job in state.work.jobs if job.place == event.place):
        state = _abandon(state, running)
    what = "The generator stopped" if known else "The generator did not start"
    return state, (Tell("warning", because(what, event.message, ": it is started again, the set goes on.")),)


def restarted(state: State, event: Restarted) -> Step:
    """A process was started again, whatever it was and however its end was heard of."""
    return state.with_work(restarts=state.work.restarts + 1), ()


def worker_share(state: State, event: WorkerShare) -> Step:
    """How much of a core the set's generator gets: told when the machine starves it, and when that is over."""
    work, share = state.work, min(1.0, max(LEAST_SHARE, event.share))
    if event.place != "main":
        return state, ()
    starved = share < (FED if work.starved else STARVED)
    if starved == work.starved and max(share, work.share) < STEADY * min(share, work.share):
        return state, ()
    gets, told = f"the generator gets {100 * share:.0f} % of a core.", list[Tell]()
    if starved and not work.starved:
        told.append(Tell("warning", f"This machine is busy: {gets}"))
    elif work.starved and not starved:
        told.append(Tell("info", f"This machine has time again: {gets}"))
    return state.with_work(share=share if starved else 1.0, starved=starved), tuple(told)


def worker_refused(state: State, event: WorkerRefused) -> Step:
    """The set's own generator cannot be loaded: its stand-in, which needs nothing, plays the set instead."""
    stand_in, traits = state.settings.stand_in, Traits(live=True)
    if not stand_in:
        return state, (Tell("error", event.message),)
    for job in state.work.jobs:
        state = _abandon(state, job)
    state = replace(
        _with_stems(state, traits.stems).with_first_takes(),
        settings=replace(state.settings, stand_in="", loads=stand_in),
    )
    state = state.with_work(generator=stand_in, traits=traits, up=(), speed=0.0, pace=Pace(), failures=0, retry_at=0)
    return state, (Tell("error", f"{event.message}; the set plays on {stand_in}"),)


def _abandon(state: State, job: Job) -> State:
    """A job will never be done: go back to a complete version when it is the one that sounds."""
    state = drop_job(state, job)
    now = state.transport.now
    if now is not None and job.version.id == now.version.id and now.fallback is not None and state.work.switch is None:
        state = state.with_work(switch=now.fallback)
    return state


def _update(state: State, version_id: str, change: Callable[[Version], Version]) -> State:
    """Change a version wherever the state holds it."""

    def new(version: Version | None) -> Version | None:
        return change(version) if version is not None and version.id == version_id else version

    now = state.transport.now
    if now is not None and now.version.id == version_id:
        now = replace(now, version=change(now.version))
    return state.with_transport(
        now=now, cue_versions=tuple((cue, change(v) if v.id == version_id else v) for cue, v in state.transport.cue_versions)
    ).with_work(
        next=new(state.work.next),
        others=tuple(change(other) if other.id == version_id else other for other in state.work.others),
        switch=new(state.work.switch),
        after=new(state.work.after),
        jobs=tuple(replace(job, version=change(job.version)) if job.version.id == version_id else job for job in state.work.jobs),
    )


def _job(state: State, job_id: int) -> Job | None:
    return next((job for job in state.work.jobs if job.job_id == job_id), None)


def _offer(state: State, job: Job) -> State:
    """Put a job's version where it is wanted, as soon as it can be heard."""
    version = job.version
    if job.purpose == "remake":
        now = state.transport.now
        comes = now is not None and version.index == now.version.index and version.id != now.version.id
        return state.with_work(switch=version) if comes else state
    if job.purpose == "after":
        return state.with_work(after=version)
    if version.index == OPENING:
        wanted = (
            version.complete and state.transport.now is None and (state.work.next is None or not usable(state, state.work.next))
        )
        return state.with_work(next=version) if wanted else state
    if version.index != next_index(state):
        return state
    before = take_at(state, version.take)
    state = offered(state, version)
    first_time = version.complete and (before is None or before.id == version.id or before.wish.take != version.wish.take)
    if first_time and state.settings.newest and not section_locked(state) and not state.steering.by_hand:
        return settled(state.with_steering(chosen=version.take))
    return state


def job_progress(state: State, event: JobProgress) -> Step:
    """More of a section is written, or more of its work done."""
    job = _job(state, event.job_id)
    if job is None:
        return state, ()
    state = _told(state, job, event.done, event.ready_to)
    if event.ready_to <= job.version.request.from_frame:  # nothing of it is there yet
        return state, ()
    if job.purpose == "remake" and job.version.ready_to == 0:
        took = state.transport.clock - job.asked_at
        lead = round(state.work.lead + MEASURE_WEIGHT * (took - state.work.lead))
        state = state.with_work(lead=min(lead, LONGEST_LEAD_S * state.grid.rate))
    state = _update(state, job.version.id, lambda v: replace(v, ready_to=max(v.ready_to, event.ready_to)))
    return _offer(state, replace(job, version=replace(job.version, ready_to=event.ready_to))), ()


def _told(state: State, job: Job, done: float, ready_to: int) -> State:
    """What a generator says of its work; less than before means that it made something, and begins anew."""
    if done == job.done and ready_to <= job.version.ready_to:
        return state
    told = replace(
        job, done=min(1.0, done), told_at=state.transport.clock, asked_at=job.asked_at if done >= job.done else job.told_at
    )
    return state.with_work(jobs=tuple(told if other.job_id == job.job_id else other for other in state.work.jobs))


def job_done(state: State, event: JobDone) -> Step:
    """A section is complete: learn from how long it took, and offer it."""
    job = _job(state, event.job_id)
    if job is None:
        return state, ()
    rate = state.grid.rate
    made = (job.version.total - job.version.request.from_frame) / rate
    once = event.work_s / max(1, event.fit.tries if event.fit else 1)
    once *= min(1.0, max(LEAST_SHARE, event.share))
    if not state.work.traits.live and state.transport.now is None:
        once *= ALONE
    speed = made / max(once, 1e-3)
    if job.place == "main":
        request, traits = job.version.request, state.work.traits
        pace = state.work.pace.learn(request.steps, worked_frames(state, request) / rate, once, traits)
        speed = speed if not state.work.speed else state.work.speed + MEASURE_WEIGHT * (speed - state.work.speed)
        state = state.with_work(speed=speed, pace=pace)
    headroom, first = due_in_s(state), state.work.next
    if job.purpose == "after" and first is not None:
        headroom += first.request.bars * float(state.grid.frames_per_bar) / rate

    def finished(version: Version) -> Version:
        return replace(version, ready_to=version.total, complete=True, work_s=event.work_s, headroom_s=headroom, fit=event.fit)

    old = state.work.next if job.version.index == OPENING else take_at(state, job.version.take)
    old = None if job.purpose == "after" else old
    state = _update(state, job.version.id, finished)
    state = _offer(state, replace(job, version=finished(job.version)))
    state = state.with_work(jobs=tuple(other for other in state.work.jobs if other.job_id != job.job_id))
    state = state.with_work(swept=False)
    if job.place == "main":
        state = state.with_work(failures=0, retry_at=0)
    if state.transport.now is not None and state.transport.now.version.index == OPENING:
        state = within_limits(state)  # how fast the generator is has just become known
    if event.fit is not None:  # of a section that began to sound before it was complete
        state = state.with_transport(
            history=tuple(replace(h, grid=event.fit) if h.section_id == job.version.id else h for h in state.transport.history)
        )
    there = {version.id for version in state.work.takes}
    if old is not None and there and old.id not in there:
        state = state.with_work(trash=(*state.work.trash, old.path))
    return state, ()


def job_failed(state: State, event: JobFailed) -> Step:
    """A section could not be made: try again a little later, without its variation if it had one."""
    job = _job(state, event.job_id)
    if job is None:
        return state, ()
    if event.full:
        return no_room(_abandon(state, job), job)
    if job.purpose == "take":
        name = take_name(job.version.wish.take)
        text = because(f"Take {name} could not be made", event.message, ": the others stay.")
        return _abandon(state, job).with_work(spares=False), (Tell("warning", text),)
    failures = state.work.failures + 1
    state = _abandon(state, job).with_work(failures=failures, retry_at=state.transport.clock + BACKOFF_FRAMES * min(failures, 8))
    variation, name = job.version.wish.variation, job.version.wish.name
    if variation is not None and variation == state.steering.variation:
        text = because(f"Could not vary {name}", event.message, "; generating it from scratch.")
        takes = state.steering.takes
        takes = tuple(replace(take, variation=None) if take.variation == variation else take for take in takes)
        return state.with_steering(takes=takes), (Tell("warning", text),)
    text = because(f"{job.version.generator} could not generate {name}", event.message, "; trying again.")
    return state, (Tell("warning", text),)
