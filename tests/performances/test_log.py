"""The log of a set: what is written can be read again, whatever happened to its writer."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from engine.errors import PerformanceError
from engine.performances import folders
from engine.performances.entries import KEPT_SECTIONS, MADE, PLAYED, MadeSection, PlayerCard, SetCard
from engine.performances.made import MadeLog
from engine.performances.plain import from_plain, to_plain
from engine.performances.played import PlayedLog
from engine.performances.reading import length_frames, read_card, read_commands, read_performance
from engine.performances.writing import LogFile
from engine.protocol import (
    Change,
    Command,
    Cue,
    CueStarted,
    EditPart,
    InsertPart,
    MotifNote,
    Neighbour,
    PromptWeight,
    Redo,
    SectionRequest,
    SetCurve,
    SetMacro,
    StepCurve,
    Undo,
    VaryNext,
)
from engine.timebase import Grid
from tests.support.waiting import wait_until

CARD = SetCard("Night", "night", 7, "pocket", "2026-05-01 22:30:00", minutes=4.5, bars=32)
REQUEST = SectionRequest(
    "s00001",
    (PromptWeight('dub "wide"', 0.75),),
    16,
    118.5,
    "F minor",
    2**62 + 1,
    before_previous=(Neighbour("drop", (PromptWeight("house", 0.1),)),),
    motif=(MotifNote(0.5, 1.0, -2),),
    remake_bars=(3, 4),
    changes=(Change(5, None, 0.3),),
)
CUE = Cue(4, "/tmp/x/s00001.section", 0, 0, 1_000, Grid(118.5, 3, origin=64), transition="bass-swap", length=441)


def written(folder: Path) -> Path:
    made = MadeLog(LogFile(folder / MADE))
    made.begin(CARD)
    made.section(MadeSection("s00001.section", "intro", "pocket", REQUEST, heard=12))
    made.command(256, SetMacro("filter", 0.2))
    made.close()
    played = PlayedLog(LogFile(folder / PLAYED), 0, 256)
    played.said(CueStarted(4, 0, 0), 1)
    played.close(10, 2560)
    return folder


@pytest.fixture(autouse=True)
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVESET_SESSIONS", str(tmp_path / "sessions"))


def new(name: str) -> Path:
    folder = folders.new_folder(name)
    assert folder is not None
    return folder


@pytest.mark.parametrize("value", [CARD, REQUEST, CUE, PlayerCard(5, 256), VaryNext(0.5, "newest"), VaryNext()])
def test_what_is_made_plain_is_the_same_when_it_is_read(value: object) -> None:
    assert from_plain(type(value), json.loads(json.dumps(to_plain(value)))) == value


@pytest.mark.parametrize("plain", [None, [], {"frame": "x", "block": 1}, {"frame": True, "block": 1}, {"frame": 1}])
def test_what_is_not_of_its_kind_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match="PlayerCard"):
        from_plain(PlayerCard, plain)


def test_a_log_says_what_was_played(tmp_path: Path) -> None:
    found = read_performance(written(tmp_path))
    assert (found.card, found.sections[0].request, found.sections[0].heard) == (CARD, REQUEST, 12)
    assert found.stretches[0].events == [CueStarted(4, 0, 0)]
    assert (found.frames, found.stretches[0].quanta, found.stretches[0].finished) == (2560, 10, True)
    assert length_frames(tmp_path) == 2560


def test_the_oldest_sets_give_up_their_section_files_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_BYTES", 25)
    made = []
    for number in range(4):
        made.append(new(f"set-{number}"))
        log = MadeLog(None, made[-1])
        (made[-1] / "s00001.section").write_bytes(b"0123456789")
        log.keep(made[-1] / "s00001.section")
    new("another")
    folders.give_up_old()
    assert [(folder / KEPT_SECTIONS).is_dir() for folder in made] == [False, False, True, True]


def test_a_line_that_was_cut_off_costs_itself_alone(tmp_path: Path) -> None:
    for name in (MADE, PLAYED):
        path = written(tmp_path) / name
        with path.open("ab") as file:
            file.write(b'{"q":12,"fra')
    assert read_performance(tmp_path).frames == 2560
    again = PlayedLog(LogFile(tmp_path / PLAYED), 2816, 256)  # the player that takes over writes behind the damaged line
    again.close(2, 3328)
    assert [stretch.frame for stretch in read_performance(tmp_path).stretches] == [0, 0, 2816]
    assert length_frames(tmp_path) == 3328


def test_a_disk_that_takes_no_more_ends_the_log_and_nothing_else(tmp_path: Path) -> None:
    file = LogFile(Path("/dev/full"))
    file.add(q=1, frame=256)
    file.close()
    file.add(q=2, frame=512)
    assert file.broken


def test_what_cannot_be_written_costs_its_own_line(tmp_path: Path) -> None:
    def fails() -> None:
        raise OSError("a disk that is gone")

    file = LogFile(tmp_path / MADE)
    file.later(fails)
    file.add(q=1, frame={1: object()})
    file.add(q=2, frame=512)
    file.close()
    assert (tmp_path / MADE).read_text(encoding="utf-8") == '{"q":2,"frame":512}\n'


def test_the_oldest_sessions_make_room_for_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MOST_KEPT", 2)
    for name in ("one", "two", "two"):
        new(name)
    folders.give_up_old()
    assert sorted(folder.name for folder in folders.all_folders()) == ["two", "two-2"]


def test_the_last_session_is_the_newest_in_which_something_was_played() -> None:
    written(new("first"))
    new("nothing")
    assert folders.find_folder(folders.LAST).name == "first"
    folders.remove_folder("first")
    with pytest.raises(PerformanceError, match="no set was played"):
        folders.find_folder(folders.LAST)
    with pytest.raises(PerformanceError, match="there is no session"):
        folders.find_folder("../first")


def test_a_log_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / MADE).write_text('{"set":{"format":99}}\n', encoding="utf-8")
    with pytest.raises(PerformanceError, match="another version"):
        read_card(tmp_path)


def test_what_is_deleted_of_an_old_set_makes_it_no_newer() -> None:
    made = [new(f"set-{number}") for number in range(3)]
    (made[0] / "last-minutes").mkdir()
    (made[0] / "last-minutes").rmdir()
    os.utime(made[1])
    assert folders.all_folders() == made[::-1]


def test_changes_of_the_plan_are_written_and_read_with_the_sections_that_they_name(tmp_path: Path) -> None:
    asked: list[Command] = [
        EditPart(3, "sooner"), InsertPart("drop"), InsertPart("build", 4, after=True), SetCurve("density", 0.25),
        StepCurve("energy", -0.05, 7), Undo(), Undo(12), Redo(13),
    ]  # fmt: skip
    log = MadeLog(LogFile(tmp_path / MADE))
    for frame, command in enumerate(asked):
        log.command(frame, command)
    log.close()
    assert read_commands(tmp_path) == list(enumerate(asked))


def test_an_undo_of_an_older_log_takes_back_one_move(tmp_path: Path) -> None:
    (tmp_path / MADE).write_text('{"frame": 5, "command": {"kind": "Undo", "asked": {}}}\n', encoding="utf-8")
    assert read_commands(tmp_path) == [(5, Undo())]


def test_bars_are_copied_where_they_cannot_be_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log lies on another disk than the section files."""

    def refused(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "hardlink_to", refused)
    (tmp_path / "log").mkdir()
    bars, section = tmp_path / "room-001.bars", tmp_path / "s00001.section"
    for each in (bars, section):
        each.write_bytes(b"sound")
    log = MadeLog(LogFile(tmp_path / "log" / MADE), tmp_path / "log")
    log.keep(section)
    log.keep(bars, copy=True)
    log.close()
    kept = tmp_path / "log" / KEPT_SECTIONS
    wait_until((kept / bars.name).is_file, "the copy")
    assert (kept / bars.name).read_bytes() == b"sound" and not (kept / section.name).exists()
