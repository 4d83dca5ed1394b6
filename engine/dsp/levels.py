"""Decibels and linear gains, both ways."""

from __future__ import annotations

import math


def gain_of(decibels: float) -> float:
    """Linear amplitude gain of a level in dB: 1.0 at 0 dB, 0.5 near -6 dB."""
    return float(10.0 ** (decibels / 20.0))


def power_of(decibels: float) -> float:
    """Linear power ratio of a level in dB: 0.1 at -10 dB."""
    return float(10.0 ** (decibels / 10.0))


def decibels_of(gain: float) -> float:
    """Level in dB of a linear amplitude gain; -inf at 0 or below."""
    return 20.0 * math.log10(gain) if gain > 0.0 else -math.inf


def power_decibels(power: float) -> float:
    """Level in dB of a linear power ratio; -inf at 0 or below."""
    return 10.0 * math.log10(power) if power > 0.0 else -math.inf
