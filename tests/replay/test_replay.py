"""A set played again from its log: the same samples, whatever was moved, and however late its sections were."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from engine.errors import PerformanceError
from engine.performances.entries import KEPT_SECTIONS, MADE, PLAYED, SetCard
from engine.performances.made import MadeLog
from engine.performances.played import PlayedLog
from engine.performances.reading import Performance, Stretch, read_commands, read_performance
from engine.performances.writing import LogFile
from engine.player.offline import OfflinePlayer
from engine.protocol import NEWEST_KEEPER, ClearEffects, SetCues, SetOptions, VaryNext
from engine.rehearsal.rehearsal import Rehearsal
from engine.replay.rendering import quanta, steps
from engine.replay.replay import Span, replay
from engine.timebase import QUANTUM
from tests.player.sounds import BAR, cue, noise, write_more, write_section
from tests.replay.conftest import SHORT
from tests.support.rehearsing import preset


def test_a_rehearsal_played_again_is_the_same_file(rehearsed: tuple[Path, Performance], tmp_path: Path) -> None:
    sound, performance = rehearsed
    filtered = [note.value["filter"] for note in performance.stretches[0].notes if "filter" in (note.value or ())]
    assert len(filtered) > 20, "the knob's moves are in the log"
    replay(performance, tmp_path / "again.flac", Span())
    assert (tmp_path / "again.flac").read_bytes() == sound.read_bytes()


TONES_SET = "tests.generators.tones:Tones"


def kept_set(folder: Path, generator: str | None = None, midi: str | None = None) -> Performance:
    """A short set by a generator whose sections no request makes again."""
    (folder / "log").mkdir()
    options = SetOptions(record=str(folder / "set.flac"), generator=generator, midi=midi)
    Rehearsal(preset(TONES_SET, SHORT), options, folder / "log").run()
    return read_performance(folder / "log")


def test_a_set_by_another_generator_is_played_again_from_the_files_that_were_kept(tmp_path: Path) -> None:
    performance = kept_set(tmp_path)
    kept = sorted(path.name for path in (tmp_path / "log" / KEPT_SECTIONS).iterdir())
    assert kept == sorted(section.path for section in performance.sections)
    replay(performance, tmp_path / "again.flac", Span())
    assert (tmp_path / "again.flac").read_bytes() == (tmp_path / "set.flac").read_bytes()
    (tmp_path / "log" / KEPT_SECTIONS / kept[-1]).unlink()
    with pytest.raises(PerformanceError, match="which makes nothing twice"):
        replay(performance, tmp_path / "third.flac", Span())


@pytest.mark.parametrize("generator", ["pocket", TONES_SET])
def test_a_set_with_a_keeper_is_played_again_without_it(generator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVESET_KEEPERS", str(tmp_path / "keepers"))
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    for note, wait in ((48, 2000), (49, 1500)):  # keep what plays; the next section out of it
        track.append(mido.Message("note_on", note=note, velocity=100, time=wait))
        track.append(mido.Message("note_off", note=note, time=10))
    file.save(tmp_path / "keeps.mid")
    performance = kept_set(tmp_path, generator=generator, midi=str(tmp_path / "keeps.mid"))
    (name,) = (path.name for path in (tmp_path / "keepers").iterdir())
    assert [line for line in read_commands(tmp_path / "log") if line[1] == VaryNext(keeper=NEWEST_KEEPER)], name
    shutil.rmtree(tmp_path / "keepers")
    replay(performance, tmp_path / "again.flac", Span())
    assert (tmp_path / "again.flac").read_bytes() == (tmp_path / "set.flac").read_bytes()


def test_a_set_that_changes_its_tempo_is_played_again_and_its_bars_are_found(tmp_path: Path) -> None:
    sections = """
    [[section]]
    name = "one"
    bars = 4
    [[section]]
    name = "two"
    bars = 6
    bpm = 96
    glide = 3
    """
    (tmp_path / "log").mkdir()
    options = SetOptions(record=str(tmp_path / "set.flac"))
    log = Rehearsal(preset("pocket", sections=sections), options, tmp_path / "log").run()
    performance = read_performance(tmp_path / "log")
    tempo = performance.tempo
    assert ((0, tempo.first.bpm), *((each.bar, each.grid.bpm) for each in tempo.changes)) == log.tempos
    assert log.tempos[-1][1] == 96
    assert len(log.tempos) == 4
    replay(performance, tmp_path / "again.flac", Span())
    assert (tmp_path / "again.flac").read_bytes() == (tmp_path / "set.flac").read_bytes()
    replay(performance, tmp_path / "part.flac", Span(9, 9))
    whole, part = (soundfile.read(tmp_path / name, dtype="int32")[0] for name in ("set.flac", "part.flac"))
    assert np.array_equal(part, whole[tempo.frame_of_bar(8) : tempo.frame_of_bar(9)])


def test_an_echo_and_stems_that_change_hands_one_by_one_sound_the_same_again(tmp_path: Path) -> None:
    sections = "".join(
        f"\n[[section]]\nbars = 4\n{more}" for more in ('transition = "stem-by-stem"', 'transition = "echo-out"', "bpm = 96")
    )
    (tmp_path / "log").mkdir()
    log = Rehearsal(preset("pocket", sections=sections), SetOptions(record=str(tmp_path / "set.flac")), tmp_path / "log").run()
    kinds = [part.transition.kind for part in log.sections if part.transition is not None]
    assert kinds == ["stem-by-stem", "echo-out"]
    replay(read_performance(tmp_path / "log"), tmp_path / "again.flac", Span())
    assert (tmp_path / "again.flac").read_bytes() == (tmp_path / "set.flac").read_bytes()


def test_some_bars_of_it_are_those_bars(rehearsed: tuple[Path, Performance], tmp_path: Path) -> None:
    sound, performance = rehearsed
    grid = next(iter(performance.cues().values())).grid
    replay(performance, tmp_path / "part.flac", Span(3, 6))
    whole, part = (soundfile.read(path, dtype="int32")[0] for path in (sound, tmp_path / "part.flac"))
    assert np.array_equal(part, whole[grid.frame_of_bar(2) : grid.frame_of_bar(6)])


def test_the_last_minutes_begin_on_a_bar_line(rehearsed: tuple[Path, Performance]) -> None:
    performance = rehearsed[1]
    grid = next(iter(performance.cues().values())).grid
    start, end = Span(minutes=0.1).frames(performance)
    assert end is None
    assert start == grid.frame_of_bar(grid.bar_at(start))
    assert 0 <= performance.frames - 6 * grid.rate - start < grid.frame_of_bar(1) + 1
    assert Span(minutes=600.0).frames(performance) == (0, None)


def test_bars_that_are_not_there_are_refused(rehearsed: tuple[Path, Performance], tmp_path: Path) -> None:
    wrong = [(Span(900), "no bar 900"), (Span(6, 3), "--from and --to"), (Span(0), "--from and --to")]
    wrong += [(Span(2, None, 1.0), "--minutes"), (Span(minutes=0.0), "--minutes")]
    for span, said in wrong:
        with pytest.raises(PerformanceError, match=said):
            replay(rehearsed[1], tmp_path / "part.flac", span)
    assert not list(tmp_path.iterdir())


MOVES = {5: {"echo": 0.7}, 9: {"level_mix": 0.4}, 20: {"run": 0.0}, 23: {"run": 1.0}, 30: {"filter": 0.3}}


class Whole:
    """Section files that are all there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def provide(self, path: str) -> Path:
        return self.folder / path

    def passed(self, cues: Iterable[str], held: Collection[str]) -> None:
        """Nothing is removed."""


