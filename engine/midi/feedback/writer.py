"""The one writer of a port: what its lights should show, what they were sent, and the difference, message by message."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from engine.midi.feedback.lights import Image, Lights

log = logging.getLogger(__name__)

PACE_S: Final = 0.002
"""Seconds between two messages: controllers drop what comes faster."""

LEAVE_S: Final = 1.0
"""Seconds to wait for a port to be left as it was found; one that blocks is left behind."""


class SendPort(Protocol):
    """An output. `send_bytes` may block, and raises OSError where it fails."""

    def send_bytes(self, data: bytes) -> None:
        """Send a message."""

    def close(self) -> None:
        """Let go of the port."""


class Difference:
    """What to send next: the wanted image less the sent one. Pure; times are seconds of one clock.

    Every message waits until `PACE_S` after the one before it.
    """

    def __init__(self, lights: Lights) -> None:
        self.lights = lights
        self.wanted: Image = {}
        self.sent: Image = {}
        self._first = list(lights.enter)
        self._at = float("-inf")

    def again(self) -> None:
        """Nothing is known of the lights any more: send all of them, special modes first."""
        self.sent = {}
        self._first = list(self.lights.enter)

    def waits(self, now: float) -> float | None:
        """Seconds until the next message may go out; None if nothing is to be sent."""
        differs = bool(self._first) or any(self.sent.get(name) != data for name, data in self.wanted.items())
        return max(0.0, self._at + PACE_S - now) if differs else None

    def take(self, now: float) -> bytes | None:
        """The next message, as sent; None if none is due."""
        if self.waits(now) != 0.0:
            return None
        self._at = now
        if self._first:
            return self._first.pop(0)
        name = next(name for name, data in self.wanted.items() if self.sent.get(name) != data)
        self.sent[name] = self.wanted[name]
        return self.sent[name]


class Writer:
    """Sends a port its difference on a thread of its own: one that blocks holds nobody up.

    Args:
        port: open, and closed by this.
        lights: the controller's.
        sending: told of every message just before it is sent.
        dark: the image of a controller whose lights are all off, sent at the end.
    """

    def __init__(
        self,
        port: SendPort,
        lights: Lights,
        sending: Callable[[bytes], None],
        dark: Image,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._port, self._sending, self._dark, self._clock = port, sending, dark, clock
        self.difference = Difference(lights)
        self.failed = False
        self._leaving = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="midi-lights", daemon=True)
        self._thread.start()

    def want(self, image: Image) -> None:
        """From now on the lights should show this."""
        with self._news:
            if not self._leaving:
                self.difference.wanted = image
                self._news.notify()

    def again(self) -> None:
        """Send everything once more: the controller changed its bank."""
        with self._news:
            self.difference.again()
            self._news.notify()

    def close(self, leave: bool = True, limit_s: float = LEAVE_S) -> None:
        """Turn the lights off, leave special modes and close; ``leave`` false: the port is gone, only close."""
        with self._news:
            self._leaving = True
            if leave:
                self.difference.wanted = self._dark
            else:
                self.failed = True
            self._news.notify()
        self._thread.join(limit_s)

    def _next(self) -> bytes | None:
        """Wait for the next message; None at the end."""
        with self._news:
            while not self.failed:
                now = self._clock()
                if (data := self.difference.take(now)) is not None:
                    return data
                waits = self.difference.waits(now)
                if waits is None and self._leaving:
                    return None
                self._news.wait(waits)
        return None

    def _run(self) -> None:
        try:
            while (data := self._next()) is not None:
                self._send(data)
            for data in () if self.failed else self.difference.lights.leave:
                self._send(data)
        except Exception as error:  # noqa: BLE001  # a port's own bugs: nothing but its lights may suffer
            log.warning("lights: %s", error)
            self.failed = True
        finally:
            try:
                self._port.close()
            except Exception as error:  # noqa: BLE001  # as above
                log.warning("lights: a port did not close: %s", error)

    def _send(self, data: bytes) -> None:
        self._sending(data)
        self._port.send_bytes(data)
