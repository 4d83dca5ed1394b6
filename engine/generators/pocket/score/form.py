"""Form: what every bar of a section is for, before a note is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.parts import DRUM_GROUPS, TONAL_PARTS
from engine.prompts.vocabulary import WITHIN
from engine.protocol import Role, SectionRequest

Fill = Literal["", "small", "medium", "big"]


@dataclass(frozen=True, slots=True)
class Arc:
    """How a role shapes a section.

    Attributes:
        start, end: local energy at its first and last bar: a factor of the request's energy, and a summand.
        hold: how much harder (in energy) each group or part enters at the start; 9 means never.
        release: the same at the end of the section.
        low_cut, opening: octaves of high-pass and of filter opening, from start to end.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    hold: dict[str, float]
    release: dict[str, float]
    opening: tuple[float, float] = (0.0, 0.0)


_NONE: Final[dict[str, float]] = {}
ARCS: Final[dict[Role, Arc]] = {
    "intro": Arc(
        (0.45, 0.0),
        (1.0, 0.05),
        {"bass": 0.2, "comp": 0.1, "melody": 0.4, "arp": 0.3, "snare": 0.1},
        {"melody": 0.2, "bass": -0.05},
        (-1.5, 0.0),
    ),
    "build": Arc(
        (0.8, 0.0),
        (1.0, 0.12),
        {"melody": 0.15, "perc": 0.0, "comp": 0.12, "arp": 0.15},
        {"melody": -0.1, "arp": -0.25, "perc": -0.1},
        (-0.9, 0.7),
    ),
    "drop": Arc(
        (1.0, 0.06), (1.0, 0.06), {"arp": -0.05, "melody": -0.08, "comp": -0.1}, {"arp": -0.05, "melody": -0.12, "comp": -0.1}
    ),
    "breakdown": Arc(
        (0.95, 0.0),
        (1.05, 0.08),
        {
            "kick": 9.0,
            "snare": 9.0,
            "hats": 0.3,
            "perc": 0.25,
            "bass": 0.12,
            "pad": -0.5,
            "melody": -0.25,
            "comp": -0.1,
            "arp": 0.2,
        },
        {
            "kick": 9.0,
            "snare": 9.0,
            "hats": 0.12,
            "perc": 0.12,
            "bass": 0.0,
            "pad": -0.5,
            "melody": -0.3,
            "comp": -0.15,
            "arp": 0.0,
        },
        (-0.6, 0.5),
    ),
    "outro": Arc(
        (1.0, 0.0),
        (0.45, 0.0),
        {"melody": 0.0, "arp": 0.2},
        {"melody": 0.25, "arp": 0.3, "comp": 0.1, "bass": -0.1, "pad": -0.3, "snare": 0.1},
        (0.0, -1.2),
    ),
    "free": Arc((0.96, 0.0), (1.0, 0.04), {"melody": 0.05}, {"melody": -0.05}),
}
"""What each role does with the request's energy."""


CARRIED: Final[dict[Role, dict[str, float]]] = {
    "intro": {"comp": 0.1, "arp": 0.1, "melody": 0.2},
    "build": {"comp": -0.35, "arp": -0.3, "melody": -0.35},
    "drop": {"comp": -0.2, "arp": -0.25, "melody": -0.2},
    "breakdown": {"comp": 0.1, "melody": 0.2},
    "outro": {"comp": 0.1, "melody": 0.2},
}
"""What is added to `Arc.hold` and `Arc.release` where no drums tell a build from an intro: what is struck tells it then."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the section.

    Attributes:
        index: from 0; the tail's bars follow on.
        position: 0..1 through the section.
        energy: local energy.
        active: group or part -> 0..1, how present it is (0: silent). How much of the drums prompts leave is not in it.
        fill: kind of fill at its end.
        roll: beats of snare roll, counted from the bar's end.
        breath: beats at the bar's end in which the drums hold their breath.
        opening: octaves by which filters open (negative: close).
        low_cut: 0..1, how far the lows are taken away at its downbeat (a build-up's high-pass).
        final: the set's last bar: one held chord on the tonic.
        silent: nothing starts any more.
    """

    index: int
    position: float
    energy: float
    active: dict[str, float]
    fill: Fill
    roll: float
    breath: float
    opening: float
    low_cut: float
    final: bool
    silent: bool


_SPARSE: Final = (0.30, 0.95)
"""Energies at which a pattern has the fewest and all of its notes."""
_FEWEST: Final = 0.15
"""Share of a pattern's notes that the least energy leaves."""


def thinned(onsets: Sequence[bool], energy: float) -> list[float]:
    """How loud each step of a pattern is at a bar's energy, 0..1: little energy leaves the strongest beats of those it has.

    Args:
        onsets: for each sixteenth whether the pattern has a note there.
        energy: 0..1.
    """
    strongest = sorted((i for i, on in enumerate(onsets) if on), key=lambda i: (_metre(i), i))
    low, high = _SPARSE
    share = _FEWEST + (1.0 - _FEWEST) * min(1.0, max(0.0, (energy - low) / (high - low)))
    room = max(1.0, share * len(strongest))
    out = [0.0] * len(onsets)
    for rank, i in enumerate(strongest):
        out[i] = min(1.0, max(0.0, room - rank))
    return out


