"""The engine without processes: everybody it talks to is the test's, over real sockets, and it turns when the test says so."""

from __future__ import annotations

import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.processes.channels import connect, make_key, send
from engine.processes.client import EngineClient
from engine.processes.layout import ENGINE, PARAMS_FILE, STATE_FILE, address
from engine.protocol import (
    ClientHello,
    Command,
    CueStarted,
    DeviceInfo,
    DeviceLost,
    DeviceOpened,
    Hold,
    Keep,
    ListDevices,
    ListKeepers,
    Quit,
    Record,
    RecordingState,
    RemoveKeeper,
    SectionFailed,
    SetMacro,
    SetOptions,
    SetStem,
    Snapshot,
    StartRecording,
    StopPlayer,
    StopRecording,
    UseDevice,
)
from engine.protocol import OpenDevice as OpenDeviceOrder
from tests.live.conftest import PRESET
from tests.support.engine_alone import Alone, FakeGenerator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets are files here")


@pytest.fixture
def begin(private: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Alone]]:
    """Starts engines on one session's folder; what is left of them is ended after the test."""
    monkeypatch.setenv("LIVESET_KEEPERS", str(private / "kept"))
    (private / "set.toml").write_text(PRESET.format(minutes=1), encoding="utf-8")
    before = signal.getsignal(signal.SIGTERM)
    made: list[Alone] = []
    folder = private / "one"
    folder.mkdir()
    make_key(folder)

    def start(record: str | None = None, **more: Any) -> Alone:
        made.append(Alone(folder, SetOptions(str(private / "set.toml"), device="none", record=record), **more))
        return made[-1]

    yield start
    for one in made:
        one.engine.controllers.stop_listening()
        one.engine.door.close()
        one.player.door.close()
    signal.signal(signal.SIGTERM, before)


def playing(one: Alone) -> FakeGenerator:
    """A generator joins and makes the first section; it sounds."""
    generator = FakeGenerator(one.engine.folder, one.children.sections)
    one.until(lambda: "main" in one.engine.session.state.work.up, "the generator")
    one.until(lambda: one.player.lines, "the player")
    generator.make()
    one.until(one.player.cues, "the first cue")
    one.player.say(CueStarted(one.player.cues()[0].cue_id, 0, 0))
    one.until(lambda: one.engine.session.state.transport.now is not None, "the first section")
    return generator


def test_a_set_begins_with_what_the_generator_makes(begin: Callable[..., Alone]) -> None:
    one = begin()
    generator = playing(one)
    assert one.engine.links.params()["run"] == 1.0
    assert one.engine.session.state.transport.run == "playing"
    assert generator.make().request.index == 1
    one.until(lambda: one.player.cues() and one.player.cues()[-1].cue_id > 1, "the second cue")


def test_callers_that_stall_hold_up_neither_screens_nor_generators(begin: Callable[..., Alone]) -> None:
    one = begin()
    folder = one.engine.folder
    with socket.socket(socket.AF_UNIX) as mute, socket.socket(socket.AF_UNIX) as babbling:
        mute.connect(address(folder, ENGINE))
        babbling.connect(address(folder, ENGINE))
        babbling.sendall(b"junk" * 3)
        silent = connect(folder, ENGINE)
        strange = connect(folder, ENGINE)
        send(strange, "hello?")
        send(strange, ClientHello("thief"))  # type: ignore[arg-type]
        client = EngineClient(folder)
        one.until(lambda: client.snapshot() is not None, "a snapshot")
        playing(one)
        silent.close()
        client.close()
    one.until(lambda: not one.engine.screens, "the screen's end")


def test_commands_of_a_screen_are_carried_out(begin: Callable[..., Alone]) -> None:
    one = begin()
    playing(one)
    client = EngineClient(one.engine.folder)
    client.send(SetMacro("filter", 0.3))
    client.send(Hold(True))
    client.send(UseDevice("pulse"))
    one.until(lambda: (shown := client.snapshot()) is not None and shown.hold, "the hold")
    one.until(lambda: one.player.given(OpenDeviceOrder), "the device")
    assert one.engine.links.params()["filter"] == 0.3
    client.close()


def test_keepers_are_listed_and_removed_by_the_engine(begin: Callable[..., Alone]) -> None:
    one = begin()
    playing(one)
    client = EngineClient(one.engine.folder)

    def names() -> list[str] | None:
        shown = client.snapshot()
        return None if shown is None or shown.keepers is None else [keeper.name for keeper in shown.keepers.keepers]

    client.send(Keep())
    one.until(lambda: one.told("test-intro-1"), "the keeper")
    assert names() is None
    client.send(ListKeepers())
    one.until(lambda: names() == ["test-intro-1"], "the list")
    client.send(RemoveKeeper("test-intro-1"))
    one.until(lambda: names() == [], "the empty list")
    client.send(ListKeepers(False))
    one.until(lambda: names() is None, "the end of the list")
    client.close()


