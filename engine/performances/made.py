"""The engine's part of the log."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.performances.entries import KEPT_SECTIONS, MadeSection, SetCard
from engine.performances.writing import LogFile
from engine.protocol import Command


class MadeLog:
    """Writes down what set it is, what its sections were to be, and what the performer asked for.

    Args:
        file: gets the lines; None writes nothing.
        folder: of the log, where there is one.

    Attributes:
        folder: the same.
    """

    def __init__(self, file: LogFile | None, folder: Path | None = None) -> None:
        self._file, self.folder = file, folder

    def begin(self, card: SetCard) -> None:
        """The set's first line."""
        self._put(set=card)

    def section(self, made: MadeSection) -> None:
        """A generator was asked for a section."""
        self._put(section=made)

    def command(self, frame: int, command: Command) -> None:
        """The performer asked for something, at a transport frame."""
        self._put(frame=frame, command={"kind": type(command).__name__, "asked": command})

    def keep(self, file: Path, copy: bool = False) -> None:
        """Have a section file kept with the log, whatever becomes of it: for a replay.

        It is the same file under another name, on the same disk; where they lie on two it is not kept, unless ``copy`` says that
        it is short enough for a copy.
        """
        if self.folder is None:
            return
        kept = self.folder / KEPT_SECTIONS / file.name
        try:
            kept.parent.mkdir(exist_ok=True)
            kept.hardlink_to(file)
        except OSError:
            if copy and not kept.exists():
                threading.Thread(target=_copied, args=(file, kept), name="keep", daemon=True).start()

    def later(self, work: Callable[[], None]) -> None:
        """Have something done on the thread that writes."""
        if self._file is not None:
            self._file.later(work)

    def close(self) -> None:
        """Write what waits."""
        if self._file is not None:
            self._file.close()

    def _put(self, **line: object) -> None:
        if self._file is not None:
            self._file.add(**line)


def _copied(file: Path, kept: Path) -> None:
    """A copy, whole or not at all."""
    fresh = kept.with_suffix(".new")
    with contextlib.suppress(OSError):
        try:
            shutil.copyfile(file, fresh)
            fresh.replace(kept)
        finally:
            fresh.unlink(missing_ok=True)


NOTHING_MADE: Final = MadeLog(None)
"""Writes nothing."""
