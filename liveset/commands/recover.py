"""`liveset recover`: recordings that a crash cut off, and the last minutes of a set that nobody recorded."""

from __future__ import annotations

import contextlib
from pathlib import Path

import typer

from engine.errors import EngineError, RecordingError
from engine.performances.folders import find_folder
from engine.processes.client import running_session
from engine.processes.layout import AUDIO_ENDINGS, log_folder, recording_name
from engine.timebase import SAMPLE_RATE
from liveset.commands.sessions import clock


def recover(name: str) -> int:
    """Finish the recordings of a session that were cut off, or one by its file. Returns the exit code.

    Raises:
        LivesetError: there is no such session or file, or it is none that can be finished.
    """
    from engine.recovery.recordings import finish_file, recover_session

    if Path(name).suffix.lower() in AUDIO_ENDINGS:
        path = Path(name).expanduser()
        try:
            frames = finish_file(path)
        except OSError as error:
            raise RecordingError(f"cannot finish {path}: {error.strerror}", "name another file") from error
        typer.echo(f"{path}: {clock(frames / SAMPLE_RATE)} min; a session's name instead of the file writes the cue sheet too")
        return 0
    folder = find_folder(name)
    found = recover_session(folder, plays=_plays(folder))
    if not found:
        typer.echo(f"no recording of {folder.name} was cut off")
    for each in found:
        if each.problem:
            typer.echo(f"✗ {each.path}: {each.problem}")
        else:
            lost = f"lost: at most {each.lost / SAMPLE_RATE:.1f} s at its end"
            typer.echo(f"{each.path}: {clock(each.frames / SAMPLE_RATE)} min and its cue sheet are finished; {lost}")
    return 1 if any(each.problem for each in found) else 0


def save_last_minutes(name: str, minutes: float, out: Path | None, *, force: bool = False) -> None:
    """Write the last minutes of what was heard of a session, also while it plays.

    Raises:
        LivesetError: they are not there, or cannot be written.
    """
    from engine.performances.reading import read_card
    from engine.recovery.last import save_last

    folder = find_folder(name)
    where = Path(recording_name(read_card(folder).title)) if out is None else out.expanduser()
    frames = save_last(folder, minutes, where, force=force)
    typer.echo(f"{where}: the last {clock(frames / SAMPLE_RATE)} min of {folder.name}, and a cue sheet")


def _plays(folder: Path) -> bool:
    """Whether the set of a folder plays now."""
    with contextlib.suppress(OSError, EngineError):
        session = running_session()
        log = None if session is None else log_folder(session)
        return log is not None and log.samefile(folder)
    return False
