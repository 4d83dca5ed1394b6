"""What is heard in the sound files of a preset: measured once, by a process of its own, and remembered in the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from engine.errors import READABLE, SoundError
from engine.processes.layout import cache_folder
from engine.protocol import HeardSound
from engine.versions import version

MEASURE_S: Final = 60.0
"""Seconds that measuring may take; two minutes of sound take two."""


def heard(path: Path, words: str = "") -> HeardSound:
    """What is heard in a file; the first time that it is asked for, this waits until it is measured.

    Args:
        path: of the file.
        words: that are written beside it.

    Raises:
        SoundError: it cannot be read, or nothing is in it.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise SoundError(f"there is no file {path.name[:30]}", "paths are counted from the preset's own folder") from error
    named = f"{version()} {path} {stat.st_size} {stat.st_mtime_ns}"
    memory = cache_folder() / "heard" / f"{hashlib.blake2b(named.encode(), digest_size=12).hexdigest()}.json"
    with contextlib.suppress(OSError, ValueError, TypeError):
        return replace(HeardSound(**json.loads(memory.read_text(encoding="utf-8"))), path=str(path), words=words)
    found = _measured(path)
    with contextlib.suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        fresh = memory.with_suffix(".new")
        fresh.write_text(json.dumps(found), encoding="utf-8")
        fresh.replace(memory)
    return replace(HeardSound(**found), path=str(path), words=words)


def heard_bars(path: Path) -> HeardSound:
    """What is heard in a file of bars from the room; waits until it is measured.

    Raises:
        SoundError: it cannot be read.
    """
    return replace(HeardSound(**_measured(path)), path=path.name)


def _measured(path: Path) -> dict[str, Any]:
    argv = [sys.executable, "-m", "engine.analysis.hearing", str(path)]
    try:
        done = subprocess.run(
            argv, capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=MEASURE_S, check=False, encoding="utf-8"
        )
        said = json.loads(done.stdout)
        if "wrong" in said:
            raise SoundError(str(said["wrong"]), str(said["hint"]))
        return dict(said["heard"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        raise SoundError(f"{path.name[:30]} could not be measured", READABLE) from error
