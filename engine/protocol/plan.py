"""The plan in the performer's hands: commands that name one of its sections, and the moves that undo goes back on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from engine.protocol.words import PlanEdit, Role

PartEdit = Literal["remove", "repeat", "sooner", "later", "next", "longer", "shorter"]
"""What can be done to a section that is to come: leave it out, have it once more, have it before the one before it or after the
one after it, have it next, give it eight bars more or less."""

Curve = Literal["energy", "density", "brightness"]
"""What every section of the plan has a value of, 0..1: over the plan they are curves."""
CURVES: Final[tuple[Curve, ...]] = ("energy", "density", "brightness")


@dataclass(frozen=True, slots=True)
class EditPlan:
    """Change what is planned from the next section on."""

    edit: PlanEdit


@dataclass(frozen=True, slots=True)
class EditPart:
    """Change one section that is to come. ``part`` is its `ArcPart.id`: one that has begun, or is gone, is not changed."""

    part: int
    edit: PartEdit


@dataclass(frozen=True, slots=True)
class InsertPart:
    """Have one section more, for a role, before the section with the id ``part``, or after it.

    None: before the next that may be changed; at the end where none follows.
    """

    role: Role
    part: int | None = None
    after: bool = False


@dataclass(frozen=True, slots=True)
class SetCurve:
    """Move a curve's value, 0..1, in the section with the id ``part``; None: in the next that may be changed."""

    curve: Curve
    value: float
    part: int | None = None


@dataclass(frozen=True, slots=True)
class StepCurve:
    """Move a curve's value in a section to the next multiple of ``by`` (-1..1) from where it is when the engine takes this."""

    curve: Curve
    by: float
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back the last move that was about the future: a prompt, a weight, a scene, a take. What sounds stays.

    ``to`` is a move's `MoveView.number`: that one and all that came after it are taken back.
    """

    to: int | None = None


@dataclass(frozen=True, slots=True)
class Redo:
    """Do again what was undone last; with ``to``, all that was undone up to the move of that number."""

    to: int | None = None


PlanCommand = EditPlan | EditPart | InsertPart | SetCurve | StepCurve
"""Commands about what is planned."""


@dataclass(frozen=True, slots=True)
class MoveView:
    """A move that can be undone, or done again.

    Attributes:
        number: names it, whatever becomes of the list.
        what: in a few words.
        at_s: seconds after the engine's start at which it was made.
        late: the plan has moved on since, so that it stays.
    """

    number: int
    what: str
    at_s: float
    late: bool = False
