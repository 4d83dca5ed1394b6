"""A cluster of two machines that are both this one, begun and ended with the commands that a performer types. Linux alone.

Two addresses of this machine tell them apart: the head's is 127.0.0.2, and what joins is known as 127.0.0.1. Where several run on
one machine, Ray takes a set for part of the head: a test's own process is on the head, therefore.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.support.waiting import LIMIT_S, wait_until

Machine = Literal["head", "other"]
HOST = "127.0.0.2"
CURRENT = Path("/tmp/ray/ray_current_cluster")
"""Where Ray notes which cluster was begun last on a machine."""


@dataclass
class TwoMachines:
    """The head, and another machine of its cluster; each lends a core, and has folders of its own.

    The token is the one that this process's environment names.

    Args:
        folder: for what the machines write, with a short name.
        port: of the head.
    """

    folder: Path
    port: int

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        """Begin the head, and have the other join it."""
        self.begin_head()
        self.run("other", "remote", "join", self.address, "--cores", "1")

    def begin_head(self) -> None:
        """Begin the head; a machine that was part of its cluster before joins by itself."""
        CURRENT.unlink(missing_ok=True)  # Ray takes the other machine's process, on this same one, for a head that runs still
        self.run("head", "remote", "head", "--host", HOST, "--port", str(self.port), "--cores", "1")

    def run(self, machine: Machine, *words: str) -> str:
        """What a command prints on a machine; it has to succeed."""
        home = str(self.folder / machine)
        Path(home).mkdir(exist_ok=True)
        own = dict.fromkeys(("HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), home)
        if machine == "other":
            own["LIVESET_MODELS"] = f"{home}/models"
        done = subprocess.run(
            [sys.executable, "-m", "liveset", *words],
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=3 * LIMIT_S,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def processes(self, machine: Machine, which: str = "") -> list[int]:
        """Those of a machine whose command lines have some words in them."""
        listing = subprocess.run(["ps", "-eww", "-o", "pid,sid,args"], capture_output=True, text=True, check=True).stdout
        lines = [line.split(None, 2) for line in listing.splitlines()[1:]]
        keeps = f"engine.generators.remote.node {self.address} {'head' if machine == 'head' else 'machine'}"
        sessions = {session for _, session, args in lines if keeps in args}
        return [int(pid) for pid, session, args in lines if session in sessions and which in args]

    def kill(self, machine: Machine, which: str = "") -> None:
        """End processes of a machine at once: all of them, as a power cut would, or those with some words."""
        for pid in self.processes(machine, which):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.processes(machine, which), "the end of its processes")

    def end(self) -> None:
        """End all of it."""
        self.kill("other")
        self.kill("head")
