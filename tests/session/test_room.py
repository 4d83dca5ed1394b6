"""Bars from the room: which ones are taken, what the next section is given of them, and how a loop of them comes and goes."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from engine import protocol as p
from engine.conductor import forecast
from engine.conductor.events import PlayerSaid, SendLoop, WorkerUp
from engine.conductor.reacting.on_player import player_said
from engine.conductor.reacting.room import NO_INPUT, loop_room, out_of_tempo
from engine.conductor.recipes import next_wish
from engine.conductor.requests import make_version
from engine.conductor.state import State
from engine.sections.file import HEADER, SectionReader
from engine.session import room as session_room
from engine.session.room import TAIL, Room
from engine.timebase import SAMPLE_RATE, Grid
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import slow, started
from tests.conductor.test_slow import finish_all

SOUND = p.HeardSound("room-001.bars", bpm=120.0, key="F# major", energy=0.9, density=0.8, brightness=0.7)


class Heard:
    """A room in which every frame has its number as its sound, as far as it was heard."""

    def __init__(self, first: int, end: int, level: float = 1e-7) -> None:
        self.first, self.end, self.level = first, end, level

    def read(self, start: int, stop: int) -> npt.NDArray[np.float32] | None:
        if not self.first <= start < stop <= self.end:
            return None
        return np.repeat((np.arange(start, stop) * self.level).astype(np.float32)[:, None], 2, axis=1)


def taking(folder: Path, ring: Heard | None, state: State, command: p.RoomCommand) -> tuple[list[p.RoomCommand], list[str], Room]:
    taken: list[p.RoomCommand] = []
    told: list[str] = []
    room = Room(folder, lambda _, text: told.append(text), taken.append)
    room.ring = ring
    if not room.ask(command, state):
        told.append("not asked")
    room.look(state)
    return taken, told, room


@pytest.fixture(autouse=True)
def heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_room, "heard_bars", lambda path: replace(SOUND, path=path.name))


@pytest.fixture
def state() -> State:
    return started(96).state


def bar(state: State, number: int) -> int:
    return state.grid.frame_of_bar(number)


def test_the_last_whole_bars_are_taken_from_line_to_line(tmp_path: Path, state: State) -> None:
    ring = Heard(0, bar(state, 9) + 5000)
    (command,), _, _ = taking(tmp_path, ring, state, p.LoopRoom())
    assert command.taken is not None
    assert (command.taken.bars, command.taken.end, command.taken.bpm) == (4, bar(state, 9), state.grid.bpm)
    sound = SectionReader(tmp_path / command.taken.path).audio
    assert sound.shape == (bar(state, 9) - bar(state, 5) + TAIL, 1, 2)
    assert round(float(sound[0, 0, 0]) / ring.level) == pytest.approx(bar(state, 5), rel=1e-5)


def test_whoever_is_a_little_early_means_the_line_to_come(tmp_path: Path, state: State) -> None:
    ring = Heard(0, bar(state, 9) - 3000)
    taken, _, room = taking(tmp_path, ring, state, p.LoopRoom(2))
    assert not taken
    ring.end = bar(state, 9) + TAIL
    room.look(state)
    assert list(tmp_path.iterdir()) and SectionReader(tmp_path / "room-001.bars").info.bars == 2


def test_fewer_bars_are_taken_where_no_more_were_heard(tmp_path: Path, state: State) -> None:
    (command,), told, _ = taking(tmp_path, Heard(bar(state, 7) - 100, bar(state, 9) + 5000), state, p.LoopRoom())
    assert command.taken is not None and command.taken.bars == 2
    assert told == ["Only 2 bars were heard from the room so far: those are taken."]


@pytest.mark.parametrize(
    ("ring", "says"),
    [
        (None, "not asked"),
        (Heard(0, 0), "Not one whole bar was heard"),
        (Heard(0, 10_000_000, 0.0), "The room was silent in those bars"),
    ],
)
def test_without_anything_heard_that_is_told(tmp_path: Path, state: State, ring: Heard | None, says: str) -> None:
    taken, told, _ = taking(tmp_path, ring, state, p.ContinueRoom())
    assert not taken and says in told[0]


def bars_of(stage: Stage, **changes: Any) -> p.RoomBars:
    grid = stage.state.grid
    return replace(p.RoomBars("room-001.bars", grid.frame_of_bar(2), 4, grid.beats_per_bar, grid.bpm, SOUND), **changes)


def asked(stage: Stage) -> p.SectionRequest:
    index = 1
    return make_version(stage.state, index, next_wish(stage.state, index), "main", start_bar=8).request


def test_pocket_leans_on_what_is_heard_and_an_answer_is_one(tmp_path: Path) -> None:
    stage = started(96)
    before = asked(stage)
    stage.command(p.ContinueRoom(how="answer", taken=bars_of(stage)))
    request = asked(stage)
    assert request.prompts[:-1] == before.prompts and request.prompts[-1].sound == SOUND
    assert (request.key, request.purpose, request.continue_path) == ("F# major", "answer", before.continue_path)
    assert "F# major, energy 0.90" in stage.told[-1]
    stage.command(p.Undo())
    assert replace(asked(stage), section_id="") == replace(before, section_id="")
    assert stage.told[-1] == "Undone: section by the room."


def test_a_generator_of_sound_goes_on_from_the_bars_or_varies_them() -> None:
    stage = slow(96)
    finish_all(stage)
    stage.advance(SAMPLE_RATE)
    sound = bars_of(stage)
    stage.command(p.ContinueRoom(taken=sound))
    request = asked(stage)
    assert request.continue_path == "room-001.bars" and request.vary_path is None
    assert request.continue_frame == Grid(sound.bpm, sound.beats_per_bar).frame_of_bar(4)
    stage.command(p.ContinueRoom(how="vary", taken=sound))
    assert asked(stage).vary_path == "room-001.bars" and asked(stage).continue_path != "room-001.bars"
    stage.command(p.ContinueRoom(taken=replace(sound, bpm=99.0)))
    assert "heard at 99 BPM" in stage.told[-1]


def test_bars_that_come_too_late_for_the_next_section_are_told_so() -> None:
    stage = slow(96)
    finish_all(stage)
    stage.advance(forecast.steer_until(stage.state) + SAMPLE_RATE - stage.player.frame)
    stage.command(p.ContinueRoom(taken=bars_of(stage)))
    assert stage.told[-1] == "Too late, unless the set is held: then the next goes on from the last 4 bars from the room."
    assert len(stage.told[-1]) <= 100
    stage.command(p.Hold(True))
    stage.command(p.ContinueRoom(taken=bars_of(stage)))
    assert stage.told[-1].startswith("The next section goes on from")


def test_a_loop_comes_on_the_next_bar_line_in_step_and_goes_on_one(state: State) -> None:
    stage = started(96)
    stage.advance(stage.state.grid.frame_of_bar(3) - stage.player.frame)
    after, actions = loop_room(stage.state, p.LoopRoom(taken=bars_of(stage)))
    (order,) = (action.order for action in actions if isinstance(action, SendLoop))
    grid = stage.state.grid
    assert order.cue is not None and (order.cue.start_frame, order.cue.loop_bars) == (grid.frame_of_bar(4), 4)
    assert order.cue.origin_frame == grid.frame_of_bar(2)
    assert ("room", 1.0, False) in after.steering.levels
    ended, actions = loop_room(after, p.LoopRoom())
    assert ended.transport.loop is None and ended.steering.levels == stage.state.steering.levels
    assert any(isinstance(action, SendLoop) and action.order == p.LoopStem(None, grid.frame_of_bar(4)) for action in actions)


def test_a_loop_ends_where_the_tempo_changes() -> None:
    stage = started(96)
    after, _ = loop_room(stage.state, p.LoopRoom(taken=bars_of(stage)))
    assert out_of_tempo(after) == (after, ())
    settings = replace(after.settings, grid=replace(after.settings.grid, bpm=99.0))
    ended, actions = out_of_tempo(replace(after, settings=settings))
    assert ended.transport.loop is None and any(isinstance(action, SendLoop) for action in actions)


def test_a_loop_ends_with_the_set() -> None:
    stage = started(96)
    stage.command(p.LoopRoom(taken=bars_of(stage)))
    assert stage.state.transport.loop is not None
    ended, actions = player_said(stage.state, PlayerSaid(p.Finished(stage.player.frame)))
    assert ended.transport.loop is None and any(isinstance(action, SendLoop) for action in actions)


@pytest.mark.parametrize("command", [p.ContinueRoom(), p.LoopRoom()])
def test_without_an_input_that_is_said(command: p.RoomCommand) -> None:
    stage = started(96)
    stage.command(command)
    assert stage.told[-1] == NO_INPUT


def test_bars_for_which_the_disk_has_no_room_are_not_taken(tmp_path: Path, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes, at: int) -> int:
        if at >= HEADER:  # there is room for that alone
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return pwrite(descriptor, data, at)

    pwrite = os.pwrite
    monkeypatch.setattr("engine.sections.file.os.pwrite", full)
    taken, told, _ = taking(tmp_path, Heard(0, bar(state, 9) + 5000), state, p.LoopRoom())
    assert not taken and told[-1].startswith("Nothing taken from the room (cannot write room-001.bars")
    assert told[-1].endswith("; free some disk space.") and len(told[-1]) <= 100
    assert not list(tmp_path.iterdir()), "what was written of it has its room on the disk again"


def test_bars_without_a_folder_are_not_taken(tmp_path: Path, state: State) -> None:
    taken, told, _ = taking(tmp_path / "gone", Heard(0, bar(state, 9) + 5000), state, p.LoopRoom())
    assert not taken and told[-1].startswith("Nothing taken from the room (cannot write room-001.bars")


def test_a_loop_that_cannot_be_read_is_told_and_no_section_suffers() -> None:
    stage = started(96)
    stage.command(p.LoopRoom(taken=bars_of(stage)))
    before = stage.state
    stage.take(PlayerSaid(p.LoopFailed("cannot open section file room-001.bars: no such file")))
    assert stage.told[-1].startswith("The loop from the room ends (cannot open section file room-001.bars")
    assert stage.state.transport.loop is None and all(stem != "room" for stem, _, _ in stage.state.steering.levels)
    assert (stage.state.transport.cues, stage.state.work.next) == (before.transport.cues, before.work.next)
    assert sum(isinstance(each, SendLoop) for each in stage.actions) == 2, "the order to loop, and to loop nothing"


def test_bars_that_are_gone_do_not_lead_the_next_section_astray() -> None:
    """A generator that cannot read them says so; the section is made without them."""
    stage = slow(96)
    finish_all(stage)
    stage.advance(SAMPLE_RATE)
    stage.command(p.ContinueRoom(taken=bars_of(stage)))
    stage.advance(SAMPLE_RATE)
    job = next(job for job in stage.jobs.values() if job.version.request.continue_path == "room-001.bars")
    stage.fail(job.job_id)
    assert "Could not vary" in stage.told[-1] and "generating it from scratch" in stage.told[-1]
    assert asked(stage).continue_path != "room-001.bars"


def test_a_generator_that_greets_again_leaves_the_loop_its_stem() -> None:
    stage = started(96)
    stage.command(p.LoopRoom(taken=bars_of(stage)))
    stage.take(WorkerUp("main", stage.state.work.generator, stage.state.work.traits))
    assert stage.state.steering.levels[-1] == ("room", 1.0, False)
    stage.command(p.LoopRoom())
    stage.take(WorkerUp("main", stage.state.work.generator, stage.state.work.traits))
    assert all(stem != "room" for stem, _, _ in stage.state.steering.levels)
