"""Connections between the instrument's processes: local sockets with a key, nothing beyond this machine.

The key and the sockets lie in the session's folder, which its user alone can read.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any, Final

from engine.command_line import command
from engine.errors import EngineError

KEY_FILE: Final = "key"
MAX_UNIX_PATH: Final = 100
"""Longest socket path the common systems take (104 bytes on macOS, 108 on Linux)."""

GONE: Final = (EOFError, OSError, AuthenticationError)
"""What a connection raises when the other side is not there, or not one of ours."""


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


def address(folder: Path, name: str) -> str:
    """Where a process of this session listens: a socket file, or a named pipe on Windows."""
    if sys.platform == "win32":
        return rf"\\.\pipe\liveset-{folder.name}-{name}"
    path = str(folder / f"{name}.sock")
    if len(path.encode()) > MAX_UNIX_PATH:
        raise EngineError(f"the path {path} is too long for a socket", "set XDG_RUNTIME_DIR to a shorter folder")
    return path


def listen(folder: Path, name: str) -> Listener:
    """Listen under a name; a socket left behind by a process that died is replaced."""
    where = address(folder, name)
    if sys.platform != "win32":
        with contextlib.suppress(FileNotFoundError):
            Path(where).unlink()
    return Listener(where, backlog=8, authkey=read_key(folder))


def connect(folder: Path, name: str, timeout_s: float = 0.0) -> Connection[Any, Any]:
    """Connect to a name, trying again until the timeout.

    Raises:
        EngineError: if nobody answers in time.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return Client(address(folder, name), authkey=read_key(folder))
        except (*GONE, EngineError) as error:
            if time.monotonic() >= deadline:
                raise EngineError(f"nothing answers at {address(folder, name)}") from error
            time.sleep(0.01)


def accept_forever(listener: Listener, take: Callable[[Connection[Any, Any]], None]) -> None:
    """Take connections until the listener closes; strangers and broken handshakes are dropped."""
    while True:
        try:
            connection = listener.accept()
        except (EOFError, AuthenticationError, ConnectionError):
            continue
        except OSError:
            return
        take(connection)


def read_forever(connection: Connection[Any, Any], take: Callable[[Any], None], gone: Callable[[], None]) -> threading.Thread:
    """Hand each message to ``take`` on a thread of its own; ``gone`` is called once at the end."""

    def run() -> None:
        try:
            while True:
                take(connection.recv())
        except (*GONE, TypeError):  # TypeError: closed by another thread of ours in the middle of a read
            gone()

    thread = threading.Thread(target=run, name="reader", daemon=True)
    thread.start()
    return thread


def send(connection: Connection[Any, Any] | None, message: object) -> bool:
    """Send, and say whether the other side is still there."""
    if connection is None:
        return False
    try:
        connection.send(message)
    except (*GONE, ValueError):
        return False
    return True


def wake_listener(folder: Path, name: str) -> None:
    """Make a blocked accept return, so that its thread can see that the listener was closed."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as knock:
            knock.connect(address(folder, name))
