"""A disk with little room for sections: old ones go, new ones become shorter, and longer again where there is room for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.conductor.events import MeasureRoom, RoomMeasured, Step, Sweep, Tell
from engine.conductor.lengths import joined, whole
from engine.conductor.planning.plan import MAX_TRANSITION
from engine.conductor.replan import first_open, within_limits
from engine.conductor.state import Job, State

DISK_FULL: Final = "The disk for sections is full: old ones go, new ones become shorter; set XDG_CACHE_HOME."
"""Said once; a repeated line replaces itself."""

LEAST_ROOM: Final = 2
"""Bars under which sections do not become shorter, however full the disk is."""

STEERABLE_ROOM: Final = 8
"""Bars under which they do not become shorter only so that there is room to make them anew when something is moved."""

NO_ROOM_FRAMES: Final = 22_050
"""Rendered frames after which a full disk is tried again."""

TOGETHER: Final = 3
"""Sections that lie on the disk at a time: what sounds, what comes, and one of them made anew."""


def no_room(state: State, job: Job) -> Step:
    """A job found the disk full: give back all that nothing needs any more, and make shorter sections from now on."""
    if job.purpose == "take":  # nothing waits for it
        state = without_spares(state)
        return state, (Sweep(_needed(state)),)
    version, request = state.work.next, job.version.request
    needed = job.purpose == "next" and (version is None or not version.complete)
    state = without_spares(state).with_work(retry_at=state.transport.clock + NO_ROOM_FRAMES)
    if state.work.swept or not needed:
        shorter = max(LEAST_ROOM if needed else STEERABLE_ROOM, request.bars // 2)
        state = within_limits(state.with_work(room=min(state.work.room or shorter, shorter)))
    return state.with_work(swept=needed, trash=()), (Sweep(_needed(state)), Tell("warning", DISK_FULL))


def without_spares(state: State) -> State:
    """The state without takes that shall not come: none is made until the next section has begun."""
    files = tuple(version.path for version in state.work.others)
    return state.with_work(others=(), spares=False, trash=(*state.work.trash, *files))


def _needed(state: State) -> frozenset[str]:
    """Files that sound, may sound again, or are about to; what was heard of this section before cannot be kept any more."""
    now, waiting = state.transport.now, {cue.cue_id for cue in state.transport.cues}
    versions = [version for cue_id, version in state.transport.cue_versions if cue_id in waiting]
    versions += [version for version in (*state.work.takes, state.work.after, state.work.switch) if version is not None]
    versions += [job.version for job in state.work.jobs]
    if now is not None:
        versions += [now.version, *((now.fallback,) if now.fallback else ())]
    built = (take.variation.hook for take in state.steering.takes if take.variation is not None)
    marked = (hook.path for hook in (state.steering.hook, *built) if hook is not None)
    sources = (path for job in state.work.jobs for path in (job.version.request.continue_path, job.version.request.vary_path))
    return frozenset((*marked, *(version.path for version in versions), *(path for path in sources if path is not None)))


def measure_room(state: State) -> tuple[MeasureRoom, ...]:
    """While sections are shorter than planned, ask what the disk has room for, by the section that sounds."""
    now = state.transport.now
    if not state.work.room or now is None or now.version.request.from_frame:
        return ()
    return (MeasureRoom(now.version.path, now.version.total),)


def room_measured(state: State, event: RoomMeasured) -> Step:
    """Sections become twice as long where the disk has room for it; not at once, for it may refuse more than it shows."""
    fits = int(event.frames / TOGETHER / state.grid.frames_per_bar)
    measured, room = whole(fits - MAX_TRANSITION), state.work.room
    if not room or measured <= room:
        return state, ()
    first = first_open(state)
    plan = (*state.plan[:first], *joined(state.plan[first:]))
    longest = max((part.bars for part in plan[first:]), default=0)
    grown = min(measured, 2 * room)
    return within_limits(replace(state.with_work(room=0 if grown >= longest else grown), plan=plan)), ()
