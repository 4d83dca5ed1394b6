"""Recording a set: into which file, from when on, and into which other one when the player died in the middle."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import platformdirs

from engine import protocol as p
from engine.processes.layout import APP, free_name, recording_name
from engine.session.later import Later, at_once

PATH_CHARS: Final = 70
"""Characters of a path in a line for the performer."""

Teller = Callable[[str, str], None]
"""Shows the performer a line: its level and its text."""


def default_recording(title: str) -> Path:
    """Where a recording goes when nobody said: the user's music folder, named by title and time."""
    folder = Path(platformdirs.user_music_dir()) / APP
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return free_name(folder / recording_name(title))


def _clock(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"


def _save_apart(log: Path, minutes: float, where: Path) -> float | str:
    """Save the last minutes in a process of its own: the seconds that are saved, or what was wrong."""
    argv = [sys.executable, "-m", "engine.recovery.last", str(log), str(minutes), str(where)]
    try:
        ran = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True, check=False)
        said = json.loads(ran.stdout)
        return str(said["error"]) if "error" in said else float(said["seconds"])
    except (OSError, ValueError, KeyError):
        return f"the last minutes were not saved in {p.short_path(str(where), 40)}; try it once more"


class Recordings:
    """What is recorded.

    Args:
        order: hands an order to the player.
        tell: shows the performer a line.
        title: the set's.
        wanted: a file to record to from the start; None for none.
        force: whether it may replace what is there.
        section: says what sounds now; empty for nothing.
        later: waits for what is saved in a process of its own.

    Attributes:
        path: the file that is written now; None for none.
        ended: the recordings that are finished, oldest first.
    """

    def __init__(
        self,
        order: Callable[[p.PlayerOrder], None],
        tell: Teller,
        title: str,
        wanted: str | None,
        *,
        force: bool = False,
        section: Callable[[], str] = lambda: "",
        later: Later = at_once,
    ) -> None:
        self.path: str | None = None
        self._on = False
        self.ended: tuple[p.RecordingView, ...] = ()
        self._order, self._tell, self._title = order, tell, title
        self._wanted, self._force, self._section = wanted, force, section
        self._later = later
        self._saving = False
        self._interrupted: str | None = None
        """The recording that a player which died was writing."""

    def ask(self, path: str | None, *, force: bool = False) -> None:
        """Start to record to a file ("" chooses one), or stop with None."""
        self._on = path is not None
        if path is None:
            self._order(p.StopRecording())
            return
        where = Path(path).expanduser().absolute() if path else default_recording(self._title)
        self._order(p.StartRecording(str(where), self._title, self._section(), force))

    def toggle(self, path: str) -> None:
        """Stop, or start to record to a file: whichever changes what was asked for last, not only what is written by now."""
        self.ask(None if self._on else path)

    def player_here(self) -> None:
        """A player answers: start what was wanted from the start, once."""
        if self._wanted:
            self.ask(self._wanted, force=self._force)
            self._wanted = None

    def player_gone(self) -> None:
        """The player died, and the recording with it."""
        self._interrupted, self.path = self.path or self._interrupted, None
        self._on = False

    def save_last(self, log: Path | None, minutes: float) -> None:
        """Save the last minutes of what was heard, in a process of its own; ``log`` is the folder of the set's log."""
        if self._saving:
            self._tell("info", "The last minutes are being saved already.")
        elif log is None:
            self._tell("warning", "Not saved: there is no log of this set. See that the data folder takes files.")
        else:
            self._saving, where = True, default_recording(f"{self._title} last minutes")
            self._tell("info", f"Saving the last {minutes:g} minutes ...")
            self._later(lambda: _save_apart(log, minutes, where), lambda said: self._saved(where, said))

    def _saved(self, where: Path, said: float | str) -> None:
        self._saving = False
        if isinstance(said, str):
            self._tell("error", said)
            return
        self.ended = (*self.ended, p.RecordingView(str(where), said))
        self._tell("info", f"Saved the last {_clock(said)} min: {p.short_path(str(where), PATH_CHARS)}")

    def said(self, state: p.RecordingState) -> None:
        """The player reports."""
        if state.path is not None and state.path != self.path:
            self._tell("info", f"Recording to {p.short_path(state.path, PATH_CHARS)}")
        self.path = state.path
        self._on = state.path is not None
        if state.ended:
            self.ended = (*self.ended, p.RecordingView(state.ended, state.length_s))
            self._tell("info", f"Recorded {_clock(state.length_s)} min: {p.short_path(state.ended, PATH_CHARS)}")
        if state.message:
            self._tell("error" if state.path is None else "info", state.message)

    def greeted(self, hello: p.PlayerHello) -> None:
        """A player's first word: go on in a file beside the recording that ended with the player before it."""
        self.path = hello.recording
        self._on = self.path is not None
        ended, self._interrupted = self._interrupted, None
        if ended is None or self.path is not None:
            return
        path = Path(ended)
        free = free_name(path)
        self.ask(str(free))
        self._tell("error", f"The player stopped: the recording goes on in {free.name}.")