def test_a_recording_is_started_stopped_and_goes_on_after_a_players_death(begin: Callable[..., Alone], private: Path) -> None:
    one = begin(record=str(private / "take.wav"))
    playing(one)
    (start,) = one.player.given(StartRecording)
    assert start.path == str(private / "take.wav")
    one.player.say(RecordingState(start.path))
    one.until(lambda: one.engine.recordings.path, "the recording")
    (private / "take.wav").touch()
    assert one.children.player is not None
    one.children.player.kill()
    one.player.status["frame"] = 123_456.0
    one.player.lines[-1].close()
    one.until(lambda: len(one.player.lines) == 2, "another player")
    assert "123456" in one.children.started[-1].argv, "it goes on from the frame that was reached"
    one.until(lambda: len(one.player.given(StartRecording)) == 2, "the second recording")
    assert one.player.given(StartRecording)[1].path == str(private / "take-2.wav")
    client = EngineClient(one.engine.folder)
    client.send(Record(None))
    one.until(lambda: one.player.given(StopRecording), "the stop")
    client.send(Record(""))
    one.until(lambda: len(one.player.given(StartRecording)) == 3, "a recording nobody named")
    assert Path(one.player.given(StartRecording)[2].path).name.startswith("Test-")
    one.player.say(RecordingState(None, "the disk is full"))
    one.until(lambda: one.told("the disk is full"), "the trouble")
    client.close()


def test_devices_that_come_and_go_are_told(begin: Callable[..., Alone]) -> None:
    one = begin()
    one.until(lambda: one.told("silently"), "that there is none")
    one.player.say(DeviceOpened("pulse", 44_100, 256, 0.02, silent=False))
    one.until(lambda: one.told("Playing on pulse"), "the device")
    one.player.say(DeviceLost("pulse", "unplugged"))
    one.until(lambda: one.told("unplugged"), "its loss")
    assert one.engine.player.device is not None and one.engine.player.device.silent
    client = EngineClient(one.engine.folder)
    opened = DeviceOpened("JACK out", 48_000, 256, 0.02, False, "", 1, "JACK out, JACK", None, "pulse")
    one.player.say(opened)
    one.until(lambda: one.told("pulse is gone: JACK out plays on until it is back"), "the other output")
    assert one.told("48000 Hz, resampled from 44100, one channel")
    one.until(lambda: (shown := client.snapshot()) is not None and shown.audio.instead_of == "pulse", "that it is shown")
    one.player.say(
        DeviceOpened("pulse", 44_100, 256, 0.02, False, "no output device 'x'", key="pulse, ALSA", wanted="pulse, ALSA")
    )
    one.until(lambda: one.told("no output device 'x'"), "why it did not change")
    assert one.children.options.device == "pulse, ALSA", "a player after this one opens the same"
    client.close()


def test_outputs_are_listed_for_a_screen_that_asks(begin: Callable[..., Alone], monkeypatch: pytest.MonkeyPatch) -> None:
    found = (DeviceInfo(1, "pulse", "ALSA", 32, 44_100.0, True, "pulse, ALSA"),)
    heard = (DeviceInfo(2, "microphone", "ALSA", 1, 48_000.0, True, "microphone, ALSA"),)
    monkeypatch.setattr("engine.live.devices.look", lambda: (found, heard))
    one = begin()
    client = EngineClient(one.engine.folder)

    def shown() -> object:
        snapshot = client.snapshot()
        return "nothing yet" if snapshot is None else (snapshot.devices, snapshot.inputs)

    one.until(lambda: shown() == (None, None), "a snapshot without")
    client.send(ListDevices())
    one.until(lambda: shown() == (found, heard), "the list")
    client.send(ListDevices(False))
    one.until(lambda: shown() == (None, None), "the end of the list")
    client.close()


def test_a_generator_that_dies_is_started_again_and_one_that_hangs_is_ended(begin: Callable[..., Alone]) -> None:
    one = begin()
    generator = playing(one)
    module = "engine.generators.worker"
    before = one.children.count(module)
    links = one.engine.links
    assert one.engine.session.state.work.jobs
    now, process = time.monotonic(), one.children.workers["main"]
    for second in range(60):
        one.engine.watchdog.look(one.engine.session.state, now + second)
        if process.poll() is not None:
            break
    assert process.poll() is not None, "it said nothing for too long"
    generator.line.close()
    one.until(lambda: "main" not in links.workers, "its end")
    one.until(lambda: one.children.count(module) > before, "another one")
    one.until(lambda: one.engine.session.state.work.restarts == 1, "the count")


