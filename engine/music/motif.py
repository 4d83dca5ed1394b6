"""The set's motif: a short figure of scale degrees, and the ways in which sections develop it.

Notes are `engine.protocol.MotifNote`: onset and length in beats, degree of the scale counted from 0. Everything here is a
pure function of its arguments.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from engine.protocol import MotifNote

Motif = tuple[MotifNote, ...]

MOTIF_BARS: Final = 2
"""Bars a motif lasts."""

_CELLS: Final[tuple[tuple[float, ...], ...]] = (
    (0.0, 0.75, 1.5),
    (0.0, 1.0, 1.5),
    (0.0, 0.5, 1.5),
    (0.5, 1.0, 1.75),
    (0.0, 0.5, 0.75, 1.5),
    (0.0, 1.5),
    (0.0, 0.75, 1.25),
    (0.25, 0.75, 1.5),
)
"""Onsets within two beats: the usual syncopations of dance music."""

_CONTOURS: Final[tuple[tuple[int, ...], ...]] = (
    (0, 2, 4, 2),
    (4, 2, 1, 0),
    (0, 1, 2, 4),
    (2, 0, -1, 0),
    (4, 5, 4, 2),
    (0, 4, 2, 1),
    (7, 4, 5, 2),
    (2, 4, 2, -1),
)
"""Degrees a contour leans on, one per two beats: arches, falls and neighbours around the tonic triad."""


def make_motif(seed: int, beats_per_bar: int = 4) -> Motif:
    """A motif of two bars for a set: two rhythmic cells on a contour, the first repeated, ending on a tonic-triad degree.

    Args:
        seed: the set's seed; the same seed gives the same motif.
        beats_per_bar: 1 or more.
    """
    rng = random.Random(f"motif {seed}")
    cells = rng.sample(_CELLS, 2)
    contour = rng.choice(_CONTOURS)
    length = float(MOTIF_BARS * beats_per_bar)
    order = (0, 1, 0, 1) if rng.random() < 0.5 else (0, 0, 0, 1)
    notes: list[tuple[float, int]] = []
    start, slot = 0.0, 0
    while start < length:
        anchor = contour[slot % len(contour)]
        for step, onset in enumerate(cells[order[slot % 4]]):
            if start + onset < length - 0.25:
                notes.append((start + onset, anchor + (0 if step == 0 else rng.choice((-1, 0, 1, 2)))))
        start, slot = start + 2.0, slot + 1
    beat, degree = notes[-1]
    notes[-1] = (beat, min((0, 2, 4), key=lambda d: abs(d - degree)))
    return _legato(notes, length, rng)


def _legato(notes: Sequence[tuple[float, int]], length: float, rng: random.Random) -> Motif:
    """Notes that last until the next or a little less, by chance."""
    ends = [beat for beat, _ in notes[1:]] + [length]
    return tuple(
        MotifNote(beat, max(0.25, min(2.0, (end - beat) * rng.choice((0.5, 0.9, 1.0)))), degree)
        for (beat, degree), end in zip(notes, ends, strict=True)
    )


def span(motif: Sequence[MotifNote], beats_per_bar: int = 4) -> float:
    """Beats of the whole bars a motif fills."""
    if not motif:
        return 0.0
    last = max(note.beat for note in motif)
    return float((int(last // beats_per_bar) + 1) * beats_per_bar)


def transpose(motif: Iterable[MotifNote], degrees: int) -> Motif:
    """Move every note by scale degrees."""
    return tuple(replace(note, degree=note.degree + degrees) for note in motif)


def shift(motif: Iterable[MotifNote], beats: float) -> Motif:
    """Move every note later by beats."""
    return tuple(replace(note, beat=note.beat + beats) for note in motif)


def fragment(motif: Iterable[MotifNote], start: float, end: float) -> Motif:
    """The notes whose onsets lie in [start, end) beats, moved to begin at 0 and cut at the end."""
    return tuple(
        replace(note, beat=note.beat - start, beats=min(note.beats, end - note.beat))
        for note in motif
        if start <= note.beat < end
    )


def invert(motif: Sequence[MotifNote], axis: int | None = None) -> Motif:
    """Mirror the degrees about ``axis``, or about the first note."""
    if not motif:
        return ()
    centre = motif[0].degree if axis is None else axis
    return tuple(replace(note, degree=2 * centre - note.degree) for note in motif)


def retrograde(motif: Sequence[MotifNote]) -> Motif:
    """The same rhythm with the degrees in reverse order."""
    degrees = [note.degree for note in motif][::-1]
    return tuple(replace(note, degree=degree) for note, degree in zip(motif, degrees, strict=True))


def augment(motif: Iterable[MotifNote], factor: float) -> Motif:
    """Stretch onsets and lengths: 2 is half as fast, 0.5 twice as fast."""
    return tuple(MotifNote(note.beat * factor, note.beats * factor, note.degree) for note in motif)


def answer(motif: Sequence[MotifNote], beats_per_bar: int = 4) -> Motif:
    """The motif with its second half answering: same rhythm, bending to end on the tonic."""
    if not motif:
        return ()
    half = span(motif, beats_per_bar) / 2
    tail = [i for i, note in enumerate(motif) if note.beat >= half]
    if not tail:
        return (*motif[:-1], replace(motif[-1], degree=0))
    notes = list(motif)
    home = 7 * round(notes[tail[-1]].degree / 7)
    bend = home - notes[tail[-1]].degree
    for place, i in enumerate(tail, start=1):
        notes[i] = replace(notes[i], degree=notes[i].degree + round(bend * place / len(tail)))
    return tuple(notes)


def vary(motif: Sequence[MotifNote], seed: int | str, amount: float = 0.3) -> Motif:
    """Change some notes by a neighbour and leave the first and last where they are.

    Args:
        motif: what to vary.
        seed: which variation.
        amount: 0..1, the chance of each inner note to move; as it grows, notes that had moved stay moved.
    """
    rng = random.Random(f"vary {seed}")
    notes = list(motif)
    for i in range(1, len(notes) - 1):
        chance, step = rng.random(), rng.choice((-2, -1, 1, 2))
        if chance < amount:
            notes[i] = replace(notes[i], degree=notes[i].degree + step)
    return tuple(notes)


def thin(motif: Sequence[MotifNote], share: float) -> Motif:
    """Keep a share (0..1) of the notes, the metrically strongest first, always the first note."""
    order = sorted(range(len(motif)), key=lambda i: (i != 0, (motif[i].beat % 1.0) != 0.0, (motif[i].beat % 0.5) != 0.0, i))
    kept = set(order[: max(1, round(share * len(motif)))])
    return tuple(note for i, note in enumerate(motif) if i in kept)
