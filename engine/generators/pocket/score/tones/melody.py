"""The lead: the set's motif, developed from phrase to phrase, and arpeggios of the harmony."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.score.chance import chance, choose, spread
from engine.generators.pocket.score.context import Context
from engine.generators.pocket.score.events import Note
from engine.generators.pocket.score.form import Bar, thinned
from engine.generators.pocket.score.ideas import idea, phrase_of
from engine.generators.pocket.score.tones.harmony import Chord, in_chord, pitch_of, voice
from engine.generators.pocket.styles import Style
from engine.music import motif as motifs
from engine.music.motif import Motif
from engine.protocol import MotifNote, Role, SectionPurpose

_Develop = Callable[[Motif, Context, int], Motif]

DEVELOPMENTS: Final[dict[str, _Develop]] = {
    "same": lambda motif, context, phrase: motif,
    "answer": lambda motif, context, phrase: motifs.answer(motif, context.request.beats_per_bar),
    "varied": lambda motif, context, phrase: motifs.vary(motif, context.request.seed + phrase, 0.4),
    "up": lambda motif, context, phrase: motifs.transpose(motif, 2),
    "down": lambda motif, context, phrase: motifs.transpose(motif, -2),
    "inverted": lambda motif, context, phrase: motifs.invert(motif),
    "augmented": lambda motif, context, phrase: motifs.augment(motif, 2.0),
    "head": lambda motif, context, phrase: _head(motif, context, 1),
    "call": lambda motif, context, phrase: _head(motif, context, 2),
    "rest": lambda motif, context, phrase: (),
}
"""Name -> a way to develop the motif over a phrase of its length (twice that for "augmented")."""

_PLANS: Final[dict[Role, tuple[tuple[str, ...], ...]]] = {
    "intro": (("head", "rest", "head", "rest"), ("head", "rest", "call", "rest")),
    "build": (("call", "call", "up", "up"), ("same", "up", "call", "up")),
    "drop": (("same", "answer", "same", "varied"), ("same", "answer", "up", "answer"), ("same", "same", "varied", "answer")),
    "breakdown": (("augmented", "inverted", "answer"), ("augmented", "augmented")),
    "outro": (("same", "rest", "head", "rest"), ("head", "rest", "answer", "rest")),
    "free": (("same", "varied", "up", "answer"), ("same", "answer", "inverted", "answer")),
}
"""Role -> plans, each the developments of successive phrases."""
_LATER_PLANS: Final[dict[SectionPurpose, tuple[tuple[str, ...], ...]]] = {
    "answer": (("answer", "rest", "inverted", "answer"), ("call", "answer", "rest", "up")),
    "contrast": (("augmented", "rest", "inverted"), ("head", "rest", "augmented", "call")),
    "sum": (("same", "answer", "up", "answer", "same", "inverted"), ("call", "same", "up", "varied", "answer")),
}
"""Purpose -> plans of the sections that are no first statement."""
_ANSWERED_BY: Final = {"answer": "arp", "inverted": "comp", "up": "arp"}
"""Development -> the part that may play it instead of the melody, as an answer in another voice."""
_OTHER_VOICES: Final = ("arp", "comp", "arp")
"""Parts one of which takes the tune over in a contrast."""
_ANSWER_CHANCE: Final = 0.5
"""Probability that a set gives such a development to the other part."""


def _head(motif: Motif, context: Context, times: int) -> Motif:
    """The motif's first bar, once or twice."""
    beats = float(context.request.beats_per_bar)
    head = motifs.fragment(motif, 0.0, beats)
    return head if times == 1 else head + motifs.shift(head, beats)


def write_melody(context: Context, chords: Sequence[Chord]) -> tuple[list[Note], tuple[MotifNote, ...]]:
    """The notes of melody and arp, and the melody as degrees and beats from the section's start."""
    phrases = list(_phrases(context))
    paper = tuple(note for note, _ in phrases)
    notes: list[Note] = []
    for part in dict.fromkeys(part for _, part in phrases):

        def tune(style: Style, part: str = part) -> Iterator[Note]:
            return (note for each, own in phrases if own == part for note in _sound(context, style, each, part, chords))

        notes.extend(context.played(part, tune))
    notes.extend(context.played("melody", lambda style: _final_note(context, style, chords)))
    sounding = [bar for bar in context.bars if not bar.silent and not bar.final]

    def arp(style: Style) -> Iterator[Note]:
        return (note for bar in sounding for note in _arp_bar(context, style, bar, chords[bar.index]))

    notes.extend(context.played("arp", arp))
    return notes, paper


