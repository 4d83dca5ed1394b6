"""What keys, controls and addresses can do to the plan: rows that `engine.actions` takes over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.protocol import (
    CURVES,
    PIECE_ROWS,
    ROLES,
    TRANSITION_TABLE,
    ChoosePiece,
    ChooseTransition,
    Command,
    Curve,
    EditPieces,
    EditPlan,
    InsertPart,
    Role,
    SetCurve,
    StepTransition,
    StretchTransition,
)

_INSERTED: Final[dict[Role, str]] = {
    "intro": "an intro",
    "build": "a build",
    "drop": "a drop",
    "breakdown": "a breakdown",
    "outro": "an outro",
    "free": "a groove",
}

PLAN_PRESSES: Final[tuple[tuple[str, Command, str, str], ...]] = (
    ("skip next", EditPlan("skip"), "leave the next section out", "N"),
    ("once more", EditPlan("repeat"), "have a section like this one once more", "A"),
    ("8 bars more", EditPlan("longer"), "give the next section 8 bars more", "full_stop"),
    ("8 bars less", EditPlan("shorter"), "give the next section 8 bars less", "comma"),
    ("drop next", EditPlan("drop"), "bring the next drop forward", "F"),
    ("end the set", EditPlan("end"), "leave out all but the ending", ""),
    *((f"insert {role}", InsertPart(role), f"have {_INSERTED[role]} more before the next section", "") for role in ROLES),
)
"""Presses: name, command, help, key."""


PIECE_PRESSES: Final[tuple[tuple[str, Command, str, str], ...]] = (
    (
        "next piece",
        EditPieces("leave"),
        "leave out what is left of this piece: the next one follows this section",
        "/next-piece",
    ),
    ("skip piece", EditPieces("skip"), "leave the next piece out", "/skip-piece"),
    ("repeat piece", EditPieces("repeat"), "have this piece once more before the next one", "/repeat-piece"),
    *(
        (f"piece {number}", ChoosePiece(number), f"have piece {number} of the set list next", f"/piece/{number}")
        for number in range(1, PIECE_ROWS + 1)
    ),
)
"""Presses about a set list: name, command, help, address of OSC."""


def _curve(curve: Curve) -> tuple[str, Callable[[float], Command], str]:
    help = f"{curve} of the next section that can still change, in the plan"
    return f"plan {curve}", lambda value: SetCurve(curve, value), help


PLAN_VALUES: Final = tuple(_curve(curve) for curve in CURVES)
"""Values that are moved: name, the command for 0..1, help."""

_STEP: Final = "the next section comes in another way: cut, cross-fade, sweep, echo ... and round again"

TRANSITION_PRESSES: Final[tuple[tuple[str, Command, str, str, str], ...]] = (
    ("next transition", StepTransition(), "transition", _STEP, "backslash"),
    ("transition longer", StretchTransition(1), "longer", "the next transition takes a bar more", "right_curly_bracket"),
    ("transition shorter", StretchTransition(-1), "shorter", "the next transition takes a bar less", "left_curly_bracket"),
    ("transition as planned", ChooseTransition(), "as planned", "the next section comes in as planned", ""),
    *(
        (f"transition {row.name}", ChooseTransition(row.name), row.name, f"{row.name} next: {row.help}", "")
        for row in TRANSITION_TABLE
    ),
)
"""Presses about the next hand-over: name, command, label, help, key."""
