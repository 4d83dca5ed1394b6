"""Ableton Link with a session that is reckoned: who brings the tempo and the bars, and what happens where others are there."""

from __future__ import annotations

import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.live.outside.led import Led, Position
from engine.live.outside.link import LinkPeer
from engine.live.outside.timing import Timing
from engine.midi.clock_in import MOST
from engine.protocol import SetOptions

BEATS = 4


@dataclass
class Session:
    """A Link session, whose time is `at` seconds."""

    bpm: float = 120.0
    offset: float = 0.0
    others: int = 0
    at: float = 1_000.0
    enabled: bool = False
    commits: int = 0

    # As the library has it.
    def numPeers(self) -> int:
        return self.others

    def clock(self) -> Any:
        return types.SimpleNamespace(micros=lambda: round(self.at * 1e6))

    def captureSessionState(self) -> Session:
        return self

    def commitSessionState(self, state: Session) -> None:
        self.commits += 1

    def tempo(self) -> float:
        return self.bpm

    def setTempo(self, bpm: float, micros: int) -> None:
        self.offset += micros / 1e6 * (self.bpm - bpm) / 60
        self.bpm = bpm

    def beatAtTime(self, micros: int, quantum: float) -> float:
        return self.offset + micros / 1e6 * self.bpm / 60

    def phaseAtTime(self, micros: int, quantum: float) -> float:
        return self.beatAtTime(micros, quantum) % quantum

    def requestBeatAtTime(self, beat: float, micros: int, quantum: float) -> None:
        assert not self.others, "the library would move nobody else's bars: neither is it asked to"
        self.offset += beat - self.beatAtTime(micros, quantum)


@dataclass
class Stage:
    """A set in a session, moved by hand."""

    session: Session = field(default_factory=Session)
    bpm: float = 100.0
    began: float = 1_000.25
    playing: bool = True
    ahead_s: float = 0.0
    asked: float | None = None
    pulls: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        def position() -> Position:
            return Position(self.session.at - self.began, self.playing, self.bpm, self.bpm, self.ahead_s)

        def take(bpm: float) -> None:
            self.taken.append(bpm)
            self.asked = bpm

        self.led = Led(BEATS, position, lambda: self.asked, take, self.pulls.append, lambda: None, self.told.append)
        library = types.SimpleNamespace(Link=lambda bpm: self.session)
        self.peer = LinkPeer(self.bpm, self.led, library, lambda: self.session.at)

    def look(self, seconds: float = 0.0) -> None:
        for _ in range(max(1, round(seconds * 100))):
            self.session.at += 0.01
            self.peer.look()

    @property
    def phase(self) -> float:
        """The set's beat in its bar."""
        return (self.session.at - self.began) * self.bpm / 60 % BEATS


def test_alone_the_session_has_the_sets_tempo_and_bars() -> None:
    stage = Stage()
    stage.look(0.5)
    assert stage.session.enabled
    assert stage.session.bpm == 100.0
    assert stage.session.phaseAtTime(round(stage.session.at * 1e6), BEATS) == pytest.approx(stage.phase, abs=0.01)
    commits = stage.session.commits
    stage.look(5.0)
    assert stage.session.commits == commits, "what stays as it is is not said again"
    assert not stage.taken and not any(stage.pulls)


def test_joining_changes_nothing_for_the_others_and_the_set_takes_their_tempo() -> None:
    stage = Stage(Session(bpm=126.0, others=2))
    stage.look(3.0)
    assert (stage.session.bpm, stage.session.offset, stage.session.commits) == (126.0, 0.0, 0)
    assert stage.taken and abs(stage.taken[0] / 126 - 1) <= MOST + 1e-4
    assert any(stage.pulls)
    assert stage.told == ["Link: 2 others in the session, at 126.0 BPM."]


def test_a_tempo_that_a_hand_asks_for_becomes_the_others() -> None:
    stage = Stage(Session(bpm=126.0, others=1))
    stage.look(3.0)
    stage.asked = 130.0
    stage.look()
    assert stage.session.bpm == 130.0
    stage.look(3.0)
    assert stage.session.bpm == 130.0, "what the set takes is not taken for a hand's"


def test_a_nudged_set_stays_nudged() -> None:
    stage = Stage(Session(bpm=100.0, others=1, at=960.0), began=960.0)
    stage.look(0.2)
    behind = stage.pulls[-1]
    stage.ahead_s = 0.01
    stage.look()
    assert stage.pulls[-1] - behind == pytest.approx(0.01 / 0.5, abs=0.004)


def test_others_who_leave_are_told_of_and_the_set_goes_on_alone() -> None:
    stage = Stage(Session(bpm=126.0, others=1))
    stage.look(1.0)
    stage.session.others = 0
    stage.look(0.1)
    assert stage.told[-1].startswith("Link: nobody else")
    assert stage.pulls[-1] == 0.0


def test_a_set_that_begins_waits_for_the_others_bars_and_one_alone_does_not() -> None:
    stage = Stage(Session(bpm=120.0, others=1, at=1_000.5))
    assert stage.peer.wait_s(0.0) == pytest.approx(1.5), "beat 1 of 4 is over"
    assert stage.peer.wait_s(1.0) == pytest.approx(0.0), "it stood still on that beat"
    stage.session.others = 0
    assert stage.peer.wait_s(0.0) == 0.0


def test_without_link_the_player_is_told_at_once() -> None:
    stage, told = Stage(), list[dict[str, float]]()
    timing = Timing(SetOptions(), 120.0, Path(), stage.led)
    timing.gated({"run": 1.0, "volume": 0.5}, lambda values: told.append(dict(values)), 0.03)
    assert told == [{"run": 1.0, "volume": 0.5}]
    timing.close()
