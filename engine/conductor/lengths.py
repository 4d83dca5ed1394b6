"""Sections no longer than a slow generator can make: at once, and while the section before them plays. Pure arithmetic on plans.

The bars of the whole never change. A part that is too long is split at borders of eight bars into sections that continue one
another; a part that plays too short a time for anything to be made meanwhile takes bars from the part after it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from engine.conductor.forecast import MARGIN_S, SPARE
from engine.conductor.planning.plan import MAX_TRANSITION, PHRASE, PlannedSection
from engine.protocol import Traits, TransitionKind

UNIT: Final = 2 * PHRASE
"""Bars between the places at which a part may be split."""

JOIN: Final[tuple[TransitionKind, int]] = ("equal-power", 2)
"""How sections of one part hand over: both sides are the same music."""

_INSTANT: Final = 1e-6
"""Seconds of work a second of sound below which nothing is ever late."""

SPARES: Final = (SPARE, 1.2, 1.05)
"""What is tried in turn, from the usual to what a machine that does nothing else can keep."""

UNBOUND: Final = 2**31
LONGEST: Final = 64
"""Bars to which a part is made longer at most, however slow the generator is: it must still be possible to steer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long sections may be.

    Attributes:
        bar_s: seconds of a bar.
        traits: of the generator: what it makes at once, and what it keeps of the section before.
        work: seconds of work a second of sound; 0 for not known.
        hurried: the same with as few steps as there may be.
        room: bars of a section for which the disk has room; 0 for any.
        spare: how many times over the work of a section is to fit into the one before it.
    """

    bar_s: float
    traits: Traits = field(default_factory=Traits)
    work: float = 0.0
    hurried: float = 0.0
    room: int = 0
    spare: float = SPARE

    @property
    def kept(self) -> int:
        """Bars of the section before that are worked over as well."""
        return self.traits.kept_bars(self.bar_s)

    @property
    def most(self) -> int:
        """The most bars of a section, 1 or more."""
        room = self.room or UNBOUND
        if math.isinf(self.traits.max_seconds):
            return room
        return min(room, whole(max(1, math.floor(self.traits.max_seconds / self.bar_s) - self.kept - MAX_TRANSITION)))

    def made_during(self, bars: int) -> int:
        """The most bars that can be made, in a hurry, while ``bars`` bars play; 0 or less for none."""
        if (
            self.hurried <= _INSTANT or self.spare * self.hurried >= 1
        ):  # a generator that cannot keep up is late whatever is planned
            return UNBOUND
        sound_s = (bars * self.bar_s - MARGIN_S) / self.spare / self.hurried
        return min(UNBOUND, math.floor(min(sound_s / self.bar_s, UNBOUND)) - self.kept - MAX_TRANSITION)

    @property
    def least(self) -> int:
        """The fewest bars of a section during which one as long can be made, in whole phrases; 1 if there is no such length."""
        gain = 1 - self.spare * self.work
        if self.work <= 0 or gain <= 0:
            return 1
        bars = (self.spare * self.work * (self.kept + MAX_TRANSITION + 1) + MARGIN_S / self.bar_s) / gain
        return min(self.most, LONGEST, PHRASE * math.ceil(bars / PHRASE))


def joined(parts: Sequence[PlannedSection]) -> list[PlannedSection]:
    """Parts with the pieces that `fitted` split them into made one again; a piece whose first is gone stays where it is."""
    made: list[PlannedSection] = []
    for part in parts:
        if made and _follows(part, made[-1]):
            last = made[-1]
            made[-1] = replace(last, bars=last.bars + part.bars, transition=part.transition, transition_bars=part.transition_bars)
        else:
            made.append(part)
    return made


def _follows(part: PlannedSection, last: PlannedSection) -> bool:
    """Whether a part is a later piece of what the last one is a piece of."""
    (stem, number), (before, earlier) = piece_of(part.name), piece_of(last.name)
    goes_on = stem == before and number > earlier and part.role == last.role and part.piece == last.piece
    return goes_on and last.transition == JOIN[0]


def piece_of(name: str) -> tuple[str, int]:
    """What a part is a piece of, and which: "drop · 3" is the third of "drop"."""
    stem, _, number = name.rpartition(" · ")
    return (stem, int(number)) if stem and number.isdigit() else (name, 1)


def whole(bars: int) -> int:
    """Bars cut to the largest unit they hold: eight, four, or single bars."""
    unit = UNIT if bars >= UNIT else PHRASE if bars >= PHRASE else 1
    return bars // unit * unit


def fitted(parts: Sequence[PlannedSection], before: int | None, limits: Limits) -> tuple[PlannedSection, ...]:
    """Parts that can be made one after the other, adding up to as many bars.

    Args:
        parts: what is still to come, in order.
        before: bars of the section that plays before the first of them; None for none, or for one without end.
        limits: of the generator.

    Where a generator barely keeps up, sections that are long enough for the usual spare time would be late at once: shorter ones
    with less to spare are in time, as long as nothing comes between.
    """
    kept = [spare for spare in SPARES if spare * limits.hurried < 1]
    for spare in kept:
        own = replace(limits, spare=spare)
        made = _fitted(parts, before, own)
        if before is None or not made or made[0].bars <= own.made_during(before):
            return made
    return _fitted(parts, before, replace(limits, spare=kept[-1] if kept else SPARE))


def _fitted(parts: Sequence[PlannedSection], before: int | None, limits: Limits) -> tuple[PlannedSection, ...]:
    ahead, made = _lengthened(list(parts), limits.least), list[PlannedSection]()
    while ahead:
        part = ahead.pop(0)
        in_time = UNBOUND if before is None else limits.made_during(before)
        first = _first_piece(part.bars, in_time, limits)
        if first < part.bars:
            ahead.insert(0, _rest(part, part.bars - first))
            part = replace(part, bars=first, transition=JOIN[0], transition_bars=min(JOIN[1], first))
        made.append(part)
        before = part.bars
    return tuple(made)


def _first_piece(bars: int, in_time: int, limits: Limits) -> int:
    """How many bars of a part to make first: all of them, or so many that neither they nor the rest are too short."""
    least = max(limits.least, min(PHRASE, limits.most))
    if bars > limits.most:
        even = min(limits.most, _rounded_up(math.ceil(bars / math.ceil(bars / limits.most))))
        bars = even - UNIT if even > UNIT and 0 < bars - even < PHRASE else even
    if bars <= in_time:
        return bars
    piece = max(least, whole(max(1, in_time)))
    # Too short a piece would leave the one after it no time, and so on to the end: better late once.
    goes_on = piece < bars and bars - piece >= least and limits.made_during(piece) >= piece
    return piece if goes_on else bars


def _rounded_up(bars: int) -> int:
    unit = UNIT if bars > PHRASE else PHRASE if bars > 2 else 1
    return -(-bars // unit) * unit


def _rest(part: PlannedSection, bars: int) -> PlannedSection:
    """What remains of a part, under the next number."""
    stem, number = piece_of(part.name)
    return replace(part, name=f"{stem} · {number + 1}", bars=bars)


def _lengthened(parts: list[PlannedSection], least: int) -> list[PlannedSection]:
    """Parts of at least so many bars each, taken from the one after them; the last of a piece may stay shorter."""
    made: list[PlannedSection] = []
    while parts:
        part = parts.pop(0)
        while part.bars < least and parts and parts[0].piece == part.piece:
            taken = min(least - part.bars, parts[0].bars)
            taken = parts[0].bars if parts[0].bars - taken < PHRASE else taken
            part = replace(part, bars=part.bars + taken)
            if taken == parts[0].bars:
                gone = parts.pop(0)
                part = replace(part, transition=gone.transition, transition_bars=gone.transition_bars)
            else:
                parts[0] = replace(parts[0], bars=parts[0].bars - taken)
        made.append(part)
    return made
