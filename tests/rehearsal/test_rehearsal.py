"""Rehearsing: the whole road without a clock, and the same file twice."""

from __future__ import annotations

import json
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from engine.errors import RecordingError
from engine.presets import parse_preset
from engine.presets.tables import StartTable
from engine.protocol import SetOptions
from engine.rehearsal.log import RehearsalLog
from engine.rehearsal.rehearsal import Rehearsal
from engine.timebase import Grid, TempoMap
from liveset.report.write import write_report
from tests.generators.slow import Slow
from tests.support.rehearsing import TONES, preset, rehearse

REFUSING = "tests.generators.refusing:Refusing"
BRIEF = 0.125
"""Minutes of a set of four bars: one section."""
SHORT = 0.25
"""Minutes of a set of eight bars: an intro and an outro."""


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[RehearsalLog, Path]:
    """A rehearsal of tones and its file."""
    folder = tmp_path_factory.mktemp("plain")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        return rehearse(folder / "set.flac"), folder / "set.flac"


def moves(path: Path) -> Path:
    """A knob on prompt 1 (CC 16) that closes at four seconds, and a filter move at eight."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=500_000, time=0))
    track.append(mido.Message("control_change", control=16, value=0, time=4 * 960))
    track.append(mido.Message("control_change", control=74, value=20, time=4 * 960))
    file.save(path)
    return path


def test_sections_abut_and_the_set_ends_on_time(plain: tuple[RehearsalLog, Path]) -> None:
    log, out = plain
    bar = 4 * 60 / 133.3
    for here, after in zip(log.sections, log.sections[1:], strict=False):
        assert after.start_s == pytest.approx(here.start_s + here.bars * bar, abs=2e-4)
        assert here.transition is not None
        assert here.transition.start_s == pytest.approx(after.start_s, abs=1e-6)
    end = log.sections[-1].start_s + log.sections[-1].bars * bar
    assert abs(end - 30) <= bar
    length = soundfile.info(out).duration
    assert abs(length - 30) <= bar
    assert (log.ladder_hold, log.ladder_pocket, log.underruns) == (0, 0, 0)
    assert "glorbnik" in log.unknown_words


def test_stems_that_a_preset_mutes_at_the_start_are_not_heard(tmp_path: Path) -> None:
    muted = StartTable(muted=("drums", "bass", "harmony", "lead"))
    rehearse(tmp_path / "set.flac", preset(minutes=BRIEF).model_copy(update={"start": muted}))
    sound, _ = soundfile.read(tmp_path / "set.flac", dtype="float32")
    assert np.abs(sound[soundfile.info(tmp_path / "set.flac").samplerate :]).max() < 1e-4, "all but the first second's ramp"


def test_clicks_stay_on_the_beat_across_every_seam(plain: tuple[RehearsalLog, Path]) -> None:
    sound, rate = soundfile.read(plain[1], dtype="float32")
    strength = np.abs(np.diff(sound[:, 0]))
    beat = rate * 60 / 133.3
    onsets = [int(i * beat + np.argmax(strength[int(i * beat) : int(i * beat) + 64])) for i in range(8, 60)]
    late = np.array(onsets) - np.arange(8, 60) * beat
    assert np.abs(late - np.median(late)).max() < 0.002 * rate


SECTIONS = """
[[section]]
role = "drop"
bars = 4
[[section]]
role = "drop"
bars = 4
bpm = 151.5
key = "C minor"
[[section]]
role = "drop"
bars = 8
bpm = 120
glide = 4
"""


FASTER = """
[midi]
cc50 = "tempo up"
"""


def pressed(path: Path, at_s: float) -> Path:
    """A button that is pressed once, and let go of."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=500_000, time=0))
    track.append(mido.Message("control_change", control=50, value=127, time=round(at_s * 960)))
    track.append(mido.Message("control_change", control=50, value=0, time=48))
    file.save(path)
    return path


