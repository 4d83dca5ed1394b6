"""Writes a section: a request becomes hits and notes, the same for the same seeds. No audio is made here."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from engine.dsp.levels import decibels_of
from engine.generators.pocket.parts import DRUM_GROUPS
from engine.generators.pocket.point import group_gain
from engine.generators.pocket.score.changes import origin_of, seeded
from engine.generators.pocket.score.context import Context
from engine.generators.pocket.score.drumming.drums import pump_depth, write_drums
from engine.generators.pocket.score.drumming.kits import drum_kits, in_tune, of_the_set
from engine.generators.pocket.score.events import Hit, Note, Score
from engine.generators.pocket.score.tones.chords import sub_share, write_harmony
from engine.generators.pocket.score.tones.melody import write_melody
from engine.generators.pocket.score.tones.players import share_gains
from engine.generators.pocket.styles import Style, style_for
from engine.prompts.mix import mix
from engine.protocol import MotifNote, SectionRequest
from engine.timebase import SAMPLE_RATE

_OTHER_VOICES: Final = {"sub": "sub", "pedal": "pedal", "fx": "noise", "texture": "tape", "crackle": "crackle"}
"""Voices of the parts that no style names a voice for."""
_FEWEST_NOTES: Final = 3
"""Notes that make a tune."""
_FAINTEST_SUB: Final = 1e-3
"""Least share of the bass that the sub is levelled for: -60 dB."""


def compose(request: SectionRequest, rate: int = SAMPLE_RATE) -> Score:
    """Write a section and its tail, whatever ``request.from_frame``.

    Raises:
        LivesetError: if the key, the vocabulary or a style cannot be read.
    """
    request = _with_tune(request, rate)
    point = mix(request.prompts, request.role)
    contexts = [Context(each, point, rate) for each in seeded(request)]
    context = contexts[0]
    hits, notes, lead, melody = _spliced([_written(each) for each in contexts], context, request)
    gains_db = {"sub": decibels_of(max(_FAINTEST_SUB, sub_share(context)))}

    def own(style: Style) -> Style:
        return of_the_set(in_tune(style, context.key), request.set_seed)

    shared = {name: its for part in context.players.values() for name, its in share_gains(part, [*notes, *lead]).items()}
    gains_db |= {name: gain_db for name, (gain_db, _) in shared.items()}
    return Score(
        hits=tuple(hits),
        notes=tuple(sorted([*notes, *lead])),
        kicks=tuple(_side_chain(context, hits).items()),
        voices={player.name: player.voice for players in context.players.values() for player in players} | _OTHER_VOICES,
        styles={player.name: player.style for players in context.players.values() for player in players},
        shares={name: share for name, (_, share) in shared.items()},
        gains_db=gains_db,
        kits={
            **{group: own(style_for(context.mix, group)) for group in DRUM_GROUPS},
            **{kit: own(style) for group in DRUM_GROUPS for kit, style, _ in drum_kits(context.mix, group)},
        },
        bars=context.bars,
        grid=context.grid,
        energy=context.energy,
        density=context.density,
        brightness=context.brightness,
        mix=context.mix,
        melody=melody,
        role=request.role,
    )


def _with_tune(request: SectionRequest, rate: int) -> SectionRequest:
    """The request with the tune of the bars that it is built on as its motif; where those have none, as it is."""
    if request.built_on is None:
        return request
    beats, (first, last) = request.beats_per_bar, request.built_bars
    start, end = (first - 1) * beats, last * beats
    heard = compose(replace(request.built_on, built_on=None), rate).melody
    notes = sorted((note for note in heard if start <= note.beat < end), key=lambda note: note.beat)
    tune = tuple(replace(note, beat=note.beat - start, beats=min(note.beats, end - note.beat)) for note in notes)
    return replace(request, built_on=None, motif=tune if len(tune) >= _FEWEST_NOTES else request.motif)


class _Written(NamedTuple):
    """What one seed makes of a section: drum hits, notes of the harmony, notes of the lead, and the melody as degrees."""

    hits: list[Hit]
    notes: list[Note]
    lead: list[Note]
    melody: tuple[MotifNote, ...]


def _written(context: Context) -> _Written:
    chords, notes = write_harmony(context)
    return _Written(sorted(write_drums(context)), notes, *write_melody(context, chords))


def _spliced(written: list[_Written], context: Context, request: SectionRequest) -> _Written:
    """One section of several: every part of every bar from the seed that it is from."""
    if len(written) == 1:
        return written[0]
    origin, beats = origin_of(request), request.beats_per_bar
    last = len(context.bars) - 1

    def bar(frame: int) -> int:  # a note may come a little before its beat, even before its bar
        return min(last, max(0, context.grid.bar_at(frame + round(context.beat_frames / 8))))

    return _Written(
        sorted(hit for i, each in enumerate(written) for hit in each.hits if origin(hit.group, bar(hit.frame)) == i),
        [note for i, each in enumerate(written) for note in each.notes if origin(note.part, bar(note.frame)) == i],
        [note for i, each in enumerate(written) for note in each.lead if origin(note.part, bar(note.frame)) == i],
        tuple(n for i, each in enumerate(written) for n in each.melody if origin("melody", int(n.beat // beats)) == i),
    )


def _side_chain(context: Context, hits: list[Hit]) -> dict[int, float]:
    """Depth 0..1 of the side-chain by the frame of each kick; kits that strike together share it by their gains."""
    kits = drum_kits(context.mix, "kick")
    whole = sum(gain for _, _, gain in kits)
    shares = {kit: gain / whole * group_gain(context.mix, "kick") for kit, _, gain in kits}
    kicks: dict[int, float] = {}
    for hit in hits:
        if hit.group in shares:
            kicks[hit.frame] = kicks.get(hit.frame, 0.0) + hit.velocity * shares[hit.group] * pump_depth(context, hit)
    return kicks
