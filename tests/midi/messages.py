"""Messages as controllers send them."""

from __future__ import annotations

from typing import Any

import mido

from engine.midi.mapping import Mapping
from engine.midi.profiles import load_profile


def cc(number: int, value: int, channel: int = 1) -> Any:
    """A control change; ``channel`` counts from 1."""
    return mido.Message("control_change", control=number, value=value, channel=channel - 1)


def note(number: int, velocity: int = 100, channel: int = 1) -> Any:
    """A note-on; ``channel`` counts from 1."""
    return mido.Message("note_on", note=number, velocity=velocity, channel=channel - 1)


def generic(takeover: bool = False, **overrides: object) -> Mapping:
    """A mapping on the generic profile."""
    return Mapping(load_profile("generic"), overrides, takeover)
