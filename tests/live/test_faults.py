"""When things go wrong: real processes are killed, and the music goes on."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.processes.client import EngineClient
from engine.protocol import Hold, Record, SetMacro, SetWeight, TogglePlay
from tests.live.conftest import FRAMES_S, ON_TONES, PRESET, Show
from tests.live.terminal import attached
from tests.support.waiting import LIMIT_S, wait_until

Start = Callable[..., Show]


RATES = 12
"""Looks at how fast the set plays; the middle one of them does not notice that the machine stood still in one or two."""


def frames_per_second(one: Show) -> float:
    """How fast the set plays, by this process's clock."""
    rates, at, frame = [], time.monotonic(), one.status()["frame"]
    for _ in range(RATES):
        one.wait(lambda s, frame=frame: one.status()["frame"] > frame + 0.2 * FRAMES_S, "a fifth of a second")  # type: ignore[misc]
        (before, at), (was, frame) = (at, time.monotonic()), (frame, one.status()["frame"])
        rates.append((frame - was) / (at - before))
    return statistics.median(rates)


def test_set_without_a_device_plays_in_real_time_and_ends(show: Start) -> None:
    one = show(minutes=0.12)
    shown = one.wait(lambda s: s.audio.device != "", "a device")
    assert shown.audio.silent
    assert any("silent" in notice.text for notice in one.wait(lambda s: bool(s.notices), "a notice").notices)
    one.wait_playing()
    assert frames_per_second(one) == pytest.approx(FRAMES_S, rel=0.2)
    shown = one.wait(lambda s: s.state == "finished", "the end")
    assert one.status()["silent_frames"] == 0
    assert (shown.ladder_hold, shown.ladder_pocket) == (0, 0)


def test_commands_of_a_screen_change_the_set(one: Show) -> None:
    one.client.send(SetWeight(1, 0.9))
    one.client.send(SetMacro("filter", 0.3))
    shown = one.wait(lambda s: s.prompts[1].weight == 0.9 and s.macros[0].value == 0.3, "the values")
    one.next_section(shown.now.name)
    one.client.send(Hold(True))
    one.wait(lambda s: s.hold, "hold")
    one.client.send(TogglePlay())
    one.wait(lambda s: s.state == "stopped", "stop")
    one.client.send(TogglePlay())
    one.wait(lambda s: s.state == "playing", "play")


def test_killed_generator_is_started_again_without_silence(one: Show) -> None:
    shown, silent = one.now(), one.status()["silent_frames"]
    one.client.send(SetWeight(1, 0.7))
    one.kill("engine.generators.worker")
    shown = one.wait(lambda s: s.restarts > shown.restarts, "the loss")
    one.next_section(shown.now.name)
    assert one.status()["silent_frames"] == silent


def test_killed_engine_is_replaced_while_the_player_plays_on(one: Show) -> None:
    (before,) = one.pids("engine.live")
    frame, silent, player = one.status()["frame"], one.status()["silent_frames"], one.pids("engine.player")
    one.kill("engine.live")
    shown = one.wait(lambda s: one.pids("engine.live") not in ([], [before]) and s.elapsed_s * 44_100 > frame, "a new engine")
    assert one.pids("engine.player") == player
    one.next_section(shown.now.name)
    assert one.status()["silent_frames"] == silent


def test_killed_player_is_started_again_where_it_was(one: Show) -> None:
    frame, before = one.status()["frame"], one.pids("engine.player")
    one.kill("engine.player")
    one.wait_another("engine.player", before)
    one.wait(lambda s: any("player" in notice.text for notice in s.notices), "the notice")
    one.wait(lambda s: s.state == "playing" and s.elapsed_s * 44_100 > frame + 44_100, "music")


def test_killed_screen_leaves_the_music_and_another_attaches(one: Show) -> None:
    silent = one.status()["silent_frames"]
    one.client.close()
    with attached() as screen:
        screen.kill()
        assert screen.wait(LIMIT_S) == -signal.SIGKILL
    one.client = EngineClient(one.engine.folder, LIMIT_S)
    one.wait_on(1)
    assert one.status()["silent_frames"] == silent


