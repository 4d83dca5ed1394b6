"""Who plays each tonal part, and how several players share one without getting louder."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Final, NamedTuple

from engine.dsp.levels import decibels_of
from engine.dsp.ramps import smoothstep
from engine.generators.pocket.score.events import Note
from engine.generators.pocket.styles import Style, load_style, styles_for
from engine.prompts.mix import Mix


class Player(NamedTuple):
    """Who plays a tonal part.

    Attributes:
        name: the part's name; "bass 1", "bass 2" for further players.
        style: the style it plays in.
        voice: a key of `VOICES`.
        share: its share of the part's power, 0..1.
    """

    name: str
    style: Style
    voice: str
    share: float


_SMALLEST_SHARE: Final = 0.04
"""Players below this share are dropped; above it they fade in from zero."""
_NAMED: Final = (0.1, 0.9)
"""Weights of a named instrument at which it begins to replace the styles' own voices, and at which it has replaced them."""
_REPLACEMENTS: Final = {
    "bass": ("round", "sub", "fm", "plucked bass"),
    "pad": ("warm pad", "strings", "glass pad", "choir"),
    "comp": ("electric piano", "pluck", "organ", "piano"),
    "arp": ("pluck", "marimba", "bell", "square lead"),
    "melody": ("flute", "bell", "square lead", "marimba"),
}
"""Voices that replace a style's own where prompts refuse it: the first that is not refused as well."""
_MOST_PLAYERS: Final = 3
"""Most players of a part: every voice takes time and memory. The next one's share is subtracted from theirs, so that a player
who overtakes another fades in from zero."""


def tonal_players(point: Mix, part: str, draw: float = 0.0) -> tuple[Player, ...]:
    """The players of a part, the one with the largest share first; shares sum to 1.

    ``draw``, in [0, 1), picks among the voices that each style has for the part; 0 is its usual one.

    Where a knob stands between two styles, or a named instrument has little weight, both play, each softer.
    """
    votes = point.voices.get(part, {})
    named = max(votes, key=lambda voice: (votes[voice], voice), default="")
    vote = smoothstep((votes[named] - _NAMED[0]) / (_NAMED[1] - _NAMED[0])) if named else 0.0
    against = point.avoided.get(part, {})
    replacements = _replacements(part, against)
    shares: dict[tuple[str, str], float] = {}
    for style, share in styles_for(point, part):
        own = style.parts[part].drawn(draw)
        gone = against.get(own, 0.0) * (1.0 - vote)
        others = ((voice, gone * its) for voice, its in replacements)
        for voice, its in ((own, 1.0 - vote - gone), (named, vote), *others):
            shares[style.name, voice] = shares.get((style.name, voice), 0.0) + share * its
    order = sorted(((share, at) for at, share in shares.items()), reverse=True)
    floor = max([_SMALLEST_SHARE, *(share for share, _ in order[_MOST_PLAYERS:])])
    heard = [(share - floor, at) for share, at in order if share - floor > 1e-3] or [order[0]]
    whole = sum(share for share, _ in heard)
    return tuple(
        Player(part if not number else f"{part} {number}", load_style(style), voice, share / whole)
        for number, (share, (style, voice)) in enumerate(heard)
    )


def _replacements(part: str, against: Mapping[str, float]) -> list[tuple[str, float]]:
    """Voices that replace a refused one, and their shares (sum 1): the first as far as it is not refused, then the next."""
    left, shares = 1.0, []
    for voice in _REPLACEMENTS[part]:
        shares.append((voice, left * (1.0 - against.get(voice, 0.0))))
        left -= shares[-1][1]
    return [*shares[:-1], (shares[-1][0], shares[-1][1] + left)]


_BASS_CORRELATION: Final = 0.6
"""Correlation of two different basses that start a note together: all start at the same phase."""


def share_gains(players: Sequence[Player], notes: Iterable[Note]) -> dict[str, tuple[float, float]]:
    """For each player of a part, the gain in dB that gives it its share, and its share of the part's power then.

    Amplitudes add up where the same voice plays the same notes in step, and partly where basses do; see `share_amplitudes`.
    """
    struck: dict[str, set[tuple[int, int]]] = {player.name: set() for player in players}
    for note in notes:
        if note.part in struck:
            struck[note.part].add((note.frame, note.pitches[0][0]))

    def correlation(one: Player, other: Player) -> float:
        alike = 1.0 if one.voice == other.voice else _BASS_CORRELATION * one.name.startswith("bass")
        return 1.0 if one is other else alike * overlap(struck[one.name], struck[other.name])

    pairs = [[correlation(one, other) for other in players] for one in players]
    gains = share_amplitudes([player.share for player in players], pairs)
    return {
        player.name: (decibels_of(gain), gain * sum(its * each for its, each in zip(gains, row, strict=True)))
        for player, gain, row in zip(players, gains, pairs, strict=True)
    }


def share_amplitudes(shares: Sequence[float], correlation: Sequence[Sequence[float]]) -> list[float]:
    """Linear gain of each player: in proportion to the shares, and such that their sum has the power of one player alone.

    If the powers were in proportion instead, a player would jump to a third of its amplitude in a knob's first tenth.

    Args:
        shares: 0..1, summing to 1.
        correlation: 0..1 for each pair: 0 where only powers add up, 1 where amplitudes do. The diagonal counts as 1.
    """
    power = sum(
        own * other * (correlation[i][j] if i != j else 1.0) for i, own in enumerate(shares) for j, other in enumerate(shares)
    )
    return [own / math.sqrt(power) for own in shares]


def overlap(one: Set[object], other: Set[object]) -> float:
    """Share 0..1 of their onsets that two players have in common, relative to the geometric mean of how many each has."""
    return len(one & other) / math.sqrt(max(1, len(one)) * max(1, len(other)))
