"""What is known of a generator's life: counted as it reports, read by the watchdog. No clock in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SMOOTH: Final = 0.3
"""How much the newest second counts against those before it."""

WORKED_S: Final = 0.2
"""Seconds of wanting a core between two heartbeats from which on they say how much of one there was."""


@dataclass
class Vitals:
    """One generator's, from the start of its process on.

    Attributes:
        told: how often it was given something to do, or reported on it.
        beats: heartbeats so far.
        sections: that it finished.
        cpu_s: processor seconds that its process has had.
        share: how much of a core it gets while it wants one, 0..1, smoothed over some seconds.
    """

    told: int = 0
    beats: int = 0
    sections: int = 0
    cpu_s: float = 0.0
    share: float = 1.0
    _waited_s: float = 0.0

    def beat(self, cpu_s: float, waited_s: float) -> bool:
        """A heartbeat, with what its process has had and waited for so far. Returns whether it says anything of the share."""
        had, waited = max(0.0, cpu_s - self.cpu_s), max(0.0, waited_s - self._waited_s)
        self.beats += 1
        self.cpu_s, self._waited_s = cpu_s, waited_s
        if self.beats == 1 or had + waited < WORKED_S:  # the first tells of its start, when much is read and little computed
            return False
        self.share += SMOOTH * (had / (had + waited) - self.share)
        return True
