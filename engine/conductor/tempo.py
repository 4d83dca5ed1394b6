"""In which tempo and key each part of the plan is asked for, and where its bars lie: pure functions from the conductor's state.

What the performer asked for counts for all that follows. Else a part is in its own tempo and key, and one that names none is in
those of the part before it; the first ones are the set's.
"""

from __future__ import annotations

from dataclasses import replace

from engine.conductor.state import State, Version
from engine.protocol import TRANSITION_BY_KIND, TransitionKind
from engine.timebase import SLACK, TempoMap, section_frames


def start_bar(state: State) -> int:
    """The set's bar at which the sounding section's first bar lies, as it loops; 0 before the set starts."""
    now = state.transport.now
    return 0 if now is None else state.grid.bar_at(now.origin + SLACK)


def tempo_of(state: State, index: int) -> float:
    """The tempo of a part of the plan, where it has come to that; of the first part for what opens the set."""
    if state.steering.bpm is not None:
        return state.steering.bpm
    named = (part.bpm for part in reversed(state.plan[: max(0, index) + 1]) if part.bpm is not None)
    return next(named, state.settings.grid.bpm)


def tempo_in(state: State, index: int, bar: int) -> float:
    """The tempo of a part's bar, counted from 0: one that glides comes to its own from that of the part before it, bar by bar.

    A generator that is not live makes all of a section at once, and in one tempo.
    """
    goal, part = tempo_of(state, index), state.plan[max(0, index)]
    if not part.glide or index < 1 or state.steering.bpm is not None or not state.work.traits.live or bar >= part.glide:
        return goal
    start = tempo_of(state, index - 1)
    return round(start + (goal - start) * max(0, bar) / part.glide, 3)


def key_of(state: State, index: int) -> str:
    """The key of a part of the plan; of the first part for what opens the set."""
    if state.steering.key is not None:
        return state.steering.key
    named = (part.key for part in reversed(state.plan[: max(0, index) + 1]) if part.key is not None)
    return next(named, state.settings.key)


def frames_of(state: State, version: Version) -> int:
    """Frames of a version's bars, without its tail."""
    return section_frames(version.request.bpm, version.request.beats_per_bar, version.request.bars, state.grid.rate)


def hand_over(state: State, index: int) -> tuple[TransitionKind, int]:
    """How a part of the plan hands over to the one after it, and over how many bars: two tempos or keys are not heard at once."""
    part, after = state.plan[index], index + 1
    if not TRANSITION_BY_KIND[part.transition].overlaps:
        return part.transition, part.transition_bars
    if after < len(state.plan) and (
        tempo_in(state, after, 0) != tempo_of(state, index) or key_of(state, after) != key_of(state, index)
    ):
        return "cut", 0
    glides = after < len(state.plan) and tempo_of(state, after) != tempo_of(state, index)
    return part.transition, min(part.transition_bars, 1 if glides else part.transition_bars)


def next_line(state: State) -> int:
    """The first of the set's bars from which a re-make that is asked for now can be heard."""
    return state.grid.next_bar(state.transport.frame + state.settings.commit + state.settings.fade + state.work.lead // 2)


def planned(state: State) -> TempoMap:
    """The set's bars as they are, and as they are planned to be."""
    tempo, now = state.tempo, state.transport.now
    if state.steering.bpm is None and all(part.bpm is None for part in state.plan):
        return tempo
    bar, first = 0, 0
    if now is not None:
        begun, first = start_bar(state), max(0, now.version.index) + (now.version.index >= 0)
        bar = begun + now.version.request.bars
        if state.work.traits.live and not now.version.filler:
            for line in range(next_line(state), bar):
                tempo = tempo.changed(line, tempo_in(state, now.version.index, line - begun))
    for index in range(first, len(state.plan)):
        bars = state.plan[index].bars
        for each in range(min(bars, state.plan[index].glide + 1)):
            tempo = tempo.changed(bar + each, tempo_in(state, index, each))
        bar += bars
    return tempo


def asked_seconds(state: State) -> float:
    """How long the set was to be as it was asked for at its start, in seconds."""
    plan = state.settings.plan or state.plan
    settings = replace(state.settings, total_bars=sum(part.bars for part in plan))
    return planned_seconds(State(settings, plan, work=state.work))


def planned_seconds(state: State) -> float:
    """How long the set is as it is planned, in seconds."""
    tempo = planned(state)
    return tempo.seconds_at(tempo.frame_of_bar(state.settings.total_bars))
