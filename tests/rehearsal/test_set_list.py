"""Three pieces in one rehearsal: every downbeat on the grid of the tempo map, and the same file again from its log."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from engine.performances.reading import read_performance
from engine.presets import load_set
from engine.protocol import SetMacro, SetOptions, SetWeight
from engine.rehearsal.log import RehearsalLog
from engine.rehearsal.rehearsal import Rehearsal
from engine.replay.replay import Span, replay
from engine.replay.varying import read_changes, replay_with
from engine.timebase import Grid, TempoMap
from tests.support.set_lists import set_list, written


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RehearsalLog]:
    """A rehearsal of three pieces of tones: its folder, and what is remembered of it."""
    folder = tmp_path_factory.mktemp("pieces")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        names = written(folder)
        (folder / "log").mkdir()
        options = SetOptions(record=str(folder / "set.flac")).with_presets(names)
        return folder, Rehearsal(load_set(names), options, folder / "log").run()


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_every_beat_of_three_tempos_lies_on_the_grid(played: tuple[Path, RehearsalLog]) -> None:
    folder, log = played
    tempo = TempoMap(Grid(150.0))
    for bar, bpm in log.tempos[1:]:
        tempo = tempo.changed(bar, bpm)
    assert log.tempos == ((0, 150.0), (9, 155.0), (10, 160.0), (16, 200.0))
    assert [(part.title, part.start_bar) for part in log.sections] == [
        ("Alpha: intro", 0), ("Alpha: drop", 4),
        ("Beta: intro", 8), ("Beta: drop", 12),
        ("Gamma: intro", 16), ("Gamma: drop", 20),
    ]  # fmt: skip
    sound, rate = soundfile.read(folder / "set.flac", dtype="float32")
    strength = np.abs(np.diff(sound[:, 0]))
    beats = [tempo.at_bar(n // 4).frame_of_beat(n) for n in range(1, 4 * 24)]
    late = [int(np.argmax(strength[beat - 2000 : beat + 2000] > 0.06)) - 2000 for beat in beats]
    assert max(late) - min(late) < 0.002 * rate, "a click that a fade begins on is a little softer"
    assert (log.ladder_hold, log.ladder_pocket) == (0, 0)
    assert log.notices == ("Keys clash: Gamma is in Eb major, 4 fifths from E minor.",)


def test_set_list_is_played_again_bit_for_bit(tmp_path: Path) -> None:
    """On pocket, whose sections are made anew."""
    chosen = set_list("pocket")
    (tmp_path / "log").mkdir()
    options = SetOptions(record=str(tmp_path / "set.flac"))
    Rehearsal(chosen, options, tmp_path / "log").run()
    performance = read_performance(tmp_path / "log")
    assert [section.title for section in performance.sections if section.piece == "Gamma"][:1] == ["Gamma: intro"]
    replay(performance, tmp_path / "again.flac", Span())
    assert (tmp_path / "again.flac").read_bytes() == (tmp_path / "set.flac").read_bytes()


def test_its_moves_are_carried_out_again_from_the_copies_of_its_presets(
    played: tuple[Path, RehearsalLog], tmp_path: Path
) -> None:
    folder, log = played
    for name in "abc":
        (folder / f"{name}.toml").unlink()
    performance = read_performance(folder / "log")
    again = replay_with(folder / "log", performance, read_changes(["seed=3"]), tmp_path / "again.flac", lambda _done, _what: None)
    assert [part.title for part in again.sections] == [part.title for part in log.sections]
    assert [part.key for part in again.sections] == [part.key for part in log.sections]


def test_each_piece_has_the_controls_of_its_own_table(tmp_path: Path) -> None:
    """CC 20 is prompt 5 without a table, of which there is none; in the second piece it is prompt 1."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    for value, seconds in ((10, 1.0), (90, 14.0), (20, 10.0)):
        track.append(mido.Message("control_change", control=20, value=value, time=round(seconds * 960)))
    file.save(tmp_path / "moves.mid")
    options = SetOptions(record=str(tmp_path / "set.flac"), midi=str(tmp_path / "moves.mid"))
    log = Rehearsal(set_list(), options).run()
    asked = [(event.command.slot, round(event.at_s)) for event in log.events if isinstance(event.command, SetWeight)]
    assert asked == [(4, 1), (0, 15), (4, 25)]
    assert not [event for event in log.events if isinstance(event.command, SetMacro)]
