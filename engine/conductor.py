"""The conductor: a pure state machine that keeps the music coming.

``step(state, event, at)`` takes one event at one moment and returns the new state and what is to be done. It has no clock:
time is the player's frame count, handed in with each event. Real-time, headless and simulated sets run this same code.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from engine import protocol as p
from engine.cueing import choose_cues, due_in_s, played_on, usable
from engine.pace import FULL_STEPS, MEASURE_WEIGHT, Pace
from engine.stage import (
    OPENING,
    Action,
    At,
    Commanded,
    Discard,
    Event,
    Heard,
    Job,
    JobDone,
    JobFailed,
    JobProgress,
    Mark,
    Measured,
    Played,
    PlayerSaid,
    Playing,
    SendCues,
    SetParams,
    State,
    Tell,
    Tick,
    Version,
    WorkerLost,
    WorkerRefused,
    WorkerUp,
)
from engine.steering import take_command
from engine.wishes import next_index, refit, within_limits
from engine.work import choose_jobs, drop_job, worked_frames

Step = tuple[State, tuple[Action, ...]]

STAND_IN: Final = "pocket"
"""The generator that plays a set whose own cannot be loaded."""

ALONE: Final = 1.3
"""How much longer work takes while a set plays than before it does, on the two cores of a laptop: the player, the screen
and the engine want their share. Measured with a 30 s section of Stable Audio 3 small."""

BACKOFF_FRAMES: Final = 11_025
"""A quarter of a second of rendered frames for each failed try in a row, eight at most."""


def step(state: State, event: Event, at: At) -> Step:
    """Take one event.

    Args:
        state: as the step before left it.
        event: what happened.
        at: when, in the player's frames; neither count ever goes back.
    """
    state = replace(state, frame=max(state.frame, at.frame), clock=max(state.clock, at.clock))
    state, first = _HANDLERS[type(event)](state, event)
    if state.run == "finished":
        return state, first
    state, jobs = choose_jobs(state)
    state, cues = choose_cues(state)
    state, run = _start_transport(state)
    return state, (*first, *jobs, *cues, *run)


def _start_transport(state: State) -> Step:
    """The transport runs from the moment the first cue was handed over."""
    if state.run == "starting" and state.cues and state.wants_play:
        return replace(state, run="playing"), (SetParams((("run", 1.0),)),)
    return state, ()


def _tick(state: State, event: Tick) -> Step:
    return state, ()


def _commanded(state: State, event: Commanded) -> Step:
    return take_command(state, event.command)


# ---------------------------------------------------------------- generators


def _worker_up(state: State, event: WorkerUp) -> Step:
    up = tuple(sorted({*state.up, event.place}))
    if event.place == "main":
        state = replace(state, generator=event.name, live=event.live, max_seconds=event.max_seconds, full_steps=event.steps)
        state = within_limits(_with_stems(state, event.stems))
    return replace(state, up=up), ()


def _with_stems(state: State, stems: tuple[str, ...]) -> State:
    """The stems that the set's generator makes, those that were there already at their levels."""
    known = {stem: (level, muted) for stem, level, muted in state.levels}
    return replace(state, levels=tuple((stem, *known.get(stem, (1.0, False))) for stem in stems or p.STEMS))


def _worker_lost(state: State, event: WorkerLost) -> Step:
    running = state.job(event.place)
    known = event.place in state.up
    state = replace(state, up=tuple(place for place in state.up if place != event.place), restarts=state.restarts + 1)
    if running is not None:
        state = _abandon(state, running)
    what = "the generator stopped" if known else "the generator did not start"
    detail = f" ({event.message})" if event.message else ""
    return state, (Tell("warning", f"{what}{detail}; it is started again, the set goes on"),)


def _worker_refused(state: State, event: WorkerRefused) -> Step:
    """The set's own generator cannot be loaded: pocket, which needs nothing, plays the set instead."""
    if state.generator == STAND_IN:
        return state, (Tell("error", event.message),)
    for job in state.jobs:
        state = _abandon(state, job)
    settings = replace(state.settings, standby=False)
    state = replace(_with_stems(state, p.STEMS), settings=settings, generator=STAND_IN, live=True, up=(), variation=None)
    state = replace(state, max_seconds=math.inf, full_steps=FULL_STEPS, speed=0.0, pace=Pace(), failures=0, retry_at=0)
    return state, (Tell("error", f"{event.message}; the set plays on {STAND_IN}"),)


