"""How long each generator took on this machine in the sets before, so that a set knows it before its first section is made."""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
from pathlib import Path

from engine.conductor.planning.pace import Pace
from engine.processes.layout import PACE_FILE, cache_folder


def _path() -> Path:
    return cache_folder() / PACE_FILE


def _key(generator: str) -> str:
    """A machine, a generator, and what changes the work it has."""
    return "/".join((platform.node(), generator, *(os.environ.get(name, "") for name in ("LIVESET_MODEL", "LIVESET_PRECISION"))))


def _all(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remembered(generator: str) -> Pace:
    """What was measured last of a generator; nothing where nothing was, or it cannot be read."""
    rows = _all(_path()).get(_key(generator))
    try:
        pairs = tuple(sorted((int(steps), float(work)) for steps, work in rows))  # type: ignore[attr-defined]
    except (TypeError, ValueError, AttributeError):
        return Pace()
    return Pace(pairs) if all(steps > 0 and 0 < work < math.inf for steps, work in pairs) else Pace()


def remember(generator: str, pace: Pace) -> None:
    """Write down what was measured; a disk that refuses it is no matter."""
    path = _path()
    known = {**_all(path), _key(generator): [list(pair) for pair in pace.measured]}
    fresh = path.with_suffix(f".{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(known), "utf-8")
        fresh.replace(path)
