"""The plan in the performer's hands: sections are left out, said again, made longer or shorter, or come sooner. Pure.

Every edit is of what is still to come, and changes the length of the set by exactly what it takes or adds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from engine import protocol as p
from engine.conductor.events import Step, Tell
from engine.conductor.forecast import in_time, next_safe
from engine.conductor.lengths import joined
from engine.conductor.planning.plan import PHRASE, PlannedSection, into, numbered
from engine.conductor.replan import first_open, refit
from engine.conductor.requests import next_index
from engine.conductor.state import State
from engine.conductor.takes import section_locked

STEP_BARS: Final = 2 * PHRASE
"""Bars by which a section is made longer or shorter."""

NOTHING_AHEAD: Final = "Nothing follows that could be changed: this is the last section."

Parts = tuple[PlannedSection, ...]
Edit = Callable[[PlannedSection, Parts, Sequence[str]], tuple[Parts, str]]
"""From the part that sounds, those ahead, and the names that are taken, to those ahead from now on and what is said of it."""


def edit_plan(state: State, command: p.EditPlan) -> Step:
    """The plan with one thing changed about what is to come."""
    return changed(state, _EDITS[command.edit])


def first_free(state: State) -> int:
    """The plan's first index that may be changed: what is locked, or made or in the making with no time to do it anew, stays."""
    first, coming = first_open(state), next_index(state)
    begun = next_safe(state) or any(job.purpose == "next" for job in state.work.jobs)
    if not state.work.traits.live or coming is None or not begun:
        return first
    return first + (section_locked(state) or not in_time(state, coming))


def next_free(state: State) -> PlannedSection | None:
    """The first part that may be changed, which commands mean that name none; None where nothing may be."""
    first = first_free(state)
    return state.plan[first] if first < len(state.plan) else None


def changed(state: State, edit: Edit, *, onto_the_end: bool = False) -> Step:
    """The plan with what is to come edited, and the set as much longer or shorter.

    Args:
        state: as it is now.
        edit: what is done to it.
        onto_the_end: it may add something where nothing is to come.
    """
    first = first_free(state)
    begun, ahead = state.plan[:first], tuple(joined(state.plan[first:]))  # whole parts; what is too long is split again
    if not ahead and not onto_the_end:
        return state, (Tell("info", NOTHING_AHEAD),)
    after, said = edit(state.plan[state.here], ahead, [part.name for part in state.plan])
    if after == ahead:
        return state, (Tell("info", said),)
    plan = _handed_over((*begun, *after), state.plan, max(0, first - 1))
    bars = state.settings.total_bars + sum(part.bars for part in after) - sum(part.bars for part in ahead)
    if bars > state.grid.bars_in(60 * p.MAX_MINUTES):
        return state, (Tell("warning", f"The set has {p.MAX_MINUTES // 60} hours already, the most there can be."),)
    state = replace(state, plan=plan, settings=replace(state.settings, total_bars=bars))
    return refit(state), (Tell("info", said),)


def _skipped(now: PlannedSection, ahead: Parts, taken: Sequence[str]) -> tuple[Parts, str]:
    if len(ahead) == 1:
        return ahead, "The last section stays: without it the set would have no ending."
    return ahead[1:], f"{capital(ahead[0].name)} is left out; {ahead[1].name} comes instead."


def _repeated(now: PlannedSection, ahead: Parts, taken: Sequence[str]) -> tuple[Parts, str]:
    again = replace(now, name=numbered(stem_of(now.name), taken), purpose="answer", occurrence=now.occurrence + 1, id=0)
    return (again, *ahead), f"{capital(now.name)} comes once more, as {again.name}, before {ahead[0].name}."


def _longer(now: PlannedSection, ahead: Parts, taken: Sequence[str]) -> tuple[Parts, str]:
    longer, said = made_longer(ahead[0])
    return (longer, *ahead[1:]), said


def _shorter(now: PlannedSection, ahead: Parts, taken: Sequence[str]) -> tuple[Parts, str]:
    shorter, said = made_shorter(ahead[0])
    return (shorter, *ahead[1:]), said


def made_longer(part: PlannedSection) -> tuple[PlannedSection, str]:
    """A part with eight bars more, and what is said of it."""
    bars = part.bars + STEP_BARS
    return replace(part, bars=bars), f"{capital(part.name)} gets {STEP_BARS} bars more: {bars}."


def made_shorter(part: PlannedSection) -> tuple[PlannedSection, str]:
    """A part with eight bars less, or as it is where too little would be left, and what is said of it."""
    bars = part.bars - STEP_BARS
    if bars < PHRASE:
        return part, f"{capital(part.name)} has {part.bars} bars: shorter it cannot be."
    return replace(part, bars=bars), f"{capital(part.name)} gets {STEP_BARS} bars less: {bars}."


def _drop_next(now: PlannedSection, ahead: Parts, taken: Sequence[str]) -> tuple[Parts, str]:
    at = next((i for i, part in enumerate(ahead) if part.role == "drop" and part.piece == ahead[0].piece), None)
    if at is None:
        return ahead, "No drop is to come."
    if at == 0:
        return ahead, f"{capital(ahead[0].name)} is what comes next already."
    return (ahead[at], *ahead[:at], *ahead[at + 1 :]), f"{capital(ahead[at].name)} comes next; what was before it follows."


def _ended(now: PlannedSection, ahead: Parts, taken: Sequence[str]) -> tuple[Parts, str]:
    if len(ahead) == 1:
        return ahead, f"{capital(ahead[0].name)} is the last section already."
    last = next((part for part in reversed(ahead) if part.piece == now.piece), ahead[-1])
    return (last,), f"The set ends sooner: {last.name} comes next."


_EDITS: Final[dict[p.PlanEdit, Edit]] = {
    "skip": _skipped,
    "repeat": _repeated,
    "longer": _longer,
    "shorter": _shorter,
    "drop": _drop_next,
    "end": _ended,
}


def with_curves(part: PlannedSection, values: Mapping[p.Curve, float]) -> PlannedSection:
    """A part with other values, 0..1, of some of its curves."""
    energy, density, brightness = (values.get(curve, getattr(part, curve)) for curve in p.CURVES)
    return replace(part, energy=energy, density=density, brightness=brightness)


def capital(name: str) -> str:
    """A part's name as a sentence begins with it."""
    return name[:1].upper() + name[1:]


def stem_of(name: str) -> str:
    """A part's name without its number, and without that of a piece of it."""
    whole = name.split(" · ", maxsplit=1)[0]
    stem, _, number = whole.rpartition(" ")
    return stem if stem and number.isdigit() else whole


def _handed_over(plan: Parts, before: Parts, first: int) -> Parts:
    """A plan in which parts that have another part after them than before hand over as befits that."""
    followed = {(one.id, one.name): other for one, other in pairwise(before)}
    made = list(plan)
    for i in range(first, len(made)):
        after = made[i + 1] if i + 1 < len(made) else None
        old = followed.get((made[i].id, made[i].name))
        if (after and after.role) != (old and old.role):
            kind, bars = into(after.role if after else None)
            made[i] = replace(made[i], transition=kind, transition_bars=min(bars, made[i].bars))
    return tuple(made)
