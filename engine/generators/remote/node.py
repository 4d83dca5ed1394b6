"""Ray on this machine: begun, shown and ended by `liveset remote`, and kept running in between.

``python -m engine.generators.remote.node ADDRESS head|machine ...``, with words for ``ray start``, is the process that keeps it:
it begins Ray again when that ended by itself, and when the head is another one than before, so that a machine comes back to its
cluster without anybody's help.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from engine.command_line import command
from engine.errors import EngineError, GeneratorError
from engine.generators.remote.head import Head
from engine.generators.remote.maker import versions
from engine.generators.remote.where import ADD_RAY, LOOPBACK, Address, answers, check_answers, environment, keep_address, parse
from engine.processes.channels import BROKEN, Door, Wire, connect, make_key, receive, send
from engine.processes.layout import cache_folder

START_S: Final = 120.0
STOP_S: Final = 25.0
END_S: Final = 15.0
"""Seconds that Ray may take to end before it is ended by force."""

AGAIN_S: Final = (1.0, 30.0)
"""Seconds between two tries to begin Ray again, twice as long each time it did not begin."""

STARTED: Final = "Ray runtime started."
"""What Ray's own command says when it runs."""

OBJECTS: Final = 500_000_000
"""Bytes of memory for sound and files on their way, at most."""

_LEFT_OUT: Final = ("--include-log-monitor=false", "--no-monitor")
"""Of Ray's processes those that nobody here asks: what carries logs to a set, and what would order more machines."""

NAME: Final = "node"
"""Under which that process listens, in the folder of what `liveset remote` keeps."""

LOOK, STOP = "look", "stop"


@dataclass(frozen=True, slots=True)
class Running:
    """What was started on this machine: the head's address, whether this is the head, and whether Ray runs just now."""

    address: str
    head: bool
    begun: bool


def remote_folder() -> Path:
    """Where what `liveset remote` keeps lies: its log, and files that came from other machines."""
    folder = cache_folder() / "remote"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def log_file() -> Path:
    """What Ray and the process that keeps it say, of the last try alone."""
    return remote_folder() / "node.log"


def running() -> Running | None:
    """What `start` started here and still runs; None if nothing does."""
    with contextlib.suppress(EngineError, *BROKEN), contextlib.closing(connect(remote_folder(), NAME)) as line:
        send(line, LOOK)
        return Running(*receive(line))
    return None


def start(address: Address, head: bool, cores: int | None, gpus: int | None) -> None:
    """Start Ray here, as a cluster's head or as one more machine of it; it goes on when this process ends.

    Args:
        address: of the head.
        head: whether this is it.
        cores: that are lent, 0 for none; None for all.
        gpus: likewise.

    Raises:
        GeneratorError: Ray is not installed, runs already, or does not start: why.
    """
    if (found := running()) is not None:
        raise GeneratorError(f"this machine is part of the cluster at {found.address} already", command("remote stop"))
    if not head and address.host in LOOPBACK:
        hint = f"begin it with {command('remote head --host ADDRESS')}"
        raise GeneratorError(f"a cluster at {address.host} is for its own machine alone", hint)
    if not head:
        check_answers(address)
    own = versions()
    labels = f"liveset={own.liveset.replace(' ', '-')},python={own.python},torch={own.torch}"
    words = [f"--labels={labels}", f"--object-store-memory={OBJECTS}", *_LEFT_OUT]
    words += [] if cores is None else [f"--num-cpus={cores}"]
    words += [] if gpus is None else [f"--num-gpus={gpus}"]
    if head:
        words += ["--head", f"--node-ip-address={address.host}", f"--port={address.port}", "--include-dashboard=false"]
    else:
        words.append(f"--address={address}")
    log_file().write_bytes(b"")
    with log_file().open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "engine.generators.remote.node", str(address), "head" if head else "machine", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment(address.host)},
            start_new_session=True,
        )
    _wait_started(process, address)
    keep_address(address)


def _said() -> str:
    return log_file().read_text("utf-8", "replace")


def _wait_started(process: subprocess.Popen[bytes], address: Address) -> None:
    """Until Ray says that it runs.

    Raises:
        GeneratorError: it ended instead, or takes too long.
    """
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        if STARTED in _said():
            return
        time.sleep(0.1)
    process.terminate()
    said = _said()
    if "No module named" in said and "ray" in said:
        raise GeneratorError("Ray is not installed", ADD_RAY)
    if "mismatch" in said:
        raise GeneratorError(f"the cluster at {address} has another Python or Ray", "install the same on all machines")
    if "uthenticat" in said or "token" in said.lower():
        raise GeneratorError(f"the cluster at {address} does not know this token", command(f"remote join {address} --new-token"))
    raise GeneratorError(f"Ray did not start at {address}", f"see {log_file()}")


def stop() -> Running | None:
    """End what `start` started here; None where nothing runs.

    Raises:
        GeneratorError: it does not end.
    """
    with contextlib.suppress(EngineError, *BROKEN), contextlib.closing(connect(remote_folder(), NAME)) as line:
        send(line, STOP)
        found = Running(*receive(line))
        if not line.poll(STOP_S):  # it hangs up as it ends
            raise GeneratorError("Ray does not end", f"see {log_file()}")
        return found
    return None


class Node:
    """Keeps Ray running until it is told to stop.

    Args:
        address: of the head.
        head: whether this machine is it.
        words: for ``ray start``.
    """

    def __init__(self, address: Address, head: bool, words: list[str]) -> None:
        self._address, self._head, self._words = address, head, words
        self._begun = False
        self._stopping = threading.Event()
        self._waiting: list[Wire] = []

    def stop(self) -> None:
        """Have `keep` end."""
        self._stopping.set()

    def answer(self, line: Wire, word: object) -> None:
        """Say what runs here, and end it if that is asked."""
        send(line, astuple(Running(str(self._address), self._head, self._begun)))
        if word == STOP:
            self._waiting.append(line)  # open until this process ends
            self.stop()
        else:
            line.close()

    def keep(self) -> int:
        """Begin Ray, and again whenever it ended or lost its head. Returns 1 if it did not begin the first time, else 0."""
        first, wait_s = True, AGAIN_S[0]
        while not self._stopping.is_set():
            begun = self._one_run()
            if first and not begun:
                return 1
            first, wait_s = False, AGAIN_S[0] if begun else min(2 * wait_s, AGAIN_S[1])
            while not self._stopping.wait(wait_s) and not (self._head or answers(self._address)):
                pass
        return 0

    def _one_run(self) -> bool:
        """Have Ray run until it ends, or has to; whether it began."""
        with log_file().open("wb"):
            pass  # emptied: what this process and Ray print goes to its end
        head = None if self._head else Head(self._address)
        argv = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--disable-usage-stats", *self._words]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        try:
            while process.poll() is None and not self._stopping.is_set():
                self._begun = self._begun or STARTED in _said()
                if head is None:
                    self._stopping.wait(1.0)
                elif head.look(1.0) == "another" and self._begun:
                    break
            return self._begun or STARTED in _said()
        finally:
            _end(process)
            self._begun = False
            if head is not None:
                head.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End Ray with all its processes."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/f", "/t", "/pid", str(process.pid)], check=False, capture_output=True)
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(argv: list[str]) -> int:
    """Run the process that keeps Ray."""
    node = Node(parse(argv[0]), argv[1] == "head", argv[2:])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: node.stop())
    make_key(remote_folder())
    Door(remote_folder(), NAME, node.answer, hears=True)
    return node.keep()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
