"""The clock's own process: what it is told, and whose file it reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import MidiError
from engine.live.outside.clock_process import STALE_S, ClockProcess, Watched, read, written
from engine.processes.latest import LONGEST_S, STATUS, HeardPlace, SharedBlock, write_place
from engine.processes.layout import STATUS_FILE
from engine.timebase import Grid, TempoMap


def test_a_tempo_map_is_told_whole() -> None:
    tempo = TempoMap(Grid(124.0, 3, origin=-77)).changed(4, 96.5).changed(9, 131.001)
    assert read(written(tempo, True)) == (tempo, True)
    assert read(written(TempoMap(Grid(90.0)), False)) == (TempoMap(Grid(90.0)), False)


def test_an_output_that_makes_no_sense_is_refused_before_a_process_is_started(tmp_path: Path) -> None:
    with pytest.raises(MidiError, match="--clock"):
        ClockProcess("synth=soon", tmp_path, print)


def test_the_place_is_that_of_the_player_that_plays_now(tmp_path: Path) -> None:
    now = 100.0
    watched = Watched(tmp_path, lambda: now)
    watched.tempo, watched.moves = TempoMap(Grid(120.0)), True
    assert not watched.position().playing, "there is no player yet"
    write_place(SharedBlock(tmp_path / STATUS_FILE, STATUS, create=True), HeardPlace(44_100.0, now, 1.0))
    now += 2 * STALE_S
    watched.position()
    assert watched.position().elapsed_s == pytest.approx(1 + 2 * STALE_S)
    (tmp_path / STATUS_FILE).unlink()
    write_place(SharedBlock(tmp_path / STATUS_FILE, STATUS, create=True), HeardPlace(441_000.0, now, 1.02))
    now += 2 * STALE_S
    watched.position()
    now += 2 * STALE_S
    position = watched.position()
    assert position.bpm == pytest.approx(120 * 1.02)
    assert position.elapsed_s * position.bpm / 60 == pytest.approx(2 * (10 + 1.02 * LONGEST_S))
