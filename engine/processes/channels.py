"""Connections between the instrument's processes: local sockets with a key, nothing beyond this machine.

No other process can hold one up: whoever connects is greeted on a thread of its own and within a time limit, and what a `Line`
reads and writes waits on threads of its own too. The key and the sockets lie in the session's folder, which its user alone can
read.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any, Final, TypeAlias

from engine.command_line import command
from engine.errors import EngineError
from engine.processes.layout import KEY_FILE, address

Wire: TypeAlias = "Connection[Any, Any]"
"""A connection as the standard library has it."""

GREET_S: Final = 5.0
"""Seconds for the exchange of keys and the first message; whoever takes longer is hung up on."""

RETRY_S: Final = 0.01
"""Seconds between two tries to reach a process that is not there yet."""

CROWDED_S: Final = 0.1
"""Seconds until the next try to accept when the system has no room for another connection."""

MOST_WAITING: Final = 1000
"""Messages that the other side may be behind before it counts as hung and is cut off."""

MOST_BYTES: Final = 1 << 24
"""The longest message, in bytes (16 MiB; a snapshot has some thousands): a longer one is junk."""

BACKLOG: Final = 64
"""Callers that may wait to be accepted while this process is busy."""

BROKEN: Final = (
    *(OSError, EOFError),  # the other side is gone
    *(AuthenticationError, AssertionError, ValueError),  # it is not one of ours: Python 3.11 asserts what later ones raise
    TypeError,  # another thread of ours closed it in the middle of a read
)
"""What a connection raises that is of no use any more."""


def make_key(folder: Path) -> bytes:
    """Write a fresh authentication key, readable by this user alone."""
    key = secrets.token_bytes(32)
    fd = os.open(folder / KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(key)
    return key


def read_key(folder: Path) -> bytes:
    """The session's key.

    Raises:
        EngineError: if there is none.
    """
    try:
        return (folder / KEY_FILE).read_bytes()
    except OSError as error:
        raise EngineError(f"no session in {folder}", f"start one with: {command('play')}") from error


def shut_down(connection: Wire) -> None:
    """End a connection even while other threads read or write it: closing the descriptor alone would not wake them."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            connection.close()
            return
        with socket.socket(fileno=os.dup(connection.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _within(connection: Wire, limit_s: float) -> Iterator[None]:
    """End the connection when what is done with it takes longer than a limit."""
    timer = threading.Timer(limit_s, shut_down, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Door:
    """Listens under a name. A socket left behind by a process that died is replaced.

    Args:
        folder: the session's folder, with the key in it.
        name: `layout.ENGINE` or `layout.PLAYER`.
        take: called with each connection that knows the key, and its first message, on a thread of that connection's own.
        hears: wait for that first message; else it is None, for connections to which this side speaks first.
        greet_s: seconds until a connection that does not come forward is hung up on.

    Raises:
        EngineError: if there is no key, or the address cannot be used.
    """

    def __init__(
        self, folder: Path, name: str, take: Callable[[Wire, Any], None], *, hears: bool = False, greet_s: float = GREET_S
    ) -> None:
        self._key = read_key(folder)
        self._take, self._hears, self._greet_s = take, hears, greet_s
        self._address = address(folder, name)
        self._closed = threading.Event()
        try:
            if sys.platform != "win32":
                Path(self._address).unlink(missing_ok=True)
            self._listener = Listener(self._address, backlog=BACKLOG)
        except OSError as error:
            raise EngineError(f"cannot listen in {folder} ({error.strerror or error})", "start the set again") from error
        self._thread = threading.Thread(target=self._accept, name="accept", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; connections that were taken go on."""
        self._closed.set()
        try:
            _dial(self._address, self._greet_s).close()  # wakes the thread that waits for a connection
        except OSError:  # the session's folder is gone: nobody can connect any more, and the thread waits for ever
            with contextlib.suppress(OSError):
                self._listener.close()
        else:
            self._thread.join()

    def _accept(self) -> None:
        with contextlib.closing(self._listener):
            while not self._closed.is_set():
                try:
                    connection = self._listener.accept()
                except OSError:  # the caller is gone already, or there are too many open files
                    self._closed.wait(CROWDED_S)
                    continue
                if self._closed.is_set():
                    connection.close()
                else:
                    threading.Thread(target=self._greet, args=(connection,), name="greet", daemon=True).start()

    def _greet(self, connection: Wire) -> None:
        try:
            with _within(connection, self._greet_s):
                deliver_challenge(connection, self._key)
                answer_challenge(connection, self._key)
                first = receive(connection) if self._hears else None
        except BROKEN:
            connection.close()
            return
        self._take(connection, first)


def _dial(where: str, limit_s: float) -> Wire:
    """A connection without a greeting yet.

    Raises:
        OSError: if nobody listens, or nobody accepts in time.
    """
    if sys.platform == "win32":
        return Client(where)
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(limit_s)
        line.connect(where)
        line.setblocking(True)
        return Connection(line.detach())


def connect(folder: Path, name: str, timeout_s: float = 0.0, *, greet_s: float = GREET_S) -> Wire:
    """Connect to a name, trying again until the timeout, or until the session's folder is gone: then the set was ended.

    Args:
        timeout_s: 0 tries once.
        greet_s: seconds that a process which hangs may take over one try.

    Raises:
        EngineError: if nobody answers in time.
    """
    deadline = time.monotonic() + timeout_s
    where = address(folder, name)
    while True:
        try:
            key = read_key(folder)
            connection = _dial(where, greet_s)
            try:
                with _within(connection, greet_s):
                    answer_challenge(connection, key)
                    deliver_challenge(connection, key)
            except BROKEN:
                connection.close()
                raise
            return connection
        except (*BROKEN, EngineError) as error:
            if time.monotonic() >= deadline or not folder.exists():
                raise EngineError(f"nothing answers at {where}", "start a set first") from error
            time.sleep(RETRY_S)


def receive(connection: Wire) -> Any:
    """Wait for the next message.

    Raises:
        any of `BROKEN`: the other side is gone, or what it sends is none of our messages.
    """
    data = connection.recv_bytes(MOST_BYTES)
    try:
        return pickle.loads(data)
    except Exception as error:  # unpickling junk may raise anything
        raise OSError("a message that cannot be read") from error


def send(connection: Wire, message: object) -> bool:
    """Send, waiting as long as the other side takes, and say whether it is still there."""
    try:
        connection.send(message)
    except BROKEN:
        return False
    return True


def read_forever(connection: Wire, take: Callable[[Any], None], gone: Callable[[], None]) -> threading.Thread:
    """Hand each message to ``take`` on a thread of its own; ``gone`` is called once, when no more will come."""

    def run() -> None:
        while True:
            try:
                message = receive(connection)
            except BROKEN:
                break
            take(message)
        gone()

    thread = threading.Thread(target=run, name="reader", daemon=True)
    thread.start()
    return thread


class Line:
    """A connection that neither reading nor writing can hold up; whoever does not read for long is cut off.

    Args:
        connection: to another process, greeted.
        most_waiting: messages that may wait to be sent.
    """

    def __init__(self, connection: Wire, most_waiting: int = MOST_WAITING) -> None:
        self._connection = connection
        self._waiting: queue.Queue[object] = queue.Queue(most_waiting)
        self._lock = threading.Lock()
        self._closed = False
        self._gone: Callable[[], None] = lambda: None

    def open(self, take: Callable[[Any], None], gone: Callable[[], None]) -> None:
        """Start to read and write.

        Args:
            take: is handed each message, on the reading thread.
            gone: is called once, on any thread, when the line has ended, whichever side ended it.
        """
        self._gone = gone
        threading.Thread(target=self._write, name="writer", daemon=True).start()
        read_forever(self._connection, take, self.close)

    def send(self, message: object) -> bool:
        """Queue a message. Returns whether the line is open; what is queued when it ends is lost."""
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            self.close()
        return not self._closed

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        shut_down(self._connection)
        with contextlib.suppress(queue.Full):  # a writer with so much to send notices that the connection is shut
            self._waiting.put_nowait(None)
        self._gone()

    def _write(self) -> None:
        while not self._closed and (message := self._waiting.get()) is not None:
            if not send(self._connection, message):
                break
        self.close()
