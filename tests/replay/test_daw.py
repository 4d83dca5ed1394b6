"""A set as files for a music program, read back."""

from __future__ import annotations

import csv
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from engine.errors import RecordingError
from engine.generators.pocket.score.compose import compose
from engine.performances.reading import Performance
from engine.protocol import ROOM, STEMS
from engine.replay.daw.export import MIDI_FILE, TABLE_FILE, check_folder, export
from engine.replay.daw.midi import TICKS, controller, tempos
from engine.replay.daw.spans import spans
from engine.replay.daw.stems import WHOLE, stem_file
from engine.replay.remaking import Sections
from engine.sections.file import SectionReader
from engine.timebase import SAMPLE_RATE, Grid, TempoMap

LSB = 1.0 / 2**23


@pytest.fixture(scope="module")
def folder(rehearsed: tuple[Path, Performance], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of the rehearsed set."""
    made = tmp_path_factory.mktemp("export") / "daw"
    peaks = export(rehearsed[1], made)
    assert set(peaks) == {*STEMS, ROOM, WHOLE}
    assert peaks[ROOM] == 0.0
    assert max(peaks.values()) <= 1.0
    return made


def times(file: mido.MidiFile) -> list[tuple[float, int, mido.MetaMessage]]:
    """Messages of the first track: seconds by its tempos, ticks, message."""
    seconds, ticks, tempo, found = 0.0, 0, 500_000, []
    for message in file.tracks[0]:
        ticks += message.time
        seconds += mido.tick2second(message.time, file.ticks_per_beat, tempo)
        tempo = message.tempo if message.type == "set_tempo" else tempo
        found.append((seconds, ticks, message))
    return found


def test_a_stem_has_each_sample_of_its_section_at_the_transports_frame(rehearsed: tuple[Path, Performance], folder: Path) -> None:
    performance = rehearsed[1]
    grid, span = performance.tempo, spans(performance)[0]
    sections = Sections(performance)
    try:
        section = SectionReader(sections.provide(span.section.path))
    finally:
        sections.close()
    first, end = grid.frame_of_bar(1), grid.frame_of_bar(2)
    for number, name in enumerate(STEMS):
        sound, rate = soundfile.read(stem_file(folder, name))
        assert (rate, soundfile.info(stem_file(folder, name)).subtype) == (SAMPLE_RATE, "PCM_24")
        assert np.abs(sound[first:end] - section.audio[first:end, number]).max() <= 2 * LSB


def test_stems_are_as_long_as_the_set(rehearsed: tuple[Path, Performance], folder: Path) -> None:
    assert {soundfile.info(stem_file(folder, name)).frames for name in (*STEMS, ROOM)} == {rehearsed[1].frames}


@pytest.mark.parametrize("bpm", [120.0, 133.3, 97.531, 174.07])
@pytest.mark.parametrize("beats", [3, 4])
def test_every_bar_line_of_the_midi_file_lies_within_a_frame_of_the_grids(bpm: float, beats: int) -> None:
    grid, found = Grid(bpm, beats), tempos(TempoMap(Grid(bpm, beats)), 1_500)
    now, beat_us = 0.0, 0
    steps = dict(found)
    for bar in range(1_500):
        beat_us = steps.get(bar, beat_us)
        now += beats * beat_us / 1e6
        assert abs(now * SAMPLE_RATE - grid.frame_of_bar(bar + 1)) < 1.0
    assert len(found) < 300, "and its tempo seldom moves"
    assert all(abs(60e6 / tempo.beat_us - bpm) < 0.01 for tempo in found)


def test_the_midi_file_has_tempo_metre_and_a_marker_on_each_sections_bar_line(
    rehearsed: tuple[Path, Performance], folder: Path
) -> None:
    grid = rehearsed[1].tempo.first
    messages = times(mido.MidiFile(folder / MIDI_FILE))
    assert next(each for _, _, each in messages if each.type == "time_signature").numerator == grid.beats_per_bar
    assert abs(next(each for _, _, each in messages if each.type == "set_tempo").tempo - 60e6 / grid.bpm) <= 1.0
    markers = [(seconds, ticks, each.text) for seconds, ticks, each in messages if each.type == "marker"]
    assert [text for _, _, text in markers] == ["intro", "outro"]
    for seconds, ticks, _ in markers:
        bar = ticks // (TICKS * grid.beats_per_bar)
        assert ticks == bar * TICKS * grid.beats_per_bar
        assert abs(seconds * SAMPLE_RATE - grid.frame_of_bar(bar)) < 1.0


def test_the_midi_file_has_moves_and_pockets_notes(rehearsed: tuple[Path, Performance], folder: Path) -> None:
    file = mido.MidiFile(folder / MIDI_FILE)
    tracks = {track.name: track for track in file.tracks}
    moved = [each for each in tracks["moves"] if each.type == "control_change"]
    filtered = [each.value for each in moved if each.control == controller("macro filter")]
    assert len(filtered) > 20
    span = spans(rehearsed[1])[0]
    notes = [note for note in compose(span.section.request).notes if note.part.startswith("bass") and note.frame < span.end]
    bass = {pitch for note in notes for pitch, _ in note.pitches}
    played = {each.note for name, track in tracks.items() for each in track if name == "bass" and each.type == "note_on"}
    assert bass <= played
    for track in file.tracks[2:]:
        on = sum(each.type == "note_on" for each in track)
        assert on == sum(each.type == "note_off" for each in track)
        assert on


def test_the_table_has_a_row_for_each_section(folder: Path) -> None:
    with (folder / TABLE_FILE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["section"], row["bar"], row["generator"]) for row in rows] == [
        ("intro", "1", "pocket"),
        ("outro", "5", "pocket"),
    ]
    assert rows[0]["prompts"].startswith("house (0.8)")


def test_an_export_is_not_written_over_unasked(folder: Path) -> None:
    with pytest.raises(RecordingError, match="has an export already"):
        check_folder(folder)
    with pytest.raises(RecordingError, match="is a file"):
        check_folder(folder / MIDI_FILE)


@pytest.mark.parametrize("beats", [3, 4])
def test_a_midi_file_follows_tempos_that_change_and_glide(beats: int) -> None:
    tempo = TempoMap(Grid(124.0, beats)).changed(16, 87.3)
    for bar in range(40, 48):
        tempo = tempo.changed(bar, 87.3 + (bar - 39) * 5.11)
    now, beat_us, steps = 0.0, 0, dict(tempos(tempo, 400))
    for bar in range(400):
        beat_us = steps.get(bar, beat_us)
        now += beats * beat_us / 1e6
        assert abs(now * SAMPLE_RATE - tempo.frame_of_bar(bar + 1)) < 1.0
