"""Where MIDI callbacks leave their messages until the engine fetches them: bounded, whatever arrives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from engine.midi.meaning.values import TOP

KEEP: Final = 2048
"""Messages kept in order between two fetches, positions of knobs aside; more are dropped and counted."""

SPLITS: Final = 8
"""Jumps and repeats of one knob that are kept apart between two fetches."""

NEAR_STEP: Final = 32
"""Steps (of 127) between two messages of a knob up to which it counts as one movement."""

_KIND: Final = 0xF0
_NOTE_OFF: Final = 0x80
_CONTROL_CHANGE: Final = 0xB0
_PITCH_BEND: Final = 0xE0
_SYSTEM: Final = 0xF0
_BOUND: Final = (0x80, 0x90, _CONTROL_CHANGE, _PITCH_BEND)
"""What counts in any case: notes, controllers and pitch bends. Clocks and SysEx never count."""

MORE: Final = {"program": 0xC0, "pressure": 0xD0}
"""The statuses of `engine.midi.profiles.RARE`."""


class Arrival(NamedTuple):
    """A message: its port, its bytes, when it came in seconds, and whether its knob passed all values since its last one."""

    port: str
    data: bytes
    at: float
    swept: bool = False


@dataclass(slots=True)
class _Sweep:
    """A knob's way since the last fetch: where it began, its lowest, highest and latest, and which end came later.

    ``splits`` counts what was kept apart of this knob, ``torn`` says that jumps had to be taken in.
    """

    first: bytes
    low: bytes
    high: bytes
    latest: bytes
    at: float
    high_last: bool = True
    splits: int = 0
    torn: bool = False

    def add(self, data: bytes, at: float) -> None:
        if data[2] <= self.low[2]:
            self.low, self.high_last = data, False
        if data[2] >= self.high[2]:
            self.high, self.high_last = data, True
        self.torn = self.torn or not self.goes_on(data)
        self.latest, self.at = data, at

    def goes_on(self, data: bytes) -> bool:
        """Whether a message is the same movement: no jump, and no repeat, which only buttons and encoders send."""
        return data != self.latest and abs(data[2] - self.latest[2]) <= NEAR_STEP

    def arrivals(self, port: str) -> list[Arrival]:
        """At most four messages that pass every value the knob passed, and end where it stands."""
        ends = [self.low, self.high] if self.high_last else [self.high, self.low]
        way = [*dict.fromkeys(data for data in (self.first, *ends) if data != self.latest), self.latest]
        return [Arrival(port, data, self.at, swept=place > 0 and not self.torn) for place, data in enumerate(way)]


@dataclass(frozen=True, slots=True)
class Post:
    """What was fetched: messages in order; how many arrived that could mean something, and how many of those were dropped."""

    messages: tuple[Arrival, ...]
    arrived: int
    dropped: int


class Mailbox:
    """Messages of all ports, in order of arrival.

    Of a knob's movement only where it began, its ends and its latest position are kept, in the place of its last message: a
    flood of control changes costs a dozen messages a control at most, and a fast sweep still passes the value it has to
    pick up. Some jumps and repeats are kept apart: they tell encoders and buttons from knobs. Notes, buttons and encoder
    ticks are kept one by one, up to `KEEP`.

    Args:
        wake: called from the callback's thread when the first message since a fetch arrives; must return at once.
        merge: False keeps every message of a channel, those that can move nothing as well: for a monitor.
    """

    def __init__(self, wake: Callable[[], None], merge: bool = True) -> None:
        self._wake = wake
        self._merge = merge
        self._lock = threading.Lock()
        self._more: frozenset[int] = frozenset()
        self._whole = False
        self._queued: dict[str, frozenset[tuple[int | None, int]]] = {}
        self._letters: dict[tuple[str, int, int], Arrival | tuple[str, _Sweep]] = {}
        self._serial = 0
        self._kept = 0
        self._arrived = 0
        self._dropped = 0

    def expect(self, port: str, queued: frozenset[tuple[int | None, int]]) -> None:
        """Say which controls of a port (see `Mapping.queued`) are kept message by message."""
        with self._lock:
            self._queued[port] = queued

    def count(self, kinds: frozenset[str], whole: bool) -> None:
        """Say which kinds of controls of `MORE` count from now on, and whether movements are kept whole, message by message.

        From any thread.
        """
        self._whole = whole
        self._more = frozenset(MORE[kind] for kind in kinds)

    def put(self, port: str, data: bytes, at: float) -> None:
        """Take in one message that came at a time in seconds; safe from any thread, never waits for more than another call.

        What is no whole message, or none that a control can be, is passed over before it counts.
        """
        if not self._means_something(data):
            return
        with self._lock:
            first = not self._arrived
            self._arrived += 1
            if self._merge and data[0] & _KIND == MORE["pressure"]:
                self._letters.pop((port, data[0], 0), None)
                self._letters[port, data[0], 0] = Arrival(port, data, at)
            elif self._merges(port, data):
                self._add(port, data, at)
            else:
                self._keep(Arrival(port, data, at))
        if first:
            self._wake()

    def _means_something(self, data: bytes) -> bool:
        if not data or not _NOTE_OFF <= data[0] < _SYSTEM or any(byte > TOP for byte in data[1:]):
            return False
        if data[0] & _KIND in _BOUND:
            return len(data) == 3
        return not self._merge or (data[0] & _KIND in self._more and len(data) == 2)

    def _keep(self, letter: Arrival | tuple[str, _Sweep]) -> None:
        if self._kept >= KEEP:
            self._dropped += 1
            return
        self._kept += 1
        self._serial += 1
        self._letters["", 0, self._serial] = letter

    def _add(self, port: str, data: bytes, at: float) -> None:
        """A knob's message: a part of its movement, or the beginning of another one."""
        key = (port, data[0], data[1] if data[0] & _KIND == _CONTROL_CHANGE else 0)
        letter = self._letters.pop(key, None)
        sweep = letter[1] if letter is not None and not isinstance(letter, Arrival) else None
        if sweep is None:
            sweep = _Sweep(data, data, data, data, at)
        elif not sweep.goes_on(data) and sweep.splits < SPLITS and self._kept < KEEP:
            self._keep((port, sweep))
            sweep = _Sweep(data, data, data, data, at, splits=sweep.splits + 1)
        else:
            sweep.add(data, at)
        self._letters[key] = (port, sweep)

    def _merges(self, port: str, data: bytes) -> bool:
        if not self._merge or self._whole or data[0] & _KIND not in (_CONTROL_CHANGE, _PITCH_BEND):
            return False
        if data[0] & _KIND == _PITCH_BEND:
            return True
        queued = self._queued.get(port, frozenset())
        return (None, data[1]) not in queued and ((data[0] & 0x0F) + 1, data[1]) not in queued

    def take(self) -> Post:
        """Everything since the last fetch."""
        with self._lock:
            letters, self._letters = self._letters, {}
            arrived, self._arrived = self._arrived, 0
            dropped, self._dropped = self._dropped, 0
            self._kept = 0
        messages: list[Arrival] = []
        for letter in letters.values():
            if isinstance(letter, Arrival):
                messages.append(letter)
            else:
                messages += letter[1].arrivals(letter[0])
        return Post(tuple(messages), arrived, dropped)
