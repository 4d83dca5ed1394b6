"""In which tempo and key each part of the plan is asked for, and where its bars lie: pure functions from the conductor's state.

What the performer asked for counts for all that follows. Else a part is in its own tempo and key, and one that names none is in
those of the part before it; the first ones are the set's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.conductor.pieces import opens_piece, to_come
from engine.conductor.state import State, Version
from engine.music.key import NEIGHBOURS, Key, fifths_apart
from engine.protocol import TRANSITION_BY_KIND, TransitionKind
from engine.timebase import SLACK, TempoMap, section_frames

MOST_GLIDED: Final = 0.08
"""The most by which two pieces' tempos differ, as a part of the first, for the set to glide from one to the other."""

PIECE_GLIDE: Final = 8
"""Bars over which it does."""

FAR_APART: Final[TransitionKind] = "echo-out"
"""How a piece hands over to one whose tempo is further off."""

BLEND: Final[TransitionKind] = "bass-swap"
"""How it does to one that it can sound together with, where its file says nothing."""


def start_bar(state: State) -> int:
    """The set's bar at which the sounding section's first bar lies, as it loops; 0 before the set starts."""
    now = state.transport.now
    return 0 if now is None else state.grid.bar_at(now.origin + SLACK)


def tempo_of(state: State, index: int) -> float:
    """The tempo of a part of the plan, where it has come to that; of the first part for what opens the set."""
    if (asked := _asked_bpm(state, index)) is not None:
        return asked
    named = (bpm for i in range(max(0, index), -1, -1) if (bpm := state.plan[i].bpm) is not None)
    return next(named, state.settings.grid.bpm)


def _asked_bpm(state: State, index: int) -> float | None:
    """The tempo that the performer asks of a part: of the piece that sounds, unless it is locked or that of a clock."""
    steering = state.steering
    holds = steering.clocked or "tempo" in steering.locks
    return steering.bpm if holds or to_come(state, state.plan[max(0, index)]) is None else None


def tempo_in(state: State, index: int, bar: int) -> float:
    """The tempo of a part's bar, counted from 0: one that glides comes to its own from that of the part before it, bar by bar.

    A generator that is not live makes all of a section at once, and in one tempo.
    """
    goal, glide = tempo_of(state, index), glide_of(state, index)
    if not glide or index < 1 or _asked_bpm(state, index) is not None or not state.work.traits.live or bar >= glide:
        return goal
    start = _tempo_before(state, index)
    return round(start + (goal - start) * max(0, bar) / glide, 3)


def glide_of(state: State, index: int) -> int:
    """Bars over which a part comes to its tempo: as planned; where a piece begins with it, if its tempo is near enough."""
    part = state.plan[max(0, index)]
    if not opens_piece(state, index):
        return part.glide
    start, goal = _tempo_before(state, index), tempo_of(state, index)
    if start == goal or abs(goal / start - 1) > MOST_GLIDED:
        return 0
    return part.glide or max(1, min(PIECE_GLIDE, part.bars // 2))


def _tempo_before(state: State, index: int) -> float:
    """The tempo from which a part sets out: where a piece begins with it, as that was heard, once it is over."""
    now, history = state.transport.now, state.transport.history
    if opens_piece(state, index) and now is not None and now.version.index == index and history:
        return state.tempo.at_bar(history[-1].start_bar - 1).bpm
    return tempo_of(state, index - 1)


def key_of(state: State, index: int) -> str:
    """The key of a part of the plan; of the first part for what opens the set."""
    steering = state.steering
    if steering.key is not None and ("key" in steering.locks or to_come(state, state.plan[max(0, index)]) is None):
        return steering.key
    named = (key for i in range(max(0, index), -1, -1) if (key := state.plan[i].key) is not None)
    return next(named, state.settings.key)


def frames_of(state: State, version: Version) -> int:
    """Frames of a version's bars, without its tail."""
    return section_frames(version.request.bpm, version.request.beats_per_bar, version.request.bars, state.grid.rate)


def hand_over(state: State, index: int) -> tuple[TransitionKind, int]:
    """How a part of the plan hands over to the one after it, and over how many bars: two tempos or keys are not heard at once."""
    part, after = state.plan[index], index + 1
    if opens_piece(state, after):
        return _between_pieces(state, index)
    if not TRANSITION_BY_KIND[part.transition].overlaps:
        return part.transition, part.transition_bars
    if after < len(state.plan) and (
        tempo_in(state, after, 0) != tempo_of(state, index) or key_of(state, after) != key_of(state, index)
    ):
        return "cut", 0
    glides = after < len(state.plan) and tempo_of(state, after) != tempo_of(state, index)
    return part.transition, min(part.transition_bars, 1 if glides else part.transition_bars)


def _between_pieces(state: State, index: int) -> tuple[TransitionKind, int]:
    """How a piece's last part hands over to the next piece: they blend where tempo and key let them."""
    part, after = state.plan[index], index + 1
    now, kind, bars = state.transport.now, part.transition, part.transition_bars
    chosen = state.steering.transition is not None and now is not None and now.version.index == index
    if kind == "cut" and not chosen:
        kind, bars = BLEND, bars or TRANSITION_BY_KIND[BLEND].bars
    if not TRANSITION_BY_KIND[kind].overlaps:
        return kind, bars
    if tempo_in(state, after, 0) != tempo_of(state, index):
        return FAR_APART, TRANSITION_BY_KIND[FAR_APART].bars
    if fifths_between(state, index) > NEIGHBOURS:
        return "cut", 0
    glides = tempo_of(state, after) != tempo_of(state, index)
    return kind, min(bars, 1 if glides else bars, part.bars, state.plan[after].bars)


def fifths_between(state: State, index: int) -> int:
    """Steps on the circle of fifths from a part's key to that of the part after it, 0..6."""
    return fifths_apart(Key.parse(key_of(state, index)), Key.parse(key_of(state, index + 1)))


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
        there = tempo_of(state, index) == tempo.last.bpm  # most parts of a long set are in the tempo of the one before
        for each in range(0 if there else min(bars, glide_of(state, index) + 1)):
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
