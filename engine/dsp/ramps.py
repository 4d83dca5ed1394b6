"""Ramps from 0 to 1."""

from __future__ import annotations

from engine.protocol import unit


def smoothstep(value: float) -> float:
    """An S-shaped ramp, 3x² - 2x³: 0 at and below 0, 1 at and above 1, flat at both ends."""
    x = unit(value)
    return x * x * (3.0 - 2.0 * x)
