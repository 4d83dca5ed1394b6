"""Who plays each tonal part, and how several players share one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Final, NamedTuple

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.score.events import Note
from engine.generators.pocket.styles import Style, load_style, styles_for
from engine.prompts.mix import Mix


class Player(NamedTuple):
    """Who plays a tonal part: a name that begins with the part's, the style it plays in, its voice, and how much of the part,
    as a share of the power, is its own."""

    name: str
    style: Style
    voice: str
    share: float


_HEARD: Final = 0.04
"""Share up to which a player is left out; it comes in from nothing above it."""


_NAMED: Final = (0.1, 0.9)
"""Weights of an instrument's name at which it begins to take a part over from the styles' own voices, and has it."""


_INSTEAD: Final = {
    "bass": ("round", "sub", "fm", "plucked bass"),
    "pad": ("warm pad", "strings", "glass pad", "choir"),
    "comp": ("electric piano", "pluck", "organ", "piano"),
    "arp": ("pluck", "marimba", "bell", "square lead"),
    "melody": ("flute", "bell", "square lead", "marimba"),
}
"""What plays a part whose style's own voice prompts do without: the first that they do not do without as well."""


_MOST_PLAYERS: Final = 3
"""How many may play a part: every voice takes time and memory. The next one's share is taken off theirs, so that who overtakes
another comes in from nothing."""


def tonal_players(point: Mix, part: str) -> tuple[Player, ...]:
    """Those who play a part, the one with the most of it first; shares sum to 1.

    Where a knob stands between two styles, or an instrument that is named is light, both play, each softer.
    """
    votes = point.voices.get(part, {})
    named = max(votes, key=lambda voice: (votes[voice], voice), default="")
    vote = smoothstep((votes[named] - _NAMED[0]) / (_NAMED[1] - _NAMED[0])) if named else 0.0
    against = point.avoided.get(part, {})
    instead = _instead(part, against)
    shares: dict[tuple[str, str], float] = {}
    for style, share in styles_for(point, part):
        own = style.parts[part].voice
        gone = against.get(own, 0.0) * (1.0 - vote)
        others = ((voice, gone * its) for voice, its in instead)
        for voice, its in ((own, 1.0 - vote - gone), (named, vote), *others):
            shares[style.name, voice] = shares.get((style.name, voice), 0.0) + share * its
    order = sorted(((share, at) for at, share in shares.items()), reverse=True)
    floor = max([_HEARD, *(share for share, _ in order[_MOST_PLAYERS:])])
    heard = [(share - floor, at) for share, at in order if share - floor > 1e-3] or [order[0]]
    whole = sum(share for share, _ in heard)
    return tuple(
        Player(part if not number else f"{part} {number}", load_style(style), voice, share / whole)
        for number, (share, (style, voice)) in enumerate(heard)
    )


def _instead(part: str, against: Mapping[str, float]) -> list[tuple[str, float]]:
    """Who plays in an unwanted voice's stead, and its share: the first, as far as it is wanted, then the next. 1 in sum."""
    left, shares = 1.0, []
    for voice in _INSTEAD[part]:
        shares.append((voice, left * (1.0 - against.get(voice, 0.0))))
        left -= shares[-1][1]
    return [*shares[:-1], (shares[-1][0], shares[-1][1] + left)]


_BASSES: Final = 0.5
"""How far two different basses that strike a note at once add up as amplitudes: all start at the same phase."""


def share_gains(players: Sequence[Player], notes: Iterable[Note]) -> dict[str, tuple[float, float]]:
    """The gain in dB that gives each player of a part its share, and its share of the part's power then; see `share_amplitudes`.

    Amplitudes add up where one voice strikes the same notes in step, and partly where basses do.
    """
    struck: dict[str, set[tuple[int, int]]] = {player.name: set() for player in players}
    for note in notes:
        if note.part in struck:
            struck[note.part].add((note.frame, note.pitches[0][0]))

    def met(one: Player, other: Player) -> float:
        alike = 1.0 if one.voice == other.voice else _BASSES * one.name.startswith("bass")
        return 1.0 if one is other else alike * overlap(struck[one.name], struck[other.name])

    pairs = [[met(one, other) for other in players] for one in players]
    gains = share_amplitudes([player.share for player in players], pairs)
    return {
        player.name: (20.0 * math.log10(gain), gain * sum(its * met for its, met in zip(gains, row, strict=True)))
        for player, gain, row in zip(players, gains, pairs, strict=True)
    }


def share_amplitudes(shares: Sequence[float], met: Sequence[Sequence[float]]) -> list[float]:
    """The gain of each player: in proportion to the shares, and such that the power of their sum is that of one alone.

    Shares of power would make who comes in jump to a third of its amplitude in the first tenth of a knob's way.

    Args:
        shares: 0..1, 1 in sum.
        met: for each pair how far their amplitudes add up, from 0 where only their powers do to 1. The diagonal counts as 1.
    """
    power = sum(own * other * (met[i][j] if i != j else 1.0) for i, own in enumerate(shares) for j, other in enumerate(shares))
    return [own / math.sqrt(power) for own in shares]


def overlap(one: Set[object], other: Set[object]) -> float:
    """How much of what two players strike they strike at once, 0..1: what both do against the mean of what each does."""
    return len(one & other) / math.sqrt(max(1, len(one)) * max(1, len(other)))
