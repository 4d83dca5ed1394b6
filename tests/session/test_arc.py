"""The plan and NEXT say the same of what comes."""

from __future__ import annotations

from itertools import pairwise

from engine import protocol as p
from engine.session.snapshots import arc_view, next_view
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, opening
from tests.conductor.test_slow import finish_all


def shown(stage: Stage) -> tuple[int, int]:
    """Bars from the start of the sounding section to the next one: as the plan has it, and as NEXT does."""
    now, coming = next((one, after) for one, after in pairwise(arc_view(stage.state)) if one.state == "now")
    assert now.start_bar + now.bars == coming.start_bar
    return coming.start_bar - now.start_bar, next_view(stage.state).at_bar - 1


def test_plan_and_next_agree_before_and_after_next_now() -> None:
    stage = opening(96)
    stage.up()
    finish_all(stage)
    stage.advance(BAR * 5)
    finish_all(stage)
    planned, said = shown(stage)
    assert planned == said > 8
    stage.command(p.NextNow())
    planned, said = shown(stage)
    assert planned == said <= 7
