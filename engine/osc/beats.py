"""When beats sound, from snapshots that come now and then: for messages that are sent as they do. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from engine.following import Follower

FOLLOW: Final = 0.1
"""See `Follower`: thirty snapshots a second, each late by another part of a block."""


@dataclass(slots=True)
class Beats:
    """Follows a set's position; says when its next beat sounds.

    Attributes:
        bpm, beats_per_bar: as the set has them.
        said: the last beat that was given, counted from 0; None for none.
    """

    bpm: float = 120.0
    beats_per_bar: int = 4
    said: int | None = None
    _follower: Follower = field(default_factory=lambda: Follower(FOLLOW))

    def hear(self, elapsed_s: float, playing: bool, bpm: float, beats_per_bar: int, at: float) -> None:
        """Take a snapshot that came at a time: how far the set is at its tempo, and whether it moves.

        Args:
            elapsed_s: seconds since bar 1, as if the set had always been at this tempo.
        """
        if bpm != self.bpm:
            self._follower.retimed(self.bpm / bpm, at)
        self.bpm, self.beats_per_bar = bpm, beats_per_bar
        if self._follower.hear(elapsed_s, playing, at):
            # The last beat that had sounded by then; one that begins just now has not.
            self.said = math.ceil(elapsed_s * self.bpm / 60.0 - 1e-3) - 1

    def next_at(self) -> float | None:
        """When the next beat sounds, in seconds of the clock; None while the set stands still."""
        if self._follower.began is None or self.said is None:
            return None
        return self._follower.began + (self.said + 1) * 60.0 / self.bpm

    def sounded_at(self) -> float | None:
        """When the beat that was given last sounds, in seconds of the clock; None for none."""
        if self._follower.began is None or self.said is None:
            return None
        return self._follower.began + self.said * 60.0 / self.bpm

    def due(self, at: float) -> tuple[int, int] | None:
        """The beat that sounds by now and was not given yet, as (bar, beat in it) from 1; missed ones are passed over."""
        following = self.next_at()
        if following is None or at < following or self._follower.began is None:
            return None
        self.said = max(self.said or 0, math.floor((at - self._follower.began) * self.bpm / 60.0 + 1e-6))
        return self.said // self.beats_per_bar + 1, self.said % self.beats_per_bar + 1
