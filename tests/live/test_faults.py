"""When things go wrong: real processes are killed, and the music goes on."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.processes.client import EngineClient
from engine.processes.latest import STATUS, SharedBlock
from engine.processes.layout import STATUS_FILE
from engine.protocol import Hold, SetMacro, SetWeight, TogglePlay
from tests.live.conftest import PRESET, Show
from tests.support.waiting import wait_until

Start = Callable[..., Show]


def status(show: Show) -> SharedBlock:
    return SharedBlock(show.engine.folder / STATUS_FILE, STATUS)


def playing(show: Show) -> None:
    show.wait(lambda s: s.state == "playing" and s.elapsed_s > 0.5, "the first sound")


def test_set_without_a_device_plays_in_real_time_and_ends(show: Start) -> None:
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
    shown, silent = one.now(), status(one)["silent_frames"]
    one.client.send(SetWeight(1, 0.7))
    one.kill("engine.generators.worker")
    shown = one.wait(lambda s: s.restarts > shown.restarts, "the loss")
    one.next_section(shown.now.name)
    assert status(one)["silent_frames"] == silent


def test_killed_engine_is_replaced_while_the_player_plays_on(one: Show) -> None:
    (before,) = one.pids("engine.live")
    frame, silent, player = status(one)["frame"], status(one)["silent_frames"], one.pids("engine.player")
    one.kill("engine.live")
    shown = one.wait(lambda s: one.pids("engine.live") not in ([], [before]) and s.elapsed_s * 44_100 > frame, "a new engine")
    assert one.pids("engine.player") == player
    one.next_section(shown.now.name)
    assert status(one)["silent_frames"] == silent


def test_killed_player_is_started_again_where_it_was(one: Show) -> None:
    frame, before = status(one)["frame"], one.pids("engine.player")
    one.kill("engine.player")
    one.wait(lambda _: one.pids("engine.player") not in ([], before), "another player")
    one.wait(lambda s: any("player" in notice.text for notice in s.notices), "the notice")
    one.wait(lambda s: s.state == "playing" and s.elapsed_s * 44_100 > frame + 44_100, "music")


def test_killed_screen_leaves_the_music_and_another_attaches(one: Show) -> None:
    silent = status(one)["silent_frames"]
    one.client.close()
    master, terminal = pty.openpty()
    argv = [sys.executable, "-m", "liveset", "attach"]
    screen = subprocess.Popen(
        argv, stdin=terminal, stdout=terminal, stderr=terminal, env={**os.environ, "TERM": "xterm-256color"}
    )
    os.close(terminal)
    drawn = b""
    while b"LIVE" not in drawn:
        drawn += os.read(master, 65_536)
    screen.kill()
    assert screen.wait(10) == -signal.SIGKILL
    os.close(master)
    one.client = EngineClient(one.engine.folder)
    at = one.wait(lambda s: s.state == "playing", "another screen").elapsed_s
    one.wait(lambda s: s.elapsed_s > at + 1, "music")
    assert status(one)["silent_frames"] == silent


def test_hanging_generator_is_ended_and_started_again(one: Show) -> None:
    shown, silent = one.now(), status(one)["silent_frames"]
    one.client.send(SetWeight(1, 0.6))
    for pid in one.pids("engine.generators.worker"):
        os.kill(pid, signal.SIGSTOP)
    one.client.send(SetWeight(1, 0.2))
    one.wait(lambda s: s.restarts > shown.restarts, "the restart")
    one.wait(lambda s: s.next.state == "ready", "the next section")
    assert status(one)["silent_frames"] == silent


BROKEN = PRESET.replace("seed = 3", 'seed = 3\ngenerator = "tests.generators.broken:Broken"')


def test_pocket_stands_in_for_a_generator_that_always_raises(show: Start) -> None:
    one = show(minutes=0.4, text=BROKEN)
    playing(one)
    shown = one.wait(lambda s: s.ladder_pocket >= 1 and s.now.name not in {"", "intro"}, "pocket's sections")
    assert shown.now.generator == "pocket"
    assert status(one)["silent_frames"] == 0


def test_finished_next_section_survives_a_killed_engine(one: Show) -> None:
    ready = one.wait(lambda s: s.next.state == "ready" and s.next.progress == 1.0, "the whole next section")
    (before,) = one.pids("engine.live")
    one.kill("engine.live")
    shown = one.wait(lambda s: one.pids("engine.live") not in ([], [before]) and s.next.name != "", "a new engine")
    assert (shown.next.name, shown.next.state) == (ready.next.name, "ready")


def test_recording_goes_on_in_a_second_file_after_the_player_dies(show: Start, private: Path) -> None:
    one = show(minutes=1, record=str(private / "take.wav"))
    playing(one)
    one.wait(lambda s: s.audio.recording is not None, "the recording")
    one.kill("engine.player")
    shown = one.wait(lambda s: "take-2" in str(s.audio.recording), "the second file")
    assert any("take-2.wav" in notice.text for notice in shown.notices)
    one.wait(lambda s: s.state == "playing" and (private / "take-2.wav").stat().st_size > 44_100, "sound in it")


def test_play_without_a_screen_waits_for_a_new_engine(private: Path) -> None:
    preset = private / "test.toml"
    preset.write_text(PRESET.format(minutes=1), encoding="utf-8")
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
    assert process.wait(20) == 0
    wait_until(lambda: of_this_session(private) == [], "the player's end, after its fade-out")


def of_this_session(private: Path) -> list[str]:
    """Lines of the process list that name a part of the engine in this test's folder."""
    listing = subprocess.run(["ps", "-eww", "-o", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if "-m engine." in line and str(private) in line]


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
