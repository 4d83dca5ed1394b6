"""Learning controls while the set plays: what the screen asks for, and files written on a thread of their own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine import protocol as p
from engine.errors import MidiError
from engine.midi.mapping import Mapping
from engine.midi.profiles import Bindings
from engine.midi.teaching import learned
from engine.session.later import Later

log = logging.getLogger(__name__)


class Learning:
    """Has the mapping learn, and keeps what it learned.

    Args:
        mapping: learns.
        folder: where the files of all controllers lie.
        later: writes a file without holding anybody up.
        tell: a level and a sentence for the performer.
    """

    def __init__(self, mapping: Mapping, folder: Path, later: Later, tell: Callable[[str, str], None]) -> None:
        self._mapping, self._folder, self._later, self._tell = mapping, folder, later, tell
        tables, said = learned.load(folder)
        mapping.remember(tables)
        for text in said:
            tell("warning", text)
        self._saved = dict(mapping.teacher.tables)

    @property
    def waits_for(self) -> str:
        """The action that waits for a control; empty for none."""
        lesson = self._mapping.teacher.lesson
        return "" if lesson is None else lesson.action.name

    def command(self, command: p.Learn | p.StopLearning | p.UndoLearning) -> None:
        """Do what the screen asks."""
        match command:
            case p.Learn(action, add):
                try:
                    self._mapping.learn(action, add)
                except MidiError as error:
                    self._tell("warning", str(error))
            case p.StopLearning():
                self._mapping.teacher.lesson = None
            case p.UndoLearning():
                kind = self._mapping.undo_learning()
                self._tell(
                    "info", "No control was learned." if kind is None else f"{kind[:40]}: as it was before the last control."
                )
        self.keep()

    def keep(self) -> None:
        """Write what has changed since the last call."""
        for kind, table in self._mapping.teacher.tables.items():
            if self._saved.get(kind) is not table:
                self._saved[kind] = table
                self._later(partial(self._write, kind, dict(table)), self._written)

    def _write(self, kind: str, table: Bindings) -> str:
        try:
            learned.save(self._folder, kind, table)
        except MidiError as error:
            log.warning("%s", error)
            return f"{error.message[:90]}."
        return ""

    def _written(self, failed: str) -> None:
        if failed:
            self._tell("warning", failed)
