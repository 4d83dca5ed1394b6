"""Bars that are marked while they play, to be kept or to have the next section built on them. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine import protocol as p
from engine.conductor.cues import handing_over
from engine.conductor.events import Step, Tell
from engine.conductor.looping import looped
from engine.conductor.recipes import anew, fresh_number, rewritten
from engine.conductor.requests import next_index
from engine.conductor.state import OPENING, State
from engine.conductor.steering import Hook, Variation
from engine.conductor.tempo import tempo_of

LONGEST: Final = 16
"""Bars of a hook at most."""

NOTHING_PLAYS: Final = "Nothing to mark yet: nothing is playing."
NO_HOOK: Final = "No bars are marked yet: G marks the last four while they play."


def bar_of(state: State) -> int | None:
    """The bar of the sounding section that sounds, counted from 1; None where nothing does that could be marked."""
    now = state.transport.now
    if now is None or now.version.filler or now.version.index == OPENING:
        return None
    grid = state.grid
    bar = grid.bar_at(max(state.transport.frame, now.origin)) - grid.bar_at(now.origin + 1)
    return max(1, min(bar + 1, now.version.request.bars))


def mark_in(state: State, command: p.MarkIn) -> Step:
    """The bar that sounds is the first one of a hook."""
    bar, now = bar_of(state), state.transport.now
    if bar is None or now is None:
        return state, (Tell("info", NOTHING_PLAYS),)
    return state.with_steering(mark=(now.version.index, bar)), (Tell("info", f"Marked from bar {bar} on; ] marks the last one."),)


def mark_out(state: State, command: p.MarkOut) -> Step:
    """The bar that sounds is the last one of a hook."""
    bar, now, mark = bar_of(state), state.transport.now, state.steering.mark
    if bar is None or now is None:
        return state, (Tell("info", NOTHING_PLAYS),)
    if mark is None or mark[0] != now.version.index or mark[1] > bar:
        return state, (Tell("info", "Mark the first bar before the last one: [ in the same section."),)
    return _marked(state, max(mark[1], bar - LONGEST + 1), bar)


def mark_last(state: State, command: p.MarkLast) -> Step:
    """The last bars that were heard whole are a hook; in a section's first bar that one alone."""
    bar = bar_of(state)
    if bar is None:
        return state, (Tell("info", NOTHING_PLAYS),)
    bars = max(1, min(command.bars, LONGEST))
    last = max(1, bar - 1)
    return _marked(state, max(1, last - bars + 1), last)


def _marked(state: State, first: int, last: int) -> Step:
    now = state.transport.now
    assert now is not None
    request = now.version.request
    grid = state.grid
    start = grid.frame_of_bar(first - 1) - grid.origin
    heard = [each.path for each in now.heard if each.first <= start]
    path, made_by = heard[-1] if heard else now.version.path, now.version.generator
    hook = Hook(path, now.version.wish.name, replace(request, built_on=None), first, last, made_by)
    bars = f"bar {first}" if first == last else f"bars {first} to {last}"
    told = Tell("info", f"Marked {bars} of {hook.name}: P builds the next section on them.")
    old = state.steering.hook
    if old is not None and old.path != hook.path:
        state = state.with_work(trash=(*state.work.trash, old.path))
    return state.with_steering(hook=hook, mark=None), (told,)


def loop_hook(state: State, command: p.LoopHook) -> Step:
    """The set is held in the hook's bars; released, it goes on behind them."""
    hook, now, loop = state.steering.hook, state.transport.now, state.steering.loop
    on = command.on if command.on is not None else not (loop is not None and state.steering.held)
    if not on:
        if loop is None:
            return state, ()
        return state.with_steering(held=False, loop=None), (Tell("info", f"The set goes on behind bar {loop[2]}."),)
    if hook is None:
        return state, (Tell("info", NO_HOOK),)
    if now is None or hook.path not in [each.path for each in now.heard] or handing_over(state) is not None:
        return state, (Tell("info", "Bars of another section are marked: G marks the last four of this one."),)
    held = state.with_steering(held=True, loop=(now.version.index, hook.first, hook.last)).with_transport(jump=False)
    if looped(held, now.version) is None:
        return state, (Tell("info", "These bars were made anew since they were heard: mark some that come now."),)
    bars = f"Bar {hook.first} loops" if hook.first == hook.last else f"Bars {hook.first} to {hook.last} loop"
    return held, (Tell("info", f"{bars} until you let go: h, or loop hook again."),)


def build_on_hook(state: State, command: p.BuildOnHook) -> Step:
    """The chosen take is built on the hook: its patterns and its tune, or its sound as what the section goes on from."""
    hook, index = state.steering.hook, next_index(state)
    if hook is None:
        return state, (Tell("info", NO_HOOK),)
    if index is None:
        return state, (Tell("info", "Nothing to build on it: this is the last section."),)
    where = f"bars {hook.first} to {hook.last} of {hook.name}"
    if not state.work.traits.live:
        if command.vary:
            return state, (Tell("info", "Keep these bars (keep hook): then K makes the next section a variation."),)
        if hook.request.bpm != tempo_of(state, index):  # what it continues would have to be in its own tempo
            said = f"These bars are at {hook.request.bpm:g} BPM, the next section at {tempo_of(state, index):g}: mark others."
            return state, (Tell("info", said),)
        return state.with_take(Variation("", hook=hook)), (Tell("info", f"The next section goes on from {where}."),)
    request = hook.request
    changes = tuple(change for change in request.changes if change.bars is None)
    own = Variation("", seeds=(request.seed, request.set_seed), changes=changes, hook=hook)
    own = replace(own, ideas=request.ideas, progression=request.progression)
    if command.vary:
        own = rewritten(own, anew(state, index, fresh_number(state), amount=p.VARY_AMOUNT))
    how = "varies" if command.vary else "is built on"
    return state.with_take(own), (Tell("info", f"The next section {how} {where}."),)
