"""The parts that play the harmony: bass and sub, comp, pads; and the noise effects and textures."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import Final

from engine.dsp.ramps import smoothstep
from engine.generators.pocket.parts import MARK_VELOCITY
from engine.generators.pocket.point import DRUMLESS, crackle, drumless, hiss, without_cymbals
from engine.generators.pocket.score.chance import chance, spread
from engine.generators.pocket.score.context import Context
from engine.generators.pocket.score.events import Note
from engine.generators.pocket.score.form import Bar, thinned
from engine.generators.pocket.score.ideas import figure, idea, phrase_of
from engine.generators.pocket.score.tones.harmony import Chord, chord_at, pick_progressions, pitch_of, place_bass, voice
from engine.generators.pocket.styles import Style, in_bar

_BASS_DEGREES: Final = {"1": 0, "3": 2, "5": 4, "7": 6, "8": 7}
"""Token of a bass pattern -> degrees above the chord's root."""
_DEEP: Final = ("sub", "808")
"""Bass voices deep enough to need no sub under them."""
_SUB_TOP: Final = 42
"""MIDI note above which the sub plays an octave lower."""
_INVERSION: Final = 3
"""Semitones by which a set places its chords higher or lower, which gives other inversions."""
_FAINTEST: Final = 0.02
"""Amount of a texture or pedal, 0..1, below which it is left out."""
_LANDING_BEATS: Final = 2.0
"""Beats by which the set's last chord rings beyond its bar."""


def write_harmony(context: Context) -> tuple[list[Chord], list[Note]]:
    """The chord of every bar, and the notes of bass, pad, comp and effects."""
    progressions, chord_bars = pick_progressions(context)
    chords = [chord_at(context, progressions, chord_bars, bar.index) for bar in context.bars]
    notes: list[Note] = []
    sounding = [bar for bar in context.bars if not bar.silent]

    def bass(style: Style) -> Iterator[Note]:
        return (note for bar in sounding for note in _bass_bar(context, style, bar, chords[bar.index]))

    def comp(style: Style) -> Iterator[Note]:
        return (note for bar in sounding for note in _comp_bar(context, style, bar, chords[bar.index]))

    notes.extend(context.played("bass", bass))
    notes.extend(_subs(context, notes))
    notes.extend(_pedals(context, chords))
    notes.extend(context.played("comp", comp))
    notes.extend(context.played("pad", lambda style: _pads(context, style, chords)))
    notes.extend(_noises(context))
    return chords, notes


def _center(context: Context, style: Style, part: str, bar: int) -> int:
    """MIDI note around which a part's chords lie: another inversion for every idea, and in every other phrase."""
    place = style.parts[part].center + 10 * (context.params["register"] - 0.5)
    seed, which, turn = context.request.set_seed, idea(context.request, "space", bar), phrase_of(context.request, bar) % 2
    drawn = chance(seed, "inversion", part) if not which and not turn else chance(seed, "inversion", part, which, turn)
    return round(place) + round((_INVERSION + (1 if which or turn else 0)) * (2.0 * drawn - 1.0))


def _bass_bar(context: Context, playing: Style, bar: Bar, chord: Chord) -> Iterator[Note]:
    level = bar.active["bass"]
    if level < 0.02:
        return
    style = playing.parts["bass"]
    low = style.center - 6
    root = place_bass(context.key, chord, 0, low)
    beats = context.request.beats_per_bar
    if bar.final or context.request.role == "breakdown":
        length = beats + (_LANDING_BEATS if bar.final else 0.0)
        yield Note(context.frame(bar.index, 0), "bass", context.frames(length * 0.98), ((root, 1.0),), 0.75 * level**0.7)
        return
    figures = _begun(context, [each.split() for each in style.patterns], _BASS_DEGREES)
    tokens = in_bar(figure(figures, context.request, "bass", "bass", bar.index), bar.index, 4 * beats)
    steps = (2 if "bass" in bar.gap else 4) * beats - (4 if bar.breath else 0)
    kept = thinned([tokens[step].lstrip("~") in _BASS_DEGREES for step in range(steps)], bar.energy)
    tightness = 0.55 + 0.6 * context.decay(bar.index, "bass")
    before = root
    for step in range(steps):
        token = tokens[step]
        slide, mark = token.startswith("~"), token.lstrip("~")
        if mark not in _BASS_DEGREES or kept[step] < 0.05:
            continue
        held = 1
        while step + held < steps and tokens[step + held] == "-":
            held += 1
        pitch = root + (12 if mark == "8" else 0) if mark in "18" else place_bass(context.key, chord, _BASS_DEGREES[mark], root)
        accent = 1.0 if step % 4 == 0 or mark == "8" else 0.86
        velocity = kept[step] * accent * level**0.7 * (1.0 + 0.12 * spread(context.request.seed, "bass", bar.index, step))
        gate = held / 4 * min(1.0, tightness if held == 1 else 0.98)
        jitter = 0.5 * spread(context.request.seed, "bass late", bar.index, step)
        yield Note(
            context.frame(bar.index, step / 4, jitter, "bass"),
            "bass",
            context.frames(gate),
            ((pitch, 1.0),),
            min(1.0, velocity),
            float(before - pitch) if slide else 0.0,
        )
        before = pitch


