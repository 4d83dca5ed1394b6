"""The set's log as the engine begins it, or goes on with it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Literal

from engine.conductor.state import State
from engine.performances.entries import MADE, SetCard
from engine.performances.made import MadeLog
from engine.performances.writing import LogFile
from engine.presets import Preset, SetList, as_set_list
from engine.processes.layout import log_folder
from engine.protocol import SetOptions
from engine.versions import version


def made_log(session: Path) -> MadeLog:
    """The log of the set that plays in a session's folder; one that writes nothing where the session has none."""
    if (folder := log_folder(session)) is not None:
        with contextlib.suppress(OSError):
            return MadeLog(LogFile(folder / MADE), folder)
    return MadeLog(None)


def set_card(
    preset: Preset | SetList,
    options: SetOptions,
    state: State,
    how: Literal["live", "rehearsal"] = "live",
    when: str | None = None,
) -> SetCard:
    """What set begins; ``when`` is a local date and time, now if not given."""
    settings = state.settings
    return SetCard(
        title=settings.title,
        preset="\n".join(options.presets) or as_set_list(preset).source,
        seed=settings.seed,
        generator=settings.loads,
        started=when or time.strftime("%Y-%m-%d %H:%M:%S"),
        how=how,
        minutes=options.minutes,
        bars=settings.total_bars,
        version=version(),
    )
