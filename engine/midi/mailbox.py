"""Where MIDI callbacks leave their messages until the engine fetches them: bounded, whatever arrives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

KEEP: Final = 2048
"""Messages kept in order between two fetches, positions of knobs aside; more are dropped and counted."""

_CONTROL_CHANGE: Final = 0xB0


@dataclass(slots=True)
class _Sweep:
    """A knob's way since the last fetch: its lowest, highest and latest position, and which extreme came later."""

    low: bytes
    high: bytes
    latest: bytes
    high_last: bool = True

    def add(self, data: bytes) -> None:
        if data[2] <= self.low[2]:
            self.low, self.high_last = data, False
        if data[2] >= self.high[2]:
            self.high, self.high_last = data, True
        self.latest = data

    def positions(self) -> list[bytes]:
        """At most three messages that pass every value the knob passed, and end where it stands."""
        ends = [self.low, self.high] if self.high_last else [self.high, self.low]
        return [*dict.fromkeys(data for data in ends if data != self.latest), self.latest]


@dataclass(frozen=True, slots=True)
class Post:
    """What was fetched: (port, bytes) in order; how many messages arrived, and how many of them were dropped."""

    messages: tuple[tuple[str, bytes], ...]
    arrived: int
    dropped: int


class Mailbox:
    """Messages of all ports, in order of arrival.

    Of a knob only the ends of its way and its latest position are kept, in the place of its last message: a flood of
    control changes costs three messages a control at most, and a fast sweep still passes the value it has to pick up.
    Notes, buttons and encoder ticks are kept one by one, up to `KEEP`.

    Args:
        wake: called from the callback's thread when the first message since a fetch arrives; must return at once.
        merge: False keeps every message, for a monitor.
    """

    def __init__(self, wake: Callable[[], None], merge: bool = True) -> None:
        self._wake = wake
        self._merge = merge
        self._lock = threading.Lock()
        self._queued: dict[str, frozenset[tuple[int | None, int]]] = {}
        self._letters: dict[tuple[str, int, int], tuple[str, bytes | _Sweep]] = {}
        self._serial = 0
        self._kept = 0
        self._arrived = 0
        self._dropped = 0

    def expect(self, port: str, queued: frozenset[tuple[int | None, int]]) -> None:
        """Say which controls of a port (see `Mapping.queued`) are kept message by message."""
        with self._lock:
            self._queued[port] = queued

    def put(self, port: str, data: bytes) -> None:
        """Take in one message; safe from any thread, never waits for more than another `put` or `take`."""
        with self._lock:
            first = not self._arrived
            self._arrived += 1
            if self._merges(port, data):
                key = (port, data[0], data[1])
                sweep = self._letters.pop(key, (port, _Sweep(data, data, data)))[1]
                assert isinstance(sweep, _Sweep)
                sweep.add(data)
                self._letters[key] = (port, sweep)
            elif self._kept < KEEP:
                self._kept += 1
                self._serial += 1
                self._letters["", 0, self._serial] = (port, data)
            else:
                self._dropped += 1
        if first:
            self._wake()

    def _merges(self, port: str, data: bytes) -> bool:
        if not self._merge or len(data) != 3 or data[0] & 0xF0 != _CONTROL_CHANGE:
            return False
        queued = self._queued.get(port, frozenset())
        return (None, data[1]) not in queued and ((data[0] & 0x0F) + 1, data[1]) not in queued

    def take(self) -> Post:
        """Everything since the last fetch."""
        with self._lock:
            letters, self._letters = self._letters, {}
            arrived, self._arrived = self._arrived, 0
            dropped, self._dropped = self._dropped, 0
            self._kept = 0
        messages = [
            (port, data)
            for port, letter in letters.values()
            for data in (letter.positions() if isinstance(letter, _Sweep) else (letter,))
        ]
        return Post(tuple(messages), arrived, dropped)
