"""When beats sound, from snapshots that come now and then: for messages that are sent as they do. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

JUMP_S: Final = 0.08
"""A position this far from where it was expected is another place in the set, or a stop; below, it is how snapshots come."""

FOLLOW: Final = 0.1
"""How much of what a snapshot says of the time is followed at once: what it is late by changes from one to the next."""


@dataclass(slots=True)
class Beats:
    """Follows a set's position; says when its next beat sounds.

    Attributes:
        bpm, beats_per_bar: as the set has them.
        began: when the set's bar 1 sounded, or would have, in seconds of the clock; None while it stands still.
        said: the last beat that was given, counted from 0; None for none.
    """

    bpm: float = 120.0
    beats_per_bar: int = 4
    began: float | None = None
    said: int | None = None

    def hear(self, elapsed_s: float, playing: bool, bpm: float, beats_per_bar: int, at: float) -> None:
        """Take a snapshot that came at a time: how far the set is, and whether it moves."""
        self.bpm, self.beats_per_bar = bpm, beats_per_bar
        if not playing:
            self.began = None
            return
        began = at - elapsed_s
        if self.began is None or abs(began - self.began) > JUMP_S:
            self.began, self.said = began, self._before(elapsed_s)
        else:
            self.began += FOLLOW * (began - self.began)

    def _before(self, elapsed_s: float) -> int:
        """The last beat that had sounded by then; one that begins just now has not."""
        return math.ceil(elapsed_s * self.bpm / 60.0 - 1e-3) - 1

    def next_at(self) -> float | None:
        """When the next beat sounds, in seconds of the clock; None while the set stands still."""
        if self.began is None or self.said is None:
            return None
        return self.began + (self.said + 1) * 60.0 / self.bpm

    def due(self, at: float) -> tuple[int, int] | None:
        """The beat that sounds by now and was not given yet, as (bar, beat in it) from 1; missed ones are passed over."""
        following = self.next_at()
        if following is None or at < following or self.began is None:
            return None
        self.said = max(self.said or 0, math.floor((at - self.began) * self.bpm / 60.0 + 1e-6))
        return self.said // self.beats_per_bar + 1, self.said % self.beats_per_bar + 1
