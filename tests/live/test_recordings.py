"""Which way a press of the record key goes, however fast it comes after another."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.live.recordings import Recordings
from engine.performances.entries import MADE, PLAYED
from engine.performances.folders import BACKLOG
from engine.player.output.backlog import Backlog
from engine.player.output.recorder import Tape
from engine.protocol import PlayerOrder, RecordingState, StartRecording, StopRecording


def test_two_presses_at_once_are_as_before() -> None:
    orders: list[PlayerOrder] = []
    recordings = Recordings(orders.append, lambda _level, _text: None, "Test", None)
    recordings.toggle("/tmp/one.flac")
    recordings.toggle("/tmp/two.flac")
    assert [type(order) for order in orders] == [StartRecording, StopRecording]


def test_a_press_stops_what_the_player_says_it_records() -> None:
    orders: list[PlayerOrder] = []
    recordings = Recordings(orders.append, lambda _level, _text: None, "Test", None)
    recordings.said(RecordingState("/tmp/one.flac", ""))
    recordings.toggle("/tmp/two.flac")
    recordings.said(RecordingState(None, ""))
    recordings.toggle("/tmp/two.flac")
    assert orders == [StopRecording(), StartRecording("/tmp/two.flac", "Test")]


def test_the_last_minutes_are_saved_by_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_MUSIC_DIR", str(tmp_path / "music"))
    told: list[tuple[str, str]] = []
    recordings = Recordings(lambda _order: None, lambda level, text: told.append((level, text)), "Night", None)
    recordings.save_last(None, 10)
    assert told.pop()[0] == "warning"
    recordings.save_last(tmp_path, 10)
    assert told.pop()[0] == "error", "nothing was heard yet"
    card = {"title": "Night", "preset": "night", "seed": 7, "generator": "pocket", "started": "", "format": 1}
    (tmp_path / MADE).write_text(json.dumps({"set": card}) + "\n")
    (tmp_path / PLAYED).write_text("")
    tape = Tape()
    backlog = Backlog(tape, tmp_path / BACKLOG / "1")
    tape.push(np.full((44_100, 2), 0.25, np.float32), 44_100)
    backlog.poll()
    recordings.save_last(tmp_path, 10)
    assert told[-1][1].startswith("Saved the last 0:01 min: ")
    (view,) = recordings.ended
    sound, _ = soundfile.read(view.path)
    assert sound.shape == (44_100, 2) and np.allclose(sound, 0.25, atol=1e-6)
    assert Path(view.path).parent == tmp_path / "music" / "liveset" and view.length_s == 1.0
