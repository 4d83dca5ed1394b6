"""From OSC messages to commands: every action of `engine.actions` by its address. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from engine.actions import ACTIONS, Action
from engine.errors import OscError
from engine.protocol import Command
from engine.suggest import nearest_word

ROOT: Final = "/liveset"
ON: Final = 0.5
"""A toggle is on above this."""

ADDRESSES: Final[dict[str, Action]] = {f"{ROOT}{action.osc}": action for action in ACTIONS.values()}
"""Every action by its whole address."""

SUBSCRIBE: Final = f"{ROOT}/subscribe"
UNSUBSCRIBE: Final = f"{ROOT}/unsubscribe"
_LONGEST: Final = 40


def without_token(address: str, token: str) -> str | None:
    """An address as the tables have it; None where the token is missing: ``/liveset/TOKEN/next`` is ``/liveset/next``."""
    if not token:
        return address
    start = f"{ROOT}/{token}/"
    return f"{ROOT}/{address.removeprefix(start)}" if address.startswith(start) else None


def command_of(address: str, args: Sequence[object]) -> Command | None:
    """The command of a message; None for a button's release.

    Args:
        address: without the token.
        args: a press takes none, or a number, of which 0 is a release; a toggle none, which turns it over, or whether it is on;
            a position a number from 0 to 1, beyond which it is held at the end, or one in its own unit where it has one.

    Raises:
        OscError: nothing has that address, or the numbers make no sense; names the nearest address.
    """
    action = ADDRESSES.get(address)
    if action is None:
        near = nearest_word(address, ADDRESSES)
        raise OscError(f"OSC: nothing is at {address[:_LONGEST]}", f"did you mean {near}?" if near else "docs/osc.md lists them")
    if len(args) > 1:
        raise OscError(f"OSC: {address[:_LONGEST]} takes one number (got {len(args)})", "send a single one")
    if not args:
        if action.pressed is None:
            raise OscError(f"OSC: {address[:_LONGEST]} came without a number", f"send {action.takes or 'one from 0 to 1'}")
        return action.pressed
    value = args[0]
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise OscError(f"OSC: {address[:_LONGEST]} takes a number", f"send {action.takes or 'one from 0 to 1'}")
    if action.kind == "press":
        return action.pressed if value > 0 else None
    if action.kind == "toggle":
        return action.make(float(value > ON))
    if action.exact is not None:
        return action.exact(float(value))
    return action.make(min(1.0, max(0.0, float(value))))