def test_pocket_plays_for_a_generator_that_cannot_be_loaded(begin: Callable[..., Alone], private: Path) -> None:
    slow = PRESET.format(minutes=1).replace("seed = 3", 'seed = 3\ngenerator = "tests.generators.slow:Slow"')
    (private / "set.toml").write_text(slow, encoding="utf-8")
    one = begin()
    wire = connect(one.engine.folder, ENGINE)
    send(wire, SectionFailed(-1, "the model is not here"))
    one.until(lambda: one.told("the model is not here"), "the refusal")
    assert one.engine.session.state.work.generator == "pocket" and one.children.names == {"main": "pocket"}
    playing(one)


def crash(one: Alone) -> None:
    """The engine is gone without a word; its player goes on."""
    one.engine.turn()
    one.engine.controllers.stop_listening()
    one.engine.door.close()
    one.player.lines[-1].close()
    for line in one.engine.links.workers.values():
        line.close()


def test_a_new_engine_goes_on_where_the_one_before_it_was(begin: Callable[..., Alone]) -> None:
    first = begin()
    playing(first).make()
    first.until(lambda: first.player.cues()[-1].cue_id > 1, "the second cue")
    client = EngineClient(first.engine.folder)
    client.send(Hold(True))
    first.until(lambda: first.engine.session.state.steering.held, "the hold")
    client.send(SetMacro("filter", 0.3))
    client.send(SetStem("bass", level=0.4))
    first.until(lambda: first.engine.links.params()["level_bass"] == 0.4, "the level")
    client.close()
    crash(first)
    second = begin(resume=True, player=first.player)
    state = second.engine.session.state
    assert state.steering.held and state.transport.now is not None and state.transport.run == "playing"
    assert state.steering.macro("filter") == 0.3 and ("bass", 0.4, False) in state.steering.levels
    assert second.told("the music went on")
    assert second.engine.links.params()["run"] == 1.0


@pytest.mark.parametrize("left", [b"liveset state 0 of another version\njunk", b""])
def test_a_state_that_does_not_fit_starts_afresh_and_says_so(begin: Callable[..., Alone], left: bytes) -> None:
    first = begin()
    generator = playing(first)
    generator.make()
    first.until(lambda: first.player.cues()[-1].cue_id > 1, "the second cue")
    cue = first.player.cues()[0]
    there = {path: path.read_bytes()[:4096] for path in first.children.sections.glob("*.section")}
    crash(first)
    (first.engine.folder / STATE_FILE).write_bytes(left)
    first.player.hello = replace(first.player.hello, frame=44_100, cue=cue)
    first.player.status["frame"] = 44_100.0
    second = begin(resume=True, player=first.player)
    assert second.told("could not read the saved set")
    assert second.engine.links.params()["run"] == 1.0, "what sounds goes on until the first section is there"
    again = FakeGenerator(second.engine.folder, second.children.sections)
    second.until(lambda: second.engine.session.state.work.jobs, "the first request")
    order = again.make()
    assert order.request.index == 0
    # The player takes newer cues than the one that sounds alone.
    second.until(lambda: second.player.cues() and second.player.cues()[-1].cue_id > cue.cue_id, "a cue that counts")
    assert all(path.read_bytes()[:4096] == head for path, head in there.items()), "what sounds is not written over"


def test_quitting_ends_everything_and_leaves_nothing(begin: Callable[..., Alone]) -> None:
    one = begin()
    playing(one)
    client = EngineClient(one.engine.folder)
    client.send(Quit())
    one.until(lambda: one.engine.quitting, "the end")
    one.engine.close()
    one.until(lambda: one.player.given(StopPlayer), "the player's end")
    assert not one.engine.folder.exists() and not one.children.sections.exists()
    assert all(process.poll() is not None for process in one.children.started if "--respawn" not in process.argv)
    assert not (one.engine.folder / PARAMS_FILE).exists()
    client.close()


def test_a_light_shows_at_once_what_a_control_moved(begin: Callable[..., Alone], monkeypatch: pytest.MonkeyPatch) -> None:
    engine = begin().engine
    shown: list[Snapshot] = []

    def take(do: Callable[[Command], None]) -> bool:
        do(SetStem("drums", muted=True))
        return True

    monkeypatch.setattr(engine.controllers, "take", take)
    monkeypatch.setattr(engine.controllers.lights, "offer", shown.append)
    engine._show_at, engine._lit_at = float("inf"), float("-inf")  # screens are not due for long
    engine.inbox.put(engine._on_midi)
    engine.turn()
    assert [stem.muted for stem in shown[-1].stems if stem.name == "drums"] == [True]
