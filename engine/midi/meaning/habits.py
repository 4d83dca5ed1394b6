"""What messages betray about what sends them: an encoder, a button, a latching one, a dump of all positions, Mackie mode.

Nothing here knows the time: every message comes with its own, in seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from engine.midi.meaning.values import HALF, RELATIVE, TOP
from engine.midi.profiles import Control

NEAR: Final = 7
"""Ticks that an encoder sends at once at most while it is still being found out."""

FAR: Final = 31
"""Ticks beyond which a message of a control that was taken for an encoder says that it is none."""

SETTLED: Final = 3
"""Repeats, or messages, that make a habit."""

GESTURE_S: Final = 2.0
"""Seconds within which an encoder must have been turned both ways to be found out: what a keyboard sends with its sounds is
further apart."""

LATCH_S: Final = 0.3
"""Seconds that a finger which works a button as fast as in a set keeps it down at most; a latching one stays longer."""

BURST: Final = 6
BURST_S: Final = 0.03
FRESH_S: Final = 0.5
"""A burst: so many controls within so many seconds, none of which was heard of in the seconds before. No hand does that."""

PAIR_S: Final = 0.005
"""Seconds between the two halves of one 14-bit value at most."""

_PLUS: Final = range(1, NEAR + 1)
_MINUS: Final = range(TOP + 1 - NEAR, TOP + 1)
_OVER: Final = range(HALF + 1, HALF + NEAR + 1)
_UNDER: Final = range(HALF - NEAR, HALF)


@dataclass(slots=True)
class Habit:
    """What is known of one control (of a port, on a channel).

    Attributes:
        note: it is a key or pad, whose values are velocities: only 0 lets go.
        last: its last value, 0..127; last_at: when.
        count: its messages.
        ends_only: it sent nothing but 0 and 127: a button.
        released: it once sent a value below the middle after one above it, or a note-off.
        released_at: when it did so last.
        dialect: the mode of an endless encoder that it was found to be; None for none.
        alone: it was heard of without its other half, see `PAIR_S`; paired: how often with it.
    """

    note: bool = False
    last: int | None = None
    last_at: float = float("-inf")
    count: int = 0
    ends_only: bool = True
    released: bool = False
    released_at: float = float("-inf")
    dialect: str | None = None
    alone: bool = False
    paired: int = 0
    _seen: frozenset[str] = frozenset()
    _other: bool = False
    _repeats: int = 0
    _zeros: int = 0
    _latches: int = 0

    @property
    def low_half(self) -> bool:
        """It is the low half of a 14-bit value that somebody took for a control of its own."""
        return self.paired > 1 and not self.ends_only

    @property
    def latching(self) -> bool:
        """It looks like a button that stays down until it is pressed again."""
        return self.ends_only and self._latches >= SETTLED

    def take(self, value: int, at: float, swept: bool = False) -> None:
        """Learn from a message; ``swept``: it passed every value from the last one to this one."""
        before, self.last = self.last, value
        silent, self.last_at = at - self.last_at, at
        self.count += 1
        self.ends_only = self.ends_only and value in (0, TOP) and not swept
        if before is not None and (value == 0 if self.note else before >= HALF > value):
            self.released, self.released_at = True, at
        if before is not None and (before >= HALF) != (value >= HALF):
            self._latches = self._latches + 1 if silent >= LATCH_S else 0
        if silent > GESTURE_S:
            self._seen, self._repeats, self._zeros = frozenset(), 0, 0
        self._repeats += before == value
        self._zeros += before == value == 0
        side = _side(value)
        self._other = self._other or side is None or (swept and before is not None and abs(value - before) > 2 * NEAR)
        self._seen |= {side} if side else frozenset()
        if self.dialect is None:
            self.dialect = self._found()
        elif abs(RELATIVE[self.dialect](value)) > FAR:
            self.dialect = None

    def _found(self) -> str | None:
        """The dialect, once both its directions were seen and nothing else: knobs pass what lies between, encoders repeat."""
        seen, found = self._seen, None
        if self._other or self.paired > 1:
            return None
        if seen == {"zero", "top"} and self._zeros:
            found = "up-down"
        elif seen == {"plus", "over"}:
            found = "sign-magnitude"
        elif "plus" in seen and seen <= {"plus", "minus", "top"} and len(seen) > 1:
            found = "twos-complement"
        elif seen == {"over", "under"} and self._repeats and self.count >= SETTLED:
            found = "binary-offset"
        return found


def _side(value: int) -> str | None:
    """Where a value lies that an encoder may send; None for one that only knobs pass."""
    if value in (0, TOP):
        return "top" if value else "zero"
    for side, values in (("plus", _PLUS), ("minus", _MINUS), ("over", _OVER), ("under", _UNDER)):
        if value in values:
            return side
    return None


@dataclass(slots=True)
class Bursts:
    """Finds the moment in which a port sends many different controls at once, as when a keyboard changes its sound."""

    until: float = float("-inf")
    _fresh: deque[tuple[float, Control]] = field(default_factory=lambda: deque(maxlen=BURST))

    def take(self, control: Control, silent_s: float, at: float) -> bool:
        """Learn of a control's message, so many seconds after its last; whether it belongs to a burst."""
        if silent_s > FRESH_S:
            self._fresh.append((at, control))
            if len(self._fresh) == BURST and at - self._fresh[0][0] <= BURST_S and len({c for _, c in self._fresh}) == BURST:
                self.until = at + BURST_S
        return silent_s > FRESH_S and at <= self.until


_V_POTS: Final = frozenset(range(16, 24))
MASTER_FADER: Final = 9
"""The channel of a Mackie controller's last fader."""

_ZONE, _SWITCH = 15, 47
"""The controllers with which HUI says where something happens, and what."""


@dataclass(slots=True)
class Modes:
    """Finds out whether a port speaks Mackie or HUI, the languages of big mixing desks."""

    _bends: set[int] = field(default_factory=set)
    _pots: set[int] = field(default_factory=set)
    _strange: bool = False
    _zone_at: float = float("-inf")
    _zones: int = 0

    def bend(self, channel: int) -> None:
        """A pitch bend came."""
        self._bends.add(channel)

    def note(self, channel: int) -> None:
        """A note came: of a Mackie controller they are all on channel 1, of a keyboard that bends each note they are not."""
        self._strange = self._strange or channel > 1

    def control(self, number: int, value: int, dialect: str | None, at: float) -> None:
        """A controller came, on channel 1."""
        if dialect == "sign-magnitude":
            self._pots.add(number)
        if number == _ZONE:
            self._zone_at = at
        elif number == _SWITCH and at - self._zone_at <= PAIR_S and value & 0x38 == 0:
            self._zones += 1

    @property
    def found(self) -> str:
        """ "mackie", "hui", or nothing."""
        pots = self._pots & _V_POTS
        faders = not self._strange and self._bends <= set(range(1, MASTER_FADER + 1))
        if faders and (len(self._bends) > 1 or MASTER_FADER in self._bends or (pots and self._bends) or len(pots) > 1):
            return "mackie"
        return "hui" if self._zones >= SETTLED else ""