def _abandon(state: State, job: Job) -> State:
    """A job will never be done: go back to a complete version when it is the one that sounds."""
    state = drop_job(state, job)
    now = state.now
    if now is not None and job.version.id == now.version.id and now.fallback is not None and state.switch is None:
        state = replace(state, switch=now.fallback)
    return state


def _update(state: State, version_id: str, change: Callable[[Version], Version]) -> State:
    """Change a version wherever the state holds it."""

    def new(version: Version | None) -> Version | None:
        return change(version) if version is not None and version.id == version_id else version

    now = state.now
    if now is not None and now.version.id == version_id:
        now = replace(now, version=change(now.version))
    return replace(
        state,
        now=now,
        next=new(state.next),
        switch=new(state.switch),
        jobs=tuple(replace(job, version=change(job.version)) if job.version.id == version_id else job for job in state.jobs),
        cue_versions=tuple((cue, change(v) if v.id == version_id else v) for cue, v in state.cue_versions),
    )


def _job(state: State, job_id: int) -> Job | None:
    return next((job for job in state.jobs if job.job_id == job_id), None)


def _offer(state: State, job: Job) -> State:
    """Put a job's version where it is wanted, as soon as it can be heard."""
    version = job.version
    if job.purpose == "remake":
        if state.now is None or version.index != state.now.version.index or version.id == state.now.version.id:
            return state
        return replace(state, switch=version)
    if version.index == OPENING:
        wanted = version.complete and state.now is None and (state.next is None or not usable(state, state.next))
        return replace(state, next=version) if wanted else state
    if version.index != next_index(state):
        return state
    if state.next is None or version.complete or not state.next.complete:
        return replace(state, next=version)
    return state


def _job_progress(state: State, event: JobProgress) -> Step:
    job = _job(state, event.job_id)
    if job is None:
        return state, ()
    state = _told(state, job, event.done)
    if event.ready_to <= job.version.request.from_frame:  # nothing of it is there yet
        return state, ()
    if job.purpose == "remake" and job.version.ready_to == 0:
        took = state.clock - job.asked_at
        lead = round(state.lead + MEASURE_WEIGHT * (took - state.lead))
        state = replace(state, lead=min(lead, state.settings.grid.rate))
    state = _update(state, job.version.id, lambda v: replace(v, ready_to=max(v.ready_to, event.ready_to)))
    return _offer(state, replace(job, version=replace(job.version, ready_to=event.ready_to))), ()


def _told(state: State, job: Job, done: float) -> State:
    """What a generator says of its work; less than before means that it made something, and begins anew."""
    if done == job.done:
        return state
    told = replace(job, done=min(1.0, done), told_at=state.clock, asked_at=job.asked_at if done > job.done else job.told_at)
    return replace(state, jobs=tuple(told if other.job_id == job.job_id else other for other in state.jobs))


def _job_done(state: State, event: JobDone) -> Step:
    job = _job(state, event.job_id)
    if job is None:
        return state, ()
    rate = state.settings.grid.rate
    made = (job.version.total - job.version.request.from_frame) / rate
    once = event.work_s / max(1, event.fit.tries if event.fit else 1)
    if not state.live and state.now is None:
        once *= ALONE
    speed = made / max(once, 1e-3)
    if job.place == "main":
        pace = state.pace.learn(job.version.request.steps, worked_frames(state, job.version.request) / rate, once)
        speed = speed if not state.speed else state.speed + MEASURE_WEIGHT * (speed - state.speed)
        state = replace(state, speed=speed, pace=pace)
    headroom = due_in_s(state)

    def finished(version: Version) -> Version:
        return replace(version, ready_to=version.total, complete=True, work_s=event.work_s, headroom_s=headroom, fit=event.fit)

    old = state.next
    state = _update(state, job.version.id, finished)
    state = _offer(state, replace(job, version=finished(job.version)))
    state = replace(state, jobs=tuple(other for other in state.jobs if other.job_id != job.job_id))
    if job.place == "main":
        state = replace(state, failures=0, retry_at=0)
    if event.fit is not None:  # of a section that began to sound before it was complete
        state = replace(
            state, history=tuple(replace(h, fit=event.fit) if h.section_id == job.version.id else h for h in state.history)
        )
    if old is not None and state.next is not None and old.id != state.next.id:
        state = replace(state, trash=(*state.trash, old.path))
    return state, ()