def sub_share(context: Context) -> float:
    """Share 0..1 of the bass that has a sub under it."""
    return sum(player.share for player in context.players["bass"] if player.voice not in _DEEP)


def _begun(context: Context, figures: list[Sequence[str]], onsets: Collection[str]) -> list[Sequence[str]]:
    """The figures of a part; without drums those that begin on the beat, which nothing else would tell."""
    firm = [each for each in figures if each[0] in onsets] if drumless(context.mix) > DRUMLESS else []
    return firm or figures


def _subs(context: Context, notes: Sequence[Note]) -> list[Note]:
    """The sub, a sine under the bass; players that play a note together share one."""
    shares = {player.name: player.share for player in context.players["bass"] if player.voice not in _DEEP}
    if smoothstep((context.params["sub"] - 0.4) / 0.4) < 0.02:
        return []
    subs: dict[tuple[int, tuple[tuple[int, float], ...]], Note] = {}
    for note in notes:
        if note.part in shares:
            lower = tuple((pitch - 12 if pitch > _SUB_TOP else pitch, share) for pitch, share in note.pitches)
            velocity = shares[note.part] * note.velocity
            before = subs.get((note.frame, lower))
            gate = note.gate if before is None else max(note.gate, before.gate)
            velocity += 0.0 if before is None else before.velocity
            subs[note.frame, lower] = note._replace(part="sub", pitches=lower, gate=gate, velocity=velocity)
    return list(subs.values())


_PEDAL_LOW: Final = 26
"""MIDI note of the lowest pedal."""
_PEDAL_BARS: Final = 4
"""Bars that a note of it lasts at most."""
_BASS_PLAYS: Final = 0.3
"""How present a bass is, 0..1, that leaves no room for it."""


