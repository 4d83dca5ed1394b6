"""How each player of a set's band plays: who drags, who swings more, and which sixteenths are accented, by the set's seed."""

from __future__ import annotations

from typing import Final, NamedTuple

from engine.generators.pocket.score.chance import chance, choose


class Feel(NamedTuple):
    """A player's timing.

    Attributes:
        late: share of `DRAG_S` by which all its notes come late, 0..1.
        swing: factor of the style's swing.
    """

    late: float = 0.0
    swing: float = 1.0


DRAG_S: Final = 0.022
"""Seconds by which a player drags at most, at full "human"."""
_DRAGS: Final = {
    "snare": (0.0, 1.0),
    "bass": (0.0, 0.8),
    "comp": (0.0, 1.0),
    "melody": (0.0, 1.0),
    "hats": (0.0, 0.5),
    "perc": (0.0, 0.6),
    "arp": (0.0, 0.4),
}
"""Player -> the range that its dragging is drawn from; the kick is the beat, and nobody comes before it."""
_SWINGS: Final = 0.3
"""By how much the swing of a player differs from the style's, as a share."""
_ACCENTS: Final = (
    (1.0, 0.8, 0.9, 0.8),
    (1.0, 0.75, 1.0, 0.75),
    (1.0, 0.9, 0.75, 0.85),
    (0.85, 0.75, 1.0, 0.75),
    (1.0, 0.7, 0.85, 0.95),
    (0.9, 1.0, 0.8, 0.9),
)
"""How firmly each sixteenth of a beat is struck."""


def feel_of(set_seed: int, player: str) -> Feel:
    """How a player of a set's band keeps time; the kick, and whoever is not named here, play as written."""
    if player not in _DRAGS:
        return Feel()
    low, high = _DRAGS[player]
    late = low + (high - low) * chance(set_seed, "feel late", player)
    return Feel(late, 1.0 + _SWINGS * (2.0 * chance(set_seed, "feel swing", player) - 1.0))


def accent(set_seed: int, shot: str, step: int) -> float:
    """How firmly a set's cymbal or percussion player strikes a sixteenth, 0..1."""
    return choose(_ACCENTS, set_seed, "accent", shot)[step % 4]


_FLAM_CHANCE: Final = 0.3
"""Share of a set's backbeats, by bar and place, that have a flam at most."""
FLAM_S: Final = 0.03
"""Seconds by which the soft stroke of a flam comes before the stroke itself."""
FLAM_VELOCITY: Final = 0.35
"""Its velocity against that of the stroke."""


def has_flam(set_seed: int, bar: int, step: int) -> bool:
    """Whether a snare's accent is a flam: in every set at other places of eight bars, in some sets often and in others never."""
    return chance(set_seed, "flam", bar % 8, step) < _FLAM_CHANCE * chance(set_seed, "flams")
