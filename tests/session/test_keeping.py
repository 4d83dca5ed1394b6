"""Keeping what plays: all that was heard of a section, once, as soon as it is whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from engine import protocol as p
from engine.conductor.state import Heard, State
from engine.conductor.steering import Hook
from engine.sections.file import SectionInfo, SectionReader, SectionWriter
from engine.sections.keepers import AUDIO_FILE, keepers, keepers_root
from engine.session.keeping import Keeping
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import started
from tests.support.rehearsing import preset, rehearse

FRAMES = 20_000


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIVESET_KEEPERS", str(tmp_path / "kept"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write(path: Path, value: float, first: int = 0, ready: int = FRAMES) -> None:
    """A section's file from one of its frames on, made so far, of a single value."""
    writer = SectionWriter(path, SectionInfo(path.stem, ("mix",), 44_100, first, FRAMES - first, 4, 0, 4, 124.0, "C", 7, "t"))
    writer.write(np.full((ready - first, 1, 2), value, np.float32))
    writer.close()


def playing(stage: Stage, heard: tuple[tuple[str, int], ...], *, complete: bool = True) -> State:
    now = stage.state.transport.now
    assert now is not None
    request = replace(now.version.request, section_id=heard[-1][0])
    version = replace(now.version, request=request, path=heard[-1][0], complete=complete)
    return stage.state.with_transport(now=replace(now, version=version, heard=tuple(Heard(*each) for each in heard)))


@pytest.fixture
def keeping(tmp_path: Path) -> tuple[Keeping, list[str]]:
    told: list[str] = []
    return Keeping(tmp_path, lambda _level, text: told.append(text)), told


def values(name: str) -> list[float]:
    reader = SectionReader(keepers_root() / name / AUDIO_FILE)
    assert (reader.info.first_frame, reader.info.frames, reader.ready) == (0, FRAMES, FRAMES)
    return [round(float(reader.audio[at, 0, 0]), 3) for at in (0, 4_990, 5_200, 6_000, 9_990, 11_000, FRAMES - 1)]


def test_steered_section_is_kept_as_heard(tmp_path: Path, keeping: tuple[Keeping, list[str]]) -> None:
    hand, told = keeping
    write(tmp_path / "a", 0.1)
    write(tmp_path / "b", 0.5, first=4_000, ready=12_000)  # given up when c was begun
    write(tmp_path / "c", 0.9, first=10_000)
    hand.ask(playing(started(), (("a", 0), ("b", 5_000), ("c", 10_000))))
    assert hand.names == ("test-intro-1",) and told == ["Kept as test-intro-1: K makes the next section from it."]
    found = values("test-intro-1")
    assert found[:2] == [0.1, 0.1] and found[3:] == [0.5, 0.5, 0.9, 0.9]
    assert 0.1 < found[2] < 0.5, "one version goes over into the next"
    (tmp_path / "b").unlink()
    (tmp_path / "d").write_bytes((tmp_path / "c").read_bytes())
    hand.ask(playing(started(), (("a", 0), ("b", 5_000), ("d", 10_000))))
    assert values("test-intro-2") == [0.1, 0.1, 0.1, 0.1, 0.1, 0.9, 0.9]


def test_unfinished_section_is_kept_once_complete(tmp_path: Path, keeping: tuple[Keeping, list[str]]) -> None:
    hand, told = keeping
    write(tmp_path / "a", 0.1)
    write(tmp_path / "b", 0.5, first=5_000, ready=9_000)
    hand.ask(playing(started(), (("a", 0), ("b", 5_000)), complete=False))
    assert told == ["intro will be kept once it is complete."]
    hand.look(playing(started(), (("a", 0), ("b", 5_000)), complete=False))
    assert not keepers()[0]
    write(tmp_path / "b", 0.5, first=5_000)
    for _ in range(3):
        hand.look(playing(started(), (("a", 0), ("b", 5_000))))
    assert hand.names == ("test-intro-1",)
    assert values("test-intro-1")[-1] == 0.5


