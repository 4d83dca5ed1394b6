"""Where performances lie: a folder for each set that was played, named by title and time."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import Final

import platformdirs

from engine.command_line import command
from engine.errors import PerformanceError
from engine.performances.entries import KEPT_SECTIONS, MADE, PLAYED

MOST_KEPT: Final = 50
"""Sets whose logs are kept; the oldest make room for new ones."""

BEGUN: Final = "begun"
"""In a set's folder: when it began."""

BACKLOG: Final = "last-minutes"
"""In a set's folder: a folder for each of its players, with the last minutes of what was heard."""

BACKLOG_SUFFIX: Final = ".wav"
BACKLOG_MINUTES: Final = 10.0
"""How much of it there is at least, once so much was heard."""

MOST_BACKLOGS: Final = 2
"""Sets whose last minutes are there, the one that plays among them: each takes 160 MB."""

MOST_BYTES: Final = 8 << 30
"""Bytes of section files that are kept of all sets; the oldest sets give theirs up first."""

LAST: Final = "last"
"""Names the newest."""


def performances_root() -> Path:
    """Where they lie: $LIVESET_SESSIONS, or a folder in the user's data."""
    named = os.environ.get("LIVESET_SESSIONS")
    return Path(named).expanduser() if named else Path(platformdirs.user_data_dir("liveset")) / "sessions"


def new_folder(name: str) -> Path | None:
    """Make a folder for a set that begins; None where none can be made.

    Args:
        name: of title and time; a number is added where there is one of that name.
    """
    root = performances_root()
    names = (name, *(f"{name}-{n}" for n in range(2, 1000)))
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = next(root / each for each in names if not (root / each).exists())
        folder.mkdir(mode=0o700)
        (folder / BEGUN).write_text(str(time.time_ns()), encoding="ascii")
    except (OSError, StopIteration):
        return None
    return folder


def give_up_old() -> None:
    """Delete what is kept of the oldest sets beyond `MOST_KEPT`, `MOST_BACKLOGS` and `MOST_BYTES`. It may take seconds."""
    found = all_folders()
    for old in (*found[MOST_KEPT:], *(each / BACKLOG for each in found[MOST_BACKLOGS:])):
        shutil.rmtree(old, ignore_errors=True)
    held = 0
    for kept in (each / KEPT_SECTIONS for each in found):
        with contextlib.suppress(OSError):
            held += sum(file.stat().st_size for file in kept.iterdir())
            if held > MOST_BYTES:
                shutil.rmtree(kept)


def all_folders() -> list[Path]:
    """Every set's folder, the newest first."""
    with contextlib.suppress(OSError):
        found = [(_begun(each), each) for each in performances_root().iterdir() if each.is_dir()]
        return [folder for _, folder in sorted(found, reverse=True)]
    return []


def _begun(folder: Path) -> int:
    """When a set began, in nanoseconds: a folder's own time moves as something in it is deleted."""
    with contextlib.suppress(OSError, ValueError):
        return int((folder / BEGUN).read_text(encoding="ascii"))
    return folder.stat().st_mtime_ns


def find_folder(name: str) -> Path:
    """The folder of a set by its name; `LAST` is the newest that was played.

    Raises:
        PerformanceError: if there is none.
    """
    found = all_folders()
    if name == LAST:
        played = [folder for folder in found if _played(folder)]
        if not played:
            raise PerformanceError("no set was played yet", f"play one: {command('play')}")
        return played[0]
    folder = next((folder for folder in found if folder.name == name), None)
    if folder is None:
        raise PerformanceError(f"there is no session {name[:40]}", f"{command('sessions')} lists them")
    return folder


def _played(folder: Path) -> bool:
    return (folder / MADE).is_file() and (folder / PLAYED).is_file()


def remove_folder(name: str) -> Path:
    """Delete a set's log.

    Raises:
        PerformanceError: if there is none, or it cannot be deleted.
    """
    folder = find_folder(name)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise PerformanceError(f"cannot remove {folder}: {error.strerror}", "remove it by hand") from error
    return folder
