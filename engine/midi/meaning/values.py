"""What the numbers in a control change mean: positions, encoder ticks, and when a knob takes hold of a value. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

HELD: Final = 2.0 / 126.0 + 1e-9
"""A knob this near to a value holds it: two steps of a 7-bit controller (1/126 is the larger of its two step sizes)."""

FIRST_TOUCH: Final = 3.0 / 126.0 + 1e-9
"""How near a knob whose position was unknown must be at its first message to hold the value."""

TICK: Final = 0.01
"""How far one tick of an endless encoder moves a value."""

MOST_TICKS: Final = 10
"""Ticks that one message may count for: a message that was misread moves nothing far."""

HALF: Final = 64
TOP: Final = 127
"""The middle and the last of the 128 values of a MIDI control."""

WHOLE_RANGE: Final = 112
"""Steps (of 127) between two neighbouring messages that no hand makes: a switch or a dump does."""

FIRST_STEP: Final = 16
"""Steps that a hand makes at most with the first message after it rested."""

REST_S: Final = 0.3
"""Seconds without a message after which a hand is said to have rested."""


def position(value: int, bits: int = 7) -> float:
    """An absolute controller value as 0..1, with the middle (64 of 127, 8192 of 16383) at exactly 0.5.

    The lower half spans ``2**(bits-1)`` steps and the upper one less, as the min-center-max scaling of the MIDI 2.0
    bit scaling specification (M2-115-U) has it: a filter knob at its detent does nothing.
    """
    middle = 1 << (bits - 1)
    return value / (2 * middle) if value <= middle else 0.5 + (value - middle) / (2 * (middle - 1))


def twos_complement(value: int) -> int:
    """Ticks of an encoder that counts in two's complement: 1 is +1, 127 is -1."""
    return value - 128 if value >= HALF else value


def binary_offset(value: int) -> int:
    """Ticks of an encoder that counts around 64: 65 is +1, 63 is -1."""
    return value - 64


def sign_magnitude(value: int) -> int:
    """Ticks of an encoder whose bit 6 means minus: 1 is +1, 65 is -1."""
    return -(value & 63) if value & 64 else value


def sign_magnitude_inverted(value: int) -> int:
    """Ticks of an encoder whose bit 6 means plus: 65 is +1, 1 is -1."""
    return -sign_magnitude(value)


def up_down(value: int) -> int:
    """Ticks of an encoder that sends 127 for a step to the right and 0 for one to the left."""
    return 1 if value >= HALF else -1


RELATIVE: Final[dict[str, Callable[[int], int]]] = {
    "twos-complement": twos_complement,
    "binary-offset": binary_offset,
    "sign-magnitude": sign_magnitude,
    "sign-magnitude-inverted": sign_magnitude_inverted,
    "up-down": up_down,
}
"""The dialects of endless encoders: the value of a control change -> ticks, signed."""

TOGGLE: Final = "toggle"
FINE: Final = "14-bit"
SWITCH: Final = "switch"
VELOCITY: Final = "velocity"
OF_NOTES: Final = (SWITCH, VELOCITY)
"""How a press can move a value."""

MODES: Final = ("absolute", FINE, *RELATIVE, TOGGLE, *OF_NOTES)
"""How a control's numbers may be read.

14-bit: controllers 0..31 with their low bits on 32..63, as MIDI 1.0 pairs them. toggle: a latching button, that sends 127 at
one press and 0 at the next. switch: each press puts a value to the other end of its range. velocity: how hard a note is struck
is the value.
"""

EVEN: Final = "even"
CURVES: Final[dict[str, Callable[[float], float]]] = {EVEN: lambda at: at, "slow": lambda at: at * at, "fast": lambda at: at**0.5}
"""How a value grows as its control moves from 0 to 1: evenly, slowly at first (the square), or fast at first (its root)."""

PICK_UP: Final = "pick-up"
SCALE: Final = "scale"
JUMP: Final = "jump"
TAKEOVERS: Final = (PICK_UP, SCALE, JUMP)
"""What an absolute control does while it stands elsewhere than its value: wait until it is there, move it in proportion to what
is left of both ways, or take it along at once."""


def ticks(mode: str, value: int) -> int:
    """The ticks that a message of an encoder means, signed, at most `MOST_TICKS`."""
    return max(-MOST_TICKS, min(MOST_TICKS, RELATIVE[mode](value)))


PAUSE_S: Final = 0.08
PAUSE_STEP: Final = 48
"""Steps that a hand makes at most within so many seconds without a message in between: a knob sends many on its way."""


def leaps(before: int, now: int, silent_s: float) -> bool:
    """Whether a control got from one of its 128 values to another as no hand takes it there, after so many seconds of rest."""
    step = abs(now - before)
    return step >= WHOLE_RANGE or (silent_s > PAUSE_S and step > (FIRST_STEP if silent_s > REST_S else PAUSE_STEP))


def scaled(before: float, now: float, value: float, low: float, high: float) -> float:
    """Where a value goes as a control moves from ``before`` to ``now`` (0..1) elsewhere than the value is: both reach their ends
    together, ``low`` at 0 and ``high`` at 1.
    """
    end, way = (high, 1.0 - before) if now >= before else (low, before)
    return end if way <= 0.0 or now in (0.0, 1.0) else value + (end - value) * abs(now - before) / way


def takes_hold(before: float | None, now: float, value: float) -> bool:
    """Whether a knob that moves from ``before`` (None: never heard of) to ``now`` may move ``value`` along.

    It may if it held the value before, reaches it, or passes it; so a value never moves further than the hand did, but
    for the tolerance.
    """
    if before is None:
        return abs(now - value) <= FIRST_TOUCH
    if abs(before - value) <= HELD or abs(now - value) <= HELD:
        return True
    return (before - value) * (now - value) <= 0
