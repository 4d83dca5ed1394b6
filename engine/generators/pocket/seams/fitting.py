"""Amounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from engine.generators.pocket.seams.beat import phase_of

_DOUBT: Final = 0.01
"""Beats by which the beat seems to lie elsewhere when the ear's looks fall elsewhere, where its clearness is 1."""


_SWEEPS: Final = 60
"""Passes over the levers."""


_CLEARNESS: Final = 0.25
"""How much clearness counts against where the beat lies."""


_COST: Final = 0.005
"""What an amount of 1 costs, against what it does to the pulse."""


_NEAR: Final = 0.004
"""Beats within which the beat lies well enough."""


_PROBE: Final = 0.3
"""Amount by which each control is tried, to see what it does."""


_ROUNDS: Final = 5
"""Times the edge is heard anew with other amounts."""


def phase_error(pulse: complex) -> float:
    """How far, in beats, a pulse may seem to lie from 0; what it is off for certain counts twice."""
    return 2.0 * abs(phase_of(pulse)) + _DOUBT / max(1e-3, abs(pulse))


def fit_amounts(wanted: complex, effects: list[complex], limits: list[tuple[float, float]]) -> list[float]:
    """Amounts within their limits whose effects together come near to what is wanted: least squares by coordinate descent.

    The imaginary part, where the beat lies, counts more than the real one, how clear it is; amounts cost a little.
    """
    amounts = [0.0] * len(effects)
    left = wanted
    for _ in range(_SWEEPS):
        for i, effect in enumerate(effects):
            free = left + amounts[i] * effect
            along = free.imag * effect.imag + _CLEARNESS * free.real * effect.real
            amount = along / (effect.imag**2 + _CLEARNESS * effect.real**2 + _COST)
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
    """Amounts of some levers with which a pulse comes to lie at 0, or as near as it can be brought, and the pulse then.

    Args:
        hear: the pulse with some amounts.
        bare: the pulse with none.
        limits: between which each amount may be. The last control does what the one before it does, a quarter of a beat later.
        tried: levers that do anything, each of which is tried alone; the last one need not be.
        clear: how clear the beat should at least be, in the units of `beat_phasor`: a fainter one may seem to lie anywhere.
    """
    none = [0.0] * len(limits)
    best, least, reached = none, phase_error(bare), bare
    effects = [complex(0.0)] * len(none)
    for control in tried:
        probe = -_PROBE if limits[control][0] < 0.0 else _PROBE
        effects[control] = (hear([probe * (i == control) for i in range(len(none))]) - bare) / probe
    effects[-1] = 1j * effects[-2]
    wanted = goal = complex(max(bare.real, clear), 0.0)
    gone = came = 0.0
    for _ in range(_ROUNDS):
        amounts = fit_amounts(goal - bare, effects, limits)
        now = hear(amounts)
        if phase_error(now) < least:
            best, least, reached = amounts, phase_error(now), now
        if abs(phase_of(now)) < _NEAR:
            break
        # Of the last step so much came through; the next one reckons with that (a secant).
        share = (now.imag - came) / gone if gone and came else 1.0
        came, gone = now.imag, -now.imag / min(2.0, max(0.5, share))
        goal += complex(0.5 * max(0.0, wanted.real - now.real), gone)
    return best, reached
