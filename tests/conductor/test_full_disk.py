"""A disk with little room for sections: old ones are given back, later ones are shorter, and it is said in one line."""

from __future__ import annotations

import pytest

from engine import protocol as p
from engine.conductor.events import CancelJob, Discard, MeasureRoom, RoomMeasured, Sweep
from engine.conductor.reacting.small_disk import DISK_FULL
from engine.timebase import QUANTUM
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, opening


class SmallDisk:
    """Has room for so many bars of sections; a file takes its room from when it is begun until it is discarded."""

    def __init__(self, stage: Stage, bars: int) -> None:
        self.stage, self.room = stage, bars * BAR
        self.files: dict[str, int] = {}
        self._seen = 0
        self.refused = 0

    def work(self) -> None:
        """Let every job end, well or for want of room."""
        while self.stage.jobs:
            self._sweep()
            job_id, job = next(iter(self.stage.jobs.items()))
            size = job.version.total - job.version.request.from_frame
            if sum(self.files.values()) + size > self.room:
                self.refused += 1
                self.stage.fail(job_id, full=True)
                return
            self.files[job.version.path] = size
            self.stage.finish(job_id)

    def _sweep(self) -> None:
        for action in self.stage.actions[self._seen :]:
            if isinstance(action, Sweep):
                self.files = {path: size for path, size in self.files.items() if path in action.kept}
            elif isinstance(action, Discard | CancelJob):
                self.files.pop(action.path if isinstance(action, Discard) else action.job.version.path, None)
            elif isinstance(action, MeasureRoom):
                self.stage.take(RoomMeasured(self.room))
        self._seen = len(self.stage.actions)


def play(stage: Stage, disk: SmallDisk, steered: bool) -> None:
    stage.up()
    for beat in range(4 * 200):
        if stage.player.finished:
            return
        if steered and beat % 6 == 0:
            stage.command(p.SetWeight(1, beat % 10 / 10))
        disk.work()
        stage.advance(BAR // 4)


@pytest.mark.parametrize("steered", [False, True])
@pytest.mark.parametrize("bars", [24, 40, 72])
def test_set_plays_to_its_end_on_a_small_disk(bars: int, steered: bool) -> None:
    stage = opening(96)
    disk = SmallDisk(stage, bars)
    play(stage, disk, steered)
    assert stage.player.finished
    assert stage.player.unfilled < QUANTUM, "the last tail may end within a quantum"
    assert stage.state.transport.holds == 0
    assert {line for line in stage.told if "disk" in line} <= {DISK_FULL}
    sections = stage.state.transport.history
    assert sum(section.bars for section in sections) == 96
    if bars == 24:
        assert disk.refused and max(section.bars for section in sections[1:]) < 24


def test_sections_keep_their_length_on_a_disk_with_room() -> None:
    stage = opening(96)
    lengths = [part.bars for part in stage.state.plan]
    play(stage, SmallDisk(stage, 10_000), steered=True)
    assert [section.bars for section in stage.state.transport.history] == lengths


def test_sections_grow_again_when_a_disk_that_was_full_has_room() -> None:
    stage = opening(192)
    disk = SmallDisk(stage, 24)
    stage.up()
    for beat in range(4 * 192):
        if beat == 4 * 60:
            disk.room = 10_000 * BAR
        disk.work()
        stage.advance(BAR // 4)
    lengths = [(section.start_bar, section.bars) for section in stage.state.transport.history]
    assert max(bars for at, bars in lengths if 8 < at < 60) <= 12
    assert max(bars for at, bars in lengths if at > 90) >= 16, "as long as planned"
    assert disk.refused < 12
    assert stage.state.transport.holds == 0


def test_sections_grow_to_a_quarter_of_the_disk_and_stay() -> None:
    stage = opening(384)
    disk = SmallDisk(stage, 40)
    play(stage, disk, steered=True)
    late = [section.bars for section in stage.state.transport.history if section.start_bar > 64][:-1]
    assert sorted(late)[len(late) // 2] >= 8, "most of them"


def test_what_sounds_and_what_comes_is_never_given_back() -> None:
    stage = opening(96)
    disk = SmallDisk(stage, 40)
    stage.up()
    for beat in range(4 * 60):
        stage.command(p.SetWeight(1, beat % 10 / 10))
        disk.work()
        stage.advance(BAR // 4)
        now, following = stage.state.transport.now, stage.state.work.next
        assert now is None or now.version.path in disk.files
        assert following is None or following.path in disk.files
    assert disk.refused
