"""A set as a MIDI file: its tempo and sections, what was moved, and the notes that pocket wrote."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import mido

from engine.actions import ACTIONS
from engine.generator_names import STAND_IN
from engine.generators.pocket.parts import TONAL_PARTS, part_of
from engine.generators.pocket.score.compose import compose
from engine.performances.entries import PARAMS_NOTE
from engine.performances.reading import Performance
from engine.protocol import MACROS, STEMS
from engine.replay.daw.spans import Span, parts, spans
from engine.timebase import TempoMap

TICKS: Final = 960
"""Ticks of a beat."""

MISSED_S: Final = 0.75 / 44_100
"""Seconds by which a bar line may miss its frame before the tempo is corrected: less than a frame."""

_STRETCHES: Final = (64, 16, 4, 1)
"""Bars over which a tempo is averaged, as many as keep the next bar line in its place."""

_TOP: Final = 127
_SHORTEST: Final = TICKS // 32

_FREE: Final = {
    "macro drive": 75,
    "stem drums": 20,
    "stem bass": 21,
    "stem harmony": 22,
    "stem lead": 23,
}
"""Controllers of what is moved and has none of its own; a mute is its stem's at 0."""


class Tempo(NamedTuple):
    """From a bar on, counted from 0, a beat takes so many microseconds."""

    bar: int
    beat_us: int


def tempos(tempo: TempoMap, bars: int) -> list[Tempo]:
    """A tempo map in whole microseconds, as MIDI has them, in which every bar line lies within a frame of the set's."""
    found: list[Tempo] = []
    now, beats = 0.0, tempo.first.beats_per_bar
    current = 0

    def line(bar: int) -> float:
        return tempo.seconds_at(tempo.frame_of_bar(bar))

    for bar in range(bars):
        if not current or abs(now + current * beats / 1e6 - line(bar + 1)) > MISSED_S:
            early = current and now + current * beats / 1e6 < line(bar + 1)
            exact = [(line(bar + many) - line(bar)) * 1e6 / (many * beats) for many in _STRETCHES]
            tried = [math.ceil(each) if early else math.floor(each) if current else round(each) for each in exact]
            fitting = [each for each in tried if abs(now + each * beats / 1e6 - line(bar + 1)) <= MISSED_S]
            current = fitting[0] if fitting else round((line(bar + 1) - now) * 1e6 / beats)
            found.append(Tempo(bar, current))
        now += current * beats / 1e6
    return found


def tick_of(tempo: TempoMap, frame: int) -> int:
    """The tick nearest to a transport frame, 0 or more."""
    return max(0, round(tempo.beats_at(frame) * TICKS))


def controller(action: str) -> int | None:
    """The MIDI controller by which a macro's or a stem's moves are written; None for what has none."""
    row = ACTIONS.get(action)
    numbers = [control.removeprefix("cc") for control in (row.controls if row else ()) if control.startswith("cc")]
    return int(numbers[0]) if numbers else _FREE.get(action)


def write_midi(performance: Performance, path: Path) -> None:
    """Write the MIDI file.

    Raises:
        OSError: if it cannot be written.
        LivesetError: if pocket cannot read a style or its vocabulary any more.
    """
    tempo = performance.tempo
    bars = tempo.bar_at(max(0, performance.frames - 1)) + 1
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    first = [(0, mido.MetaMessage("time_signature", numerator=tempo.first.beats_per_bar, denominator=4))]
    for bar, beat_us in tempos(tempo, bars):
        first.append((bar * tempo.first.beats_per_bar * TICKS, mido.MetaMessage("set_tempo", tempo=beat_us)))
    names = [(tick_of(tempo, part.start), _ascii(part.span.section.title)) for part in parts(performance)]
    first += [(tick, mido.MetaMessage("marker", text=name)) for tick, name in names]
    file.tracks.append(_track(performance.card.title, first))
    file.tracks.append(_track("moves", _moves(performance, tempo)))
    written = list(_notes(performance, tempo))
    for part in TONAL_PARTS:
        notes = [(tick, message) for player, tick, message in written if part_of(player) == part]
        if notes:
            file.tracks.append(_track(part, notes))
    file.save(path)


def _track(name: str, messages: Iterable[tuple[int, Any]]) -> Any:
    """A track of messages at ticks; those that end a note come before those that begin one."""
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=_ascii(name), time=0))
    at = 0
    for tick, message in sorted(messages, key=lambda each: (each[0], each[1].type == "note_on")):
        track.append(message.copy(time=tick - at))
        at = tick
    return track


def _ascii(text: str) -> str:
    """Text as every program reads it: mido writes Latin-1, and few files say what theirs is."""
    return text.encode("ascii", "replace").decode()


def _moves(performance: Performance, tempo: TempoMap) -> Iterator[tuple[int, Any]]:
    """Where macros and levels stood from when on; what is too fine for MIDI is left out."""
    actions: dict[str, str] = {f"level_{stem}": f"stem {stem}" for stem in STEMS}
    actions.update((name, f"macro {name}") for name in MACROS)
    stood: dict[int, int] = {}
    for stretch in performance.stretches:
        for note in stretch.notes:
            for name, value in note.value.items() if note.kind == PARAMS_NOTE else ():
                number = controller(actions[name]) if name in actions else None
                step = round(_TOP * value)
                if number is not None and stood.get(number) != step:
                    stood[number] = step
                    yield tick_of(tempo, note.frame), mido.Message("control_change", control=number, value=step)


def _notes(performance: Performance, tempo: TempoMap) -> Iterator[tuple[str, int, Any]]:
    """Each part's notes as they were heard, in the versions that were, and again where a section looped."""
    for span in spans(performance):
        if span.section.generator == STAND_IN:
            yield from _span_notes(span, tempo)


def _span_notes(span: Span, tempo: TempoMap) -> Iterator[tuple[str, int, Any]]:
    for note in compose(span.section.request).notes:
        first = max(span.origin + note.frame, span.origin)  # what is played a little early belongs to its bar
        if not span.first <= first < span.end:
            continue
        begin = tick_of(tempo, first)
        end = max(begin + _SHORTEST, tick_of(tempo, min(span.origin + note.frame + note.gate, span.end)))
        for pitch, weight in note.pitches:
            velocity = max(1, min(_TOP, round(_TOP * note.velocity * min(1.0, weight) ** 0.5)))
            yield note.part, begin, mido.Message("note_on", note=min(_TOP, max(0, pitch)), velocity=velocity)
            yield note.part, end, mido.Message("note_off", note=min(_TOP, max(0, pitch)), velocity=0)