def test_clicks_lie_on_the_beats_of_a_set_whose_tempo_moves(tmp_path: Path) -> None:
    """One that changes with a section, one that glides in the next, and one that a pad asks for in the middle of that."""
    chosen = parse_preset(TONES.format(generator="tests.generators.tones:Tones", minutes=1) + SECTIONS + FASTER, "tones.toml")
    pad = pressed(tmp_path / "pad.mid", at_s=22.0)
    log = rehearse(tmp_path / "set.flac", chosen, midi=pad)
    tempo = TempoMap(Grid(133.3))
    for bar, bpm in log.tempos[1:]:
        tempo = tempo.changed(bar, bpm)
    steps = [(8, 151.5), (9, 143.625), (10, 135.75), (11, 127.875), (12, 120.0)]
    assert log.tempos == ((0, 133.3), (4, 151.5), *steps[1:], (13, 121.0))
    assert [section.start_bar for section in log.sections] == [0, 4, 8]
    sound, rate = soundfile.read(tmp_path / "set.flac", dtype="float32")
    strength = np.abs(np.diff(sound[:, 0]))
    beats = [tempo.at_bar(n // 4).frame_of_beat(n) for n in range(1, 4 * 16)]
    late = [int(np.argmax(strength[beat - 2000 : beat + 2000] > 0.06)) - 2000 for beat in beats]
    assert max(late) - min(late) < 0.002 * rate
    assert (log.ladder_hold, log.ladder_pocket) == (0, 0)
    seconds = tempo.seconds_at(tempo.frame_of_bar(16))
    assert len(sound) / rate == pytest.approx(seconds, abs=2.5)


def test_file_begins_with_the_first_downbeat(plain: tuple[RehearsalLog, Path]) -> None:
    log, out = plain
    sound, rate = soundfile.read(out, dtype="float32")
    strength = np.abs(np.diff(sound[: rate // 10, 0]))
    assert log.sections[0].start_s == 0.0
    assert int(np.argmax(strength > 0.5 * strength.max())) < 64, "as the report has it, without the player's look-ahead"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> tuple[RehearsalLog, Path]:
    """A rehearsal of the same with moves of a MIDI file, and its file."""
    folder = tmp_path_factory.mktemp("moved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        return rehearse(folder / "set.wav", midi=moves(folder / "moves.mid")), folder / "set.wav"


def test_same_preset_and_seed_give_the_same_file(tmp_path: Path, moved: tuple[RehearsalLog, Path]) -> None:
    rehearse(tmp_path / "set.wav", midi=moves(tmp_path / "moves.mid"), seed=5)
    assert (tmp_path / "set.wav").read_bytes() == moved[1].read_bytes()


def test_moves_of_a_midi_file_are_heard_and_reported(moved: tuple[RehearsalLog, Path], plain: tuple[RehearsalLog, Path]) -> None:
    log, out = moved
    assert [round(event.at_s, 1) for event in log.events] == [4.0, 8.0]
    steered, rate = soundfile.read(out, dtype="float32")
    still, _ = soundfile.read(plain[1], dtype="float32")
    different = np.flatnonzero(np.abs(steered[: len(still)] - still[: len(steered)]).max(axis=1) > 1e-5)
    assert 4.0 <= different[0] / rate <= 4.0 + 60 / 133.3 * 1.25
    assert np.abs(steered[5 * rate : 6 * rate]).mean() < 0.5 * np.abs(still[5 * rate : 6 * rate]).mean()


def test_report_names_what_was_played(tmp_path: Path, plain: tuple[RehearsalLog, Path]) -> None:
    log, out = plain
    write_report(tmp_path / "report", out, log)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    for key in ("preset", "seed", "seconds", "sample_rate", "lufs", "true_peak_dbtp", "longest_silence_ms", "underruns"):
        assert key in report
    assert report["ladder"] == {"hold": 0, "pocket": 0}
    assert report["sections"][0]["prompts"][0] == {"text": "house", "weight": 0.8}
    assert (tmp_path / "report" / "set.png").stat().st_size > 10_000


def test_pocket_stands_in_for_a_generator_that_raises(tmp_path: Path) -> None:
    log = rehearse(tmp_path / "set.wav", preset("tests.generators.broken:Broken", BRIEF))
    assert log.ladder_pocket >= 1
    sound, rate = soundfile.read(tmp_path / "set.wav", dtype="float32")
    loud = np.abs(sound[rate : 5 * rate]).max(axis=1)
    quiet = loud.reshape(-1, rate // 4)[: len(loud) // (rate // 4)].max(axis=1)
    assert (quiet > 0).all()


WRONG_OUT = [("set.mp3", "neither .flac nor .wav"), ("nowhere/set.wav", "there is no folder")]


@pytest.mark.parametrize(("name", "says"), WRONG_OUT)
def test_unwritable_output_is_an_error_before_anything_plays(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(RecordingError, match=says):
        Rehearsal(preset(), SetOptions(record=str(tmp_path / name)))


def notes(path: Path, *presses: tuple[int, int]) -> Path:
    """A MIDI file with (note, second) presses."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=500_000, time=0))
    before = 0
    for note, second in presses:
        track.append(mido.Message("note_on", note=note, velocity=100, time=(second - before) * 960))
        before = second
    file.save(path)
    return path


@pytest.mark.parametrize(
    ("presses", "expected"),
    [
        (((36, 3), (36, 6)), "TogglePlay"),
        (((36, 3),), "TogglePlay"),
        (((40, 3),), "Hold"),
    ],
    ids=["stopped and started", "left stopped", "left on hold"],
)
def test_rehearsal_ends_after_a_stop_or_hold_in_the_midi_file(
    tmp_path: Path, presses: tuple[tuple[int, int], ...], expected: str
) -> None:
    log = rehearse(tmp_path / "set.wav", preset(minutes=SHORT), midi=notes(tmp_path / "moves.mid", *presses))
    assert [type(event.command).__name__ for event in log.events] == [expected] * 2
    assert log.sections[-1].role == "outro"
    assert soundfile.info(tmp_path / "set.wav").duration >= 13


@pytest.fixture(scope="module")
def on_pocket(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a set on pocket."""
    folder = tmp_path_factory.mktemp("pocket")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        rehearse(folder / "set.wav", preset("pocket", BRIEF))
    return (folder / "set.wav").read_bytes()


@pytest.mark.parametrize(("generator", "says"), [("nowhere:Nothing", "nowhere"), (REFUSING, "the model is not here")])
def test_pocket_plays_for_a_generator_that_cannot_be_loaded(tmp_path: Path, on_pocket: bytes, generator: str, says: str) -> None:
    log = rehearse(tmp_path / "set.wav", preset(generator, BRIEF))
    (notice,) = log.notices
    assert says in notice
    assert notice.endswith("the set plays on pocket")
    assert (log.ladder_hold, log.ladder_pocket) == (0, 0)
    assert (tmp_path / "set.wav").read_bytes() == on_pocket


def test_slow_generator_rehearses_identically_and_reports_its_grid_fit(tmp_path: Path) -> None:
    chosen = preset("tests.generators.slow:Slow", SHORT)
    logs = [rehearse(tmp_path / name, chosen) for name in ("a.wav", "b.wav")]
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert logs[0].notices == ()
    bar_s = 4 * 60 / 133.3
    assert all(
        (section.bars + 2 + Slow.traits.kept_bars(bar_s)) * bar_s <= Slow.traits.max_seconds for section in logs[0].sections
    )
    assert len(logs[0].sections) > 1
    write_report(tmp_path / "report", tmp_path / "a.wav", logs[0])
    sections = json.loads((tmp_path / "report" / "report.json").read_text())["sections"]
    assert sections[0]["grid"] == {
        "bpm": 133.3,
        "phase_ms": 4.0,
        "stretch": 1.0,
        "tries": 1,
        "steps": 8,
        "sure": 0.9,
        "full_steps": 8,
    }
    assert [section["grid"]["tries"] for section in sections[1:]] == [3] * (len(sections) - 1)


def test_moves_after_the_end_and_faults_of_the_midi_file_are_said(tmp_path: Path) -> None:
    path = notes(tmp_path / "moves.mid", (41, 2), (41, 100_000))
    path.write_bytes(path.read_bytes() + b"\xff" * 20)
    log = rehearse(tmp_path / "set.wav", preset(minutes=BRIEF), midi=path)
    assert "moves.mid: what follows track 1 is no MIDI and was left out" in log.notices
    assert "1 move of the MIDI file came after the set's end" in log.notices
    assert len(log.events) == 1
