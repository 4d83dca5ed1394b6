"""The line to the engine: a local socket, one engine at a time, and no way for it to hold the player up.

Reading, writing and the handshake each happen in a thread that may hang; the service thread only looks at a queue.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import threading
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any, Final

from engine.errors import EngineError
from engine.processes.layout import KEY_FILE, PLAYER, address
from engine.protocol import PlayerEvent

MOST_WAITING: Final = 1000
"""Events an engine may be behind before it counts as hung and is cut off."""

_BROKEN: Final = (OSError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, IndexError, ValueError, TypeError)


@dataclass(frozen=True, slots=True)
class Joined:
    """An engine has connected."""

    line: Line


@dataclass(frozen=True, slots=True)
class Said:
    """An engine sent something (a `PlayerOrder`, if all is well)."""

    line: Line
    order: object


@dataclass(frozen=True, slots=True)
class Left:
    """An engine's connection ended."""

    line: Line


News = Joined | Said | Left


class Line:
    """One engine's connection."""

    def __init__(self, connection: Connection[Any, Any], news: queue.SimpleQueue[News]) -> None:
        self._connection = connection
        self._news = news
        self._waiting: queue.Queue[PlayerEvent | None] = queue.Queue(MOST_WAITING)
        self._closed = False

    def open(self) -> None:
        """Start to read and write."""
        for work in (self._read, self._write):
            threading.Thread(target=work, name="engine", daemon=True).start()

    def send(self, event: PlayerEvent) -> None:
        """Queue an event; an engine that does not read for long is cut off."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self.close()

    def close(self) -> None:
        """Hang up."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        shut_down(self._connection)
        self._news.put(Left(self))

    def _read(self) -> None:
        while not self._closed:
            try:
                order = self._connection.recv()
            except _BROKEN:
                break
            self._news.put(Said(self, order))
        self.close()

    def _write(self) -> None:
        while (event := self._waiting.get()) is not None:
            try:
                self._connection.send(event)
            except _BROKEN:
                break
        self.close()


def shut_down(connection: Connection[Any, Any]) -> None:
    """End a connection even while other threads read or write it: closing the descriptor alone would not wake them."""
    import socket

    try:
        if os.name != "nt":
            with socket.socket(fileno=os.dup(connection.fileno())) as end:
                end.shutdown(socket.SHUT_RDWR)
        else:
            connection.close()
    except OSError:
        return


class EngineLink:
    """Listens for engines.

    Args:
        folder: the session folder, with the key in it.

    Attributes:
        news: what engines did, in order.

    Raises:
        EngineError: if the key cannot be read or the address not used.
    """

    def __init__(self, folder: Path) -> None:
        self.news: queue.SimpleQueue[News] = queue.SimpleQueue()
        try:
            self._key = (folder / KEY_FILE).read_bytes()
            if os.name != "nt":
                Path(address(folder, PLAYER)).unlink(missing_ok=True)
            self._listener = Listener(address(folder, PLAYER), family="AF_PIPE" if os.name == "nt" else "AF_UNIX")
        except OSError as error:
            raise EngineError(f"the player cannot listen in {folder} ({error.strerror})", "start the set again") from error
        threading.Thread(target=self._accept, name="listen", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        try:
            self._listener.close()
        except OSError:
            return

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError):
                return
            threading.Thread(target=self._greet, args=(connection,), name="greet", daemon=True).start()

    def _greet(self, connection: Connection[Any, Any]) -> None:
        try:
            deliver_challenge(connection, self._key)
            answer_challenge(connection, self._key)
        except (AuthenticationError, *_BROKEN):
            connection.close()
            return
        line = Line(connection, self.news)
        self.news.put(Joined(line))
