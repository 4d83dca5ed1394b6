"""A set that is over: played again or made longer, and what is said to commands that come too late. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final, get_args

from engine import protocol as p
from engine.conductor.events import Action, Step, Tell
from engine.conductor.forecast import end_bar
from engine.conductor.pieces import sounding
from engine.conductor.planning.plan import PlannedSection, arc, bars_per_share, fit, into, numbered
from engine.conductor.reacting.changing_over import changed_over
from engine.conductor.replan import first_open, refit, within_limits
from engine.conductor.state import State
from engine.conductor.tempo import start_bar

OVER: Final = "The set is over: play it again or go on."

_OF_THE_FUTURE: Final = (*get_args(p.TakeCommand), *get_args(p.TransitionCommand), *get_args(p.PlanCommand))
TOO_LATE: Final = (p.Play, p.Stop, p.TogglePlay, p.NextNow, p.Hold, p.VaryNext, *_OF_THE_FUTURE)
"""Commands that mean nothing once a set is over."""


def refused(state: State, command: p.Command) -> Tell | None:
    """What is said to a command that comes too late; None for one that does not."""
    return Tell("info", OVER) if state.transport.run == "finished" and isinstance(command, TOO_LATE) else None


def play_again(state: State, command: p.PlayAgain) -> Step:
    """The plan from its start, as the set is steered now; the same seeds make the same music of the same prompts."""
    if state.transport.run != "finished":
        return state, (Tell("info", "The set is not over yet: it can be played again after its end."),)
    played = state.transport.now
    last_piece, changes = sounding(state), tuple[Action, ...]()
    left = () if played is None else (played.version.path, *((played.fallback.path,) if played.fallback else ()))
    plan = state.settings.plan or state.plan
    state = replace(_from_here(state.with_transport(changes=()), 0), plan=plan)
    state = replace(state, settings=replace(state.settings, total_bars=sum(part.bars for part in plan)))
    state = state.with_transport(
        run="starting", wants_play=True, jump=False, overdue=False, now=None, history=(), drift=0, holds=0, pockets=0
    ).with_work(
        next=None,
        others=(),
        after=None,
        switch=None,
        trash=(*state.work.trash, *left, *(each.path for each in state.work.others)),
    )
    state = _steered_anew(state)
    if state.settings.pieces and state.plan[0].piece != last_piece:
        state, changes = changed_over(state, state.settings.pieces[state.plan[0].piece])
    return within_limits(state), (*changes, Tell("info", "The set begins again."))


def go_on(state: State, command: p.GoOn) -> Step:
    """More parts before the ending, or after it where that is made or played already."""
    if not math.isfinite(command.minutes) or command.minutes <= 0:
        return state, (Tell("warning", f"A set goes on for more than 0 minutes (got {command.minutes:g})."),)
    grid, over = state.grid, state.transport.run == "finished"
    most = math.floor(grid.bars_in(60 * p.MAX_MINUTES)) - state.settings.total_bars
    bars = min(most, max(1, round(grid.bars_in(60 * command.minutes))))
    if bars < 1:
        return state, (Tell("warning", f"The set has {p.MAX_MINUTES // 60} hours already, the most there can be."),)
    behind = over or first_open(state) >= len(state.plan)
    total = end_bar(state) if over else state.settings.total_bars
    state = replace(
        state,
        plan=longer(state.plan, bars, bars_per_share(grid), behind=behind),
        settings=replace(state.settings, total_bars=total + bars),
    )
    told = Tell("info", f"The set goes on for {command.minutes:g} minutes: {bars} bars more.")
    if not over:
        return refit(state), (told,)
    state = _from_here(state, end_bar(state)).with_transport(run="starting", wants_play=True, jump=False, drift=0)
    return refit(_steered_anew(state)), (told,)


def longer(plan: tuple[PlannedSection, ...], bars: int, share: float, *, behind: bool) -> tuple[PlannedSection, ...]:
    """A plan with so many bars more.

    Args:
        plan: one part or more.
        bars: 1 or more.
        share: bars of a part of share 1, see `engine.conductor.planning.plan.bars_per_share`.
        behind: what is new follows the last part; else it comes before that.
    """
    parts = arc(bars, share)
    last, several = plan[-1], len({part.piece for part in plan}) > 1
    parts = tuple(replace(part, piece=last.piece, bpm=last.bpm, key=last.key) for part in parts) if several else parts
    body = parts[1:] if len(parts) > 1 else parts
    body = body[:-1] if len(body) > 1 and not behind else body
    before, after = (plan, ()) if behind else (plan[:-1], plan[-1:])
    made = (*before, *fit(body, bars), *after)
    first = max(0, len(before) - 1)
    for i in range(first, len(made)):
        kind, over = into(made[i + 1].role) if i + 1 < len(made) else ("cut", 0)
        part = replace(made[i], transition=kind, transition_bars=over)
        others = (*made[:i], *after)
        name = numbered(part.role, [each.name for each in others]) if len(before) <= i < len(made) - len(after) else part.name
        made = (*made[:i], replace(part, name=name), *made[i + 1 :])
    return made


def _from_here(state: State, bar: int) -> State:
    """The set's bars moved so that one begins as soon as the player can begin to play: it stood still meanwhile."""
    start = state.transport.frame + 2 * state.settings.commit  # the way to the player and back, and as much again
    tempo = state.tempo.moved(start - state.grid.frame_of_bar(bar))
    now = state.transport.now
    if now is not None:
        now = replace(now, origin=tempo.last.frame_of_bar(start_bar(state)))
    settings = replace(state.settings, grid=tempo.first)
    return replace(state.with_transport(now=now, cues=(), changes=tempo.changes), settings=settings)


def _steered_anew(state: State) -> State:
    """What was asked of sections that were to come is past; prompts, macros and stems stay as they are."""
    locks = tuple(each for each in state.steering.locks if each != "section")
    state = state.with_first_takes().with_steering(held=False, loop=None, morph=None, locks=locks)
    return state.with_work(failures=0, retry_at=0, spares=True)