def _phrases(context: Context) -> Iterator[tuple[MotifNote, str]]:
    """The role's plan repeated over the section: each note and the part that plays it; low density thins the phrases."""
    request = context.request
    length = motifs.span(context.motif, request.beats_per_bar)
    end = float(len(context.bars) * request.beats_per_bar)
    plans = _LATER_PLANS.get(request.purpose, _PLANS[request.role])
    drawn = int(chance(request.set_seed, "plan", request.role, request.occurrence - 1) * len(plans))
    plan = plans[(drawn + request.ideas) % len(plans)]
    start, phrase = 0.0, 0
    while start < end and length > 0:
        name = plan[phrase % len(plan)]
        if phrase >= len(plan) and name == "same" and chance(request.seed, "change", phrase) < 0.4:
            name = "varied"
        part = _played_by(context, name)
        figure = motifs.thin(DEVELOPMENTS[name](context.motif, context, phrase), min(1.0, 0.75 + 0.5 * context.density))
        for note in figure:
            if start + note.beat < end:
                yield MotifNote(start + note.beat, note.beats, note.degree), part
        start += length * (2.0 if name == "augmented" else 1.0)
        phrase += 1


def _played_by(context: Context, development: str) -> str:
    """The part that plays a development in this set: the melody, or another that answers it unless prompts turn that down."""
    part = _ANSWERED_BY.get(development, "melody")
    if context.request.purpose == "contrast":
        part = choose(_OTHER_VOICES, context.request.set_seed, "other voice", context.request.role, context.request.occurrence)
    silenced = min(context.mix.stems.get(part, 1.0), context.mix.stems.get("harmony" if part == "comp" else "lead", 1.0)) < 1.0
    drawn = chance(context.request.set_seed, "hand on", development)
    return "melody" if silenced or (drawn > _ANSWER_CHANCE and context.request.purpose != "contrast") else part


_ADDED: Final = ((), (7,), (-2,))
"""Degrees above the tune of the voice that joins it in a last drop, by the seed: none, an octave, or a third below."""
_ADDED_WEIGHT: Final = 0.7


def _added(context: Context, degree: int) -> tuple[tuple[int, float], ...]:
    """The degrees that sound with one of the tune, and their weights."""
    request = context.request
    if request.purpose != "sum" or request.role != "drop":
        return ()
    return tuple((degree + up, _ADDED_WEIGHT) for up in choose(_ADDED, request.set_seed, "added voice"))


