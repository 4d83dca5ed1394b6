"""When messages came, by the MIDI system's own stamps: a busy program fetches them late, and several at once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CREEP: Final = 2e-4
"""Part of the time by which the system's clock may go slower than this program's: crystals are within 100 ppm each."""

ANEW_S: Final = 2.0
"""Seconds by which a message can not be late: the system counted anew."""


@dataclass(slots=True)
class Stamps:
    """Puts messages in time. The system tells how long each came after the one before it, and no more than that.

    Some are fetched almost as they come: those tell where the system's time lies in this program's.
    """

    _count_s: float = 0.0
    _offset_s: float | None = None

    def came(self, after_s: float, fetched: float) -> float:
        """When a message came, in seconds of the program's clock.

        Args:
            after_s: seconds that it came after the one before it.
            fetched: when it was fetched.
        """
        after_s = max(0.0, after_s)
        self._count_s += after_s
        late = fetched - self._count_s
        if self._offset_s is None or late - self._offset_s > ANEW_S:
            self._offset_s = late
        self._offset_s = min(late, self._offset_s + CREEP * after_s)
        return self._count_s + self._offset_s
