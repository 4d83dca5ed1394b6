"""Form: what happens in every bar of a section, before a note is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.parts import DRUM_GROUPS, TONAL_PARTS
from engine.generators.pocket.score.chance import choose
from engine.generators.pocket.score.ideas import cast_of, idea, left_out, open_share
from engine.prompts.vocabulary import WITHIN
from engine.protocol import Role, SectionRequest

Fill = Literal["", "small", "medium", "big"]


@dataclass(frozen=True, slots=True)
class Arc:
    """How a role shapes a section.

    Attributes:
        start, end: (factor, offset) from the request's energy to the local energy of its first and last bar.
        hold: energy by which each drum group or part enters later at the section's start; 9 means never.
        release: the same at its end.
        opening: octaves by which the filters open at its start and end.
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
        (0.92, 0.0),
        (1.0, 0.12),
        {"melody": 0.15, "perc": -0.1, "comp": 0.12, "arp": 0.15},
        {"melody": -0.1, "arp": -0.25, "perc": -0.1},
        (-0.9, 0.7),
    ),
    "drop": Arc(
        (1.0, 0.06), (1.0, 0.06), {"arp": -0.05, "melody": -0.08, "comp": -0.1}, {"arp": -0.05, "melody": -0.12, "comp": -0.1}
    ),
    "breakdown": Arc(
        (0.95, 0.0),
        (1.0, 0.04),
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
            "hats": 0.25,
            "perc": 0.25,
            "bass": 0.06,
            "pad": -0.5,
            "melody": -0.3,
            "comp": -0.15,
            "arp": 0.0,
        },
        (-0.6, 0.5),
    ),
    "outro": Arc(
        (0.85, 0.0),
        (0.45, 0.0),
        {"melody": 0.0, "arp": 0.2},
        {"melody": 0.25, "arp": 0.3, "comp": 0.1, "bass": -0.1, "pad": -0.3, "snare": 0.1},
        (0.0, -1.2),
    ),
    "free": Arc((0.96, 0.0), (1.0, 0.04), {"melody": 0.05}, {"melody": -0.05}),
}
"""Role -> how it shapes a section."""
CARRIED: Final[dict[Role, dict[str, float]]] = {
    "intro": {"comp": 0.1, "arp": 0.1, "melody": 0.2},
    "build": {"comp": -0.35, "arp": -0.3, "melody": -0.35},
    "drop": {"comp": -0.2, "arp": -0.25, "melody": -0.2},
    "breakdown": {"comp": 0.1, "melody": 0.2},
    "outro": {"comp": 0.1, "melody": 0.2},
}
"""What is added to `Arc.hold` and `Arc.release` without drums: the tonal parts must tell a build from an intro then."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the section.

    Attributes:
        index: from 0; the tail's bars follow.
        position: 0..1 through the section.
        energy: local energy, 0..1 and a little above.
        active: drum group or part -> how present it is, 0 (silent) to 1. Drums that prompts turn down are not turned down here.
        fill: size of the fill at its end, or "".
        roll: beats of snare roll, counted from the bar's end.
        breath: beats at the bar's end in which the drums pause before a drop.
        opening: octaves by which filters open (negative: close).
        low_cut: 0..1, how far a build-up's high-pass has removed the lows at its downbeat.
        final: the set's last bar: one held chord on the tonic.
        silent: nothing starts any more.
        turned: tonal part -> octaves by which its own filter arc opens it beyond ``opening``.
        gap: drum groups and parts that leave out the bar's second half.
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
    turned: Mapping[str, float] = field(default_factory=dict)
    gap: frozenset[str] = frozenset()

    def opened(self, part: str) -> float:
        """Octaves by which a part's filters open (negative: close)."""
        return self.opening + self.turned.get(part, 0.0)


_SPARSE: Final = (0.30, 0.95)
"""Energies at which a pattern has the fewest, and all, of its notes."""
_FEWEST: Final = 0.15
"""Share of a pattern's notes that remains at the least energy."""


