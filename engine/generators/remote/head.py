"""Whether a cluster's head is still the one that it was: Ray does not tell one that began anew from one that was silent."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import Final, Literal

from engine.generators.remote.where import ANSWERS_S, Address

HeadState = Literal["same", "away", "another"]

CLOSED_S: Final = 0.5
"""Seconds between a connection's end and the look whether the head lives: shorter than any head takes to begin again."""

DIALS: Final = 3
"""How often a head is dialled whose machine does not answer, before it counts as away."""

_BYTES: Final = 4096


class Head:
    """Holds a connection to a head's server. The server closes one that says nothing now and then, and all of them as it ends.

    Args:
        address: of the head, which should answer there now.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._link = self._dialled()

    def close(self) -> None:
        """Let go of the connection."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def look(self, wait_s: float) -> HeadState:
        """How it stands with the head, after up to so many seconds without news.

        Returns:
            "same" while it lives, "away" while none answers, "another" when one answers after that: it knows none of the
            machines that were there before.
        """
        if self._link is None:
            time.sleep(wait_s)
            self._link = self._dialled()
            return "another" if self._link else "away"
        if self._says_nothing(wait_s):
            return "same"
        self.close()
        time.sleep(CLOSED_S)
        self._link = self._dialled()
        return "same" if self._link else "away"

    def _says_nothing(self, wait_s: float) -> bool:
        """Whether the connection is still open after some seconds, or as soon as something came."""
        link = self._link
        with contextlib.suppress(OSError, ValueError):
            if link is not None:
                return not select.select([link], [], [], wait_s)[0] or link.recv(_BYTES) != b""
        return False

    def _dialled(self) -> socket.socket | None:
        for _ in range(DIALS):
            try:
                return socket.create_connection((self._address.host, self._address.port), ANSWERS_S)
            except ConnectionRefusedError:  # its machine answers, and it is not there
                return None
            except OSError:  # the network pauses, which is no end
                time.sleep(CLOSED_S)
        return None
