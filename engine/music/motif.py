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

_CALLS: Final[tuple[tuple[float, ...], ...]] = (
    (0.0, 0.75, 1.5, 3.0),
    (0.0, 1.0, 1.5, 2.5),
    (0.5, 1.0, 1.5, 2.5),
    (0.0, 0.5, 1.5, 3.0),
    (0.0, 1.5, 2.0, 3.5),
    (0.5, 1.5, 2.5),
    (0.0, 0.75, 2.0, 2.75),
    (0.0, 1.0, 2.0, 2.5, 3.0),
)
"""Onsets of a hook's call, in beats of its first bar."""

_REPLIES: Final[tuple[tuple[float, ...], ...]] = ((0.0,), (0.0, 0.5), (0.5,), (0.0, 1.0), (0.0, 0.75, 1.5), (0.5, 1.0))
"""Onsets of its reply, in beats of its second bar; the rest of that bar breathes."""

_STEPS: Final = (-1, -1, -1, 1, 1, 1, -2, 2, 0)
"""Degrees from one note to the next, as likely as they stand here: a line one can sing goes in steps."""

_REACH: Final = (-1, 7)
"""Lowest and highest degree of a motif."""


def make_motif(seed: int, beats_per_bar: int = 4) -> Motif:
    """A motif of two bars for a set: a hook of four to seven notes, mostly in steps, that ends on a tonic-triad degree.

    It calls in the first bar and replies early in the second. One leap at most, which the next note takes back by a step.

    Args:
        seed: the set's seed; the same seed gives the same motif.
        beats_per_bar: 1 or more.
    """
    rng = random.Random(f"motif {seed}")
    call = [beat for beat in rng.choice(_CALLS) if beat < beats_per_bar] or [0.0]
    reply = [beats_per_bar + beat for beat in rng.choice(_REPLIES) if beat < beats_per_bar] or [float(beats_per_bar)]
    beats = [*call, *reply]
    leap = rng.randrange(1, len(beats)) if rng.random() < _LEAP_CHANCE else 0
    degrees = [rng.choice((0, 2, 4, 4))]
    for i in range(1, len(beats)):
        step = rng.choice((3, 4, -3)) if i == leap else rng.choice(_STEPS)
        if leap and i == leap + 1:
            step = -1 if degrees[-1] > degrees[-2] else 1
        landed = degrees[-1] + step
        degrees.append(landed if _REACH[0] <= landed <= _REACH[1] else degrees[-1] - step)
    degrees[-1] = min((0, 2, 4), key=lambda degree: abs(degree - degrees[-1]))
    return _legato(list(zip(beats, degrees, strict=True)), beats[-1] + _LAST_BEATS, rng)


_LEAP_CHANCE: Final = 0.6
_LAST_BEATS: Final = 1.5
"""Beats that the last note lasts, at most."""


def _legato(notes: Sequence[tuple[float, int]], length: float, rng: random.Random) -> Motif:
    """Notes that last until the next or a little less, by chance."""
    ends = [beat for beat, _ in notes[1:]] + [length]
    return tuple(
        MotifNote(beat, max(0.25, min(2.0, (end - beat) * rng.choice((0.6, 0.9, 1.0)))), degree)
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
