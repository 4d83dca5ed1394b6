"""The conductor: a pure state machine that keeps the music coming.

``step(state, event, at)`` takes one event at one moment and returns the new state and what is to be done. It has no clock:
time is the player's frame count, handed in with each event. Real-time, headless and simulated sets run this same code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from engine.conductor.cues import choose_cues
from engine.conductor.events import (
    At,
    Commanded,
    Event,
    JobDone,
    JobFailed,
    JobProgress,
    Measured,
    PlayerSaid,
    Restarted,
    RoomMeasured,
    SetParams,
    Step,
    Tick,
    WorkerLost,
    WorkerRefused,
    WorkerShare,
    WorkerUp,
)
from engine.conductor.jobs import choose_jobs
from engine.conductor.planning.numbering import identified
from engine.conductor.reacting import scenes
from engine.conductor.reacting.listening import choose_listening
from engine.conductor.reacting.on_command import take_command
from engine.conductor.reacting.on_generator import (
    job_done,
    job_failed,
    job_progress,
    restarted,
    worker_lost,
    worker_refused,
    worker_share,
    worker_up,
)
from engine.conductor.reacting.on_player import measured, player_said
from engine.conductor.reacting.small_disk import room_measured
from engine.conductor.state import State
from engine.conductor.takes import settled


def step(state: State, event: Event, at: At) -> Step:
    """Take one event.

    Args:
        state: as the step before left it.
        event: what happened.
        at: when, in the player's frames; neither count ever goes back.
    """
    state = state.with_transport(frame=max(state.transport.frame, at.frame), clock=max(state.transport.clock, at.clock))
    plan = state.plan
    state, first = _HANDLERS[type(event)](state, event)
    if state.plan is not plan:
        state = identified(state)
    if state.transport.run == "finished":
        state, listen = choose_listening(state)
        return state, (*first, *listen)
    state, jobs = choose_jobs(settled(state))
    state, cues = choose_cues(state)
    state, run = _start_transport(state)
    state, listen = choose_listening(state)
    return state, (*first, *jobs, *cues, *run, *listen)


def _start_transport(state: State) -> Step:
    """The transport runs from the moment the first cue was handed over."""
    if state.transport.run == "starting" and state.transport.cues and state.transport.wants_play:
        return state.with_transport(run="playing"), (SetParams((("run", 1.0),)),)
    return state, ()


def _tick(state: State, event: Tick) -> Step:
    return scenes.go_on(state)


def _commanded(state: State, event: Commanded) -> Step:
    return take_command(state, event.command)


_HANDLERS: Final[dict[type, Callable[[State, Any], Step]]] = {
    Tick: _tick,
    Measured: measured,
    Commanded: _commanded,
    PlayerSaid: player_said,
    WorkerUp: worker_up,
    WorkerLost: worker_lost,
    WorkerRefused: worker_refused,
    WorkerShare: worker_share,
    Restarted: restarted,
    RoomMeasured: room_measured,
    JobProgress: job_progress,
    JobDone: job_done,
    JobFailed: job_failed,
}
