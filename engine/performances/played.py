"""The player's part of the log."""

from __future__ import annotations

from collections import deque
from typing import Final

from engine.performances.entries import Note, PlayerCard
from engine.performances.writing import LogFile
from engine.protocol import CueStarted, Looped, PlayerEvent

MARK_QUANTA: Final = 345
"""Quanta (2 s) between two lines that say how far the player is while nothing happens."""


class PlayedLog:
    """Writes down what a renderer played.

    Args:
        file: gets the lines; None writes nothing.
        frame: where the transport stands at first; block: frames rendered at a time.

    Attributes:
        notes: for the renderer, which leaves them here; None where nothing is written.
    """

    def __init__(self, file: LogFile | None, frame: int, block: int) -> None:
        self.notes: deque[Note] | None = None if file is None else deque()
        self._file = file
        self._marked = 0
        self._put(player=PlayerCard(frame, block))

    def turn(self, quanta: int, frame: int) -> None:
        """Take what the renderer noted; ``quanta`` and ``frame`` say how far it is."""
        notes = self.notes
        while notes:
            note = notes.popleft()
            self._put(q=note.quantum, frame=note.frame, **{note.kind: note.value})
        if quanta - self._marked >= MARK_QUANTA:
            self._marked = quanta
            self._put(q=quanta, frame=frame)

    def said(self, event: PlayerEvent, quanta: int) -> None:
        """An event of the renderer's."""
        if isinstance(event, CueStarted):
            self._put(q=quanta, frame=event.frame, started=event)
        elif isinstance(event, Looped):
            self._put(q=quanta, frame=event.frame, looped=event)

    def close(self, quanta: int, frame: int) -> None:
        """The player ends here."""
        self.turn(quanta, frame)
        self._put(q=quanta, frame=frame, end=True)
        if self._file is not None:
            self._file.close()

    def _put(self, **line: object) -> None:
        if self._file is not None:
            self._file.add(**line)
