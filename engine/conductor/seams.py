"""How what sounds hands over to the section after it: as planned, or as the performer chose for this one seam. Pure."""

from __future__ import annotations

from dataclasses import replace

from engine.conductor.state import OPENING, State
from engine.conductor.tempo import hand_over
from engine.protocol import STEMS, TRANSITION_BY_KIND, TransitionKind


def hand_over_of(state: State, index: int) -> tuple[TransitionKind, int]:
    """How a part of the plan hands over, and over how many bars; of what sounds, as was chosen for it."""
    now = state.transport.now
    return coming(state) if now is not None and now.version.index == index else hand_over(state, index)


def coming(state: State) -> tuple[TransitionKind, int]:
    """How what sounds hands over to the next section, and over how many bars: something must sound.

    What was chosen gives way where it cannot be: two tempos or keys are not heard at once, a mix has no stems, and no more bars
    overlap than the tail of what sounds has.
    """
    now, steering = state.transport.now, state.steering
    assert now is not None
    index, plan = now.version.index, state.plan
    kind: TransitionKind
    kind, bars = ("equal-power", 1) if index == OPENING else (plan[index].transition, plan[index].transition_bars)
    if steering.transition is not None:
        kind, bars = steering.transition, TRANSITION_BY_KIND[steering.transition].bars
    bars = steering.transition_bars or bars
    if index != OPENING:
        part = replace(plan[index], transition=kind, transition_bars=bars)
        kind, bars = hand_over(replace(state, plan=(*plan[:index], part, *plan[index + 1 :])), index)
    if TRANSITION_BY_KIND[kind].shape == "stems" and not in_stems(state):
        kind = "equal-power"
    if TRANSITION_BY_KIND[kind].overlaps:
        bars = min(bars, now.version.request.tail_bars)
    after = plan[index + 1].bars if index + 1 < len(plan) else bars
    return kind, 0 if kind == "cut" else min(bars, after)


def in_stems(state: State) -> bool:
    """Whether what sounds and the section after it are made in stems that can change hands one by one."""
    now, following = state.transport.now, state.work.next
    places = (*((now.version.place,) if now is not None else ()), "main" if following is None else following.place)
    return "main" not in places or set(state.work.traits.stems) <= {*STEMS}
