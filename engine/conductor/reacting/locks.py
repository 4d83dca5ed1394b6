"""Locks: what stays as it is while the rest is made another way. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine import protocol as p
from engine.conductor.events import Step, Tell
from engine.conductor.reacting.tempo_and_key import bend
from engine.conductor.recipes import in_seeds
from engine.conductor.requests import next_index
from engine.conductor.state import State
from engine.conductor.tempo import key_of, tempo_of

_OF_A_TAKE: Final = (*p.STEM_PARTS, "motif", "chords")

_OF_SECTION: Final = (
    *(p.ReRoll, p.RemakeBars, p.ReRollStem, p.TakeStem, p.ChooseTake, p.VaryNext, p.BuildOnHook),
    *(p.EditPlan, p.EditPieces, p.ChoosePiece),
)
"""Commands that would make the next section another one."""


def set_lock(state: State, command: p.SetLock) -> Step:
    """Lock something, or let it go."""
    what = command.what
    if what not in p.LOCKS:
        return state, ()
    locks = state.steering.locks
    on = what not in locks if command.on is None else command.on
    if on == (what in locks):
        return state, ()
    if on and (why_not := _refusal(state, what)) is not None:
        return state, (why_not,)
    before, state = state.steering.bpm, _held(state, what, on)
    bent = () if state.steering.bpm == before else (bend(state),)
    kept = tuple(name for name in p.LOCKS if (on if name == what else name in locks))
    state = state.with_steering(locks=kept)
    plural = "are" if what == "drums" else "is"
    told = f"The {p.LOCKS[what]} {plural} locked: it stays as it is." if on else f"The {p.LOCKS[what]} {plural} free again."
    return state, (
        *bent,
        Tell("info", told.replace("it stays", "they stay") if what == "drums" else told),
    )


def _refusal(state: State, what: str) -> Tell | None:
    """Why something cannot be locked now; None where it can."""
    if what == "section":
        if next_index(state) is None:
            return Tell("info", "Nothing to lock: this is the last section.")
        if state.work.next is None or not state.work.next.complete:
            return Tell("info", "The next section is still being generated: lock it once it is ready.")
    elif what in _OF_A_TAKE and not state.work.traits.live:
        return Tell("info", f"{state.work.generator} makes one mix: lock the next section as a whole instead.")
    return None


def _held(state: State, what: str, on: bool) -> State:
    """The state in which what is locked has become the performer's, where the plan could have changed it."""
    steering = state.steering
    if what in ("tempo", "key"):
        field = "bpm" if what == "tempo" else "key"
        if not on:
            free = {field: None} if what in steering.led else {}
            return state.with_steering(**free, led=tuple(each for each in steering.led if each != what))
        if getattr(steering, field) is not None:
            return state
        value = _tempo_now(state) if what == "tempo" else key_of(state, state.here)
        return state.with_steering(**{field: value}, led=(*steering.led, what))
    index = next_index(state)
    if what not in _OF_A_TAKE or index is None or not state.work.traits.live:
        return state
    base = in_seeds(state, index, steering.chosen)
    if steering.chosen:  # what was chosen stays the section that it is
        own = replace(steering.takes[steering.chosen], variation=base)
        takes = (*steering.takes[: steering.chosen], own, *steering.takes[steering.chosen + 1 :])
        state = state.with_steering(takes=takes)
    return state.with_steering(lock_base=base)


def _tempo_now(state: State) -> float:
    """The tempo of what sounds, which may be on its way to another."""
    return tempo_of(state, state.here) if state.transport.now is None else state.grid.bpm


def locked_out(state: State, command: p.Command) -> tuple[Tell, ...] | None:
    """What is said to a command that would change what is locked; None for one that may pass."""
    locks = state.steering.locks
    if not locks:
        return None
    what = _asked_of(command, locks)
    if what is None:
        return None
    if isinstance(command, p.SetTempo) and command.follows:  # a clock asks with every bar
        return ()
    plural = "are" if what == "drums" else "is"
    return (Tell("info", f"The {p.LOCKS[what]} {plural} locked: let go of the lock first."),)


def _asked_of(command: p.Command, locks: tuple[str, ...]) -> str | None:
    """The lock that a command would break."""
    if "section" in locks and isinstance(command, _OF_SECTION):
        return "section"
    if "tempo" in locks and isinstance(command, p.SetTempo | p.StepTempo | p.TapTempo):
        return "tempo"
    if "key" in locks and isinstance(command, p.SetKey | p.StepKey):
        return "key"
    if isinstance(command, p.ReRollStem | p.TakeStem):
        if command.stem in locks:
            return command.stem
        if command.stem == "lead" and "motif" in locks:
            return "motif"
    return None
