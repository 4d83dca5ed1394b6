"""Echoes: controllers that send back what was sent to them. An echo is no hand, and moves nothing."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

ECHO_S: Final = 0.08
"""Seconds within which an echo is back: a round trip over USB takes a few milliseconds."""

JUDGED: Final = 16
"""Messages by which a controller is judged."""

ENOUGH: Final = 4
"""Of them, as many that came back make it one that echoes."""


class _Port:
    """One controller: what was sent to it and may still come back, and how much of what was sent did."""

    def __init__(self) -> None:
        self.out: deque[tuple[bytes, float]] = deque()
        self.verdicts: deque[bool] = deque(maxlen=JUDGED)

    def age(self, at: float) -> None:
        while self.out and at - self.out[0][1] > ECHO_S:
            self.out.popleft()
            self.verdicts.append(False)

    @property
    def trusted(self) -> bool:
        """Whether it is known to send nothing back: then all that comes is a hand's."""
        return len(self.verdicts) == JUDGED and sum(self.verdicts) < ENOUGH


class Echoes:
    """Knows what was sent to every port. Any thread may call; times are seconds of one clock that does not go back."""

    def __init__(self) -> None:
        self._ports: dict[str, _Port] = {}
        self._lock = threading.Lock()

    def sent(self, port: str, data: bytes, at: float) -> None:
        """A message goes to a port now."""
        with self._lock:
            state = self._ports.setdefault(port, _Port())
            state.age(at)
            state.out.append((data, at))

    def is_echo(self, port: str, data: bytes, at: float) -> bool:
        """Whether a message that came is one that was just sent; each that was sent counts once."""
        with self._lock:
            state = self._ports.get(port)
            if state is None:
                return False
            state.age(at)
            for each in state.out:
                if each[0] == data:
                    trusted = state.trusted
                    state.out.remove(each)
                    state.verdicts.append(True)
                    return not trusted
            return False

    def forget(self, port: str) -> None:
        """The port is gone."""
        with self._lock:
            self._ports.pop(port, None)
