"""Which material a bar plays: a set has several ideas of every element, and a section's purpose says whose turn it is.

Idea 0 is the set's theme. Its answer keeps the harmony and changes what is played on it; the contrast has other chords too; the
sum lets ideas meet that were heard apart. Within a section material changes from phrase to phrase.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from engine.generators.pocket.score.chance import chance
from engine.protocol import Role, SectionPurpose, SectionRequest

T = TypeVar("T")

PHRASE_BARS: Final = 8
"""Bars of a phrase; what plays changes from one to the next."""
_IDEAS: Final[dict[SectionPurpose, dict[str, tuple[int, ...]]]] = {
    "statement": {},
    "answer": {"bass": (1,), "comp": (1,), "arp": (1,), "drums": (1,), "chords": (2,), "cast": (1,), "space": (1,)},
    "contrast": {"bass": (2, 3), "comp": (2,), "arp": (2,), "drums": (2,), "chords": (1,), "cast": (2,), "space": (2,)},
    "sum": {"bass": (1, 3, 0), "comp": (3, 1), "arp": (2, 0), "drums": (3,), "chords": (0, 1), "cast": (3,), "space": (3,)},
}
"""Purpose -> element -> the ideas of successive phrases; 0 where nothing is said.

Chords: 0 the first progression, 1 the other, 2 the first in another order.
"""
_CHORD_ORDERS: Final = 3
_TURN: Final = 4
"""Sections of a role after which material is drawn anew."""


def idea(request: SectionRequest, element: str, bar: int) -> int:
    """The idea of an element in a bar of the section."""
    order = _IDEAS[request.purpose].get(element, (0,))
    own = order[phrase_of(request, bar) % len(order)]
    if element == "chords":
        return (own + request.progression) % _CHORD_ORDERS
    return own + 4 * ((request.occurrence - 1) // _TURN) + request.ideas


def phrase_of(request: SectionRequest, bar: int) -> int:
    """Which phrase of its section a bar is in, counted from 0; the tail goes on with the last."""
    return min(bar, request.bars - 1) // PHRASE_BARS


def figure(patterns: Sequence[Sequence[T]], request: SectionRequest, element: str, place: str, bar: int) -> Sequence[T]:
    """The pattern of a bar: the idea's own, with another's second half in between and another at the end of every four bars.

    Args:
        patterns: of sixteen steps each, to choose from.
        request: the section.
        element: whose ideas count, see `idea`.
        place: names the draw.
        bar: of the section, from 0.
    """
    count, seed = len(patterns), request.set_seed
    if count == 1:
        return patterns[0]
    which = idea(request, element, bar)
    main = (int(chance(seed, place) * count) + which) % count
    phrase = phrase_of(request, bar)
    other = (main + 1 + int(chance(seed, place, "other", which, phrase // 2) * (count - 1))) % count
    if bar % 4 == 3:
        return patterns[other]
    if phrase % 2 or (phrase and bar % 2):
        half = len(patterns[main]) // 2
        first, second = (main, other) if phrase % 4 != 3 else (other, main)
        return [*patterns[first][:half], *patterns[second][half:]]
    return patterns[main]


_CASTS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "full": (
        ("pad", "comp", "melody"),
        ("comp", "arp"),
        ("melody",),
        ("pad", "comp", "arp"),
        ("comp", "melody"),
        ("pad", "arp", "melody"),
    ),
    "calm": (
        ("pad", "melody"),
        ("pad", "comp"),
        ("pad", "comp", "melody"),
        ("pad", "arp"),
        ("comp", "melody"),
        ("pad", "arp", "melody"),
    ),
    "rising": (("pad", "comp"), ("comp", "arp"), ("pad", "arp"), ("comp",)),
}
"""Which tonal parts play together in a phrase, never all of them."""
_KIND: Final[dict[Role, str]] = {"breakdown": "calm", "intro": "calm", "outro": "full", "build": "rising"}


def cast_of(request: SectionRequest, bar: int) -> frozenset[str]:
    """The tonal parts, beside the bass, that may play in a bar: some of them change every four bars, but none in
    a build's last four, so that it is the drop that brings what is new. The set's last bar lands on the pads.

    Args:
        request: the section.
        bar: of the section, from 0.
    """
    casts = _CASTS[_KIND.get(request.role, "full")]
    phrase, which = phrase_of(request, bar), idea(request, "cast", bar)
    now = casts[_place(request, casts, which, phrase)]
    held = request.role == "build" and request.next_role == "drop" and request.bars - bar <= PHRASE_BARS // 2
    if bar % PHRASE_BARS >= PHRASE_BARS // 2 and not held:  # one part of the next phrase comes early, for one that leaves
        after = casts[_place(request, casts, which, phrase + 1)]
        early, leaving = ([part for part in one if part not in other][:1] for one, other in ((after, now), (now, after)))
        now = tuple(part for part in (*now, *early) if part not in leaving)
    elif phrase:
        before = casts[_place(request, casts, which, phrase - 1)]
        late = [part for part in now if part not in before]
        now = tuple(part for part in now if part not in late[1:])
    if request.next_role is None and bar >= request.bars - 1:
        return frozenset({*now, "pad"} - {"arp"})
    return frozenset(now)


def _place(request: SectionRequest, casts: Sequence[object], which: int, phrase: int) -> int:
    """Index of a phrase's cast: the theme opens with the first, each idea goes on by a step of its own."""
    step = 1 + int(chance(request.set_seed, "cast step", which) * 2) if which else 1
    return (2 * which + step * phrase) % len(casts)


_OUT_BARS: Final = 24
"""Bars from which on a section leaves kick or bass out for a while."""
_OUT: Final = {"kick": 0.4, "bass": 0.75}
"""What is left out, by the upper end of its share of the draws."""


def left_out(request: SectionRequest, bar: int) -> str:
    """What a drop or groove leaves out for four bars of a phrase that is neither first nor last: kick, bass or ""."""
    phrase = phrase_of(request, bar)
    inner = phrase and (phrase + 1) * PHRASE_BARS < request.bars
    if request.role not in {"drop", "free"} or request.bars < _OUT_BARS or not inner:
        return ""
    drawn = chance(request.set_seed, "out", request.role, idea(request, "drums", bar), phrase)
    out = next((part for part, share in _OUT.items() if drawn < share), "")
    late = bar % PHRASE_BARS >= PHRASE_BARS // 2
    return out if late == (out == "kick") else ""


def open_share(request: SectionRequest, part: str, bar: int) -> float:
    """How far a part's filter has opened in its arc, -1..1: over 16 bars, or over 32, from where the set's seed lets it start."""
    span = 32 if chance(request.set_seed, "arc", part) < 0.4 else 16
    at = chance(request.set_seed, "arc start", part, idea(request, "space", bar))
    turn = (bar / span + at) % 1.0
    return 4.0 * turn - 1.0 if turn < 0.5 else 3.0 - 4.0 * turn
