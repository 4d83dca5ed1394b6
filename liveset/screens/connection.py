"""Keeping in touch with the engine: seen from updates alone, no clock."""

from __future__ import annotations

from typing import Final

from engine.protocol import Notice
from liveset.link import EngineLink

STARTING_TRIES_PER_SECOND: Final = 10.0
GIVEN_UP: Final = 12
"""Tries after which a player that could start an engine would have done so."""

SLOW_START_S: Final = 10.0


class Connection:
    """Tries again while the engine does not answer: once a second, and faster while it is only just starting.

    Args:
        link: the connection.
        rate: updates per second.
    """

    def __init__(self, link: EngineLink, rate: float) -> None:
        self._link = link
        self._rate = rate
        self._met = False
        self._away = 0
        self.tries = 0

    @property
    def lost(self) -> bool:
        """Whether there was an engine that no longer answers."""
        return self._met and self._away > 0

    def step(self) -> None:
        """One update."""
        if self._link.connected():
            self._met, self._away, self.tries = True, 0, 0
            return
        per_second = 1.0 if self._met else STARTING_TRIES_PER_SECOND
        every = max(1, round(self._rate / per_second))
        if self._away % every == 0:
            self.tries += 1
            if self._link.reconnect():
                self._met, self._away, self.tries = True, 0, 0
                return
        self._away += 1

    def notice(self, finished: bool) -> Notice | None:
        """What to tell the performer, None while all is well."""
        if not self._away:
            return None
        if finished:
            return Notice("info", "the set has ended", 0.0)
        if self._met:
            tries = f" (tried {self.tries}×)" if self.tries > 1 else ""
            if self.tries > GIVEN_UP:
                return Notice(
                    "error", f"no engine comes back{tries}: if nothing is heard, close this with q and start again", 0.0
                )
            return Notice("error", f"the engine does not answer: its player goes on, trying again each second{tries}", 0.0)
        if self._away > SLOW_START_S * self._rate:
            return Notice("error", f"no engine has answered for {self._away / self._rate:.0f} s: still trying; q closes", 0.0)
        return Notice("info", "starting the engine", 0.0)
