"""Music that leans on its off-beats does so in a drop; where it turns to the beats and back is decided here, for both sides
of every seam alike."""

from __future__ import annotations

from typing import Final

from engine.generators.pocket.form import Bar, smooth
from engine.protocol import NEAR_S, SectionRequest
from engine.timebase import Grid

_TURNS: Final = (0.35, 0.2)
"""The middle, 0..1 through a section, and half the width of a turn from off-beats to beats, or back."""
_BACK_S: Final = (10.0, 2.0)
"""Seconds before a section's end at which it has turned back half, where it does, and half the width of that: the seconds
that are heard next to the seam lie behind it."""


def leans_at(request: SectionRequest) -> tuple[bool, bool]:
    """Whether music that leans on its off-beats does so at a section's start, and at its end.

    It does where a drop is next to the seam, or within one or more short parts of it: those are heard as one with it.
    """
    start = {request.previous_role, *request.before_previous, request.role}
    end = {request.role, request.next_role, *request.after_next}
    if is_short(request):
        start = end = start | end
    return "drop" in start, "drop" in end


def is_short(request: SectionRequest) -> bool:
    """Whether the section's start and end are heard as one."""
    grid = Grid(request.bpm, request.beats_per_bar)
    return request.bars * float(grid.frames_per_bar) / grid.rate < NEAR_S


def turn(bar: Bar) -> float:
    """How far a section that turns from the off-beats to the beats, or back, has done so, 0..1."""
    return smooth(0.5 + (bar.place - _TURNS[0]) / (2 * _TURNS[1]))


def leaning(request: SectionRequest, bar: Bar) -> float:
    """How far music that leans on its off-beats does so in a bar, 0..1: it turns within a section, never at a seam."""
    start, end = leans_at(request)
    turned = turn(bar)
    if request.role == "drop" or (is_short(request) and end):
        return 1.0
    if request.role == "build":  # whatever follows
        return max(float(start), turned)
    bars_left = max(0, request.bars - bar.index)
    left_s = bars_left * request.beats_per_bar * 60.0 / request.bpm
    back = smooth(0.5 + (_BACK_S[0] - left_s) / (2 * _BACK_S[1])) if end else 0.0
    return max(start * (1.0 - turned), back)
