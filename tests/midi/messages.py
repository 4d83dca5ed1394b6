"""Messages as controllers send them, and a hand that sends them one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import mido

from engine.midi.devices.mailbox import Arrival
from engine.midi.mapping import Mapping, message_of
from engine.midi.meaning.presses import WAIT_S
from engine.midi.profiles import load_profile
from engine.protocol import Command

APART_S = 0.07
"""Seconds between two messages, where a test does not say when they come."""


def cc(number: int, value: int, channel: int = 1) -> Any:
    """A control change; ``channel`` counts from 1."""
    return mido.Message("control_change", control=number, value=value, channel=channel - 1)


def note(number: int, velocity: int = 100, channel: int = 1) -> Any:
    """A note-on; ``channel`` counts from 1."""
    return mido.Message("note_on", note=number, velocity=velocity, channel=channel - 1)


def off(number: int, channel: int = 1) -> Any:
    """A note-off; ``channel`` counts from 1."""
    return mido.Message("note_off", note=number, channel=channel - 1)


def bend(value: int, channel: int = 1) -> Any:
    """A pitch bend, 0..16383; ``channel`` counts from 1."""
    return mido.Message("pitchwheel", pitch=value - 8192, channel=channel - 1)


def program(number: int, channel: int = 1) -> Any:
    """A program change; ``channel`` counts from 1."""
    return mido.Message("program_change", program=number, channel=channel - 1)


def pressure(value: int, channel: int = 1) -> Any:
    """The pressure of a whole channel; ``channel`` counts from 1."""
    return mido.Message("aftertouch", value=value, channel=channel - 1)


class Hand(Mapping):
    """A mapping that tells the time itself where a test does not: each message comes `APART_S` after the last."""

    now = 100.0

    def feed(self, port: str, message: Any, at: float | None = None, swept: bool = False) -> list[Command]:
        if at is not None:
            self.now = at
            return super().feed(port, message, at, swept)
        self.now += APART_S
        return [*super().feed(port, message, self.now, swept), *self.due(self.now + WAIT_S)]

    def play(self, *messages: Any, port: str = "p", apart: float = APART_S) -> list[Command]:
        """The commands of messages that come so many seconds apart, and of the presses that still wait then."""
        commands: list[Command] = []
        for message in messages:
            self.now += apart
            commands += [*self.due(self.now), *super().feed(port, message, self.now)]
        self.now += 2 * WAIT_S
        return [*commands, *self.due(self.now)]

    def take(self, arrivals: Iterable[Arrival]) -> list[Command]:
        """The commands of what a mailbox held."""
        return [c for each in arrivals for c in self.feed(each.port, message_of(each.data), each.at, each.swept)]


def generic(takeover: bool = False, **overrides: object) -> Hand:
    """A mapping on the generic profile."""
    return Hand(load_profile("generic"), overrides, takeover)
