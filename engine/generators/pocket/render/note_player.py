"""Plays the notes of a score from wavetables, crossfading between their filter positions."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from engine.generators.pocket.instruments.tables import Table, Tables
from engine.generators.pocket.instruments.voices import CHUNK, VOICES, Voice
from engine.generators.pocket.render.envelopes import STEP, Envelopes, ramps
from engine.generators.pocket.render.loudness import Gains
from engine.generators.pocket.render.playback import play_loops
from engine.generators.pocket.render.sound import Sound, stem_of
from engine.generators.pocket.score.events import Note, Score

_VIBRATO_FROM: Final = 17_000
"""Frames above which a held single note is played with vibrato."""


class NotePlayer:
    """The tonal parts of a section.

    Args:
        score, sound, gains: the notes, how they sound, and how loud.
        tables: the voices' wavetables.
    """

    def __init__(self, score: Score, sound: Sound, gains: Gains, tables: Tables) -> None:
        self._score = score
        self._sound = sound
        self._tables = tables
        self._envelopes = Envelopes(score, sound, gains)
        self._parts = {note.part: (VOICES[score.voices[note.part]], stem_of(note)) for note in score.notes}
        self._spans: dict[str, tuple[int, int]] = {}
        self._amplitude = np.empty((CHUNK // STEP + 1, STEP), np.float32)
        self._room = np.empty((2, CHUNK), np.float32)

    def play(self, index: int, buffers: list[Tensor | None], mono: int) -> None:
        """Add a chunk's notes to the stems' buffers in place: (2, CHUNK) each, (1, CHUNK) for the stem ``mono``, None: silent."""
        start = index * CHUNK
        for i, segments in self._envelopes.chunk(index).items():
            note = self._score.notes[i]
            voice, stem = self._parts[note.part]
            buffer = buffers[stem]
            if buffer is None:
                buffer = buffers[stem] = torch.zeros(1 if stem == mono else 2, CHUNK)
            out = buffer.numpy()
            rooms, bend = self._room[: 2 if voice.stereo else 1], _bend(note, voice)
            tables = self._tables_of(note, segments[0].position, segments[-1].position)
            for position, since, ends in segments:
                at = note.frame + since - start
                low, high = max(0, at), min(CHUNK, at + STEP * len(ends))
                if low >= high:
                    continue
                room = rooms[:, : high - low]
                loops = [(table[position - lowest], weight) for lowest, table, weight in tables]
                heard = play_loops(loops, start + low - note.frame, note.frame, bend, voice.stereo, room)
                amplitude = ramps(ends, self._amplitude[: len(ends)])[low - at : high - at]
                out[:, low:high] += np.multiply(heard, amplitude, out=room)

    def _tables_of(self, note: Note, low: int, high: int) -> list[tuple[int, Table, float]]:
        """(first filter position, table, weight) for each pitch of a note.

        The tables hold the positions ``low`` to ``high`` and all that its part has used so far in this section.
        """
        before = self._spans.get(note.part, (low, high))
        span = self._spans[note.part] = (min(low, before[0]), max(high, before[1]))
        detune, resonance = self._sound.detune[note.part], self._sound.resonance[note.part]
        name = self._score.voices[note.part]
        return [(*self._tables.get(name, pitch, detune, resonance, *span), weight) for pitch, weight in note.pitches]


def _bend(note: Note, voice: Voice) -> tuple[float, float]:
    """Semitones from which a note's pitch glides, and the depth of its vibrato in cents."""
    return note.slide, voice.vibrato if note.gate > _VIBRATO_FROM and len(note.pitches) == 1 else 0.0
