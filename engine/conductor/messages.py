"""What the performer is told: sentences of at most `MOST_CHARS` characters, a reason from elsewhere shortened to fit."""

from __future__ import annotations

from typing import Final

MOST_CHARS: Final = 100
"""Characters of a line that a screen shows whole."""


def because(before: str, reason: str, after: str) -> str:
    """``before (reason)after`` as one line, the reason cut where it is too long, left out where there is none."""
    reason = " ".join(reason.split())
    room = MOST_CHARS - len(before) - len(after) - len(" ()")
    if not reason or room < len("..."):
        return f"{before}{after}"[:MOST_CHARS]
    shown = reason if len(reason) <= room else reason[: room - 1].rstrip() + "…"
    return f"{before} ({shown}){after}"
