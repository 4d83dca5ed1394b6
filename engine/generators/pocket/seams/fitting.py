"""Search for the control amounts that move a beat to the phase wanted. Phasors here are turned so that the goal is phase 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from engine.generators.pocket.seams.beat import phase_of

_UNCERTAINTY: Final = 0.01
"""Beats by which a beat of clarity 1 may be misjudged when the analysis windows fall elsewhere."""
_SWEEPS: Final = 60
"""Passes of the coordinate descent over all controls."""
_CLARITY_WEIGHT: Final = 0.25
"""Weight of the beat's clarity in the fit; its phase has weight 1."""
_COST: Final = 0.005
"""Penalty of an amount of 1, in units of squared phasor."""
_NEAR: Final = 0.004
"""Beats from the goal at which the search ends."""
_PROBE: Final = 0.3
"""Amount with which each control is tried to measure its effect."""
_ROUNDS: Final = 5
"""Most fits, each followed by a measurement of the result."""


def phase_error(beat: complex) -> float:
    """Largest error in beats a listener may perceive: the measured error, doubled, and the uncertainty of a faint beat."""
    return 2.0 * abs(phase_of(beat)) + _UNCERTAINTY / max(1e-3, abs(beat))


def fit_amounts(wanted: complex, effects: list[complex], limits: list[tuple[float, float]]) -> list[float]:
    """Amounts within their limits whose summed effects come closest to ``wanted``: least squares by coordinate descent.

    The imaginary part (phase) weighs more than the real part (clarity), and large amounts cost a little.

    Args:
        wanted: change of the phasor.
        effects: change of the phasor by each control at an amount of 1.
        limits: least and greatest amount of each control.
    """
    amounts = [0.0] * len(effects)
    left = wanted
    for _ in range(_SWEEPS):
        for i, effect in enumerate(effects):
            free = left + amounts[i] * effect
            along = free.imag * effect.imag + _CLARITY_WEIGHT * free.real * effect.real
            amount = along / (effect.imag**2 + _CLARITY_WEIGHT * effect.real**2 + _COST)
            amounts[i] = min(limits[i][1], max(limits[i][0], amount))
            left = free - amounts[i] * effect
    return amounts


def search_amounts(
    hear: Callable[[list[float]], complex],
    bare: complex,
    limits: list[tuple[float, float]],
    tried: Sequence[int],
    clear: float,
) -> tuple[list[float], complex]:
    """Amounts that bring the beat to phase 0, or as close to it as the controls allow.

    Args:
        hear: measures the phasor with some amounts.
        bare: the phasor with all amounts 0.
        limits: least and greatest amount of each control. The last control does what the one before it does, a quarter of a
            beat later, so its effect need not be measured.
        tried: indexes of the controls whose effect is measured, one at a time.
        clear: clarity (see `beat_phasor`) to aim for at least: the phase of a fainter beat is uncertain.

    Returns:
        The best amounts found, and the phasor measured with them.
    """
    none = [0.0] * len(limits)
    best, least, reached = none, phase_error(bare), bare
    effects = [complex(0.0)] * len(none)
    for control in tried:
        probe = -_PROBE if limits[control][0] < 0.0 else _PROBE
        effects[control] = (hear([probe * (i == control) for i in range(len(none))]) - bare) / probe
    effects[-1] = 1j * effects[-2]
    wanted = goal = complex(max(bare.real, clear), 0.0)
    step = before = 0.0
    for _ in range(_ROUNDS):
        amounts = fit_amounts(goal - bare, effects, limits)
        now = hear(amounts)
        if phase_error(now) < least:
            best, least, reached = amounts, phase_error(now), now
        if abs(phase_of(now)) < _NEAR:
            break
        # Secant method: this share of the last step took effect; the next step is scaled by it.
        share = (now.imag - before) / step if step and before else 1.0
        before, step = now.imag, -now.imag / min(2.0, max(0.5, share))
        goal += complex(0.5 * max(0.0, wanted.real - now.real), step)
    return best, reached
