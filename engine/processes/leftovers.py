"""What sessions that were killed left behind: hundreds of megabytes of sections that nobody will play again.

Every session holds a lock on its sections folder, through its engine and through each process that engine started; a folder
whose lock is free has nobody left. Where there are no such locks (Windows) nothing is swept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import Final

from engine.processes.layout import LOCK_FILE

try:
    import fcntl
except ImportError:  # not a Unix
    fcntl = None  # type: ignore[assignment]

FRESH_S: Final = 60.0
"""A folder younger than this may not have its lock yet."""


def claim(folder: Path) -> int | None:
    """Hold a folder's lock as long as this process, or one that inherits the descriptor, lives. None where that cannot be."""
    if fcntl is None:
        return None
    with contextlib.suppress(OSError):
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return descriptor
    return None


def _abandoned(folder: Path) -> bool:
    """Whether nobody holds a sections folder any more."""
    if fcntl is None or time.time() - folder.stat().st_mtime < FRESH_S:
        return False
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def sweep(runtime: Path, sections: Path) -> list[str]:
    """Remove the folders of sessions that are over.

    Args:
        runtime: holds the sessions' sockets and logs, a folder each.
        sections: holds their sections, in folders of the same names.

    Returns:
        The names of the sessions removed.
    """
    gone = []
    with contextlib.suppress(OSError):
        for folder in sections.iterdir():
            with contextlib.suppress(OSError):
                if folder.is_dir() and _abandoned(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                    shutil.rmtree(runtime / folder.name, ignore_errors=True)
                    gone.append(folder.name)
    return gone
