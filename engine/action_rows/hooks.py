"""Rows of the table of actions for bars that are marked while they play: name, command, label, help and key."""

from __future__ import annotations

from typing import Final

from engine.protocol import BuildOnHook, Command, KeepHook, LoopHook, MarkIn, MarkLast, MarkOut

HOOK_PRESSES: Final[tuple[tuple[str, Command, str, str, str], ...]] = (
    ("mark in", MarkIn(), "mark in", "mark this bar of what plays as the first of a hook", "left_square_bracket"),
    ("mark out", MarkOut(), "mark out", "mark this bar as the last of the hook", "right_square_bracket"),
    ("mark 4 bars", MarkLast(), "mark 4", "mark the last 4 bars of what plays as the hook", "G"),
    ("build on hook", BuildOnHook(), "on hook", "build the next section on the marked bars: patterns and tune", "P"),
    ("loop hook", LoopHook(), "loop hook", "hold the set in the marked bars until released", "vertical_line"),
    ("vary hook", BuildOnHook(vary=True), "vary hook", "make the next section a variation of the marked bars", ""),
    ("keep hook", KeepHook(), "keep hook", "keep the marked bars among the keepers", ""),
)
"""In the order of the help."""