def thinned(onsets: Sequence[bool], energy: float) -> list[float]:
    """Gain 0..1 of each step of a pattern at a bar's energy: little energy leaves only its metrically strongest notes.

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
    """Metrical level of a sixteenth in the bar: 0 the downbeat, 1 half notes, 2 beats, 3 eighths, 4 sixteenths."""
    return next(weakness for weakness, size in enumerate((16, 8, 4, 2, 1)) if step % size == 0)


_STEM: Final = {**WITHIN, "bass": "bass"}


def lay_out(
    request: SectionRequest,
    energy: float,
    starts: dict[str, float],
    levels: dict[str, float],
    drumless: float = 0.0,
    wanted: Mapping[str, float] = MappingProxyType({}),
    motion: float = 1.0,
) -> tuple[Bar, ...]:
    """Every bar of a section and its tail.

    Args:
        request: what was asked for.
        energy: 0..1, the request's as the prompts change it.
        starts: tonal part -> energy at which it enters. Drum lanes have their own.
        levels: stem or part -> level 0..1 where prompts turn it down.
        drumless: 0..1, how far the music goes without drums.
        wanted: tonal part -> how far it plays in every phrase, 0..1; else it does in those that `cast_of` gives it.
        motion: factor of the filters' arcs.
    """
    arc, carried = ARCS[request.role], CARRIED.get(request.role, {})
    bars = []
    for index in range(request.bars + request.tail_bars):
        place = min(1.0, index / max(1, request.bars - 1))
        bent = smoothstep(place) if request.role in {"intro", "build", "outro", "breakdown"} else place
        local = (1 - bent) * (arc.start[0] * energy + arc.start[1]) + bent * (arc.end[0] * energy + arc.end[1])
        active: dict[str, float] = {}
        out = left_out(request, index)
        playing = cast_of(request, min(index, request.bars - 1))
        for part in (*DRUM_GROUPS, *TONAL_PARTS):
            held = (1 - bent) * arc.hold.get(part, 0.0) + bent * arc.release.get(part, 0.0) + drumless * carried.get(part, 0.0)
            level = levels.get(part, 1.0) * levels.get(_STEM[part], 1.0)
            margin = local - held - starts.get(part, 0.0)
            if part in DRUM_GROUPS:
                active[part] = float(held < 5.0 and level > 0.0 and part != out)
                continue
            asked = max(wanted.get(part, 0.0), _held(request, part, local))
            cast = float(part != out) if part == "bass" else 1.0 if part in playing else asked
            active[part] = level * cast * smoothstep(0.5 + margin / 0.14)
        _never_empty(active, levels, starts)
        opening = (1 - place) * arc.opening[0] + place * arc.opening[1]
        bars.append(_bar(request, index, place, local, active, opening, motion))
    return tuple(bars)


_QUIET: Final = (0.38, 0.28)
"""Energies below which pads come in, and are in, where a set begins and ends: short notes alone would leave silences."""


def _held(request: SectionRequest, part: str, energy: float) -> float:
    """How far a part holds whatever others play, 0..1: pads where a set begins and ends, in bars of little energy."""
    if part != "pad" or request.role not in {"intro", "outro"}:
        return 0.0
    return smoothstep((_QUIET[0] - energy) / (_QUIET[0] - _QUIET[1]))


_PRESENT: Final = 0.55
"""How present at least one tonal part is in every bar, 0..1, so that no bar is empty."""


def _never_empty(active: dict[str, float], levels: dict[str, float], starts: dict[str, float]) -> None:
    """Where all parts are faint, bring in the one that enters first and is not silenced by prompts."""
    allowed = {part: levels.get(part, 1.0) * levels.get(_STEM[part], 1.0) for part in TONAL_PARTS}
    part = min(TONAL_PARTS, key=lambda each: (allowed[each] < 0.5, starts.get(each, 0.0) + (each == "bass")))
    if max(active[each] for each in TONAL_PARTS) < _PRESENT:
        active[part] = max(active[part], _PRESENT * allowed[part])


def _bar(
    request: SectionRequest, index: int, place: float, local: float, active: dict[str, float], opening: float, motion: float
) -> Bar:
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
        reach = 4 if request.role == "build" and request.bars >= 16 else 2
        roll = float(request.beats_per_bar) if left <= reach else 0.0
        breath = 1.0 if left == 1 and _louder(request) else 0.0
    turned = {part: motion * reach * open_share(request, part, index) for part, reach in _FILTER_REACH.items()}
    gap = _gap(request, index) if fill in {"medium", "big"} and not roll and left > 2 else frozenset()
    cut = _low_cut(request, left)
    return Bar(index, place, local, active, fill, roll, breath, opening, cut, landing, in_tail and ends, turned, gap)


_FILTER_REACH: Final = {"bass": 0.45, "pad": 0.7, "comp": 0.8, "arp": 0.8, "melody": 0.4}
"""Octaves by which each part's filter moves up and down in its arc."""
_GAPS: Final = (
    frozenset({"kick"}),
    frozenset({"kick", "bass"}),
    frozenset({"hats", "perc"}),
    frozenset({"bass", "comp"}),
    frozenset({"kick", "hats", "perc"}),
)
"""What may be left out at a phrase's end."""


def _gap(request: SectionRequest, index: int) -> frozenset[str]:
    """What is left out in the second half of a phrase's last bar: something else from phrase to phrase."""
    return choose(_GAPS, request.set_seed, "gap", idea(request, "drums", index), index // 8)


_RISE: Final = 0.05
"""Energy by which the next section must exceed this one to count as louder."""


def _rises(request: SectionRequest) -> bool:
    """Whether the section leads up to a drop: a build to any, other roles only to a louder one."""
    if request.next_role != "drop" or request.role not in {"build", "breakdown", "intro", "free"}:
        return False
    return request.role == "build" or _louder(request)


def _louder(request: SectionRequest) -> bool:
    """Whether the next section has more energy: only then do lows and drums drop out before it, to make it louder still."""
    return request.next_energy is None or request.next_energy > request.energy + _RISE


_MOST_CUT: Final = 0.8
"""How far a build-up has removed the lows by its end, 0..1."""


def _low_cut(request: SectionRequest, left: int) -> float:
    """How far a build-up has removed the lows with ``left`` bars to go, 0..1."""
    if request.next_role != "drop" or request.role != "build" or request.bars < 4 or not _louder(request):
        return 0.0
    reach = 4 if request.bars >= 8 else 2
    return _MOST_CUT * min(1.0, max(0.0, 1.0 - left / reach))
