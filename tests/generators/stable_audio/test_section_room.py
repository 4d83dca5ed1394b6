"""Bars from the room, from the ring they are heard in to what the tiny checkpoint makes of them: continued, answered, varied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from engine import protocol as p
from engine.conductor.recipes import next_wish
from engine.conductor.requests import make_version
from engine.generators.stable_audio import StableAudio
from engine.generators.stable_audio.generator import StableAudioSections
from engine.generators.stable_audio.section.piece import plan_piece
from engine.player.input.ring import RoomRing
from engine.sections.file import SectionReader
from engine.session import room as session_room
from engine.session.files import with_files
from engine.session.room import TAIL, Room
from engine.timebase import SAMPLE_RATE
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import slow
from tests.conductor.test_slow import finish_all
from tests.generators.stable_audio.drums import drums
from tests.generators.stable_audio.test_section import LONGEST, different, make

Audio = npt.NDArray[np.float32]
BARS = 4


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A set on a generator of sound; nothing is measured in bars that it takes: that takes a second, and says it nothing."""
    monkeypatch.setattr(session_room, "heard_bars", lambda path: pytest.fail(f"{path} was measured"))
    stage = slow(96)
    finish_all(stage)
    stage.advance(SAMPLE_RATE)
    return stage


@pytest.fixture
def sections(tiny: StableAudio) -> StableAudioSections:
    return StableAudioSections(model=tiny)


def played(stage: Stage, level: float = 1.0) -> Audio:
    """Drums to the set's own beat from bar 1 on, and a little more than the bars that are taken of them: (frames, 2)."""
    grid = stage.state.grid
    return drums(grid.bpm, grid.seconds(grid.frame_of_bar(BARS) + 2 * TAIL)) * np.float32(level)


def take(folder: Path, stage: Stage, sound: Audio, how: p.RoomUse) -> None:
    """Have the next section go by the last bars of a room in which a sound was played from bar 1 on."""
    ring = RoomRing(folder / "ring", create=True)
    ring.push(sound)
    room = Room(folder, lambda _, text: stage.told.append(text), stage.command)
    room.ring = ring
    assert room.ask(p.ContinueRoom(BARS, how), stage.state)
    room.look(stage.state)
    assert "the last 4 bars from the room" in stage.told[-1]


def asked(folder: Path, stage: Stage) -> p.SectionRequest:
    """What the generator is asked for the next section, shortened: two bars in two steps."""
    request = make_version(stage.state, 1, next_wish(stage.state, 1), "main", start_bar=8).request
    return replace(with_files(request, folder), bars=2, tail_bars=1, steps=2, tries=1, loras=())


def kept_of(folder: Path, stage: Stage) -> Audio:
    """The part of the piece that the model keeps."""
    source = plan_piece(asked(folder, stage), SAMPLE_RATE, LONGEST).source
    assert source is not None
    return source


def alike(one: Audio, other: Audio) -> float:
    """How much two sounds are the same one, at whatever levels: 1 for that."""
    power = np.sum(one**2, dtype=np.float64) * np.sum(other**2, dtype=np.float64)
    return float(np.sum(one * other, dtype=np.float64) / np.sqrt(power))


@pytest.mark.parametrize("how", ["continue", "answer"])
def test_the_last_bars_from_the_room_are_what_is_kept(
    tmp_path: Path, stage: Stage, sections: StableAudioSections, how: p.RoomUse
) -> None:
    sound = played(stage)
    take(tmp_path, stage, sound, how)
    grid, kept = stage.state.grid, kept_of(tmp_path, stage)
    end = grid.frame_of_bar(BARS)
    assert len(kept) == grid.frame_of_bar(2), "whole bars of 4.5 s"
    assert alike(kept, sound[end - len(kept) : end]) > 0.9999
    request = asked(tmp_path, stage)
    made = make(sections, request)
    assert len(made) == request.total_frames()
    assert different(made, make(sections, replace(request, continue_path=None))) > 0.05
    assert np.array_equal(made, make(sections, request))


def test_a_variation_begins_with_the_rooms_sound(tmp_path: Path, stage: Stage, sections: StableAudioSections) -> None:
    sound = played(stage)
    take(tmp_path, stage, sound, "vary")
    request = replace(asked(tmp_path, stage), continue_path=None)  # the section before has no sound in this test
    piece = plan_piece(request, SAMPLE_RATE, LONGEST)
    assert piece.vary is not None
    lead, two = stage.state.grid.frame_of_bar(piece.lead_bars), stage.state.grid.frame_of_bar(2)
    assert alike(piece.vary[lead:][:two], sound[:two]) > 0.9999
    made, other = make(sections, request), make(sections, replace(request, vary_path=None))
    assert different(made, other) > 0.05
    near = make(sections, replace(request, vary_amount=0.02))
    assert different(made, near) > 0.05, "how much of the room is left is what was asked"


def test_a_longer_section_goes_round_in_the_rooms_bars(tmp_path: Path, stage: Stage) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, played(stage).shape).astype(np.float32)
    take(tmp_path, stage, noise, "vary")
    request = replace(asked(tmp_path, stage), bars=9, continue_path=None)
    piece = plan_piece(request, SAMPLE_RATE, LONGEST)
    assert piece.vary is not None
    lead, four = stage.state.grid.frame_of_bar(piece.lead_bars), stage.state.grid.frame_of_bar(BARS)
    rounds = [piece.vary[lead + number * four :][: four // 4] for number in range(3)]
    assert all(alike(one, noise[: four // 4]) > 0.999 for one in rounds)


def test_a_quiet_room_is_given_to_the_model_as_loud_as_its_own_music(tmp_path: Path, stage: Stage) -> None:
    take(tmp_path, stage, played(stage, 0.01), "continue")
    quiet = kept_of(tmp_path, stage)
    assert np.abs(SectionReader(tmp_path / "room-001.bars").audio).max() < 0.02, "the file is as it was heard"
    assert 0.05 < float(np.sqrt(np.mean(quiet**2))) < 0.2 and np.abs(quiet).max() <= 1.0


def test_the_stand_in_is_not_led_astray_by_the_rooms_bars(tmp_path: Path, stage: Stage) -> None:
    """Where the section that goes by the room is late, pocket plays: it reads what a section before has played."""
    from engine.generators.pocket.generator import Pocket

    take(tmp_path, stage, played(stage), "continue")
    request = make_version(stage.state, 1, next_wish(stage.state, 1), "stand-in", start_bar=8).request
    short = replace(with_files(request, tmp_path), bars=1, tail_bars=0)
    blocks = list(Pocket().generate(short, lambda _: None, lambda: False))
    assert sum(map(len, blocks)) == short.total_frames() and np.abs(np.concatenate(blocks)).max() > 0.01
