"""The screen's side of the engine: start one, find a running one, send commands, read snapshots.

Kept light on purpose: a screen that imports this has neither numpy nor the engine itself in its process.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import shutil
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from engine.errors import EngineError, LivesetError, PresetError
from engine.processes.channels import Line, connect, make_key
from engine.processes.layout import CURRENT_FILE, ENGINE, ENGINE_LOG, OPTIONS_FILE, STATUS_FILE, runtime_folder
from engine.protocol import ClientHello, Command, SetOptions, Snapshot

VERDICT_S: Final = 30.0
"""Seconds an engine may take to read the preset and say how it stands; a cold start on a slow disk takes some 10."""

ABANDON_S: Final = 3.0
"""Seconds an engine that was started for nothing may take to end."""

_PULSE: Final = struct.Struct("=dd")
"""The last two values of the player's status block, ``beat`` and ``alive``: read here without numpy."""


def running_session() -> Path | None:
    """The folder of the set that plays now, None if none does."""
    folder = runtime_folder()
    with contextlib.suppress(OSError, ValueError, LivesetError):  # the file may hold anything
        session = folder / (folder / CURRENT_FILE).read_text(encoding="utf-8").strip()
        connect(session, ENGINE).close()
        return session
    return None


def new_session() -> Path:
    """A fresh session folder with a key in it.

    Raises:
        EngineError: if it cannot be made.
    """
    folder = runtime_folder() / secrets.token_hex(4)
    try:
        folder.mkdir(mode=0o700)
        make_key(folder)
    except OSError as error:
        raise EngineError(f"cannot make {folder}: {error.strerror}", "set XDG_RUNTIME_DIR to a folder of yours") from error
    return folder


class EngineProcess:
    """An engine that was just started; it lives on when its starter ends.

    Args:
        options: of the set.
        prepare: puts into the session's folder what the engine finds there; returns further arguments for it.
    """

    def __init__(self, options: SetOptions, prepare: Callable[[Path], tuple[str, ...]] = lambda _folder: ()) -> None:
        self.folder = new_session()
        options.write(self.folder / OPTIONS_FILE)
        more = prepare(self.folder)
        with (self.folder / ENGINE_LOG).open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "engine.live", str(self.folder), *more],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def verdict(self, limit_s: float = VERDICT_S) -> dict[str, Any]:
        """Wait for the engine's word on the preset.

        Args:
            limit_s: seconds until an engine that says nothing counts as hung.

        Returns:
            ``{"title": ...}`` when the set starts.

        Raises:
            PresetError: what is wrong with the preset.
            EngineError: the engine did not start, or hangs while starting.
        """
        lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        pipe = self.process.stdout
        assert pipe is not None
        # A thread, since pipes cannot be waited for with a limit on every system.
        threading.Thread(target=lambda: lines.put(pipe.readline()), name="verdict", daemon=True).start()
        see = f"see {self.folder / ENGINE_LOG}"
        try:
            said: dict[str, Any] = json.loads(lines.get(timeout=limit_s))
        except queue.Empty as error:
            raise EngineError(f"the engine has not started within {limit_s:g} s", see) from error
        except ValueError as error:
            raise EngineError("the engine did not start", see) from error
        if "error" in said:
            raise PresetError(said["error"], said.get("hint", ""))
        return said

    def abandon(self) -> None:
        """End an engine that was started for nothing, even one that hangs."""
        self.process.terminate()
        try:
            self.process.wait(ABANDON_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class EngineClient:
    """A connection to an engine: commands out, the latest snapshot in. No call but the first ever waits for the engine.

    Args:
        folder: the session's folder.
        timeout_s: how long to wait for an engine that is still starting; 0 leaves that to `reconnect`.

    Raises:
        EngineError: if no engine answers in time.
    """

    def __init__(self, folder: Path, timeout_s: float = 10.0) -> None:
        self.folder = folder
        self._latest: Snapshot | None = None
        self._changed = threading.Event()
        self._line: Line | None = None
        self._open = False
        self._closed = False
        self._trying = threading.Lock()
        if timeout_s:
            self._attach(timeout_s)

    def _attach(self, timeout_s: float) -> None:
        line = Line(connect(self.folder, ENGINE, timeout_s))
        line.send(ClientHello("screen", pid=os.getpid()))
        self._line, self._open = line, True
        line.open(self._take, lambda: self._gone(line))

    def _take(self, message: object) -> None:
        if isinstance(message, Snapshot):
            self._latest = message
            self._changed.set()

    def _gone(self, line: Line) -> None:
        if line is self._line:
            self._open = False
        self._changed.set()

    def send(self, command: Command) -> None:
        """Hand a command over; it is lost when the engine is gone."""
        if self._line is not None:
            self._line.send(command)

    def snapshot(self) -> Snapshot | None:
        """The newest snapshot, None before the first."""
        return self._latest

    def snapshots(self, timeout_s: float) -> Iterator[Snapshot | None]:
        """Wait for each new snapshot; None when none came in time. Ends when the engine is gone."""
        while self._open:
            fresh = self._changed.wait(timeout_s)
            self._changed.clear()
            yield self._latest if fresh else None

    def connected(self) -> bool:
        """Whether the engine is there."""
        return self._open

    def reconnect(self) -> bool:
        """Have a thread try once to reach the engine (a new one may have taken over). Returns whether it is there now."""
        if not self._open and not self._closed and self._trying.acquire(blocking=False):
            threading.Thread(target=self._try, name="reconnect", daemon=True).start()
        return self._open

    def pulse(self) -> float | None:
        """How many blocks the session's player has rendered; it grows as long as the player lives. None if there is none."""
        try:
            beat, alive = _PULSE.unpack((self.folder / STATUS_FILE).read_bytes()[-_PULSE.size :])
        except (OSError, struct.error):
            return None
        return float(beat) if alive else None

    def ended(self) -> bool:
        """Whether the set was ended: its session's folder goes with it."""
        return not self.folder.exists()

    def forget(self) -> None:
        """Remove the session's folder: processes of it that are left, which nobody can reach, then end by themselves."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_connected(self, timeout_s: float) -> bool:
        """Try to reach an engine until one answers or the time is over. Returns whether one is there."""
        deadline = time.monotonic() + timeout_s
        while not self._open and time.monotonic() < deadline:
            with contextlib.suppress(LivesetError):
                self._attach(min(0.2, timeout_s))
        return self._open

    def _try(self) -> None:
        try:
            with contextlib.suppress(LivesetError):
                self._attach(0.0)
        finally:
            self._trying.release()

    def close(self) -> None:
        """Let go of the engine; it plays on."""
        self._closed = True
        if self._line is not None:
            self._line.close()
