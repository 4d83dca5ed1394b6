"""How this instrument was started, so that every message names commands that work where they are read."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

STARTED_AS: Final = "LIVESET_STARTED_AS"
"""The environment variable that carries it: set by scripts/play and by the command line, read by every process of a set."""

NAME: Final = "liveset"


def started_as(argv0: str = "") -> str:
    """The words that start this instrument: ``./scripts/play``, ``liveset``, or the path it was started by.

    Args:
        argv0: how this process was started, ``sys.argv[0]`` if empty; counts where the environment says nothing.
    """
    told = os.environ.get(STARTED_AS, "")
    if told:
        return told
    path = Path(argv0 or sys.argv[0])
    if path.name == "__main__.py" and path.parent.name == NAME:
        return f"python -m {NAME}"
    if path.stem != NAME or _on_path(path):
        return NAME
    return shlex.quote(str(path))


def in_checkout() -> bool:
    """Whether scripts/play started this instrument, and so keeps its environment up to date."""
    return started_as().replace("\\", "/").endswith("scripts/play")


def add_the_extra(name: str) -> str:
    """How to install what an extra needs, by the way this instrument was installed."""
    how = f"LIVESET_EXTRA={name} {command('doctor')}" if in_checkout() else f'pip install "{NAME}[{name}]"'
    return f"add what it needs: {how}"


def _on_path(path: Path) -> bool:
    found = shutil.which(NAME)
    try:
        return found is not None and Path(found).samefile(path)
    except OSError:  # on Windows a command's own name lacks its ending
        return found is not None and Path(found).stem == NAME and Path(found).parent == path.parent


def command(words: str) -> str:
    """A command as this person would type it: ``command("attach")`` is ``./scripts/play attach`` in a checkout."""
    return f"{started_as()} {words}"
