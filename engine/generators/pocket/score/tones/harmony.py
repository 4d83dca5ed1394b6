"""Harmony: the set's progression, the chord of each bar, and its voicing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.score.chance import chance
from engine.generators.pocket.score.context import Context
from engine.generators.pocket.score.ideas import PHRASE_BARS, idea, phrase_of
from engine.generators.pocket.styles import Progression, style_for
from engine.music.key import Key
from engine.protocol import HeldChord, SectionRequest


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord.

    Attributes:
        root: degree of the seven-note scale, counted from 0.
        tones: (degree, weight 0..1) of each tone.
        held: what a keyboard holds in its place; where that is a bass note alone, in the place of the root.
    """

    root: int
    tones: tuple[tuple[int, float], ...]
    held: HeldChord | None = None

    def degrees(self) -> tuple[int, ...]:
        """Degrees 0..6 of the tones that sound clearly."""
        return tuple(sorted({degree % 7 for degree, weight in self.tones if weight > 0.3}))


def pick_progressions(context: Context) -> tuple[tuple[Progression, Progression], int]:
    """The set's two progressions, the same twice where a style has one, and the bars each chord lasts.

    The set's seed draws both among those that suit the mood.
    """
    style = style_for(context.mix, "progression")
    first = _drawn(context, style.progressions, "progression")
    others = tuple(each for each in style.progressions if each.chords != first.chords)
    return (first, _drawn(context, others, "other progression") if others else first), style.chord_bars


def _drawn(context: Context, progressions: Sequence[Progression], place: str) -> Progression:
    mood = context.params["valence"]
    weights = [1.0 / (0.02 + (each.mood - mood) ** 2) for each in progressions]
    left = chance(context.request.set_seed, place) * sum(weights)
    for progression, weight in zip(progressions, weights, strict=True):
        left -= weight
        if left < 0:
            return progression
    return progressions[-1]


_PEDAL: Final = 0.3
"""Weight of the tonic held through chords it fits: it keeps the key clear."""


_TURNAROUNDS: Final = (4, 6, 3)
"""Degrees that lead back to a progression's start, of which the set's seed draws one for every other phrase."""


def _root_at(context: Context, progressions: tuple[Progression, Progression], chord_bars: int, bar: int) -> int:
    """The root of a bar's chord: the progression whose turn it is, and a turnaround at a phrase's end.

    The tail is in the first progression, whose sections follow most often.
    """
    request = context.request
    which = idea(request, "chords", bar) if bar < request.bars else 0
    chords = progressions[which % 2].chords
    turned = len(chords) // 2 if which == 2 and len(set(chords)) > 1 else 0
    usual = chords[(bar // chord_bars + turned) % len(chords)]
    phrase = phrase_of(request, bar)
    if bar % PHRASE_BARS < PHRASE_BARS - 1 or bar >= request.bars - 1 or request.bars <= PHRASE_BARS:
        return usual
    there = _TURNAROUNDS[int(chance(request.set_seed, "turnaround", which, phrase % 2) * len(_TURNAROUNDS))]
    return there if there != usual else chords[0]


def chord_at(context: Context, progressions: tuple[Progression, Progression], chord_bars: int, bar: int) -> Chord:
    """The chord of a bar: what is held, or the plan's with sevenths, ninths and suspensions as richness and tension add them."""
    held = held_at(context.request, bar)
    if held is not None and held.tones:
        return Chord(0, (), held)
    plan = context.bars[bar]
    root = _root_at(context, progressions, chord_bars, bar)
    if plan.final or plan.silent:
        root = 0
    elif plan.breath:
        root = 4
    rich, tense = context.params["richness"], context.params["tension"]
    tones = [(root, 1.0), (root + 4, 0.9), (root + 2, 1.0)]
    if not plan.final:
        tones += [(root + 6, smoothstep((rich - 0.3) / 0.35)), (root + 8, 0.8 * smoothstep((rich - 0.6) / 0.35))]
        tones += [(root + 3, 0.5 * smoothstep((tense - 0.55) / 0.35))]
        if _tonic_fits(context.key, root):
            tones += [(7, _PEDAL)]
    return Chord(root, tuple((degree, weight) for degree, weight in tones if weight > 0.05), held)


def held_at(request: SectionRequest, bar: int) -> HeldChord | None:
    """What a keyboard holds in a bar of the section."""
    return next((chord for first, chord in reversed(request.chords) if first <= bar), None)


def _tonic_fits(key: Key, root: int) -> bool:
    """Whether the tonic is not in the triad and at least a whole tone from each of its notes."""
    apart = {(pitch_of(key, degree) - key.tonic) % 12 for degree in (root, root + 2, root + 4)}
    return apart.isdisjoint({0, 1, 11})


def pitch_of(key: Key, degree: int) -> int:
    """MIDI note of a degree of the seven-note scale; degree 0 is the tonic in the octave from MIDI note 0.

    In a pentatonic key a degree that the scale lacks becomes the nearest it has: chords turn open and suspended.
    """
    octave, step = divmod(degree, 7)
    semitone = key.seven()[step]
    if semitone not in key.scale:
        semitone = min((*key.scale, 12), key=lambda each: abs(each - semitone))
    return key.tonic + 12 * octave + semitone


def voice(key: Key, chord: Chord, center: int) -> tuple[tuple[int, float], ...]:
    """A chord in close position within an octave around the MIDI note ``center``, so that voices move by small steps.

    Returns:
        (MIDI note, weight 0..1) from low to high; sevenths and ninths within a semitone of a chord note go up an octave.
    """
    low = center - 6
    if chord.held is not None and chord.held.tones:
        return tuple(sorted((low + (tone - low) % 12, 1.0) for tone in chord.held.tones))
    notes: dict[int, float] = {}
    for degree, weight in chord.tones:
        note = low + (pitch_of(key, degree) - low) % 12
        if degree - chord.root >= 6 and any(abs(note - other) <= 1 for other in notes):
            note += 12
        notes[note] = max(weight, notes.get(note, 0.0))
    return tuple(sorted(notes.items()))


_ABOVE: Final = {0: 0.0, 2: 3.5, 4: 7.0, 6: 10.5}
"""Degrees above a chord's root -> semitones, where a held chord's own notes take their places."""


def place_bass(key: Key, chord: Chord, steps: int, low: int) -> int:
    """The MIDI note, within the octave from ``low``, of what lies so many degrees above a chord's root."""
    if chord.held is None:
        return low + (pitch_of(key, chord.root + steps) - low) % 12
    root = chord.held.root
    above = [(tone - root) % 12 for tone in (root, *chord.held.tones)]
    interval = min(above, key=lambda each: abs(each - _ABOVE[steps]))
    return low + (root + interval - low) % 12


def in_chord(pitch: int, chord: Chord, firm: bool) -> int:
    """A melody's MIDI note as a held chord has it: the nearest of its notes where it is ``firm`` or rubs against one of them."""
    tones = chord.held.tones if chord.held is not None else ()
    if not tones or not (firm or any((pitch - tone) % 12 in (1, 11) for tone in tones)):
        return pitch
    return next(pitch + step for step in (0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6) if (pitch + step) % 12 in tones)
