"""MIDI messages: from bytes, and what control they come from."""

from __future__ import annotations

from typing import Any, Final

import mido

from engine.midi.meaning.values import TOP
from engine.midi.profiles import Control

MIDDLE_BEND: Final = 8192
"""A pitch bend's value in its middle, of 16384."""


def plain(control: Control) -> str:
    """A control as the monitor writes it: ``cc16 ch1``."""
    return f"{Control(control.kind, control.number)} ch{control.channel}"


def read_message(message: Any) -> tuple[Control, int] | None:
    """The control that a message comes from, and its value: 0..127, of a pitch bend 0..16383; None if it means nothing."""
    channel = getattr(message, "channel", -1) + 1
    match message.type:
        case "control_change":
            found = Control("cc", message.control, channel), message.value
        case "note_off":
            found = Control("note", message.note, channel), 0
        case "note_on":
            found = Control("note", message.note, channel), message.velocity
        case "program_change":
            found = Control("program", message.program, channel), TOP
        case "aftertouch":
            found = Control("pressure", 0, channel), message.value
        case "pitchwheel":
            found = Control("pitch", 0, channel), message.pitch + MIDDLE_BEND
        case _:
            return None
    return found


def message_of(data: bytes) -> Any:
    """A mido.Message from raw bytes; None if they are not one."""
    try:
        return mido.Message.from_bytes(data)
    except ValueError:
        return None