def _pedals(context: Context, chords: Sequence[Chord]) -> Iterator[Note]:
    """A deep tonic, held where cymbals do not carry the music and no bass plays: ambient and drones have lows throughout."""
    amount = without_cymbals(context.mix) * context.mix.stems.get("bass", 1.0)
    pitch = _PEDAL_LOW + (pitch_of(context.key, 0) - _PEDAL_LOW) % 12

    def free(bar: Bar) -> bool:
        held = chords[bar.index].held is not None  # its own bass, or none: the tonic might rub against it
        return bar.active["bass"] < _BASS_PLAYS and not bar.silent and not held

    for held, group in groupby(context.bars, lambda bar: (free(bar), bar.index // _PEDAL_BARS)):
        bars = list(group)
        velocity = amount * smoothstep(max(bar.energy for bar in bars) / 0.2)
        if held[0] and velocity > _FAINTEST:
            beats = len(bars) * context.request.beats_per_bar
            yield Note(context.frame(bars[0].index, 0), "pedal", context.frames(beats), ((pitch, 1.0),), min(1.0, velocity))


def _comp_bar(context: Context, playing: Style, bar: Bar, chord: Chord) -> Iterator[Note]:
    level = bar.active["comp"]
    if level < 0.02:
        return
    style = playing.parts["comp"]
    pitches = voice(context.key, chord, _center(context, playing, "comp", bar.index))
    beats = context.request.beats_per_bar
    if bar.final:
        yield Note(context.frame(bar.index, 0), "comp", context.frames(beats + _LANDING_BEATS), pitches, 0.7 * level**0.7)
        return
    rhythms = _begun(context, list(style.patterns), MARK_VELOCITY)
    rhythm = in_bar(figure(rhythms, context.request, "comp", "comp", bar.index), bar.index, 4 * beats)
    steps = (2 if "comp" in bar.gap else 4) * beats - (4 if bar.breath else 0)
    kept = thinned([rhythm[step] in MARK_VELOCITY for step in range(steps)], bar.energy)
    decay = context.decay(bar.index, "comp")
    for step in range(steps):
        mark = rhythm[step]
        if mark not in MARK_VELOCITY or kept[step] < 0.05:
            continue
        held = 1
        while step + held < steps and rhythm[step + held] == "-":
            held += 1
        short = 0.35 + 1.3 * decay
        gate = held / 4 if held > 1 else short / 4
        seed = context.request.seed
        velocity = kept[step] * MARK_VELOCITY[mark] * level**0.7 * (1.0 + 0.15 * spread(seed, "comp", bar.index, step))
        frame = context.frame(bar.index, step / 4, 0.6 * spread(seed, "comp late", bar.index, step), "comp")
        yield Note(frame, "comp", context.frames(gate), pitches, min(1.0, velocity))


def _pads(context: Context, style: Style, chords: Sequence[Chord]) -> Iterator[Note]:
    """One held chord for every stretch of the same harmony, at most four bars long."""
    start = 0
    while start < len(context.bars):
        bar = context.bars[start]
        end = start + 1
        while (
            end < len(context.bars)
            and end - start < 4
            and chords[end] == chords[start]
            and not context.bars[end].final
            and end != context.request.bars
        ):
            end += 1
        level = max(context.bars[i].active["pad"] for i in range(start, end))
        if level > 0.02 and not bar.silent:
            beats = float((end - start) * context.request.beats_per_bar)
            beats -= 1.0 if context.bars[end - 1].breath else 0.0
            length = beats + (_LANDING_BEATS if bar.final else 0.05)
            pitches = voice(context.key, chords[start], _center(context, style, "pad", start))
            yield Note(context.frame(start, 0), "pad", context.frames(length), pitches, 0.8 * level**0.7)
        start = end


_LONG_RISER: Final = 8
"""Bars that a riser takes at most: one that comes up slowly leaves it to the drop itself to be what changes."""


def _noises(context: Context) -> Iterator[Note]:
    """A riser before a louder section and a fall after a seam, louder in energetic styles; and the textures."""
    request = context.request
    beats = request.beats_per_bar
    driven = smoothstep((context.params["energy"] - 0.1) / 0.45)
    noises: list[tuple[int, int, float, float]] = []
    if any(bar.breath for bar in context.bars):
        length = _LONG_RISER if request.bars >= 2 * _LONG_RISER else min(request.bars, _LONG_RISER // 2)
        noises.append((request.bars - length, length, 0.5 * context.energy, 5.0))
    elif request.next_energy is not None and request.next_energy > request.energy + 0.1 and request.bars > 4:
        noises.append((request.bars - 2, 2, 0.3, 4.0))
    falls = {"drop": 0.4 * context.energy, "breakdown": 0.4, "outro": 0.25}.get(request.role, 0.0)
    if falls and request.previous_role is not None:
        noises.append((0, 2 if request.role == "drop" else 1, falls, -4.0))
    for start, bars, velocity, rise in noises:
        if velocity * driven > 0.03:
            yield Note(
                context.frame(start, 0), "fx", context.frames(bars * beats - 0.25), ((60, 1.0),), velocity * driven, rise=rise
            )
    yield from _textures(context)


def _textures(context: Context) -> Iterator[Note]:
    """Tape hiss and vinyl crackle throughout the section."""
    request = context.request
    bars = request.bars if request.next_role is None else len(context.bars)
    length = context.frames(bars * request.beats_per_bar)
    if hiss(context.mix) > _FAINTEST:
        yield Note(0, "texture", length, ((60, 1.0),), 1.0)
    if crackle(context.mix) > _FAINTEST:
        yield Note(0, "crackle", length, ((60, 1.0), (61, 0.8)), 1.0)