def late_set(folder: Path) -> tuple[np.ndarray, Performance]:
    """A set whose second section comes late and bit by bit, with moves, a stop and cut echoes; and what was written of it."""
    (folder / "log").mkdir()
    log = PlayedLog(LogFile(folder / "log" / PLAYED), 0, QUANTUM)
    player = OfflinePlayer(notes=log.notes)
    first = write_section(folder / "s00001.section", noise(1), ready=3 * BAR + 100)
    second = write_section(folder / "s00002.section", noise(2), ready=BAR // 2)
    player.params["run"] = 1.0
    cues = cue(1, first.path, 0), cue(2, second.path, 4, transition="equal-power", length=BAR, final=True)
    player.order(SetCues(cues[:1]))
    heard = []
    for turn in range(60):
        for moved, name, value in (
            (5, "echo", 0.7),
            (9, "level_mix", 0.4),
            (20, "run", 0.0),
            (23, "run", 1.0),
            (30, "filter", 0.3),
        ):
            if moved == turn:
                player.params[name] = value
        if turn == 14:
            player.order(SetCues(cues))
        if turn == 26:
            player.order(ClearEffects())
        write_more(first if turn < 30 else second, 9_000)
        heard.append(player.render(BAR // 5))
        log.turn(player.renderer.quanta, player.frame)
        for event in player.events():
            log.said(event, player.renderer.quanta)
    log.close(player.renderer.quanta, player.frame)
    first.close()
    second.close()
    return np.concatenate(heard), read_played(folder / "log")


def read_played(folder: Path) -> Performance:
    made = MadeLog(LogFile(folder / MADE))
    made.begin(SetCard("Late", "late", 1, "test", "2026-05-01 22:30:00"))
    made.close()
    return read_performance(folder)


def test_a_late_section_is_as_late_again_though_its_file_is_whole(tmp_path: Path) -> None:
    heard, performance = late_set(tmp_path)
    stretch: Stretch = performance.stretches[0]
    assert any(type(event).__name__ == "Looped" for event in stretch.events), "it was late"
    again = np.concatenate([quantum.sound for quantum in quanta(performance, Whole(tmp_path))])
    late = OfflinePlayer().renderer.latency
    assert np.array_equal(again[late : late + len(heard)], heard[: len(again) - late])
    assert list(steps(performance, Whole(tmp_path)))
