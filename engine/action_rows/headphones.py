"""What a performer can do with the headphones, for `engine.actions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from engine.protocol import (
    CUE_LEVEL,
    CUE_MIX,
    NEWEST_KEEPER,
    Command,
    ListenHandOver,
    ListenKeeper,
    ListenTake,
    Nudge,
    SetCueLevel,
    SetCueMix,
    StopListening,
)

LEVEL, MIX = "cue level", "cue mix"

CUE_PRESSES: Final[tuple[tuple[str, Command, str, str, str], ...]] = (
    ("cue take a", ListenTake(0), "hear A", "hear take A of the next section in the headphones; again: not", "dollar_sign"),
    ("cue take b", ListenTake(1), "hear B", "hear take B of the next section in the headphones; again: not", "percent_sign"),
    ("cue take c", ListenTake(2), "hear C", "hear take C of the next section in the headphones; again: not", "ampersand"),
    ("cue hand-over", ListenHandOver(), "hear seam", "hear in the headphones how the next section comes in", "colon"),
    (
        "cue keeper",
        ListenKeeper(NEWEST_KEEPER),
        "hear keeper",
        "hear the newest keeper in the headphones; again: not",
        "apostrophe",
    ),
    ("cue off", StopListening(), "hear none", "nothing in the headphones but what the mix has of the set", ""),
    ("cue louder", Nudge(LEVEL, 0.1, snap=True), "louder", "louder headphones", "asterisk"),
    ("cue softer", Nudge(LEVEL, -0.1, snap=True), "softer", "softer headphones", "underscore"),
    ("cue more set", Nudge(MIX, 0.25, snap=True), "more set", "more of the set in the headphones", ""),
    ("cue less set", Nudge(MIX, -0.25, snap=True), "less set", "less of the set in the headphones", ""),
)
"""Name, command, label, help, key."""

CUE_KNOBS: Final[tuple[tuple[str, Callable[[float], Command], str, float], ...]] = (
    (LEVEL, SetCueLevel, "level of the headphones", CUE_LEVEL),
    (MIX, SetCueMix, "mix of the headphones, from the cue alone to the set alone", CUE_MIX),
)
"""Name, command for a value 0..1, help, where it stands at first."""
