"""Chords as pitch classes, 0 (C) to 11 (B): their roots and their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.music.key import TONICS

_CONSONANT: Final = {7: 3, 4: 2, 3: 2, 10: 1, 11: 1}
"""Semitones above a note -> how much another note there speaks for the first as a root."""

_KINDS: Final[dict[tuple[int, ...], str]] = {
    (7,): "5",
    (4, 7): "",
    (3, 7): "m",
    (3, 6): "dim",
    (4, 8): "aug",
    (2, 7): "sus2",
    (5, 7): "sus4",
    (4, 7, 9): "6",
    (3, 7, 9): "m6",
    (4, 7, 10): "7",
    (4, 7, 11): "maj7",
    (3, 7, 10): "m7",
    (3, 7, 11): "m maj7",
    (3, 6, 10): "m7b5",
    (3, 6, 9): "dim7",
    (5, 7, 10): "7sus4",
    (2, 4, 7): "add9",
    (2, 3, 7): "m add9",
    (2, 4, 7, 10): "9",
    (2, 4, 7, 11): "maj9",
    (2, 3, 7, 10): "m9",
}
"""Semitones above the root -> what a chord is called beside its root."""


def root_of(tones: Sequence[int]) -> int:
    """The root of a chord: the note under which the others lie as thirds, fifths and sevenths; of equals the first.

    Args:
        tones: at least one pitch class, the lowest note's first.
    """
    return max(tones, key=lambda root: sum(_CONSONANT.get((tone - root) % 12, 0) for tone in set(tones)))


def chord_name(tones: Sequence[int], bass: int) -> str:
    """What a chord is called: ``Am7``, ``C/E``; its notes where it has no name, ``bass A`` for a bass alone."""
    if not tones:
        return f"bass {TONICS[bass]}"
    under = (*(tone for tone in tones if tone == bass), *tones)
    for root in dict.fromkeys((bass, root_of(under), *tones)):
        above = tuple(sorted({(tone - root) % 12 for tone in (*tones, bass) if tone != root}))
        if above in _KINDS and root in (*tones, bass):
            return f"{TONICS[root]}{_KINDS[above]}{f'/{TONICS[bass]}' if root != bass else ''}"
    notes = " ".join(TONICS[tone] for tone in tones)
    return notes if bass == tones[0] else f"{notes}/{TONICS[bass]}"
