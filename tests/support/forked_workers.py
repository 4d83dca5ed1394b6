"""Generators' processes that start at once: forked from one that has imported everything, instead of importing it all again.

They are real processes with their own sockets, killed and started again as any; only the seconds that Python takes to import
PyTorch are saved, of which a run of the tests would pay for dozens. Where there is no fork they start as always.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from engine.processes.children import Children

WORKER: Final = "engine.generators.worker"
PRELOADED: Final = ["tests.support.preloaded"]


class Forked:
    """A forked process with the face of `subprocess.Popen`, as far as `Children` looks at it."""

    def __init__(self, argv: list[str], errors: Path, env: Mapping[str, str]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._process = context.Process(target=_run, args=(argv, str(errors), dict(env), str(Path.cwd())), daemon=True)
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit code; None while it lives."""
        return self._process.exitcode

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def wait(self, timeout: float) -> None:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: if it does not end.
        """
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(WORKER, timeout)


def _run(argv: list[str], errors: str, env: dict[str, str], folder: str) -> None:
    from engine.generators.worker import main  # noqa: PLC0415 (only the forked process needs PyTorch)

    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:0] = [part for part in env.get("PYTHONPATH", "").split(os.pathsep) if part]
    sys.dont_write_bytecode = bool(env.get("PYTHONDONTWRITEBYTECODE"))
    with Path(errors).open("ab") as file:
        os.dup2(file.fileno(), 2)
    sys.exit(main(argv))


def fork_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here to the test's end, generators are forked."""
    if sys.platform != "linux":
        return
    spawn = Children._spawn

    def start(self: Children, argv: list[str], log: Path, env: dict[str, str]) -> Any:
        if WORKER not in argv:
            return spawn(self, argv, log, env)
        return Forked(argv[argv.index(WORKER) + 1 :], log, {**os.environ, **env})

    monkeypatch.setattr(Children, "_spawn", start)
