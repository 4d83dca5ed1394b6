"""Where music with a strong off-beat cymbal plays it: in a drop. Away from drops it turns to the beats; when it turns is decided
here, so that both sides of every seam agree."""

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
"""Middle of a turn from off-beats to beats or back, and half its width, both 0..1 through the section."""
_BACK_S: Final = (10.0, 2.0)
"""Seconds before a section's end by which it has turned back halfway, and half the width of that turn: the seconds that count
at a seam then lie after it."""


@lru_cache(maxsize=16)
def uses_off_beats(prompts: tuple[PromptWeight, ...]) -> bool:
    """Whether drops of this mix have strong off-beats: with drums, in a style with a cymbal on every off-beat, such as house."""
    point = mix(prompts)
    return off_beat_cymbal(point) is not None and drumless(point) <= DRUMLESS


@lru_cache(maxsize=16)
def _follows(prompts: tuple[PromptWeight, ...]) -> bool:
    """Whether the mix has hardly any drums, so that its beat can be aligned with whatever comes before."""
    return drumless(mix(prompts)) > DRUMLESS


def neighbours_agree(request: SectionRequest) -> tuple[bool, bool]:
    """Whether the sections before and after, if any, have strong off-beats where this one does: (before, after).

    Where this one has none, both are True. A run of short sections is heard as one, so all of it must agree. Sections without
    drums do not matter, except the earliest, whose beat lies where it lies.
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
    """Whether music with strong off-beats plays them at the section's start, and at its end.

    It does where a drop is next to the seam, or only short sections lie between, which are heard as one with it; not where the
    music on the other side has none.
    """
    before, after = neighbours_agree(request)
    start = "drop" in {request.previous_role, request.role, *(part.role for part in request.before_previous)}
    end = "drop" in {request.role, request.next_role, *(part.role for part in request.after_next)}
    if is_heard_as_one(request):
        start = end = (start or end) and before and after
    return start and before, end and after


def is_heard_as_one(request: SectionRequest) -> bool:
    """Whether the section is so short that its start and end are heard as one."""
    grid = Grid(request.bpm, request.beats_per_bar)
    return request.bars * float(grid.frames_per_bar) / grid.rate < NEAR_S


def turn_share(bar: Bar) -> float:
    """How far a section that turns from off-beats to beats, or back, has done so in a bar, 0..1."""
    return smoothstep(0.5 + (bar.position - _TURNS[0]) / (2 * _TURNS[1]))


def off_beat_share(request: SectionRequest, bar: Bar) -> float:
    """How far music with strong off-beats plays them in a bar, 0..1: it turns within a section, never at a seam."""
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
