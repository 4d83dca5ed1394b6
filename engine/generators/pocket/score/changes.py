"""Sections written from several seeds: which bars and parts of them come from which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from engine.generators.pocket.parts import DRUM_GROUPS, STEM_OF, part_of
from engine.generators.pocket.score.chance import chance
from engine.protocol import STEM_PARTS, STEMS, SectionRequest

_BARS_TOGETHER: Final = 2
"""Bars that a variation writes anew together, so that a figure over two bars is not cut apart."""

Origin = Callable[[str, int], int]
"""Part and bar (from 0) -> which of the seeds it is from: 0 for the section's own, 1 for that of its first change, and so on."""


def seeded(request: SectionRequest) -> list[SectionRequest]:
    """The request once for its own seed and ideas, and once for those of each change; all are on the same chords."""
    own = replace(request, changes=())
    return [own, *(replace(own, seed=change.seed, ideas=change.ideas) for change in request.changes)]


def origin_of(request: SectionRequest) -> Origin:
    """Where each part of each bar is from; the drums stay together."""

    def origin(part: str, bar: int) -> int:
        name = part_of(part)
        player = "drums" if name in DRUM_GROUPS else name
        stem = player if player in STEM_PARTS["lead"] else STEMS[STEM_OF.get(player, 0)]
        for i in range(len(request.changes), 0, -1):
            change = request.changes[i - 1]
            if change.parts and stem not in change.parts:
                continue
            if change.bars is not None and not change.bars[0] <= bar + 1 <= change.bars[1]:
                continue
            if change.amount >= 1.0 or chance(change.seed, "change", player, bar // _BARS_TOGETHER) < change.amount:
                return i
        return 0

    return origin