def test_hanging_generator_is_ended_and_started_again(one: Show) -> None:
    shown, silent = one.now(), one.status()["silent_frames"]
    one.client.send(SetWeight(1, 0.6))
    one.signal("engine.generators.worker", signal.SIGSTOP)
    one.client.send(SetWeight(1, 0.2))
    one.wait(lambda s: s.restarts > shown.restarts, "the restart")
    one.wait(lambda s: s.next.state == "ready", "the next section")
    assert one.status()["silent_frames"] == silent


BROKEN = PRESET.replace("seed = 3", 'seed = 3\ngenerator = "tests.generators.broken:Broken"')


def test_pocket_stands_in_for_a_generator_that_always_raises(show: Start) -> None:
    one = show(minutes=0.3, text=BROKEN)
    one.wait_playing()
    shown = one.wait(lambda s: s.ladder_pocket >= 1 and s.now.name not in {"", "intro"}, "pocket's sections")
    assert shown.now.generator == "pocket"
    assert one.status()["silent_frames"] == 0


def test_finished_next_section_survives_a_killed_engine(one: Show) -> None:
    one.client.send(Hold(True))  # so that the next section stays the next one, however long all this takes
    ready = one.wait(lambda s: s.next.state == "hold" and s.next.progress == 1.0, "the whole next section")
    (before,) = one.pids("engine.live")
    one.kill("engine.live")
    shown = one.wait(lambda s: one.pids("engine.live") not in ([], [before]) and s.next.name != "", "a new engine")
    assert (shown.next.name, shown.next.state, shown.next.progress) == (ready.next.name, "hold", 1.0)


def test_recording_goes_on_in_a_second_file_after_the_player_dies(one: Show, private: Path) -> None:
    one.client.send(Record(str(private / "take.wav")))
    one.wait(lambda s: s.audio.recording is not None, "the recording")
    one.kill("engine.player")
    shown = one.wait(lambda s: "take-2" in str(s.audio.recording), "the second file")
    assert any("take-2.wav" in notice.text for notice in shown.notices)
    one.wait(lambda s: s.state == "playing" and (private / "take-2.wav").stat().st_size > 44_100, "sound in it")
    one.client.send(Record(None))
    one.wait(lambda s: s.audio.recording is None, "the recording's end")


def test_play_without_a_screen_waits_for_a_new_engine(private: Path) -> None:
    preset = private / "test.toml"
    preset.write_text(ON_TONES.format(minutes=1), encoding="utf-8")
    argv = [sys.executable, "-m", "liveset", "play", str(preset)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    assert process.stdout is not None
    seen: list[str] = []

    def until(words: str) -> None:
        for line in process.stdout or ():
            seen.append(line)
            if words in line:
                return
        pytest.fail(f"{words!r} was not printed:\n{''.join(seen)}")

    until("| playing |")
    for line in of_this_session(private):
        if f"-m engine.live {private}" in line:
            os.kill(int(line.split()[0]), signal.SIGKILL)
    until("the engine does not answer")
    until("the engine is back")
    until("| playing |")
    process.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT_S) == 0
    wait_until(lambda: of_this_session(private) == [], "the player's end, after its fade-out")


def of_this_session(private: Path) -> list[str]:
    """Lines of the process list that name a part of the engine in this test's folder."""
    listing = subprocess.run(["ps", "-eww", "-o", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if "-m engine." in line and str(private) in line]


REFUSING = PRESET.replace("seed = 3", 'seed = 3\ngenerator = "tests.generators.refusing:Refusing"')


def test_pocket_plays_for_a_generator_that_cannot_be_loaded(show: Start) -> None:
    one = show(minutes=0.4, text=REFUSING)
    one.wait_playing()
    shown = one.wait(lambda s: s.next.state == "ready" and s.generator == "pocket", "the next section")
    (line,) = [notice.text for notice in shown.notices if "the model is not here" in notice.text]
    assert line.endswith("the set plays on pocket")
    assert (shown.ladder_pocket, shown.restarts) == (0, 0), "nobody stands in for pocket, and nothing is started twice"
    assert len(one.pids("engine.generators.worker")) == 1
    assert one.status()["silent_frames"] == 0