def test_section_that_left_unfinished_is_reported_as_not_kept(tmp_path: Path, keeping: tuple[Keeping, list[str]]) -> None:
    hand, told = keeping
    write(tmp_path / "a", 0.1, ready=9_000)
    write(tmp_path / "b", 0.1)
    hand.ask(playing(started(), (("a", 0),), complete=False))
    for _ in range(3):
        hand.look(playing(started(), (("b", 0),)))
    assert told[1:] == ["Section not kept: it ended before it was complete. Try again in this one."] and not keepers()[0]


def test_held_key_keeps_once(tmp_path: Path, keeping: tuple[Keeping, list[str]]) -> None:
    hand, told = keeping
    waiting: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
    hand.later = lambda work, done: waiting.append((work, done))
    write(tmp_path / "a", 0.1)
    state = playing(started(), (("a", 0),))
    hand.ask(state)
    hand.ask(state)
    assert len(waiting) == 1 and told == ["Already being kept."]
    (tmp_path / "a").unlink()  # it leaves the session before it is copied
    work, done = waiting.pop()
    done(work())
    hand.ask(state)
    assert told[-1] == "Already kept as test-intro-1." and not waiting
    (keepers_root() / "test-intro-1").rename(tmp_path / "elsewhere")
    write(tmp_path / "a", 0.1)
    hand.ask(state)
    assert len(waiting) == 1


def test_failed_keep_is_reported_and_can_be_repeated(tmp_path: Path, keeping: tuple[Keeping, list[str]]) -> None:
    hand, told = keeping
    write(tmp_path / "a", 0.1)
    state = playing(started(), (("a", 0),))
    keepers_root().write_text("not a folder")
    hand.ask(state)
    assert "cannot be kept in" in told[-1]
    keepers_root().unlink()
    hand.ask(state)
    assert [keeper.name for keeper in keepers()[0]] == ["test-intro-1"]


def test_before_anything_plays_there_is_nothing_to_keep(keeping: tuple[Keeping, list[str]]) -> None:
    hand, told = keeping
    hand.ask(started().state.with_transport(now=None))
    assert told == ["Nothing to keep yet: nothing is playing."]


def test_folders_that_a_killed_engine_left_are_swept(tmp_path: Path, keeping: tuple[Keeping, list[str]]) -> None:
    hand, _ = keeping
    old, fresh = keepers_root() / ".arriving-old", keepers_root() / ".arriving-fresh"
    old.mkdir(parents=True)
    fresh.mkdir()
    os.utime(old, (1.0, 1.0))
    write(tmp_path / "a", 0.1)
    hand.ask(playing(started(), (("a", 0),)))
    assert sorted(each.name for each in keepers_root().iterdir()) == [".arriving-fresh", "test-intro-1"]
    assert [keeper.name for keeper in keepers()[0]] == ["test-intro-1"]


def test_keeper_name_is_resolved_when_used(tmp_path: Path, keeping: tuple[Keeping, list[str]]) -> None:
    hand, told = keeping
    plain = p.VaryNext(0.3)
    assert hand.named(plain) is plain
    assert hand.named(p.VaryNext(keeper=p.NEWEST_KEEPER)) is None
    assert told == ["nothing is kept yet; k on the screen keeps what plays"]
    write(tmp_path / "a", 0.1)
    hand.ask(playing(started(), (("a", 0),)))
    (keeper,), _ = keepers()
    for asked in (p.NEWEST_KEEPER, keeper.name, replace(keeper, path="/somewhere/else")):
        assert hand.named(p.VaryNext(0.3, asked)) == p.VaryNext(0.3, keeper)
    (keepers_root() / keeper.name / AUDIO_FILE).unlink()
    assert hand.named(p.VaryNext(keeper=keeper)) is None
    assert "test-intro-1 is broken" in told[-1]


