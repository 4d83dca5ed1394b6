"""What a session does first and what it does afterwards, and on which thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.conductor.events import At, Commanded, Event, JobDone, JobProgress, Measured, PlayerSaid, Tick, WorkerUp
from engine.conductor.state import Job, State
from engine.presets import load_preset
from engine.processes.layout import STATE_FILE
from engine.protocol import STEMS, CueStarted, Hold, NextNow, SetCues, SetMacro, SetStem, SetWeight, Traits
from engine.sections.file import SectionInfo, SectionWriter
from engine.session.opening import opening_state
from engine.session.saving import load_state, past_files, with_heard_values
from engine.session.session import Session
from engine.session.waveforms import COLUMNS, excerpt, likeness
from tests.support.hands import Hands


class Set:
    """A session on real files, whose player and generators only write down what they are told."""

    def __init__(self, folder: Path, *, saves: bool = False) -> None:
        self.folder = folder
        self.at = At(0, 0)
        self.hands = Hands()
        save_to = folder if saves else None
        self.session = Session(
            opening_state(load_preset("sunrise")), self.hands, self.hands, folder, lambda: self.at, save_to=save_to
        )

    @property
    def state(self) -> State:
        return self.session.state

    def jobs(self) -> list[Job]:
        return [each for each in self.hands.did if isinstance(each, Job)]

    def cues(self) -> list[SetCues]:
        return [each for each in self.hands.did if isinstance(each, SetCues)]

    def make(self, job: Job, made: float = 1.0, seed: int = 1) -> None:
        """Write a job's file, of noise, as far as a fraction of it."""
        request = job.version.request
        total = job.version.total
        info = SectionInfo(
            request.section_id, STEMS, 44_100, 0, total, request.bars, request.tail_bars, 4, request.bpm, request.key, 1, "t"
        )
        writer = SectionWriter(self.folder / job.version.path, info)
        noise = np.random.default_rng(seed).standard_normal((total, 1, 1)).astype(np.float32) * 0.1
        writer.write(np.broadcast_to(noise, (total, len(STEMS), 2))[: round(total * made)])
        writer.close()

    def play(self) -> None:
        """The first section is made and sounds; the second one is asked for."""
        self.session.take(WorkerUp("main", "pocket", Traits(live=True)))
        (job,) = self.jobs()
        self.make(job)
        self.session.take(JobDone(job.job_id, 0.1))
        self.session.turn()
        cue = self.cues()[-1].cues[0]
        self.session.take(PlayerSaid(CueStarted(cue.cue_id, 0, 0)))
        self.session.turn()


def saved(folder: Path) -> bytes | None:
    path = folder / STATE_FILE
    return path.read_bytes() if path.exists() else None


def test_a_session_acts_first_and_saves_afterwards_once_a_turn(tmp_path: Path) -> None:
    one = Set(tmp_path, saves=True)
    at_each_order: list[bytes | None] = []
    one.hands.each = lambda: at_each_order.append(saved(tmp_path))
    one.session.take(WorkerUp("main", "pocket", Traits(live=True)))
    one.session.take(Commanded(SetWeight(0, 0.4)))
    one.session.take(Commanded(SetWeight(1, 0.6)))
    assert at_each_order and set(at_each_order) == {None}, "everything was done before anything was saved"
    assert saved(tmp_path) is None
    one.session.turn()
    found = load_state(tmp_path)
    assert found is not None and [slot.weight for slot in found.steering.slots[:2]] == [0.4, 0.6]
    before = saved(tmp_path)
    one.session.turn()
    assert saved(tmp_path) == before


@pytest.mark.parametrize("command", [SetMacro("filter", 0.2), SetStem("bass", level=0.3), SetStem("drums", muted=True)])
def test_a_turned_knob_reaches_the_player_and_never_the_disk(tmp_path: Path, command: Any) -> None:
    one = Set(tmp_path, saves=True)
    one.play()
    before = saved(tmp_path)
    (tmp_path / STATE_FILE).unlink()
    one.hands.did.clear()
    one.session.take(Commanded(command))
    one.session.turn()
    assert one.hands.did and all(isinstance(each, dict) for each in one.hands.did)
    assert saved(tmp_path) is None and before is not None
    one.session.take(Commanded(Hold(True)))
    one.session.turn()
    assert saved(tmp_path) is not None


def test_time_and_progress_alone_are_not_saved(tmp_path: Path) -> None:
    one = Set(tmp_path, saves=True)
    one.play()
    (job,) = [job for job in one.state.work.jobs if job.purpose == "next"]
    (tmp_path / STATE_FILE).unlink()
    one.session.take(JobProgress(job.job_id, 1000))
    one.session.turn()
    assert saved(tmp_path) is None


def test_what_an_action_leads_to_is_taken_after_that_event_is_done_with(tmp_path: Path) -> None:
    one = Set(tmp_path)
    order: list[str] = []
    decide: Callable[[Event], None] = one.session._decide

    def watched(event: Event) -> None:
        order.append(f"begin {type(event).__name__}")
        decide(event)
        order.append(f"end {type(event).__name__}")

    one.session._decide = watched  # type: ignore[method-assign]
    one.play()
    second = one.jobs()[-1]
    one.make(second)
    one.session.take(JobDone(second.job_id, 0.1))
    assert "begin Measured" in order
    assert all(end == begin.replace("begin", "end") for begin, end in zip(order[::2], order[1::2], strict=True)), order


def test_an_error_leaves_the_session_able_to_go_on(tmp_path: Path) -> None:
    one = Set(tmp_path)

    def fails() -> None:
        raise RuntimeError("not today")

    one.hands.each = fails
    with pytest.raises(RuntimeError):
        one.session.take(WorkerUp("main", "pocket", Traits(live=True)))
    one.hands.each = lambda: None
    one.session.take(Commanded(Hold(True)))
    assert one.state.steering.held


