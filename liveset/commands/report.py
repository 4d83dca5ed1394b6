"""`liveset report`: how a set went that was played, on one page."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from engine.errors import PerformanceError
from engine.performances.folders import find_folder
from engine.performances.reading import Performance, read_performance, takes_of
from liveset.commands.plain import plain_console

REPORT: Final = "report"
"""The folder for it in a session's."""

NICE: Final = 10


def report_session(name: str, out: Path | None, *, quiet: bool = False) -> None:
    """Write a session's report: of its longest recording, or else of a replay.

    Args:
        name: the session's.
        out: a folder, which is made; an earlier report in it is replaced. The session's own if not given.
        quiet: nobody waits: give way to whatever else runs.

    Raises:
        LivesetError: there is no such session, it can neither be heard nor played again, or nothing can be written.
    """
    from liveset.report.played import log_of, longest_recording, replayed
    from liveset.report.write import PAGE_NAME, check_writable, write_report

    if quiet:
        with contextlib.suppress(OSError, AttributeError):
            os.nice(NICE)
    folder = find_folder(name)
    performance = read_performance(folder)
    where = check_writable(folder / REPORT if out is None else out.expanduser())
    with tempfile.TemporaryDirectory(prefix="lr") as scratch:
        sound = longest_recording(performance)
        if sound is None:
            sound = replayed(performance, _replay(performance, Path(scratch)))
        write_report(where, sound.path, log_of(folder, performance, sound), takes_of(performance))
    plain_console(soft_wrap=True).print(f"{where / PAGE_NAME} says how it went", highlight=False, markup=False)


def _replay(performance: Performance, folder: Path) -> Path:
    """Render a set that nobody recorded once more."""
    from engine.replay.remaking import check_repeatable
    from engine.replay.replay import Span, replay
    from liveset.commands.sessions import progress_bar

    check_repeatable(performance)
    path = folder / "again.wav"
    with progress_bar(performance.card.title) as (_, told):
        replay(performance, path, Span(), told)
    return path


def report_later(folder: Path) -> str:
    """Have the report of a recorded set that is over written while nobody waits; what is said of it, nothing if there is none."""
    from liveset.report.played import longest_recording

    try:
        if longest_recording(read_performance(folder)) is None:
            return ""
        argv = [sys.executable, "-m", "liveset", "report", folder.name, "--quiet"]
        nothing = subprocess.DEVNULL
        subprocess.Popen(argv, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True)
    except (OSError, PerformanceError):
        return ""
    return f"Report, in a minute: {folder / REPORT / 'report.html'}"
