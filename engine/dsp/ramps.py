"""Ramps from 0 to 1."""

from __future__ import annotations


def unit(value: float) -> float:
    """The value clipped to 0..1."""
    return min(1.0, max(0.0, value))


def smoothstep(value: float) -> float:
    """An S-shaped ramp, 3x² - 2x³: 0 at and below 0, 1 at and above 1, flat at both ends."""
    x = unit(value)
    return x * x * (3.0 - 2.0 * x)
