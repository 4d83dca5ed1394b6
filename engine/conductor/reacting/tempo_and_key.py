"""Another tempo or key for all that follows: as a value, by steps, or tapped. Pure."""

from __future__ import annotations

import math
from typing import Final

from engine import protocol as p
from engine.conductor.events import SetParams, Step, Tell
from engine.conductor.state import State
from engine.conductor.tempo import key_of, tempo_of
from engine.music.key import MODES, Key
from engine.timebase import MAX_BPM, MIN_BPM

PLACES: Final = 3
"""Decimal places of a tempo that is asked for: bars are as exact."""

TAPS: Final = 4
"""Taps that say a tempo."""

MOST_TAPS: Final = 8
"""Taps that are remembered: with more of them in a row the tempo is their mean."""

MOST_NUDGE_MS: Final = 500.0
"""Milliseconds that a set is nudged by at once at most: what is more is a quarter of a minute at 2 %."""

SAME_TAPS: Final = 0.004
"""Part of a tempo by which a hand strays from tap to tap: the taps after the fourth say nothing new within it."""


def set_tempo(state: State, command: p.SetTempo) -> Step:
    """A tempo by its value, held within what a set can have."""
    if not math.isfinite(command.bpm):
        return state, ()
    bpm = round(min(float(MAX_BPM), max(float(MIN_BPM), command.bpm)), PLACES)
    before, state = tempo_of(state, state.here), state.with_steering(bpm=bpm, clocked=command.follows)
    if bpm == before:
        return state, (bend(state),)
    return state, (bend(state), *_told(state, f"{bpm:g} BPM"))


def bend(state: State) -> SetParams:
    """What sounds goes along with the tempo until it is made anew; with a clock's, whoever hears the clock pulls it."""
    return SetParams((("tempo", 0.0 if state.steering.clocked else state.steering.bpm or 0.0),))


def nudge_time(state: State, command: p.NudgeTime) -> Step:
    """The set is heard a little sooner or later from now on; its bars stay as they are."""
    if not math.isfinite(command.ms):
        return state, ()
    by = min(MOST_NUDGE_MS, max(-MOST_NUDGE_MS, command.ms)) / 1000
    ahead = round(state.transport.ahead + by, 6)
    where = f"{abs(1000 * ahead):g} ms {'sooner' if ahead > 0 else 'later'} than it would be" if ahead else "back in its place"
    return state.with_transport(ahead=ahead), (SetParams((("ahead", ahead),)), Tell("info", f"Nudged: the set is {where}."))


def step_tempo(state: State, command: p.StepTempo) -> Step:
    """A little faster or slower than was asked for last."""
    return set_tempo(state, p.SetTempo(tempo_of(state, state.here) + command.by))


def tap_tempo(state: State, command: p.TapTempo) -> Step:
    """A tap: the fourth in a row says the tempo, and each after it says it better."""
    at = state.transport.clock / state.grid.rate if command.at_s is None else command.at_s
    taps = state.steering.taps
    if not math.isfinite(at):
        return state, ()
    if taps and 0 <= at - taps[-1] < 60 / MAX_BPM:  # a pad that rings, or a key that is held down
        return state, ()
    if taps and not 0 < at - taps[-1] <= 60 / MIN_BPM:
        taps = ()
    taps = (*taps, at)[-MOST_TAPS:]
    state = state.with_steering(taps=taps)
    if len(taps) < TAPS:
        return state, ()
    bpm = round(60 * (len(taps) - 1) / (taps[-1] - taps[0]), 1)
    if len(taps) > TAPS and abs(bpm - tempo_of(state, state.here)) < SAME_TAPS * bpm:
        return state, ()
    state, told = set_tempo(state, p.SetTempo(bpm))
    return state, (*told, Tell("info", f"Tapped: {bpm:g} BPM."))


def set_key(state: State, command: p.SetKey) -> Step:
    """Another tonic, and another mode if one is named."""
    mode = command.mode if command.mode in MODES else Key.parse(key_of(state, state.here)).mode
    key = Key.of(command.tonic, mode).name
    if key == key_of(state, state.here):
        return state.with_steering(key=key), ()
    state = state.with_steering(key=key)
    return state, _told(state, key)


def step_key(state: State, command: p.StepKey) -> Step:
    """The key that was asked for last, moved by semitones."""
    return set_key(state, p.SetKey((Key.parse(key_of(state, state.here)).tonic + command.semitones) % 12))


def _told(state: State, what: str) -> tuple[Tell, ...]:
    """A generator that is not live does not make anew what sounds."""
    if state.work.traits.live or state.transport.now is None:
        return ()
    return (Tell("info", f"The next section is asked for in {what}; what plays stays as it is."),)