def test_keepers_are_listed_while_they_are_asked_for(tmp_path: Path, keeping: tuple[Keeping, list[str]]) -> None:
    hand, told = keeping
    assert hand.shown is None
    hand.show(True)
    assert hand.shown == p.KeeperList()
    write(tmp_path / "a", 0.1)
    hand.ask(playing(started(), (("a", 0),)))
    assert hand.shown is not None and [each.name for each in hand.shown.keepers] == ["test-intro-1"], "a new one comes in"
    (keepers_root() / "broken").mkdir()
    hand.show(True)
    assert "broken has no readable" in hand.shown.broken[0]
    hand.remove("test-intro-1")
    hand.remove("broken")
    assert hand.shown == p.KeeperList()
    hand.remove("..")
    assert "there is no keeper" in told[-1]
    hand.show(False)
    assert hand.shown is None


def test_a_list_that_comes_after_it_was_closed_is_not_shown(keeping: tuple[Keeping, list[str]]) -> None:
    hand, _ = keeping
    waiting: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []
    hand.later = lambda work, done: waiting.append((work, done))
    hand.show(True)
    hand.show(False)
    for work, done in waiting:
        done(work())
    assert hand.shown is None


@pytest.mark.parametrize("ticks", [80, 480 * 2])
def test_rehearsal_keeps_a_section_steered_twice(tmp_path: Path, ticks: int) -> None:
    """The first time before all of the section was made, or after."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    track.append(mido.Message("control_change", control=16, value=90, time=ticks))
    track.append(mido.Message("control_change", control=16, value=20, time=480 * 2))
    track.append(mido.Message("note_on", note=48, velocity=90, time=480 * 4))
    file.tracks.append(track)
    file.save(tmp_path / "keep.mid")
    rehearse(tmp_path / "out.flac", preset(minutes=0.125), midi=tmp_path / "keep.mid")
    (keeper,), _ = keepers()
    reader = SectionReader(keeper.path)
    assert reader.info.first_frame == 0 and reader.ready == reader.info.frames
    bass = [float(np.abs(part).max()) for part in np.array_split(reader.audio[:, 1], 20)]
    levels = [round(level, 3) for level in dict.fromkeys(round(level, 3) for level in bass)]
    assert levels == [0.08, round(0.1 * 90 / 127, 3), round(0.1 * 20 / 127, 3)]
    assert keeper.prompts[0].weight == pytest.approx(20 / 127, abs=0.01)


def test_marked_bars_alone_are_kept_as_they_sound(tmp_path: Path, keeping: tuple[Keeping, list[str]]) -> None:
    """Four bars at 120 BPM of 88,200 frames each; the value is the bar's number."""
    hand, told = keeping
    bar = 88_200
    info = SectionInfo("s1", ("mix",), 44_100, 0, 6 * bar, 4, 2, 4, 120.0, "C", 7, "t")
    writer = SectionWriter(tmp_path / "s1.section", info)
    for number in range(1, 6):  # the last bar of the tail is still being made
        writer.write(np.full((bar, 1, 2), number, np.float32))
    writer.close()
    stage = started()
    assert stage.state.transport.now is not None
    request = replace(stage.state.transport.now.version.request, bpm=120.0, bars=4)
    hand.ask_hook(stage.state)
    assert told[-1] == "No bars are marked yet: G marks the last four while they play."
    hand.ask_hook(stage.state.with_steering(hook=Hook("s1.section", "drop", request, 2, 3)))
    assert "Kept as test-drop-hook-1" in told[-1]
    (keeper,), broken = keepers()
    reader = SectionReader(keeper.path)
    assert not broken and (keeper.bars, reader.info.bars, reader.info.tail_bars, reader.info.frames) == (2, 2, 2, 4 * bar)
    assert [float(reader.audio[at * bar, 0, 0]) for at in range(4)] == [2.0, 3.0, 4.0, 5.0]
    hand.ask_hook(stage.state.with_steering(hook=Hook("gone.section", "drop", request, 2, 3)))
    assert told[-1].startswith("The marked bars are gone")
    hand.ask_hook(stage.state.with_steering(hook=Hook("s1.section", "drop", request, 2, 9)))
    assert "Mark others" in told[-1]
