"""A controller's sheet: its controls as they lie on it, with what each moves; and what its lights are sent."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from engine.midi.feedback.lights import Kind
from engine.midi.feedback.states import RHYTHMS
from engine.midi.profiles import Control, Profile

CELL: Final = 13
"""Characters of a cell: the longest names of actions are cut."""

ROW: Final = 8
"""Cells in a row where a profile does not say how its controls lie."""


def rows(profile: Profile) -> list[tuple[Control, ...]]:
    """The controls as they lie; those that no row of the profile has come last."""
    known = {control for row in profile.layout for control in row}
    order = iter(sorted(set(profile.controls) - known, key=lambda each: (each.kind, each.channel or 0, each.number)))
    rest = list(iter(lambda: tuple(islice(order, ROW)), ()))
    return [*profile.layout, *rest]


def drawing(profile: Profile) -> Iterator[str]:
    """The map as lines of text: a cell for every control, its number above what it moves."""
    for row in rows(profile):
        yield "+" + f"{'-' * CELL}+" * len(row)
        yield "|" + "".join(f"{_short(str(control)):<{CELL}}|" for control in row)
        yield "|" + "".join(f"{_moves(profile, control):<{CELL}}|" for control in row)
        yield "+" + f"{'-' * CELL}+" * len(row)


def second_layer(profile: Profile) -> Iterator[str]:
    """What controls move while the one for it is held, a line each."""
    if profile.shift is not None:
        yield f"held: {profile.shift.hold}"
        for control, bound in profile.shift.bindings.items():
            yield f"{_short(str(control)):<{CELL}} {bound.action.name if bound is not None else 'nothing'}"


def _short(text: str) -> str:
    return text if len(text) <= CELL else text[: CELL - 1] + "."


def _moves(profile: Profile, control: Control) -> str:
    bound = profile.controls.get(control)
    if profile.shift is not None and control == profile.shift.hold:
        return "(shift)"
    return "" if bound is None else _short(bound.action.name)


def lights(profile: Profile) -> Iterator[str]:
    """A line for each kind of light: what it is sent."""
    for kind in profile.lights.kinds:
        yield f"{kind.name}: {_sent(kind)}"
    for what, messages in (("on connecting", profile.lights.enter), ("at the end", profile.lights.leave)):
        for data in messages:
            yield f"{what}: {data.hex(' ').upper()}"


def _sent(kind: Kind) -> str:
    if kind.value:
        return f"value {' '.join(kind.value)}, {kind.span[0]} to {kind.span[1]}"
    return ", ".join(f"{rhythm} {' '.join(kind.rhythms[rhythm])}" for rhythm in RHYTHMS if rhythm in kind.rhythms)
