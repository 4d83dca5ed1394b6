"""The plan section by section: each is named by its id, so that what is asked stays right when the plan has moved on. Pure.

A section that has begun, is gone, or is made and cannot be made anew in time, is not changed, and that is said.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from engine import protocol as p
from engine.conductor.events import Step, Tell
from engine.conductor.lengths import joined, piece_of
from engine.conductor.planning.plan import (
    ENERGY,
    SHARE,
    PlannedSection,
    bars_per_share,
    brightness_at,
    density_at,
    numbered,
)
from engine.conductor.reacting.plan_edits import (
    NOTHING_AHEAD,
    STEP_BARS,
    Parts,
    capital,
    changed,
    first_free,
    made_longer,
    made_shorter,
    next_free,
    stem_of,
    with_curves,
)
from engine.conductor.reacting.values import stepped
from engine.conductor.requests import next_index
from engine.conductor.state import State
from engine.conductor.takes import section_locked

GONE: Final = "That section is not in the plan any more."
LAST: Final = "The last section stays: without it the set would have no ending."

PartEdited = Callable[[int, Parts, State], tuple[Parts, str]]
"""From a part's place among those ahead, those, and the state, to those ahead from now on and what is said of it."""


def edit_part(state: State, command: p.EditPart) -> Step:
    """One section that is to come is left out, said again, moved, or made longer or shorter."""
    refused = _refusal(state, command.part)
    if refused is not None:
        return state, (refused,)
    edit = _EDITS[command.edit]

    def edited(now: PlannedSection, ahead: Parts, taken: object) -> tuple[Parts, str]:
        at = next(i for i, part in enumerate(ahead) if part.id == command.part)
        return edit(at, ahead, state)

    return changed(state, edited)


def insert_part(state: State, command: p.InsertPart) -> Step:
    """One section more, like those of its role, where it was asked for; behind what sounds where nothing else is to come."""
    if command.part is not None:
        refused = _refusal(state, command.part)
        if refused is not None:
            return state, (refused,)

    def inserted(now: PlannedSection, ahead: Parts, taken: object) -> tuple[Parts, str]:
        at = 0 if command.part is None else next(i for i, part in enumerate(ahead) if part.id == command.part) + command.after
        before = ahead[at - 1] if at else state.plan[max(0, first_free(state) - 1)]
        new = _new_part(state, command.role, before)
        where = f"before {ahead[at].name}" if at < len(ahead) else f"after {before.name}"
        return (*ahead[:at], new, *ahead[at:]), f"{capital(new.name)} is inserted {where}: {new.bars} bars."

    return changed(state, inserted, onto_the_end=True)


def _new_part(state: State, role: p.Role, before: PlannedSection) -> PlannedSection:
    """A part of a role as the set has them, in the tempo and key of the part before it."""
    plan = joined(state.plan)
    alike = [part for part in plan if part.role == role and part.piece == before.piece]
    share = bars_per_share(state.grid)
    called = numbered("groove" if role == "free" else role, [part.name for part in state.plan])
    if alike:
        like = alike[-1]
        bars, energy, density, brightness = like.bars, like.energy, like.density, like.brightness
    else:
        like = before
        bars = max(STEP_BARS, round(SHARE[role] * share / STEP_BARS) * STEP_BARS)
        energy = ENERGY[role]
        density, brightness = density_at(energy), brightness_at(energy)
    occurrence = 1 + max((part.occurrence for part in alike), default=0)
    return replace(
        before,
        name=called,
        role=role,
        bars=bars,
        energy=energy,
        density=density,
        brightness=brightness,
        prompts=like.prompts,
        purpose="answer" if alike else "statement",
        occurrence=occurrence,
        bpm=before.bpm if state.settings.pieces else None,
        key=before.key if state.settings.pieces else None,
        glide=0,
        id=0,
    )


# ------------------------------------------------------------ curves


def set_curve(state: State, command: p.SetCurve) -> Step:
    """A curve's value in one section."""
    return _curved(state, command, lambda value: p.unit(command.value))


def step_curve(state: State, command: p.StepCurve) -> Step:
    """A curve's value in one section, a step on from where it is."""
    if not command.by or not math.isfinite(command.by):
        return state, ()
    return _curved(state, command, lambda value: stepped(value, command.by))


