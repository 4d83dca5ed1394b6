"""Where a value goes as its control moves: pick-up, scale and jump, and what a press puts it to. Pure."""

from __future__ import annotations

from engine.midi.meaning.values import JUMP, SCALE, SWITCH, position, scaled, takes_hold
from engine.midi.profiles import Binding


def reached(binding: Binding, before: float | None, now: float, value: float) -> float:
    """Where a value goes as its control moves from ``before`` (None: never heard of) to ``now``, 0..1.

    It stays where it is while the control does not hold it. A value beyond the control's range is taken hold of at the range's
    nearer end: an end stop can always be reached.
    """
    wanted = binding.value(now)
    if binding.takeover == JUMP:
        return wanted
    came_from = None if before is None else binding.value(before)
    if binding.takeover == SCALE and before is not None:
        return scaled(before, now, value, *binding.span)
    if takes_hold(came_from, wanted, min(max(binding.span), max(min(binding.span), value))):
        return wanted
    return value


def struck(binding: Binding, strength: int, value: float) -> float:
    """Where a press puts a value: to the other end of the range, or to where the strike's strength (0..127) says."""
    start, end = binding.span
    if binding.mode == SWITCH:
        return end if abs(value - start) <= abs(value - end) else start
    return binding.value(position(strength))
