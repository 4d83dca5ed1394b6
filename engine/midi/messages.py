"""MIDI messages: from bytes, and what control they come from."""

from __future__ import annotations

from typing import Any, Final

import mido

from engine.midi.profiles import Control

MIDDLE_BEND: Final = 8192
"""A pitch bend's value in its middle, of 16384."""


def plain(control: Control) -> str:
    """A control as the monitor writes it: ``cc16 ch1``."""
    return f"{Control(control.kind, control.number)} ch{control.channel}"


def read_message(message: Any) -> tuple[Control, int] | None:
    """The control that a message comes from, and its value: 0..127, of a pitch bend 0..16383; None if it means nothing."""
    match message.type:
        case "control_change":
            return Control("cc", message.control, message.channel + 1), message.value
        case "note_off":
            return Control("note", message.note, message.channel + 1), 0
        case "note_on":
            return Control("note", message.note, message.channel + 1), message.velocity
        case "pitchwheel":
            return Control("pitch", 0, message.channel + 1), message.pitch + MIDDLE_BEND
    return None


def message_of(data: bytes) -> Any:
    """A mido.Message from raw bytes; None if they are not one."""
    try:
        return mido.Message.from_bytes(data)
    except ValueError:
        return None