def _job_failed(state: State, event: JobFailed) -> Step:
    job = _job(state, event.job_id)
    if job is None:
        return state, ()
    failures = state.failures + 1
    state = replace(_abandon(state, job), failures=failures, retry_at=state.clock + BACKOFF_FRAMES * min(failures, 8))
    variation = job.version.wish.variation
    if variation is not None and variation == state.variation:
        text = f"{job.version.wish.name} could not be made out of another section: {event.message}; it is made anew"
        return replace(state, variation=None), (Tell("warning", text),)
    return state, (
        Tell("warning", f"{job.version.generator} could not make {job.version.wish.name}: {event.message}; trying again"),
    )


# ---------------------------------------------------------------- player

ALIKE: Final = 0.95
"""From this correlation on, the two sides are the same music and gains must add up; under it they would dip (1 dB at 0.6)."""


def _measured(state: State, event: Measured) -> Step:
    def known(cue: p.Cue) -> p.Cue:
        if cue.cue_id != event.cue_id or cue.transition not in ("equal-power", "equal-gain"):
            return cue
        kind: p.TransitionKind = "equal-gain" if event.correlation >= ALIKE else "equal-power"
        return replace(cue, correlation=event.correlation, transition=kind)

    cues = tuple(known(cue) for cue in state.cues)
    return (state, ()) if cues == state.cues else (replace(state, cues=cues), (SendCues(cues),))


def _player_said(state: State, event: PlayerSaid) -> Step:
    handler = _PLAYER_HANDLERS.get(type(event.event))
    return handler(state, event.event) if handler else (state, ())


def _cue_started(state: State, event: p.CueStarted) -> Step:
    version = dict(state.cue_versions).get(event.cue_id)
    cue = next((cue for cue in state.cues if cue.cue_id == event.cue_id), None)
    state = replace(state, cues=tuple(other for other in state.cues if other.cue_id > event.cue_id))
    if version is None or cue is None:
        return state, ()
    if state.now is not None and version.index == state.now.version.index:
        return _switched(state, version, cue, event)
    return _entered(state, version, cue, event)


def _switched(state: State, version: Version, cue: p.Cue, event: p.CueStarted) -> Step:
    """Another version of the section that sounds already."""
    assert state.now is not None
    old, fallback = state.now.version, state.now.fallback
    if old.id != version.id and old.complete and not old.filler:
        trash = (fallback.path,) if fallback is not None and fallback.id not in (old.id, version.id) else ()
        fallback = old
    else:
        trash = () if old.id == version.id or old.complete else (old.path,)
    now = played_on(state.now, version, cue, event.origin_frame, event.frame)
    now = replace(now, fallback=None if version.complete else fallback)
    if now.fallback is None and fallback is not None and fallback.id != version.id:
        trash = (*trash, fallback.path)
    switch = None if state.switch is not None and state.switch.id == version.id else state.switch
    pockets = state.pockets + (version.filler and not old.filler)
    state = replace(state, now=now, switch=switch, pockets=pockets, trash=(*state.trash, *trash))
    tell: tuple[Action, ...] = (Tell("warning", "the next section is late: pocket fills in"),) if version.filler else ()
    return refit(state), tell


def _entered(state: State, version: Version, cue: p.Cue, event: p.CueStarted) -> Step:
    """The next section of the plan begins."""
    grid = state.settings.grid
    start_bar = grid.bar_at(event.origin_frame)
    part = Played(
        section_id=version.id,
        index=version.index,
        name=version.wish.name,
        start_frame=event.origin_frame,
        start_bar=start_bar,
        bars=version.request.bars,
        bpm=version.request.bpm,
        key=version.request.key,
        energy=version.wish.energy,
        role=version.wish.role,
        prompts=tuple((prompt.text, prompt.weight) for prompt in version.wish.prompts),
        seed=version.request.seed,
        generator=version.generator,
        generated_in_s=version.work_s,
        headroom_s=version.headroom_s,
        fit=version.fit,
    )
    before = state.history
    if before:
        closed = replace(before[-1], transition=cue.transition, transition_start=event.frame, transition_frames=cue.length)
        before = (*before[:-1], closed)
    left = [state.now.version.path, *([state.now.fallback.path] if state.now.fallback else [])] if state.now else []
    discard = tuple(Discard(path) for path in dict.fromkeys(state.trash) if path not in (*left, version.path))
    opening = version.index == OPENING
    pockets = state.pockets + (version.place == "pocket" and state.settings.standby and not opening)
    state = replace(
        state,
        now=Playing(version, cue, event.origin_frame, event.frame, heard=(Heard(version.path, 0),)),
        next=None,
        switch=None,
        take=0,
        variation=None,
        jump=False,
        overdue=opening,  # what follows comes in on the first bar line that it can
        run="playing" if state.run == "starting" else state.run,
        history=(*before, part),
        trash=tuple(left),
        pockets=pockets,
    )
    told = (Tell("info", f"pocket opens the set while {state.generator} makes its first section"),) if opening else ()
    return refit(state), (*discard, Mark(part.name, part.start_frame), *told)


