"""Keeping in touch with the engine: seen from updates alone, no clock."""

from __future__ import annotations

from typing import Final

from engine.command_line import command
from engine.protocol import Notice
from liveset.ui.link import EngineLink

STARTING_TRIES_PER_SECOND: Final = 10.0
SLOW_START_S: Final = 10.0
STILL_LOOKS: Final = 3
"""Looks, one a second, at which the player has not gone on, before it is said to be gone: a device that hangs takes one."""


class Heart:
    """Whether the player goes on, from looks at how many blocks it has rendered."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._still = 0
        self.beats = False

    @property
    def gone(self) -> bool:
        """Whether there is no player any more."""
        return self._still >= STILL_LOOKS

    def look(self, pulse: float | None) -> None:
        """Take a look; two are needed to see it beat."""
        self.beats = pulse is not None and self._last is not None and pulse != self._last
        first = pulse is not None and self._last is None
        self._still = 0 if self.beats or first else self._still + 1
        self._last = pulse


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
        self._heart = Heart()
        self.tries = 0

    @property
    def lost(self) -> bool:
        """Whether there was an engine that no longer answers."""
        return self._met and self._away > 0

    def step(self) -> None:
        """One update."""
        if self._link.connected():
            self._found()
            return
        per_second = 1.0 if self._met else STARTING_TRIES_PER_SECOND
        every = max(1, round(self._rate / per_second))
        if self._away % every == 0:
            self.tries += 1
            if self._met:
                self._heart.look(self._link.pulse())
            if self._link.reconnect():
                self._found()
                return
        self._away += 1

    def _found(self) -> None:
        self._met, self._away, self.tries = True, 0, 0
        self._heart = Heart()

    def notice(self, finished: bool) -> Notice | None:
        """What to tell the performer, None while all is well."""
        if not self._away:
            return None
        if finished:
            return Notice("info", "the set has ended", 0.0)
        if self._met:
            tries = f" (tried {self.tries}×)" if self.tries > 1 else ""
            if self._heart.gone:
                return Notice("error", f"the player is gone too: nothing plays; press q, then run {command('play')}", 0.0)
            music = "the music plays on, " if self._heart.beats else ""
            return Notice("error", f"the engine does not answer: {music}trying again each second{tries}", 0.0)
        if self._away > SLOW_START_S * self._rate:
            return Notice("error", f"no engine has answered for {self._away / self._rate:.0f} s: still trying; q closes", 0.0)
        return Notice("info", "starting the engine", 0.0)
