"""A loop from the room beside the sections: bars of a file, again and again on the set's grid, until they are taken away."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from engine.player.decks import Deck, SeenReader
from engine.player.rendering.ramps import Bus
from engine.player.rendering.timeline import Timeline
from engine.player.rendering.transitions import Fade
from engine.player.rendering.voices import Levels
from engine.protocol import PlayerEvent
from engine.timebase import QUANTUM

OUT_FADE: Final = 441
"""Frames (10 ms) over which a loop goes."""

_RAMP: Final = np.arange(QUANTUM, dtype=np.float64)


class RoomLoop:
    """Renders the loop; none at first."""

    def __init__(self) -> None:
        self._timeline: Timeline | None = None
        self._leaving: list[tuple[Timeline, Fade]] = []
        self._bus: Bus = np.zeros((2, QUANTUM))

    @property
    def readers(self) -> tuple[SeenReader, ...]:
        """The files that are played, or are about to be."""
        return () if self._timeline is None else self._timeline.readers

    def set(self, deck: Deck | None, at: int) -> None:
        """Loop something else, or nothing: what loops goes at a frame."""
        if self._timeline is not None:
            self._leaving.append((self._timeline, Fade(at, OUT_FADE, "linear", False)))
            self._timeline = None
        if deck is not None:
            self._timeline = Timeline(deque[PlayerEvent](maxlen=8))
            self._timeline.set_cues((deck,))

    def plan(self, frame: int) -> None:
        """Decide what sounds in the quantum that starts at ``frame``."""
        self._leaving = [(timeline, fade) for timeline, fade in self._leaving if fade.end > frame]
        for timeline in (self._timeline, *(timeline for timeline, _ in self._leaving)):
            if timeline is not None:
                timeline.plan(frame)

    def add_to(self, bus: Bus, frame: int, levels: Levels) -> None:
        """Mix the quantum that starts at ``frame``, and was planned, into ``bus`` (2, 256)."""
        if self._timeline is not None:
            self._timeline.add_to(bus, frame, levels)
        for timeline, fade in self._leaving:
            self._bus.fill(0.0)
            timeline.add_to(self._bus, frame, levels)
            bus += self._bus * fade.gains(frame, _RAMP)[0]
