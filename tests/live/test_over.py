"""The end of a set that plays in processes: its recording, playing it again, going on, and the next set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from engine.player.__main__ import fresh_status
from engine.processes.latest import COUNTED, STATUS, SharedBlock
from engine.protocol import GoOn, NextNow, PlayAgain
from liveset.commands.play import _ended
from tests.live.conftest import ON_TONES, Show

Start = Callable[..., Show]


def test_a_set_that_is_over_is_played_again_goes_on_and_makes_way_for_the_next(show: Start, private: Path) -> None:
    one = show(minutes=0.07, text=ON_TONES.replace("200", "240"), record=str(private / "take.wav"))
    one.wait(lambda s: s.state == "playing", "the set")
    assert not _ended(one.engine.folder), "a set that plays is left alone"
    shown = one.wait(lambda s: s.summary is not None and bool(s.summary.recordings), "the summary with its recording")
    assert shown.summary is not None
    assert shown.elapsed_s == shown.total_s == shown.summary.length_s
    (take,) = shown.summary.recordings
    assert (take.path, shown.audio.recording) == (str(private / "take.wav"), None)
    sound, rate = soundfile.read(take.path)
    assert len(sound) / rate == pytest.approx(take.length_s)
    assert shown.summary.length_s < take.length_s < shown.summary.length_s + 4.0, "to its last echo, and no further"
    assert abs(sound[: rate // 20]).max() > 0.001, "it begins with bar 1"
    one.client.send(NextNow())
    one.wait(lambda s: any("play it again or go on" in notice.text for notice in s.notices), "the answer")
    one.client.send(PlayAgain())
    again = one.wait(lambda s: s.state == "playing" and s.now.name != "", "the set again")
    assert again.summary is None and again.elapsed_s < shown.total_s
    one.wait(lambda s: s.state == "finished", "its end")
    one.client.send(GoOn(0.05))
    on = one.wait(lambda s: s.state == "playing" and s.elapsed_s > shown.total_s, "what follows its end")
    assert on.total_s > shown.total_s
    one.wait(lambda s: s.state == "finished", "the end of that")
    assert _ended(one.engine.folder), "a set that is over makes way"
    one.wait_gone()


def test_what_is_counted_of_a_whole_set_outlives_its_player(tmp_path: Path) -> None:
    path = tmp_path / "status.block"
    first = fresh_status(path, broken=False)
    assert not first.values.any()
    first.update({"underruns": 3.0, "silent_frames": 256.0, "frame": 4096.0, "alive": 1.0})
    second = fresh_status(path, broken=True)
    assert (second["underruns"], second["silent_frames"]) == (4.0, 256.0), "the player's end is a break too"
    assert all(second[name] == 0.0 for name in STATUS if name not in COUNTED)
    assert SharedBlock(path, STATUS)["underruns"] == 4.0
