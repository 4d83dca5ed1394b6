"""Where OSC is listened for, and from whom. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from engine.errors import OscError

PORT: Final = 9000
"""Where nothing else is said: what most controllers send to."""

LOOPBACK: Final = "127.0.0.1"
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{4,64}")
_LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Where:
    """An address to listen at, and who is heard there.

    Attributes:
        host, port: the address.
        token: a word that every address begins with; empty for none.
        allowed: the senders that are heard; empty for all.
    """

    host: str = LOOPBACK
    port: int = PORT
    token: str = ""
    allowed: frozenset[str] = frozenset()

    def hears(self, sender: str) -> bool:
        """Whether a sender's address counts."""
        return not self.allowed or sender in self.allowed or _is_loopback(sender)


def where(text: str, token: str | None = None, allow: str | None = None) -> Where:
    """What ``--osc``, ``--osc-token`` and ``--osc-allow`` say.

    Args:
        text: ``9000``, ``127.0.0.1:9000`` or, for every network, ``0.0.0.0:9000``.
        token: a word of 4 to 64 letters and digits.
        allow: senders' addresses, separated by commas.

    Raises:
        OscError: one of them makes no sense, or everybody in the network could move the set.
    """
    host, _, port = text.strip().rpartition(":")
    if not port.isdigit() or not 1 <= int(port) <= _LAST_PORT:
        raise OscError(f"--osc {text[:40]}: not an address", f"write --osc {PORT}, or --osc 0.0.0.0:{PORT} for the network")
    host = host.strip("[]") or LOOPBACK
    if token and _WORD.fullmatch(token) is None:
        raise OscError("--osc-token is not a word of 4 to 64 letters and digits", "write --osc-token friday")
    allowed = [each.strip() for each in (allow or "").split(",") if each.strip()]
    for each in [host, *allowed]:
        if each != "localhost" and not _is_address(each):
            raise OscError(f"{each[:40]} is not an address", "write four numbers, such as 192.168.1.20")
    if not _is_loopback(host) and not token and not allowed:
        raise OscError("OSC from the network needs a token or a list of senders", "add --osc-token WORD, or --osc-allow ADDRESS")
    return Where(LOOPBACK if host == "localhost" else host, int(port), token or "", frozenset(allowed))


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_loopback(text: str) -> bool:
    return text == "localhost" or (_is_address(text) and ipaddress.IPv4Address(text).is_loopback)
