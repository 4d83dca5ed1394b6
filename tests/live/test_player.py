"""The player's process over its real socket, without a device: it plays whatever happens to its engine."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any

import pytest

from engine.processes.latest import PARAM_DEFAULTS, PARAMS, STATUS, SharedBlock
from engine.processes.layout import KEY_FILE, PARAMS_FILE, PLAYER, STATUS_FILE, address
from engine.protocol import (
    CueFailed,
    CueStarted,
    DeviceOpened,
    MarkSection,
    PlayerEvent,
    PlayerHello,
    PlayerOrder,
    RecordingState,
    SetCues,
    StartRecording,
    StopPlayer,
)
from engine.protocol.checking import fits
from tests.player.sounds import cue, sine, write_section
from tests.support.nonsense import broken_pickles, nonsense
from tests.support.waiting import LIMIT_S, wait_until

KEY = b"0123456789abcdef"


class Session:
    """A session folder with a player in it."""

    def __init__(self, folder: Path, *more: str, run: float = 0.0) -> None:
        self.folder = folder
        (folder / KEY_FILE).write_bytes(KEY)
        self.params = SharedBlock(folder / PARAMS_FILE, PARAMS, create=True)
        self.params.update({**PARAM_DEFAULTS, "run": run})
        command = [sys.executable, "-m", "engine.player", str(folder), "--device", "none", *more]
        self.process = subprocess.Popen(command, start_new_session=True)

    def connect(self) -> Connection[Any, Any]:
        lines: list[Connection[Any, Any]] = []

        def answered() -> bool:
            assert self.process.poll() is None, "the player ended"
            with contextlib.suppress(OSError):
                lines.append(Client(address(self.folder, PLAYER), family="AF_UNIX", authkey=KEY))
            return bool(lines)

        wait_until(answered, "the player's socket")
        return lines[0]

    def status(self) -> SharedBlock:
        return SharedBlock(self.folder / STATUS_FILE, STATUS)


def wait_for(line: Connection[Any, Any], kind: type[PlayerEvent]) -> Any:
    """The next event of a kind; others are passed over."""
    while line.poll(LIMIT_S):
        event = line.recv()
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} came")


@pytest.fixture
def session() -> Iterator[Session]:
    with tempfile.TemporaryDirectory(prefix="ls") as name:
        made = Session(Path(name))
        yield made
        with contextlib.suppress(ProcessLookupError):
            made.process.kill()
        made.process.wait()


@pytest.mark.skipif(os.name == "nt", reason="local sockets have another address there")
def test_player_outlives_its_engines(session: Session) -> None:
    folder = session.folder
    write_section(folder / "a", sine(220))
    (folder / "bad").write_bytes(b"nothing")
    line = session.connect()
    hello = line.recv()
    assert isinstance(hello, PlayerHello) and hello.cue is None
    session.params["run"] = 1.0
    line.send("nonsense")
    line.send(StartRecording(str(folder / "set.wav"), "Set"))
    line.send(SetCues((cue(1, folder / "a", 0), cue(2, folder / "bad", 4))))
    assert wait_for(line, RecordingState).path == str(folder / "set.wav")
    assert wait_for(line, CueFailed).cue_id == 2
    assert wait_for(line, CueStarted).frame >= 0
    line.send(MarkSection("first", 0))
    line.close()

    os.kill(session.process.pid, signal.SIGINT)
    os.kill(session.process.pid, signal.SIGHUP)
    second = session.connect()
    hello = second.recv()
    assert isinstance(hello, PlayerHello) and hello.cue is not None
    assert hello.cue.cue_id == 1 and hello.recording == str(folder / "set.wav")
    assert isinstance(hello.device, DeviceOpened) and hello.device.silent

    third = session.connect()
    assert isinstance(third.recv(), PlayerHello)
    with pytest.raises((EOFError, OSError)):
        while True:
            second.recv()

    status = session.status()
    third.send(StopPlayer())
    assert session.process.wait(LIMIT_S) == 0
    assert status["silent_frames"] == 0 and status["frame"] > 0 and status["alive"] == 0
    assert (folder / "set.wav").stat().st_size > 1000


@pytest.mark.skipif(os.name == "nt", reason="local sockets have another address there")
def test_player_goes_on_whatever_its_engine_says(session: Session) -> None:
    write_section(session.folder / "a", sine(220))
    line = session.connect()
    session.params["run"] = 1.0
    line.send(SetCues((cue(1, session.folder / "a", 0),)))
    assert wait_for(line, CueStarted).cue_id == 1
    for seed in range(3):
        for message in nonsense(seed):
            if not fits(message, PlayerOrder):
                line.send(message)
    line.send(SetCues((cue(1, session.folder / "a", 0), cue(2, session.folder / "missing", 1))))
    assert wait_for(line, CueFailed).cue_id == 2
    assert session.status()["silent_frames"] == 0


@pytest.mark.skipif(os.name == "nt", reason="local sockets have another address there")
def test_player_hangs_up_on_what_is_no_engine_and_hears_the_one_it_has(session: Session) -> None:
    line = session.connect()
    line.recv()
    for number, noise in enumerate(broken_pickles(5)):
        stranger = socket.socket(socket.AF_UNIX)
        stranger.connect(address(session.folder, PLAYER))
        stranger.sendall(len(noise).to_bytes(4, "big")[: number % 5] + noise)
        if number % 2:
            stranger.close()
    with pytest.raises(AuthenticationError):
        Client(address(session.folder, PLAYER), family="AF_UNIX", authkey=b"another")
    line.send(StopPlayer())
    assert session.process.wait(LIMIT_S) == 0


@pytest.mark.skipif(os.name == "nt", reason="local sockets have another address there")
def test_player_waits_for_another_engine_after_one_that_sends_no_messages(session: Session) -> None:
    for noise in broken_pickles(6, 12):
        line = session.connect()
        line.recv()
        with contextlib.suppress(OSError):
            line.send_bytes(noise)
            line.send(MarkSection("drop", 7))
        line.close()
    last = session.connect()
    assert isinstance(last.recv(), PlayerHello)
    last.send(StopPlayer())
    assert session.process.wait(LIMIT_S) == 0


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux lists a process's files")
def test_file_of_a_finished_section_is_closed(session: Session) -> None:
    for name in ("a", "b"):
        write_section(session.folder / name, sine(220))
    line = session.connect()
    session.params["run"] = 1.0
    line.send(SetCues((cue(1, session.folder / "a", 0),)))
    assert wait_for(line, CueStarted).cue_id == 1
    maps = Path(f"/proc/{session.process.pid}/maps")
    assert str(session.folder / "a") in maps.read_text()
    line.send(SetCues((cue(2, session.folder / "b", 1),)))
    assert wait_for(line, CueStarted).cue_id == 2
    wait_until(lambda: str(session.folder / "a") not in maps.read_text(), "the end of the first file")
    assert str(session.folder / "b") in maps.read_text()


@pytest.mark.skipif(os.name == "nt", reason="local sockets have another address there")
def test_recording_that_goes_on_after_a_player_died_begins_at_once() -> None:
    with tempfile.TemporaryDirectory(prefix="ls") as name:
        session = Session(Path(name), run=1.0)
        write_section(Path(name) / "a", sine(220))
        try:
            line = session.connect()
            line.send(SetCues((cue(1, Path(name) / "a", 2),)))
            wait_until(lambda: session.status()["frame"] > 0, "the transport, which moves on to the first cue")
            line.send(StartRecording(f"{name}/more.wav", "Set"))
            assert wait_for(line, RecordingState).path == f"{name}/more.wav"
            wait_until(lambda: (Path(name) / "more.wav").stat().st_size > 44_100, "sound in it")
        finally:
            session.process.kill()
            session.process.wait()


@pytest.mark.skipif(os.name == "nt", reason="local sockets have another address there")
def test_player_starts_a_lost_engine_again() -> None:
    with tempfile.TemporaryDirectory(prefix="ls") as name:
        mark = Path(name) / "started"
        session = Session(Path(name), "--respawn", f'["{sys.executable}", "-c", "open(\'{mark}\', \'w\').close()"]')
        try:
            session.connect().recv()
            wait_until(mark.exists, "the new engine")
        finally:
            session.process.kill()
            session.process.wait()
