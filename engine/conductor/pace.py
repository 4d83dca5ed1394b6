"""How long a generator takes on this machine, as measured: seconds of work a second of sound, by steps of sampling. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FULL_STEPS: Final = 8
"""Steps of sampling at which a distilled model is at its best."""


def ladder(full: int) -> tuple[int, ...]:
    """The steps a section may be made with where full ones are ``full``, the best first: 8, 6 and 4 of 8."""
    return (full, max(1, full * 3 // 4), max(1, full // 2))


STEP_SHARE: Final = 0.7
"""The part of the work at full steps that grows with the steps, until other counts were measured; the rest is decoding."""

MEASURE_WEIGHT: Final = 0.3
"""How much the newest measurement counts against those before."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of work a second of sound, for each count of steps that was measured."""

    measured: tuple[tuple[int, float], ...] = ()

    def learn(self, steps: int, sound_s: float, work_s: float) -> Pace:
        """With another measurement: ``work_s`` seconds of work for ``sound_s`` seconds of sound, made once."""
        known = dict(self.measured)
        fresh = work_s / max(sound_s, 1e-3)
        old = known.get(steps)
        known[steps] = fresh if old is None else old + MEASURE_WEIGHT * (fresh - old)
        return Pace(tuple(sorted(known.items())))

    def per_second(self, steps: int, assumed: float) -> float:
        """Seconds of work for a second of sound; from the nearest count measured, or ``assumed`` (at full steps) without any."""
        known = dict(self.measured)
        if steps in known:
            return known[steps]
        nearest = min(known, key=lambda other: (abs(other - steps), other)) if known else FULL_STEPS
        return known.get(nearest, assumed) * _weight(steps) / _weight(nearest)


def _weight(steps: int) -> float:
    """Work at some steps against that at full steps."""
    return 1 - STEP_SHARE + STEP_SHARE * steps / FULL_STEPS
