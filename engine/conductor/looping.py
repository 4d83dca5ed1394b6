"""Marked bars that loop: the section that sounds is held in them until it is released. Pure."""

from __future__ import annotations

from engine.conductor.state import State, Version
from engine.protocol import Cue
from engine.timebase import section_frames


def looped(state: State, version: Version) -> tuple[int, int] | None:
    """The first and the last bar that a version of the sounding section loops in, from 1; None for its last ones, as usual.

    A version whose file begins behind the first of them cannot go back to it.
    """
    loop = state.steering.loop
    if loop is None or not state.steering.held or loop[0] != version.index:
        return None
    first, last = loop[1:]
    reaches = version.request.from_frame <= frames_to(state, version, first - 1) and last <= version.request.bars
    return (first, last) if reaches else None


def frames_to(state: State, version: Version, bars: int) -> int:
    """Frames of a version's first bars."""
    return section_frames(version.request.bpm, version.request.beats_per_bar, bars, state.grid.rate) if bars else 0


def looped_bars(state: State, cue: Cue) -> tuple[int, int]:
    """The section's bar before which a cue goes back, counted from 0, and how many bars it goes back."""
    return round(cue.end_frame / state.grid.frames_per_bar), cue.loop_bars