def _metre(step: int) -> int:
    """Weakness of a sixteenth in the bar: 0 the downbeat, then half notes, beats, eighths, sixteenths."""
    return next(weakness for weakness, size in enumerate((16, 8, 4, 2, 1)) if step % size == 0)


def lay_out(
    request: SectionRequest, energy: float, starts: dict[str, float], levels: dict[str, float], drumless: float = 0.0
) -> tuple[Bar, ...]:
    """Every bar of a section and its tail.

    Args:
        request: what to make.
        energy: 0..1, the request's energy as the prompts bend it.
        starts: tonal part -> energy at which the style brings it in. Drum lanes bring their own.
        levels: stem or part -> 0..1 where prompts silence it.
        drumless: 0..1, how far the music goes without drums.
    """
    arc, carried = ARCS[request.role], CARRIED.get(request.role, {})
    bars = []
    for index in range(request.bars + request.tail_bars):
        place = min(1.0, index / max(1, request.bars - 1))
        bent = smoothstep(place) if request.role in {"intro", "build", "outro", "breakdown"} else place
        local = (1 - bent) * (arc.start[0] * energy + arc.start[1]) + bent * (arc.end[0] * energy + arc.end[1])
        active = {}
        for part in (*DRUM_GROUPS, *TONAL_PARTS):
            held = (1 - bent) * arc.hold.get(part, 0.0) + bent * arc.release.get(part, 0.0) + drumless * carried.get(part, 0.0)
            level = levels.get(part, 1.0) * levels.get(_STEM[part], 1.0)
            margin = local - held - starts.get(part, 0.0)
            active[part] = level * smoothstep(0.5 + margin / 0.14) if part in TONAL_PARTS else float(held < 5.0 and level > 0.0)
        _never_empty(active, levels, starts)
        opening = (1 - place) * arc.opening[0] + place * arc.opening[1]
        bars.append(_bar(request, index, place, local, active, opening))
    return tuple(bars)


_PRESENT: Final = 0.55
"""How present at least one tonal part is in every bar, so that no bar is empty."""


def _never_empty(active: dict[str, float], levels: dict[str, float], starts: dict[str, float]) -> None:
    """Bring in the part that the style brings in first, where prompts leave it, when all are faint."""
    allowed = {part: levels.get(part, 1.0) * levels.get(_STEM[part], 1.0) for part in TONAL_PARTS}
    part = min(TONAL_PARTS, key=lambda each: (allowed[each] < 0.5, starts.get(each, 0.0) + (each == "bass")))
    if max(active[each] for each in TONAL_PARTS) < _PRESENT:
        active[part] = max(active[part], _PRESENT * allowed[part])


_STEM: Final = {**WITHIN, "bass": "bass"}


def _bar(request: SectionRequest, index: int, place: float, local: float, active: dict[str, float], opening: float) -> Bar:
    in_tail, ends = index >= request.bars, request.next_role is None
    landing = ends and index == request.bars - 1
    left = request.bars - index
    fill: Fill = ""
    if not in_tail and not landing and local > 0.25:
        fill = (
            "big"
            if left == 1 or (ends and left == 2) or index % 16 == 15
            else "medium"
            if index % 8 == 7
            else "small"
            if index % 4 == 3
            else ""
        )
    rising = _rises(request) and not in_tail
    roll = breath = 0.0
    if rising:
        reach = 4 if request.role == "build" and request.bars >= 8 else 2
        roll = float(request.beats_per_bar) if left <= reach else 0.0
        breath = 1.0 if left == 1 and _louder(request) else 0.0
    return Bar(index, place, local, active, fill, roll, breath, opening, _low_cut(request, left), landing, in_tail and ends)


_RISE: Final = 0.05


def _rises(request: SectionRequest) -> bool:
    """Whether the section leads up to a drop; but for a build, only to one that is louder."""
    if request.next_role != "drop" or request.role not in {"build", "breakdown", "intro", "free"}:
        return False
    return request.role == "build" or _louder(request)


def _louder(request: SectionRequest) -> bool:
    """Whether what follows has more energy: only then do lows and drums go away before it, which makes it louder still."""
    return request.next_energy is None or request.next_energy > request.energy + _RISE


_THINNEST: Final = 0.8
"""How far a build-up takes the lows away in the end."""


def _low_cut(request: SectionRequest, left: int) -> float:
    """How far a build-up has taken the lows away with ``left`` bars to go."""
    if request.next_role != "drop" or request.role != "build" or request.bars < 4 or not _louder(request):
        return 0.0
    reach = 4 if request.bars >= 8 else 2
    return _THINNEST * min(1.0, max(0.0, 1.0 - left / reach))
