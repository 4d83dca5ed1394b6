"""How long a generator takes on this machine, as measured: seconds of work a second of sound, by steps of sampling. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.protocol import Traits


def ladder(full: int) -> tuple[int, ...]:
    """The steps a section may be made with where full ones are ``full``, the best first: 8, 6 and 4 of 8; 0 alone of 0."""
    return tuple(dict.fromkeys((full, max(1, full * 3 // 4), max(1, full // 2)))) if full else (0,)


MEASURE_WEIGHT: Final = 0.3
"""How much the newest measurement counts against those before, where it is quicker."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of work a second of sound, for each count of steps that was measured."""

    measured: tuple[tuple[int, float], ...] = ()

    def learn(self, steps: int, sound_s: float, work_s: float, traits: Traits) -> Pace:
        """With another measurement: ``work_s`` seconds of work for ``sound_s`` seconds of sound, made once.

        A slower one counts at once, for the next section must not be late a second time; a quicker one little by little. The
        machine is slower with any number of steps then, not only with those that were measured.
        """
        known, fresh = dict(self.measured), work_s / max(sound_s, 1e-3)
        expected = self.per_second(steps, fresh, traits) if known else fresh
        settled = fresh if steps not in known or fresh > expected else expected + MEASURE_WEIGHT * (fresh - expected)
        others = {other: work * settled / expected for other, work in known.items()}
        return Pace(tuple(sorted((others | {steps: settled}).items())))

    def per_second(self, steps: int, assumed: float, traits: Traits) -> float:
        """Seconds of work for a second of sound.

        Args:
            steps: of sampling; 0 for as many as the generator is best with.
            assumed: what it is at full steps, before anything was measured.
            traits: of the generator.
        """
        known = dict(self.measured)
        steps = steps or traits.steps or max(known, default=0)
        if steps in known:
            return known[steps]
        nearest = min(known, key=lambda other: (abs(other - steps), other)) if known else traits.steps
        return known.get(nearest, assumed) * _weight(steps, traits) / _weight(nearest, traits)


def _weight(steps: int, traits: Traits) -> float:
    """Work at some steps against that at full steps."""
    return 1 - traits.step_share + traits.step_share * steps / (traits.steps or 1)
