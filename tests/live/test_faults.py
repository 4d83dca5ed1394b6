"""When things go wrong: real processes are killed, and the music goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from engine.children import STATUS_FILE
from engine.protocol import Hold, NextNow, SetMacro, SetWeight, TogglePlay
from engine.shared import STATUS, SharedBlock
from tests.live.conftest import PRESET, Show

Start = Callable[..., Show]


def status(show: Show) -> SharedBlock:
    return SharedBlock(show.engine.folder / STATUS_FILE, STATUS)


def playing(show: Show) -> None:
    show.wait(lambda s: s.state == "playing" and s.elapsed_s > 0.5, "the first sound")


def test_a_whole_set_plays_silently_in_real_time_and_ends(show: Start) -> None:
    one = show(minutes=0.15)
    shown = one.wait(lambda s: s.audio.device != "", "a device")
    assert shown.audio.silent
    assert any("silent" in notice.text for notice in one.wait(lambda s: bool(s.notices), "a notice").notices)
    playing(one)
    began, frame = time.monotonic(), status(one)["frame"]
    one.wait(lambda s: s.state == "finished", "the end")
    passed = time.monotonic() - began
    assert (status(one)["frame"] - frame) / 44_100 == pytest.approx(passed, abs=2.5)
    assert status(one)["silent_frames"] == 0
    shown = one.wait(lambda s: s.state == "finished", "the end")
    assert (shown.ladder_hold, shown.ladder_pocket) == (0, 0)


def test_commands_reach_the_set(show: Start) -> None:
    one = show(minutes=1)
    playing(one)
    one.client.send(SetWeight(1, 0.9))
    one.client.send(SetMacro("filter", 0.3))
    shown = one.wait(lambda s: s.prompts[1].weight == 0.9 and s.macros[0].value == 0.3, "the values")
    one.client.send(NextNow())
    one.wait(lambda s: s.now.name != shown.now.name, "the next section")
    one.client.send(Hold(True))
    one.wait(lambda s: s.hold, "hold")
    one.client.send(TogglePlay())
    one.wait(lambda s: s.state == "stopped", "stop")
    one.client.send(TogglePlay())
    one.wait(lambda s: s.state == "playing", "play")


def test_killed_generator_is_started_again_and_nothing_is_silent(show: Start) -> None:
    one = show(minutes=1)
    playing(one)
    one.client.send(SetWeight(1, 0.7))
    one.kill("engine.generators.worker")
    one.wait(lambda s: s.restarts == 1, "the loss")
    one.client.send(NextNow())
    one.wait(lambda s: s.restarts == 1 and s.now.name not in ("", "intro"), "the next section")
    assert status(one)["silent_frames"] == 0


def test_killed_engine_is_replaced_while_the_player_goes_on(show: Start) -> None:
    one = show(minutes=1)
    playing(one)
    (before,) = one.pids("engine.live")
    frame = status(one)["frame"]
    player = one.pids("engine.player")
    one.kill("engine.live")
    one.wait(lambda s: one.pids("engine.live") not in ([], [before]) and s.elapsed_s * 44_100 > frame, "a new engine")
    assert one.pids("engine.player") == player
    one.client.send(NextNow())
    one.wait(lambda s: s.now.name not in ("", "intro"), "a section of the new engine")
    assert status(one)["silent_frames"] == 0


def test_killed_player_is_started_again_where_it_was(show: Start) -> None:
    one = show(minutes=1)
    playing(one)
    frame = status(one)["frame"]
    one.kill("engine.player")
    one.wait(lambda s: any("player" in notice.text for notice in s.notices), "the notice")
    one.wait(lambda s: s.state == "playing" and s.elapsed_s * 44_100 > frame + 44_100, "music")


def test_lost_screen_is_not_heard_and_another_attaches(show: Start) -> None:
    one = show(minutes=1)
    playing(one)
    one.client._connection.close()
    one.wait(lambda s: s.state == "playing", "another screen")
    assert status(one)["silent_frames"] == 0


def test_a_generator_that_hangs_is_ended_and_started_again(show: Start) -> None:
    one = show(minutes=2)
    playing(one)
    one.client.send(SetWeight(1, 0.6))
    for pid in one.pids("engine.generators.worker"):
        os.kill(pid, signal.SIGSTOP)
    one.client.send(SetWeight(1, 0.2))
    one.wait(lambda s: s.restarts == 1, "the restart")
    one.wait(lambda s: s.next.state == "ready", "the next section")
    assert status(one)["silent_frames"] == 0


BROKEN = PRESET.replace("seed = 3", 'seed = 3\ngenerator = "tests.generators.broken:Broken"')


def test_a_generator_that_always_raises_is_stood_in_for_by_pocket(show: Start) -> None:
    one = show(minutes=0.4, text=BROKEN)
    playing(one)
    shown = one.wait(lambda s: s.ladder_pocket >= 1 and s.now.name not in {"", "intro"}, "pocket's sections")
    assert shown.now.generator == "pocket"
    assert status(one)["silent_frames"] == 0


REFUSING = PRESET.replace("seed = 3", 'seed = 3\ngenerator = "tests.generators.refusing:Refusing"')


def test_pocket_plays_for_a_generator_that_cannot_be_loaded(show: Start) -> None:
    one = show(minutes=0.4, text=REFUSING)
    playing(one)
    shown = one.wait(lambda s: s.next.state == "ready" and s.generator == "pocket", "the next section")
    told = [notice.text for notice in shown.notices if notice.level != "info" and "sound device" not in notice.text]
    (line,) = told
    assert "the model is not here" in line
    assert line.endswith("the set plays on pocket")
    assert (shown.ladder_hold, shown.ladder_pocket, shown.restarts) == (0, 0, 0)
    assert len(one.pids("engine.generators.worker")) == 1
    assert status(one)["silent_frames"] == 0
