"""The connection layer over real sockets: whatever one caller does, the next one is served."""

from __future__ import annotations

import contextlib
import pickle
import queue
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, answer_challenge
from pathlib import Path
from typing import Any

import pytest

from engine.errors import EngineError
from engine.processes.channels import MOST_BYTES, Door, Line, Wire, connect, make_key, read_forever, read_key, send
from engine.processes.layout import ENGINE, KEY_FILE, address
from tests.support.sessions import session_folder
from tests.support.waiting import LIMIT_S

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these tests speak to Unix sockets")

SOON_S = 0.05
"""A limit that callers who do not come forward run into at once."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with session_folder() as made:
        yield made


class Visitors:
    """Who came through a door, in order."""

    def __init__(self, folder: Path, *, hears: bool = False, greet_s: float = LIMIT_S) -> None:
        self.came: queue.SimpleQueue[tuple[Wire, Any]] = queue.SimpleQueue()
        self.door = Door(folder, ENGINE, lambda wire, first: self.came.put((wire, first)), hears=hears, greet_s=greet_s)

    def next(self) -> tuple[Wire, Any]:
        return self.came.get(timeout=LIMIT_S)


@pytest.fixture
def visitors(folder: Path) -> Iterator[Visitors]:
    made = Visitors(folder)
    yield made
    made.door.close()


def stranger(folder: Path) -> socket.socket:
    """A caller that speaks bytes, not our protocol."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(LIMIT_S)
    line.connect(address(folder, ENGINE))
    return line


def junk(line: socket.socket) -> None:
    line.sendall(b"GET / HTTP/1.1\r\n\r\n" * 50)


def half_a_message(line: socket.socket) -> None:
    line.sendall((200).to_bytes(4, "big") + b"only the beginning")


def a_huge_message(line: socket.socket) -> None:
    line.sendall((0x7FFF_FFFF).to_bytes(4, "big"))


def closed_in_the_middle(line: socket.socket) -> None:
    half_a_message(line)
    line.close()


def nothing(line: socket.socket) -> None:
    pass


def wrong_key(line: socket.socket) -> None:
    line.setblocking(True)
    wire: Wire = Connection(line.detach())
    with pytest.raises(AuthenticationError):
        answer_challenge(wire, b"some other key")


STRANGE = [nothing, junk, half_a_message, a_huge_message, closed_in_the_middle, wrong_key]


@pytest.mark.parametrize("act", STRANGE)
def test_strange_caller_holds_up_no_later_one(folder: Path, visitors: Visitors, act: Callable[[socket.socket], None]) -> None:
    strangers = [stranger(folder) for _ in range(5)]
    for each in strangers:
        act(each)
    friend = connect(folder, ENGINE)
    wire, first = visitors.next()
    assert first is None and send(wire, "welcome") and friend.recv() == "welcome"
    assert visitors.came.empty()
    for each in strangers:
        each.close()


def test_caller_that_never_comes_forward_is_hung_up_on(folder: Path) -> None:
    visitors = Visitors(folder, greet_s=SOON_S)
    with stranger(folder) as line:
        while line.recv(4096):
            pass  # the challenge; then the end, which is the point
    visitors.door.close()


def test_caller_that_knows_the_key_but_says_nothing_is_hung_up_on(folder: Path) -> None:
    visitors = Visitors(folder, hears=True, greet_s=SOON_S)
    silent = connect(folder, ENGINE)
    with pytest.raises((EOFError, OSError)):
        silent.recv()
    assert visitors.came.empty()
    visitors.door.close()


def test_first_word_comes_with_the_caller(folder: Path) -> None:
    visitors = Visitors(folder, hears=True)
    quiet, prompt = connect(folder, ENGINE), connect(folder, ENGINE)
    send(prompt, "hello")
    assert visitors.next()[1] == "hello"
    quiet.close()
    visitors.door.close()


