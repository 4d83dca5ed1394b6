"""The player's part of the log."""

from __future__ import annotations

from collections import deque
from typing import Final

from engine.performances.entries import HeardSection, Note, PlayerCard, RecordingCard
from engine.performances.writing import LogFile
from engine.protocol import CueStarted, Looped, PlayerEvent

MARK_QUANTA: Final = 345
"""Quanta (2 s) between two lines that say how far the player is while nothing happens."""


class PlayedLog:
    """Writes down what a renderer played.

    Args:
        file: gets the lines; None writes nothing.
        frame: where the transport stands at first; block: frames rendered at a time; tape: its name, see `PlayerCard`.

    Attributes:
        notes: for the renderer, which leaves them here; None where nothing is written.
    """

    def __init__(self, file: LogFile | None, frame: int, block: int, tape: str = "") -> None:
        self.notes: deque[Note] | None = None if file is None else deque()
        self._file = file
        self._marked = self._quanta = self._frame = self._breaks = 0
        self._recording: RecordingCard | None = None
        self._put(player=PlayerCard(frame, block, tape))

    def turn(self, quanta: int, frame: int, breaks: int = 0) -> None:
        """Take what the renderer noted; ``quanta`` and ``frame`` say how far it is, ``breaks`` how often the sound broke off."""
        self._quanta, self._frame, self._breaks, notes = quanta, frame, max(self._breaks, breaks), self.notes
        while notes:
            note = notes.popleft()
            self._put(q=note.quantum, frame=note.frame, **{note.kind: note.value})
        if quanta - self._marked >= MARK_QUANTA:
            self._marked = quanta
            self._put(q=quanta, frame=frame, breaks=self._breaks)

    def said(self, event: PlayerEvent, quanta: int) -> None:
        """An event of the renderer's."""
        if isinstance(event, CueStarted):
            self._put(q=quanta, frame=event.frame, started=event)
        elif isinstance(event, Looped):
            self._put(q=quanta, frame=event.frame, looped=event)

    def recording(self, running: RecordingCard | None) -> None:
        """What is being recorded now, if anything; only what changes is written down."""
        if running == self._recording:
            return
        if self._recording is not None:
            self._put(q=self._quanta, frame=self._frame, recorded=self._recording.path)
        if running is not None:
            self._put(q=self._quanta, frame=self._frame, recording=running)
        self._recording = running

    def heard(self, section: HeardSection) -> None:
        """A section began to be heard."""
        self._put(q=self._quanta, frame=self._frame, heard=section)

    def close(self, quanta: int, frame: int) -> None:
        """The player ends here."""
        self.turn(quanta, frame)
        self._put(q=quanta, frame=frame, end=True)
        if self._file is not None:
            self._file.close()

    def _put(self, **line: object) -> None:
        if self._file is not None:
            self._file.add(**line)
