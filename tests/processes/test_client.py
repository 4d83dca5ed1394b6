"""The screen's side of the engine: real engines that hang or fail as they start, and a client of a real door."""

from __future__ import annotations

import os
import queue
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError, PresetError
from engine.processes.channels import Door, Line, Wire
from engine.processes.client import EngineClient, EngineProcess, running_session
from engine.processes.layout import CURRENT_FILE, ENGINE, runtime_folder
from engine.protocol import ClientHello, Command, Hold, Notice, Quit, SetOptions, Snapshot
from tests.support.sessions import session_folder
from tests.support.waiting import LIMIT_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="FIFOs and sockets are files here")


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ls"))
    for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_an_engine_that_hangs_while_it_starts_is_given_up_and_ended(private: Path) -> None:
    os.mkfifo(private / "set.toml")  # who reads it waits for somebody who writes
    engine = EngineProcess(SetOptions(str(private / "set.toml"), device="none"))
    with pytest.raises(EngineError, match=r"not started within 0\.2 s; see .*engine\.log"):
        engine.verdict(0.2)
    engine.abandon()
    assert engine.process.returncode is not None


def test_an_engine_that_dies_while_it_starts_says_where_its_log_is(private: Path) -> None:
    engine = EngineProcess(SetOptions("sunrise", device="none"))
    engine.process.kill()
    with pytest.raises(EngineError, match=r"did not start; see .*engine\.log"):
        engine.verdict()
    engine.abandon()


def test_what_is_wrong_with_a_preset_comes_back_from_the_engine(private: Path) -> None:
    (private / "set.toml").write_text("[set]\nminuts = 6\n")
    engine = EngineProcess(SetOptions(str(private / "set.toml"), device="none"))
    with pytest.raises(PresetError, match="minutes"):
        engine.verdict(LIMIT_S)
    assert engine.process.wait(LIMIT_S) == 2


# ------------------------------------------------------------ the client


class Engine:
    """The engine's end of screens' connections."""

    def __init__(self, folder: Path) -> None:
        self.screens: queue.SimpleQueue[tuple[ClientHello, Line]] = queue.SimpleQueue()
        self.commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self.door = Door(folder, ENGINE, self.greeted, hears=True)

    def greeted(self, wire: Wire, hello: Any) -> None:
        line = Line(wire)
        line.open(self.commands.put, lambda: None)
        self.screens.put((hello, line))


@pytest.fixture
def folder() -> Iterator[Path]:
    with session_folder() as made:
        yield made


def test_commands_go_out_and_the_newest_snapshot_comes_in(folder: Path) -> None:
    engine = Engine(folder)
    client = EngineClient(folder)
    hello, line = engine.screens.get(timeout=LIMIT_S)
    assert (hello.role, hello.pid) == ("screen", os.getpid())
    client.send(Hold(True))
    client.send(Quit())
    assert [engine.commands.get(timeout=LIMIT_S) for _ in range(2)] == [Hold(True), Quit()]
    assert client.snapshot() is None
    line.send("not a snapshot")
    line.send(Snapshot(serial=7, notices=(Notice("info", "hello", 0.0),)))
    assert next(shown for shown in client.snapshots(LIMIT_S) if shown is not None).serial == 7
    line.close()
    for _ in client.snapshots(LIMIT_S):
        pass  # ends, since the engine is gone
    assert not client.connected()
    client.send(Hold(False))  # lost, without a word
    client.close()
    engine.door.close()


def test_a_client_finds_the_engine_that_takes_over(folder: Path) -> None:
    client = EngineClient(folder, 0.0)
    assert not client.wait_connected(0.0)
    engine = Engine(folder)
    assert client.wait_connected(LIMIT_S)
    _, line = engine.screens.get(timeout=LIMIT_S)
    engine.door.close()
    line.close()
    for _ in client.snapshots(LIMIT_S):
        pass
    successor = Engine(folder)
    client.reconnect()
    successor.screens.get(timeout=LIMIT_S)
    client.close()
    assert not client.reconnect(), "a closed client stays away"
    successor.door.close()


def test_a_client_that_nobody_answers_says_so(folder: Path) -> None:
    with pytest.raises(EngineError, match="nothing answers"):
        EngineClient(folder, 0.01)


def test_the_running_session_is_the_one_that_answers(private: Path) -> None:
    assert running_session() is None
    with session_folder() as made:
        here = runtime_folder() / "abcd"
        made.rename(here)
        (runtime_folder() / CURRENT_FILE).write_text("abcd")
        assert running_session() is None, "its engine is gone"
        engine = Engine(here)
        assert running_session() == here
        engine.door.close()
        here.rename(made)