def test_door_takes_over_a_socket_that_a_killed_process_left_and_goes_when_closed(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(address(folder, ENGINE))
    visitors = Visitors(folder)
    connect(folder, ENGINE).close()
    visitors.door.close()
    assert not Path(address(folder, ENGINE)).exists()
    with pytest.raises(EngineError, match="nothing answers"):
        connect(folder, ENGINE)


def test_door_that_cannot_be_opened_says_where(folder: Path) -> None:
    Path(address(folder, ENGINE)).mkdir()
    with pytest.raises(EngineError, match=f"cannot listen in {folder}"):
        Door(folder, ENGINE, lambda *_: None)


@contextlib.contextmanager
def impostor(folder: Path, act: Callable[[socket.socket], None]) -> Iterator[None]:
    """A process that listens in the engine's place and does something else with whoever calls."""
    with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as open_lines:
        listener.bind(address(folder, ENGINE))
        listener.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    line = open_lines.enter_context(listener.accept()[0])
                    act(line)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(LIMIT_S)


@pytest.mark.parametrize("act", [nothing, junk, half_a_message, a_huge_message, closed_in_the_middle])
def test_engine_that_hangs_or_is_none_of_ours_is_given_up(folder: Path, act: Callable[[socket.socket], None]) -> None:
    with impostor(folder, act), pytest.raises(EngineError, match="nothing answers"):
        connect(folder, ENGINE, greet_s=SOON_S)


def test_engine_with_another_key_is_given_up(folder: Path, visitors: Visitors) -> None:
    (folder / KEY_FILE).unlink()
    with pytest.raises(EngineError, match="nothing answers"):
        connect(folder, ENGINE)
    make_key(folder)
    with pytest.raises(EngineError, match="nothing answers"):
        connect(folder, ENGINE)
    assert visitors.came.empty()


def test_key_is_readable_by_its_user_alone(folder: Path) -> None:
    assert (folder / KEY_FILE).stat().st_mode & 0o077 == 0 and len(read_key(folder)) == 32
    (folder / KEY_FILE).unlink()
    with pytest.raises(EngineError, match="no session in"):
        read_key(folder)


# ------------------------------------------------------------ lines


class End:
    """What came over one end of a connection, and whether it has ended."""

    def __init__(self) -> None:
        self.heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.gone = threading.Event()
        self.times = 0

    def ended(self) -> None:
        self.times += 1
        self.gone.set()


def pair() -> tuple[Wire, Wire]:
    """Both ends of a connection, greeted."""
    here, there = socket.socketpair()
    return Connection(here.detach()), Connection(there.detach())


def test_lines_carry_messages_both_ways_and_say_once_that_they_ended() -> None:
    ends = End(), End()
    lines = [Line(wire) for wire in pair()]
    for line, end in zip(lines, ends, strict=True):
        line.open(end.heard.put, end.ended)
    for number in range(100):
        assert lines[0].send(number) and lines[1].send(-number)
    assert [ends[1].heard.get(timeout=LIMIT_S) for _ in range(100)] == list(range(100))
    assert [ends[0].heard.get(timeout=LIMIT_S) for _ in range(100)] == [-n for n in range(100)]
    lines[0].close()
    lines[0].close()
    assert all(end.gone.wait(LIMIT_S) for end in ends)
    assert not lines[0].send("too late")
    assert [end.times for end in ends] == [1, 1]


def test_one_that_does_not_read_is_cut_off_and_nobody_waits_for_it() -> None:
    here, there = pair()
    end, line = End(), Line(here, most_waiting=4)
    line.open(end.heard.put, end.ended)
    big = bytes(1 << 20)  # more than any socket takes in: the writer's thread waits, the caller does not
    sent = 0
    while line.send(big):
        sent += 1
    assert 4 <= sent <= 6 and end.gone.wait(LIMIT_S)
    there.close()


@pytest.mark.parametrize(
    "data",
    [
        b"no pickle",
        pickle.dumps("cut short")[:-3],
        b"cno_such_module\nThing\n.",
        b"cbuiltins\nint\n(S'x'\ntR.",
        b"",
    ],
    ids=["junk", "truncated", "unknown class", "raises as it is read", "empty"],
)
def test_message_that_cannot_be_read_ends_the_line_alone(data: bytes) -> None:
    here, there = pair()
    end, line = End(), Line(here)
    line.open(end.heard.put, end.ended)
    there.send("fine")
    there.send_bytes(data)
    assert end.gone.wait(LIMIT_S) and end.heard.get() == "fine" and end.heard.empty()
    there.close()


def test_message_longer_than_any_of_ours_is_not_waited_for() -> None:
    here, there = pair()
    end = End()
    read_forever(here, end.heard.put, end.ended)
    with socket.socket(fileno=there.fileno()) as raw:
        raw.sendall((MOST_BYTES + 1).to_bytes(4, "big"))
        assert end.gone.wait(LIMIT_S)
        raw.detach()
    there.close()


def test_line_closed_in_the_middle_of_a_message_has_ended() -> None:
    here, there = pair()
    end, line = End(), Line(here)
    line.open(end.heard.put, end.ended)
    with socket.socket(fileno=there.fileno()) as raw:
        raw.sendall((100).to_bytes(4, "big") + b"half")
        raw.detach()
    there.close()
    assert end.gone.wait(LIMIT_S) and end.heard.empty()


def test_sending_to_nobody_is_no_error() -> None:
    here, there = pair()
    there.close()
    while send(here, bytes(1 << 16)):
        pass
    here.close()
    assert not send(here, "closed on this side")


def test_our_greeting_is_the_standard_librarys(folder: Path, visitors: Visitors) -> None:
    """So that a script may call with `multiprocessing.connection.Client`."""
    wire = Client(address(folder, ENGINE), authkey=read_key(folder))
    assert visitors.next()[1] is None
    wire.close()


def test_nobody_is_waited_for_once_the_set_was_ended(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="nothing answers"):
        connect(tmp_path / "ended", "engine", 1e9)
