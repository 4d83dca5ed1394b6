"""The parts of pocket's band, the stems they belong to, and the marks that drum patterns are written in."""

from __future__ import annotations

from typing import Final

DRUM_GROUPS: Final = ("kick", "snare", "hats", "perc")
"""Groups of drum lanes that enter, leave and are levelled together."""
TONAL_PARTS: Final = ("bass", "pad", "comp", "arp", "melody")
"""Parts that play notes. "comp" is the accompaniment: chords struck in a rhythm."""
STEM_OF: Final = {
    "drums": 0,
    "bass": 1,
    "sub": 1,
    "pedal": 1,
    "pad": 2,
    "comp": 2,
    "fx": 2,
    "texture": 2,
    "crackle": 2,
    "arp": 3,
    "melody": 3,
}
"""Part -> its index on the stem axis; see `engine.protocol.STEMS`."""
LEVEL_PARAM: Final = {"bass": "bass", "pad": "harmony", "comp": "harmony", "arp": "lead", "melody": "lead"}
"""Part -> the parameter for how much of its stem is wanted: it makes the part louder and lets it enter at less energy."""
MARK_VELOCITY: Final = {"X": 1.0, "x": 0.8, "o": 0.56, "g": 0.3}
"""Velocity 0..1 of a pattern's marks: accent, hit, soft, ghost."""
SLICE_VELOCITY: Final = 0.9
"""Velocity of a break's slices; the strokes in the recording are soft or hard by themselves."""


def part_of(player: str) -> str:
    """The part of a player: "bass" for "bass" (its first player) and for "bass 1" (its second)."""
    return player.partition(" ")[0]
