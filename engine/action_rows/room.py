"""What a performer can do with what comes in from the room, for `engine.actions`."""

from __future__ import annotations

from typing import Final

from engine.protocol import Command, ContinueRoom, LoopRoom

ROOM_PRESSES: Final[tuple[tuple[str, Command, str, str, str], ...]] = (
    (
        "continue room",
        ContinueRoom(),
        "go on from room",
        "the next section goes on from the last 4 bars from the room",
        "at",
    ),
    ("vary room", ContinueRoom(how="vary"), "vary room", "the next section is a variation of the last 4 bars from the room", ""),
    ("answer room", ContinueRoom(how="answer"), "answer room", "the next section answers the last 4 bars from the room", ""),
    (
        "loop room",
        LoopRoom(),
        "loop room",
        "loop the last 4 bars from the room as a stem; again: take the loop away",
        "number_sign",
    ),
)
"""Name, command, label, help, key."""
