"""A slow generator's sections soon enough: cued before they are whole, and planned shorter where it barely keeps up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.conductor.forecast import usable
from engine.conductor.lengths import SPARES, Limits, fitted
from engine.conductor.planning.plan import arc
from tests.conductor.test_conductor import BAR, BAR_S, SLOW, slow


@pytest.mark.parametrize(("speed", "ready"), [(0.7, True), (0.5, False)])
def test_sound_that_comes_after_the_steps_may_be_cued_before_it_is_whole(speed: float, ready: bool) -> None:
    """With 0.7 of the work in steps, what is left is made 3.3 times as quickly as the whole."""
    stage = slow()
    version = next(iter(stage.jobs.values())).version
    state = stage.state.with_work(speed=speed)
    assert usable(state, replace(version, ready_to=3 * BAR)) is ready
    assert not usable(state, replace(version, ready_to=BAR))


def test_a_generator_that_barely_keeps_up_is_given_sections_that_it_can_make_in_time() -> None:
    limits = Limits(BAR_S, SLOW, work=0.56, hurried=0.56)
    (first, *_) = fitted(arc(186), 16, limits)
    assert first.bars <= replace(limits, spare=SPARES[-1]).made_during(16)
    roomy = Limits(BAR_S, SLOW, work=0.3, hurried=0.2)
    assert [part.bars for part in fitted(arc(96), 16, roomy)] == [part.bars for part in arc(96)]