def _curved(state: State, command: p.SetCurve | p.StepCurve, to: Callable[[float], float]) -> Step:
    first = first_free(state)
    part = command.part
    if part is None:
        free = next_free(state)
        if free is None:
            return state, (Tell("info", NOTHING_AHEAD),)
        part = free.id
    if (refused := _refusal(state, part)) is not None:
        return state, (refused,)
    plan = tuple(
        with_curves(each, {command.curve: round(to(getattr(each, command.curve)), 4)}) if i >= first and each.id == part else each
        for i, each in enumerate(state.plan)
    )
    return replace(state, plan=plan), ()


# ------------------------------------------------------------ edits of one part


def _refusal(state: State, part: int) -> Tell | None:
    """Why a part cannot be changed; None where it can."""
    first = first_free(state)
    if any(each.id == part for each in state.plan[first:]):
        return None
    at = next((i for i, each in enumerate(state.plan) if each.id == part), None)
    if at is None:
        return Tell("info", GONE)
    name = capital(piece_of(state.plan[at].name)[0])
    if at == next_index(state):
        if section_locked(state):
            return Tell("info", f"{name[:40]} comes next and is locked: let go of the lock first.")
        return Tell("info", f"{name[:40]} is made already, or being made: it stays as it is.")
    return Tell("info", f"{name[:40]} has begun already: it stays as it is.")


def _removed(at: int, ahead: Parts, state: State) -> tuple[Parts, str]:
    if len(ahead) == 1:
        return ahead, LAST
    return (*ahead[:at], *ahead[at + 1 :]), f"{capital(ahead[at].name)} is left out."


def _repeated(at: int, ahead: Parts, state: State) -> tuple[Parts, str]:
    part = ahead[at]
    name = numbered(stem_of(part.name), [each.name for each in state.plan])
    occurrence = 1 + max(each.occurrence for each in state.plan if each.role == part.role)
    again = replace(part, name=name, purpose="answer", occurrence=occurrence, id=0)
    return (*ahead[: at + 1], again, *ahead[at + 1 :]), f"{capital(part.name)} comes once more, as {name}."


def _sooner(at: int, ahead: Parts, state: State) -> tuple[Parts, str]:
    if not at:
        return ahead, f"{capital(ahead[at].name)} is what comes next already."
    if ahead[at - 1].piece != ahead[at].piece:
        return ahead, f"{capital(ahead[at].name)} is the first section of its piece: move the whole piece."
    return (*ahead[: at - 1], ahead[at], ahead[at - 1], *ahead[at + 1 :]), (
        f"{capital(ahead[at].name)} comes before {ahead[at - 1].name}."
    )


def _later(at: int, ahead: Parts, state: State) -> tuple[Parts, str]:
    if at + 1 == len(ahead):
        return ahead, f"{capital(ahead[at].name)} is the last section already."
    if ahead[at + 1].piece != ahead[at].piece:
        return ahead, f"{capital(ahead[at].name)} is the last section of its piece: move the whole piece."
    return (*ahead[:at], ahead[at + 1], ahead[at], *ahead[at + 2 :]), (
        f"{capital(ahead[at].name)} comes after {ahead[at + 1].name}."
    )


def _next(at: int, ahead: Parts, state: State) -> tuple[Parts, str]:
    if not at:
        return ahead, f"{capital(ahead[at].name)} is what comes next already."
    if ahead[at].piece != ahead[0].piece:
        return ahead, f"{capital(ahead[at].name)} is of another piece: choose that piece as the next one."
    return (ahead[at], *ahead[:at], *ahead[at + 1 :]), f"{capital(ahead[at].name)} comes next; what was before it follows."


def _longer(at: int, ahead: Parts, state: State) -> tuple[Parts, str]:
    part, said = made_longer(ahead[at])
    return (*ahead[:at], part, *ahead[at + 1 :]), said


def _shorter(at: int, ahead: Parts, state: State) -> tuple[Parts, str]:
    part, said = made_shorter(ahead[at])
    return (*ahead[:at], part, *ahead[at + 1 :]), said


_EDITS: Final[dict[p.PartEdit, PartEdited]] = {
    "remove": _removed,
    "repeat": _repeated,
    "sooner": _sooner,
    "later": _later,
    "next": _next,
    "longer": _longer,
    "shorter": _shorter,
}
