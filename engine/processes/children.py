"""The processes an engine starts and looks after: the player and the generators."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, Final

from engine.generator_names import REMOTE_VARIABLE, STAND_IN
from engine.processes.layout import PARAMS_FILE, PLAYER_LOG, generator_errors, log_folder, make_sections_folder
from engine.processes.leftovers import claim
from engine.protocol import SetOptions

WAIT_S: Final = 3.0


def _appended(log: Path) -> BinaryIO:
    """A log to go on with; nowhere, where its folder is gone: whoever is there still plays."""
    try:
        return log.open("ab")
    except OSError:
        return Path(os.devnull).open("ab")


class Children:
    """Starts, restarts and ends the other processes of a session.

    Args:
        folder: the session's folder.
        options: which device and block the player opens.

    Raises:
        EngineError: if the folder for section files cannot be made.
    """

    def __init__(self, folder: Path, options: SetOptions) -> None:
        self.folder = folder
        self.options = options
        self.sections = make_sections_folder(folder)
        self._claim = claim(self.sections)
        self.player: subprocess.Popen[bytes] | None = None
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.names: dict[str, str] = {}

    def start_params(self) -> None:
        """Make the latest-value block that the player reads, all values at their defaults."""
        # Brings numpy, which whoever only looks for a running set does without.
        from engine.processes.latest import PARAM_DEFAULTS, PARAMS, SharedBlock

        SharedBlock(self.folder / PARAMS_FILE, PARAMS, create=True).update(PARAM_DEFAULTS)

    def start_player(self, frame: int = 0) -> None:
        """Start the player; ``frame`` is where the transport goes on when one before it died or hangs.

        One that hangs is ended: it might come to itself, and play beside the new one.
        """
        if self.player is not None and self.player.poll() is None:
            self.player.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.player.wait(WAIT_S)
        respawn = [sys.executable, "-m", "engine.live", str(self.folder), "--resume"]
        argv = [sys.executable, "-m", "engine.player", str(self.folder), "--respawn", json.dumps(respawn)]
        if (log := log_folder(self.folder)) is not None:
            argv += ["--performance", str(log)]
        if frame:
            argv += ["--frame", str(frame)]
        if self.options.device is not None:
            argv += ["--device", self.options.device]
        heard = {"--outputs": self.options.outputs, "--cue": self.options.cue, "--cue-device": self.options.cue_device}
        argv += [word for option, value in heard.items() if value is not None for word in (option, value)]
        if self.options.block is not None:
            argv += ["--block", str(self.options.block)]
        self.player = self._spawn(argv, self.folder / PLAYER_LOG, {})

    def start_worker(self, place: str, name: str) -> None:
        """Start a generator, its arithmetic bounded: the stand-in, quick as it is, to one thread; others may use every core.

        They give way to the player, which runs in real time where that is allowed.
        """
        self.stop_worker(place)
        self.names[place] = name
        threads = 1 if name == STAND_IN else os.cpu_count() or 1
        argv = [sys.executable, "-m", "engine.generators.worker", str(self.folder), place, name, str(self.sections)]
        where = {REMOTE_VARIABLE: self.options.remote} if self.options.remote else {}
        bounded = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
        # Threads that spin while they wait starve each other, and the player, on a busy machine.
        self.workers[place] = self._spawn(
            argv, generator_errors(self.folder, place), {**where, **bounded, "OMP_WAIT_POLICY": "PASSIVE"}
        )

    def _spawn(self, argv: list[str], log: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
        with _appended(log) as stderr:
            return subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                env={**os.environ, **env},
                pass_fds=() if self._claim is None else (self._claim,),
                start_new_session=True,
            )

    def dead_workers(self) -> list[str]:
        """Places whose process has ended."""
        return [place for place, process in self.workers.items() if process.poll() is not None]

    def cpu_s(self, place: str) -> float:
        """Processor seconds that a generator's process has had; 0 where the system does not tell."""
        process = self.workers.get(place)
        try:
            said = Path(f"/proc/{process.pid if process else 0}/stat").read_text("ascii", "replace")
            fields = said.rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError, AttributeError):
            return 0.0

    def kill_worker(self, place: str) -> None:
        """End a generator that no longer answers."""
        process = self.workers.get(place)
        if process is not None:
            process.kill()

    def stop_worker(self, place: str) -> None:
        """End a generator for good: it is not among the dead that are to be started again."""
        self.names.pop(place, None)
        process = self.workers.pop(place, None)
        if process is not None and process.poll() is None:
            process.kill()
            process.wait(WAIT_S)

    def stop(self) -> None:
        """End every process; one that does not go is killed."""
        everyone = [*self.workers.values(), *([self.player] if self.player else [])]
        for process in everyone:
            with contextlib.suppress(OSError):
                process.terminate()
        for process in everyone:
            try:
                process.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
