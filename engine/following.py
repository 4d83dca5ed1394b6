"""Following a set's position from looks at it that come unevenly and a little late: where it is in between. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

JUMP_S: Final = 0.08
"""A position this far from where it was expected is another place in the set, or a stop; below, it is how looks come."""


@dataclass(slots=True)
class Follower:
    """Knows when the set's bar 1 sounded, or would have.

    Attributes:
        share: how much of what a look says anew is followed at once, above 0 and at most 1: the smaller, the steadier.
        began: in seconds of the clock that looks are stamped with; None while the set stands still.
    """

    share: float
    began: float | None = None

    def retimed(self, ratio: float, at: float) -> None:
        """Count on from the same place at another tempo: seconds since bar 1 are so many times as many."""
        if self.began is not None:
            self.began = at - (at - self.began) * ratio

    def hear(self, elapsed_s: float, playing: bool, at: float) -> bool:
        """Take a look at a time: how far the set is, and whether it moves. Returns whether it is elsewhere than expected."""
        if not playing:
            self.began = None
            return False
        began = at - elapsed_s
        if self.began is None or abs(began - self.began) > JUMP_S:
            self.began = began
            return True
        self.began += self.share * (began - self.began)
        return False