def _sound(context: Context, style: Style, note: MotifNote, part: str, chords: Sequence[Chord]) -> Iterator[Note]:
    """One note of the melody, moved to a chord tone where it is long or on the beat."""
    beats = context.request.beats_per_bar
    index = int(note.beat // beats)
    bar = context.bars[index]
    level = bar.active["melody"]
    beat = note.beat - index * beats
    if level < 0.02 or bar.silent or bar.final or (bar.breath and beat >= beats - 1):
        return
    degree = note.degree
    firm = note.beats >= 0.75 or beat % 1.0 == 0.0
    if firm:
        degree = _nearest(degree, chords[index].degrees())
    center = round(style.parts[part].center + 12 * (context.params["register"] - 0.5))
    octaves = 12 * round((center - pitch_of(context.key, 2)) / 12)
    sounding = ((degree, 1.0), *_added(context, degree))
    pitches = tuple((in_chord(pitch_of(context.key, each) + octaves, chords[index], firm), weight) for each, weight in sounding)
    seed = context.request.seed
    velocity = level**0.7 * (0.82 + 0.14 * (beat % 1.0 == 0.0) + 0.14 * spread(seed, "melody", int(note.beat * 4)))
    gate = note.beats * (0.5 + 0.6 * context.params["decay"])
    yield Note(
        context.frame(index, beat, 0.6 * spread(seed, "late", int(note.beat * 4)), part),
        part,
        context.frames(gate),
        pitches,
        min(1.0, velocity),
    )


def _nearest(degree: int, allowed: Sequence[int]) -> int:
    """The degree itself, or the nearest one within two steps that is in the chord (the upper one of two)."""
    for step in (0, 1, -1, 2, -2):
        if (degree + step) % 7 in allowed:
            return degree + step
    return degree


def _final_note(context: Context, style: Style, chords: Sequence[Chord]) -> Iterator[Note]:
    """The tonic over the set's last chord."""
    for bar in context.bars:
        level = bar.active["melody"]
        if bar.final and level > 0.1:
            center = style.parts["melody"].center
            pitch = pitch_of(context.key, 0) + 12 * round((center - pitch_of(context.key, 0)) / 12)
            pitch = in_chord(pitch, chords[bar.index], firm=True)
            length = context.request.beats_per_bar + 1.0
            yield Note(context.frame(bar.index, 0), "melody", context.frames(length), ((pitch, 1.0),), 0.8 * level**0.7)


_SHAPES: Final = ("up", "updown", "down")
"""Ways through an arpeggio's notes, of which every idea draws one."""


def _arp_bar(context: Context, style: Style, bar: Bar, chord: Chord) -> Iterator[Note]:
    level = bar.active["arp"]
    if level < 0.02:
        return
    part = style.parts["arp"]
    center = round(part.center + 12 * (context.params["register"] - 0.5))
    which = idea(context.request, "arp", bar.index) + 4 * (phrase_of(context.request, bar.index) % 2)
    center += round(6 * (chance(context.request.set_seed, "inversion", "arp", which) - 0.5))
    shape = part.shape if part.shape == "riff" else choose(_SHAPES, context.request.set_seed, "shape", which)
    ladder = [pitch for pitch, weight in voice(context.key, chord, center) if weight > 0.4]
    ladder = ladder + [pitch + 12 for pitch in ladder]
    count = round((context.request.beats_per_bar - (1 if bar.breath else 0)) / part.step)
    per_bar = round(context.request.beats_per_bar / part.step)
    size = max(1, round(4 * part.step))
    kept = thinned([step % size == 0 for step in range(max(per_bar, count) * size)], bar.energy)
    weights = [kept[i * size] * _arp_weight(context, shape, i, which) for i in range(count)]
    heard = [i for i, weight in enumerate(weights) if weight >= 0.05]
    for place, i in enumerate(heard):
        # The ladder is climbed by the notes that are heard: a step left out must not make a leap.
        pitch = _arp_pitch(context, shape, ladder, i if shape == "riff" else bar.index * len(heard) + place, which)
        velocity = level**0.7 * weights[i] * (1.0 + 0.2 * spread(context.request.seed, "arp", bar.index, i))
        gate = part.step * (0.35 + part.gate * (0.3 + context.params["decay"]))
        frame = context.frame(bar.index, i * part.step, player="arp")
        yield Note(frame, "arp", context.frames(gate), ((pitch, 1.0),), min(1.0, velocity))


def _arp_weight(context: Context, shape: str, i: int, which: int) -> float:
    """How loud an arpeggio's step is, 0..1; 0 is a rest."""
    seed = context.request.set_seed
    if shape == "riff":
        rest = chance(seed, "riff rest", which, i % 16)
        return 0.0 if rest > 0.45 + 0.5 * context.density else 0.65 + 0.35 * (rest < 0.25)
    sparse = smoothstep(0.5 + (0.3 + 0.75 * context.density - chance(seed, "arp", which, i % 16)) / 0.2)
    return sparse * (1.0 if i % 4 == 0 else 0.75)


def _arp_pitch(context: Context, shape: str, ladder: Sequence[int], turn: int, which: int) -> int:
    """The pitch of the section's ``turn``-th note of an arpeggio; a "riff" is a line of one bar that the set's seed draws."""
    size = len(ladder)
    if shape == "riff":
        step = turn % 16
        jump = choose((0, 0, 0, 1, 1, 2, 3), context.request.set_seed, "riff", which, step)
        return ladder[jump % size] if step else ladder[0]
    up_down = turn % (2 * size - 2)
    place = {"up": turn % size, "down": size - 1 - turn % size, "updown": min(up_down, 2 * size - 2 - up_down)}[shape]
    return ladder[place]
