"""Which part of the plan is which, whatever is changed around it: every part has an id of its own. Pure."""

from __future__ import annotations

from dataclasses import replace

from engine.conductor.lengths import piece_of
from engine.conductor.planning.plan import PlannedSection
from engine.conductor.state import State


def identified(state: State) -> State:
    """The state whose plan has an id for every part: one without, or with that of another part before it, gets a fresh one.

    Pieces that one part was split into, as "drop · 2", keep its id.
    """
    last, made = state.last_part, list[PlannedSection]()
    seen: set[int] = set()
    for part in state.plan:
        stem, piece = piece_of(part.name)
        if piece > 1 and made and piece_of(made[-1].name)[0] == stem:
            number = made[-1].id
        elif part.id and (piece > 1 or part.id not in seen):
            number = part.id
        else:
            number = last = last + 1
        seen.add(number)
        made.append(part if number == part.id else replace(part, id=number))
    same = all(one is other for one, other in zip(made, state.plan, strict=True))
    return state if same else replace(state, plan=tuple(made), last_part=last)