# ------------------------------------------------------------ measuring


class Waiting:
    """Work that is done when the test says so."""

    def __init__(self) -> None:
        self.work: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []

    def __call__(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self.work.append((work, done))

    def finish(self) -> int:
        waiting, self.work = self.work, []
        for work, done in waiting:
            done(work())
        return len(waiting)


def test_likeness_is_measured_elsewhere_and_its_result_comes_back_as_an_event(tmp_path: Path) -> None:
    one, later = Set(tmp_path), Waiting()
    one.session.measuring.later = later
    one.play()
    second = one.jobs()[-1]
    one.make(second, seed=1)
    one.session.take(JobDone(second.job_id, 0.1))
    cue = one.cues()[-1].cues[-1]
    assert cue.correlation == 0.0 and len(later.work) == 1
    one.session.take(Tick())
    assert len(later.work) == 1, "each cue is measured once"
    (tmp_path / second.version.path).unlink()  # what is open may leave the session meanwhile
    assert later.finish() == 1
    assert one.cues()[-1].cues[-1].correlation > 0.0 or one.cues()[-1].cues[-1].transition == "equal-power"


def test_what_is_compared_is_what_was_reported_however_far_the_file_is(tmp_path: Path) -> None:
    """A rehearsal's generator may be ahead of what it is taken to have made: the set must come out the same."""
    one = Set(tmp_path)
    one.play()
    second = one.jobs()[-1]
    one.make(second)
    reported = replace(second.version, ready_to=1000)
    part = excerpt(tmp_path, reported, 500, 4000)
    assert (part.start, part.stop) == (500, 1000)
    nothing = excerpt(tmp_path, reported, 2000, 4000)
    assert nothing.start == nothing.stop and likeness(part, nothing) == 0.0
    whole = excerpt(tmp_path, replace(reported, complete=True), 500, 4000)
    assert (whole.start, whole.stop) == (500, 4500)
    assert likeness(whole, whole) == pytest.approx(1.0)


def test_a_waveform_is_drawn_elsewhere_once_the_section_is_whole(tmp_path: Path) -> None:
    one, later = Set(tmp_path), Waiting()
    one.play()
    one.session.measuring.later = later
    one.session.measuring.look(one.state)
    one.session.measuring.look(one.state)
    assert len(later.work) == 1 and one.session.measuring.waveforms == {}
    later.finish()
    now = one.state.transport.now
    assert now is not None
    peaks = one.session.measuring.waveforms[now.version.id]
    assert len(peaks) == COLUMNS and 0.2 < min(peaks) <= max(peaks) <= 1.0
    one.session.measuring.look(one.state)
    assert later.work == []


def test_a_section_whose_file_is_gone_is_neither_drawn_nor_an_error(tmp_path: Path) -> None:
    one = Set(tmp_path)
    one.play()
    now = one.state.transport.now
    assert now is not None
    (tmp_path / now.version.path).unlink()
    one.session.measuring.look(one.state)
    assert one.session.measuring.waveforms == {}


# ------------------------------------------------------------ taking over


def test_a_state_of_another_shape_or_a_damaged_one_is_not_taken_up(tmp_path: Path) -> None:
    one = Set(tmp_path, saves=True)
    one.play()
    whole = (tmp_path / STATE_FILE).read_bytes()
    assert load_state(tmp_path) is not None
    mark, data = whole.split(b"\n", 1)
    for content in (
        data,
        b"liveset state 0 0123456789abcdef\n" + data,
        whole[: len(whole) // 2],
        mark + b"\n" + b"junk",
        mark + b"\ncno_such\nthing\n.",
        b"",
    ):
        (tmp_path / STATE_FILE).write_bytes(content)
        assert load_state(tmp_path) is None
    (tmp_path / STATE_FILE).unlink()
    assert load_state(tmp_path) is None


def test_a_disk_that_refuses_does_not_stop_the_set(tmp_path: Path) -> None:
    one = Set(tmp_path, saves=True)
    (tmp_path / f"{STATE_FILE}.new").mkdir()
    one.play()
    one.session.take(Commanded(NextNow()))
    one.session.turn()
    assert one.state.transport.jump


def test_macros_and_levels_are_taken_over_as_they_are_heard(tmp_path: Path) -> None:
    state = Set(tmp_path).state
    muted = tuple((stem, 0.7, stem == "lead") for stem, _, _ in state.steering.levels)
    params = {"filter": 0.25, "level_drums": 0.5, "level_bass": 0.0, "level_lead": 0.0, "run": 1.0}
    found = with_heard_values(state.with_steering(levels=muted), params)
    assert dict(found.steering.macros)["filter"] == 0.25
    assert {stem: rest for stem, *rest in found.steering.levels} == {
        "drums": [0.5, False],
        "bass": [0.7, True],
        "harmony": [0.7, False],
        "lead": [0.7, True],
    }


def test_no_section_file_that_is_there_is_ever_written_over(tmp_path: Path) -> None:
    state = Set(tmp_path).state
    for name in ("s00012.section", "s00007.section", "in-use"):
        (tmp_path / name).touch()
    assert past_files(state, tmp_path).work.last_section == 12
    ahead = state.with_work(last_section=30)
    assert past_files(ahead, tmp_path) == ahead
    assert past_files(replace(state), tmp_path / "nowhere").work.last_section == 0


def test_an_event_for_a_cue_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    one = Set(tmp_path)
    one.play()
    before, orders = one.state, len(one.hands.did)
    one.session.take(Measured(999, 1.0))
    assert (one.state, len(one.hands.did)) == (before, orders)