def _looped(state: State, event: p.Looped) -> Step:
    now = state.now
    if now is None or now.cue.cue_id != event.cue_id:
        return state, ()
    state = replace(state, now=replace(now, origin=event.origin_frame, loops=now.loops + 1))
    tell: tuple[Action, ...] = ()
    if not state.held and not state.overdue and next_index(state) is not None:
        state = replace(state, overdue=True, holds=state.holds + 1)
        tell = (Tell("warning", "the next section is late: the last bars loop until it is there"),)
    return refit(state), tell


def _cue_failed(state: State, event: p.CueFailed) -> Step:
    version = dict(state.cue_versions).get(event.cue_id)
    state = replace(state, cues=tuple(cue for cue in state.cues if cue.cue_id != event.cue_id))
    if version is None:
        return state, ()
    state = replace(
        state,
        next=None if state.next is not None and state.next.id == version.id else state.next,
        switch=None if state.switch is not None and state.switch.id == version.id else state.switch,
    )
    return state, (Tell("warning", f"a section could not be played ({event.message}); it is made again"),)


def _finished(state: State, event: p.Finished) -> Step:
    return replace(state, run="finished", cues=(), jobs=()), (Tell("info", "the set is over"),)


def _hello(state: State, event: p.PlayerHello) -> Step:
    """A player that plays already (this conductor takes over), or a new one that must be told where to go on."""
    if event.cue is None:
        return _resume_lost_player(state)
    version = dict(state.cue_versions).get(event.cue.cue_id)
    state = replace(
        state, cues=event.cues, last_cue=max(state.last_cue, event.cue.cue_id, *(cue.cue_id for cue in event.cues), 0)
    )
    if version is None:
        return state, ()
    if state.now is None or version.index != state.now.version.index:
        said = p.CueStarted(event.cue.cue_id, event.frame, event.cue.origin_frame)
        state = replace(state, cues=(event.cue, *state.cues))
        return _cue_started(state, said)
    now = played_on(state.now, version, event.cue, event.cue.origin_frame, event.cue.start_frame)
    return replace(state, now=now), ()


def _resume_lost_player(state: State) -> Step:
    """The player was started anew: what sounded goes on from the next bar line of its grid."""
    now = state.now
    if now is None:
        return replace(state, cues=()), ()
    cue = replace(
        now.cue, cue_id=state.last_cue + 1, start_frame=state.frame, origin_frame=now.origin, transition="cut", length=0
    )
    state = replace(state, cues=(cue,), last_cue=cue.cue_id, cue_versions=(*state.cue_versions, (cue.cue_id, now.version))[-16:])
    return state, (SendCues((cue,)), Tell("warning", "the player was restarted; the set goes on"))


_PLAYER_HANDLERS: Final[dict[type, Callable[[State, Any], Step]]] = {
    p.CueStarted: _cue_started,
    p.Looped: _looped,
    p.CueFailed: _cue_failed,
    p.Finished: _finished,
    p.PlayerHello: _hello,
}

_HANDLERS: Final[dict[type, Callable[[State, Any], Step]]] = {
    Tick: _tick,
    Measured: _measured,
    Commanded: _commanded,
    PlayerSaid: _player_said,
    WorkerUp: _worker_up,
    WorkerLost: _worker_lost,
    WorkerRefused: _worker_refused,
    JobProgress: _job_progress,
    JobDone: _job_done,
    JobFailed: _job_failed,
}
