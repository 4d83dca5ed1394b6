"""Music that leans on its off-beats does so in a drop; where it turns to the beats and back is decided here, for both sides
of every seam alike."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.point import DRUMLESS, drumless
from engine.generators.pocket.score.form import Bar
from engine.generators.pocket.styles import off_beat_cymbal
from engine.prompts.mix import mix
from engine.protocol import NEAR_S, PromptWeight, SectionRequest
from engine.timebase import Grid

_TURNS: Final = (0.35, 0.2)
"""The middle, 0..1 through a section, and half the width of a turn from off-beats to beats, or back."""
_BACK_S: Final = (10.0, 2.0)
"""Seconds before a section's end at which it has turned back half, where it does, and half the width of that: the seconds
that are heard next to the seam lie behind it."""


@lru_cache(maxsize=16)
def uses_off_beats(prompts: tuple[PromptWeight, ...]) -> bool:
    """Whether music leans on its off-beats in a drop: with drums, in a style that has a cymbal on every one, as house has it."""
    point = mix(prompts)
    return off_beat_cymbal(point) is not None and drumless(point) <= DRUMLESS


@lru_cache(maxsize=16)
def _follows(prompts: tuple[PromptWeight, ...]) -> bool:
    """Whether music has hardly any drums, and can be led to wherever the section before left the beat."""
    return drumless(mix(prompts)) > DRUMLESS


def neighbours_agree(request: SectionRequest) -> tuple[bool, bool]:
    """Whether the sections before and after, if there are any, lean as this one does; where this one does not, they may.

    Beyond short parts it is all of them, which are heard as one. Those that follow wherever the beat is left do not matter,
    but for one before all others, which has already left it somewhere.
    """
    own = request.prompts
    if not uses_off_beats(own):
        return True, True
    before, after = (
        [prompts or own, *(part.prompts or own for part in beyond)]
        for prompts, beyond in (
            (request.previous_prompts, request.before_previous),
            (request.next_prompts, request.after_next),
        )
    )
    agree = all(uses_off_beats(each) or _follows(each) for each in before[:-1]) and uses_off_beats(before[-1])
    return agree, all(uses_off_beats(each) or _follows(each) for each in after)


def off_beats_at_edges(request: SectionRequest) -> tuple[bool, bool]:
    """Whether music that leans on its off-beats does so at a section's start, and at its end.

    It does where a drop is next to the seam, or within one or more short parts of it: those are heard as one with it. It does
    not where the music on the other side never does.
    """
    before, after = neighbours_agree(request)
    start = "drop" in {request.previous_role, request.role, *(part.role for part in request.before_previous)}
    end = "drop" in {request.role, request.next_role, *(part.role for part in request.after_next)}
    if is_heard_as_one(request):
        start = end = (start or end) and before and after
    return start and before, end and after


def is_heard_as_one(request: SectionRequest) -> bool:
    """Whether the section's start and end are heard as one."""
    grid = Grid(request.bpm, request.beats_per_bar)
    return request.bars * float(grid.frames_per_bar) / grid.rate < NEAR_S


def turn_share(bar: Bar) -> float:
    """How far a section that turns from the off-beats to the beats, or back, has done so, 0..1."""
    return smoothstep(0.5 + (bar.position - _TURNS[0]) / (2 * _TURNS[1]))


def off_beat_share(request: SectionRequest, bar: Bar) -> float:
    """How far music that leans on its off-beats does so in a bar, 0..1: it turns within a section, never at a seam."""
    start, end = off_beats_at_edges(request)
    before, after = neighbours_agree(request)
    turned = turn_share(bar)
    bar_s = request.beats_per_bar * 60.0 / request.bpm
    late, early = (
        smoothstep(0.5 + (bars * bar_s - _BACK_S[0]) / (2 * _BACK_S[1])) for bars in (bar.index, request.bars - bar.index)
    )
    if is_heard_as_one(request) and (end or not (before and after)):
        return float(end)
    if request.role in {"drop", "free"}:
        return min(1.0 if before else late, 1.0 if after else early)
    if request.role == "build":  # whatever follows, if it leans at all
        return max(float(start), turned) if after else start * (1.0 - turned)
    return max(start * (1.0 - turned), end * (1.0 - early))
