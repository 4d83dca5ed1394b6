"""The parts of pocket's band, their stems, and the marks that patterns are written in."""

from __future__ import annotations

from typing import Final

DRUM_GROUPS: Final = ("kick", "snare", "hats", "perc")


TONAL_PARTS: Final = ("bass", "pad", "comp", "arp", "melody")


STEM_OF: Final = {
    "drums": 0,
    "bass": 1,
    "sub": 1,
    "pad": 2,
    "comp": 2,
    "fx": 2,
    "texture": 2,
    "crackle": 2,
    "arp": 3,
    "melody": 3,
}
"""Index on the stem axis of each part."""


def part_of(player: str) -> str:
    """The part that a player plays: "bass 1" is the second who plays the bass."""
    return player.partition(" ")[0]


MARK_VELOCITY: Final = {"X": 1.0, "x": 0.8, "o": 0.56, "g": 0.3}
"""Amplitude of a pattern's marks."""


SLICE_VELOCITY: Final = 0.9
"""Amplitude of a break's slices, whose own strokes are soft or hard."""
