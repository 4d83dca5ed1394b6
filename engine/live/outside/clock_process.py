"""MIDI clock out in a process of its own, which nothing but the clock holds up: an engine that works would send ticks late.

    python -m engine.live.outside.clock_process FOLDER OUTPUTS

It is told of tempos by lines of JSON on its standard input, and ends with it; where the set is it reads itself. What is to be
said to the performer it writes on its standard output, a line each.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.live.outside.clock_out import ClockOut
from engine.live.outside.led import Position, position_of
from engine.midi.clock import targets
from engine.player.output.priority import SERVICE, raise_priority
from engine.processes.latest import STATUS, HeardPlace, SharedBlock, read_place
from engine.processes.layout import STATUS_FILE
from engine.timebase import Grid, TempoChange, TempoMap

AGAIN_S: Final = 1.0
"""Seconds until one that ended is started anew, and those that it may take to end."""

STALE_S: Final = 0.3
"""Seconds without news of a place after which there may be another player, with another file."""


def written(tempo: TempoMap, moves: bool) -> str:
    """A line that says where the set's bars are, and whether it is to move."""
    grids = [(0, tempo.first), *((change.bar, change.grid) for change in tempo.changes)]
    return json.dumps({"moves": moves, "grids": [[bar, grid.bpm, grid.beats_per_bar, grid.origin] for bar, grid in grids]})


def read(line: str) -> tuple[TempoMap, bool]:
    """What `written` wrote.

    Raises:
        ValueError, KeyError, TypeError: if it did not write it.
    """
    told = json.loads(line)
    first, *rest = [(bar, Grid(bpm, beats, origin=origin)) for bar, bpm, beats, origin in told["grids"]]
    return TempoMap(first[1], tuple(TempoChange(*each) for each in rest)), bool(told["moves"])


class ClockProcess:
    """The process, as the engine has it: started anew where it ends.

    Args:
        outputs: see `engine.midi.clock.targets`; None starts nothing.
        folder: the session's.
        tell: has a sentence said to the performer, from any thread.

    Raises:
        MidiError: if an output makes no sense.
    """

    def __init__(self, outputs: str | None, folder: Path, tell: Callable[[str], None]) -> None:
        self._tell, self._line = tell, ""
        self._told: tuple[TempoMap, bool] | None = None
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        if outputs:
            targets(outputs)
            self._command = [sys.executable, "-m", __name__, str(folder), outputs]
            threading.Thread(target=self._run, name="clock-process", daemon=True).start()

    def tempo(self, tempo: TempoMap, moves: bool) -> None:
        """Say where the set's bars are, where that has changed."""
        if (tempo, moves) != self._told:
            self._told = tempo, moves
            with self._lock:
                self._line = written(tempo, moves)
                self._send()

    def _send(self) -> None:
        if self._process is not None and self._process.stdin is not None and self._line:
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.write(self._line + "\n")
                self._process.stdin.flush()

    def _run(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(OSError):
                pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
                process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=nothing, text=True, encoding="utf-8")
                with self._lock:
                    self._process = process
                    self._send()
                assert process.stdout is not None
                for said in process.stdout:
                    self._tell(said.rstrip("\n"))
                process.wait()
            self._ended.wait(AGAIN_S)

    def close(self) -> None:
        """Stop those who follow, and send no more."""
        self._ended.set()
        with self._lock:
            process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(AGAIN_S)


class Watched:
    """Where the set is, read from the player's file, also from that of the player after it."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = folder / STATUS_FILE, clock
        self._status: SharedBlock | None = None
        self._turn, self._fresh_at = -1.0, 0.0
        self._last: HeardPlace | None = None
        self.tempo, self.moves = TempoMap(Grid(120.0)), False

    def _place(self, at: float) -> HeardPlace | None:
        turn = -1.0 if self._status is None else self._status["place_turn"]
        if turn != self._turn or at - self._fresh_at < STALE_S:
            self._turn, self._fresh_at = turn, at if turn != self._turn else self._fresh_at
        else:
            self._fresh_at, self._status, self._last = at, None, None
            with contextlib.suppress(OSError, ValueError):
                self._status = SharedBlock(self._path, STATUS)
        if self._status is not None:
            self._last = read_place(self._status) or self._last  # one that is being written just now is where it was
        return None if self._status is None else self._last

    def position(self) -> Position:
        """Where the set is now."""
        at = self._clock()
        return position_of(self.tempo, self._place(at), self.moves, at)


def main(argv: list[str]) -> int:
    """Send the clock until the standard input ends."""
    for name in ("SIGINT", "SIGHUP", "SIGPIPE"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    raise_priority(SERVICE)
    watched = Watched(Path(argv[0]))

    def tell(text: str) -> None:
        with contextlib.suppress(OSError):
            print(text, flush=True)

    clock = ClockOut(argv[1], watched.position, tell)
    for line in sys.stdin:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            watched.tempo, watched.moves = read(line)
    clock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
