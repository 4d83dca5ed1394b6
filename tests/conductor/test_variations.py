"""Sections made out of others: varied, made again in part, and what becomes of their files."""

from __future__ import annotations

import pytest

from engine import protocol as p
from engine.conductor.steering import take_name
from tests.conductor.test_conductor import BAR, made, slow, started
from tests.conductor.test_slow import finish_all, version_next, version_now


def test_vary_starts_from_the_playing_section() -> None:
    stage = slow()
    finish_all(stage)
    stage.command(p.VaryNext(0.4))
    request = made(stage)[-1].version.request
    assert (request.vary_path, request.vary_amount, request.remake_bars) == (version_now(stage).path, 0.4, None)
    finish_all(stage)
    assert version_next(stage).request == request
    assert take_name(version_next(stage).wish.take) == "A2"
    stage.command(p.VaryNext())
    again = made(stage)[-1].version.request
    assert again.seed != request.seed
    assert again.vary_amount == p.VARY_AMOUNT


@pytest.mark.parametrize(("amount", "got"), [(7.0, 1.0), (0.0, 0.02), (float("nan"), 0.02)])
def test_variation_amount_is_limited(amount: float, got: float) -> None:
    stage = slow()
    finish_all(stage)
    stage.command(p.VaryNext(amount))
    assert made(stage)[-1].version.request.vary_amount == got


def test_remake_bars_keeps_the_rest_of_the_next_section() -> None:
    stage = slow()
    finish_all(stage)
    before = version_next(stage)
    stage.command(p.RemakeBars(8, 5))
    request = made(stage)[-1].version.request
    assert (request.vary_path, request.remake_bars) == (before.path, (5, 8))
    assert request.bars == before.request.bars
    assert stage.state.work.next == before, "the one there is stays until the other is made"
    finish_all(stage)
    stage.command(p.RemakeBars(1, 999))
    request = made(stage)[-1].version.request
    assert request.remake_bars == (1, before.request.bars)
    assert request.vary_path != before.path, "what was made last is what is kept"


def test_impossible_remake_is_explained() -> None:
    stage = slow()
    stage.command(p.RemakeBars(1, 4))
    assert "still being generated" in stage.told[-1]
    finish_all(stage)
    stage.command(p.RemakeBars(999, 1000))
    assert f"has {version_next(stage).request.bars} bars" in stage.told[-1]
    assert stage.state.steering.variation is None


def test_varied_file_is_not_discarded_early() -> None:
    stage = slow()
    finish_all(stage)
    source = version_next(stage).path
    stage.command(p.RemakeBars(1, 4))
    finish_all(stage)
    assert source in stage.state.work.trash
    assert not any(getattr(action, "path", "") == source for action in stage.actions)


def test_re_roll_and_the_next_section_drop_the_variation() -> None:
    stage = slow()
    finish_all(stage)
    stage.command(p.VaryNext(0.4))
    finish_all(stage)
    stage.command(p.ReRoll())
    assert made(stage)[-1].version.request.vary_path is None
    stage.command(p.VaryNext(0.4))
    finish_all(stage)
    stage.command(p.NextNow())
    stage.advance(BAR * 2)
    assert version_now(stage).request.vary_path is not None
    assert stage.state.steering.variation is None
    assert next(iter(stage.jobs.values())).version.request.vary_path is None


def test_failed_variation_is_generated_from_scratch() -> None:
    stage = slow()
    finish_all(stage)
    stage.command(p.VaryNext(0.4))
    stage.fail(next(iter(stage.jobs)))
    assert "from scratch" in stage.told[-1]
    stage.advance(44_100)
    assert made(stage)[-1].version.request.vary_path is None
    finish_all(stage)
    assert version_next(stage).wish.variation is None


def test_live_generator_varies_what_plays_from_its_seeds() -> None:
    stage = started()
    stage.healthy(BAR)
    playing = version_now(stage).request
    stage.command(p.VaryNext(0.4))
    stage.healthy(BAR)
    request = version_next(stage).request
    assert (request.seed, request.set_seed, request.vary_path) == (playing.seed, playing.set_seed, None)
    (change,) = request.changes
    assert (change.bars, change.amount) == (None, 0.4)
    assert change.seed != playing.seed
    assert "variation of what plays" in stage.told[-1]
    stage.command(p.VaryNext(0.4))
    stage.healthy(BAR)
    assert version_next(stage).request.changes[-1].seed != change.seed, "another press, another variation"


def test_live_generator_makes_bars_again_and_keeps_the_rest() -> None:
    stage = started()
    stage.healthy(BAR)
    before = version_next(stage).request
    stage.command(p.RemakeBars(8, 5))
    stage.healthy(BAR)
    request = version_next(stage).request
    assert (request.seed, request.bars, [change.bars for change in request.changes]) == (before.seed, before.bars, [(5, 8)])
    stage.command(p.RemakeBars(1, 2))
    stage.healthy(BAR)
    assert [change.bars for change in version_next(stage).request.changes] == [(5, 8), (1, 2)]
    first = request.changes[0]
    assert version_next(stage).request.changes[0] == first, "what was made again before is kept too"
    stage.command(p.RemakeBars(5, 8))
    stage.healthy(BAR)
    assert [change.bars for change in version_next(stage).request.changes] == [(1, 2), (5, 8)]
    assert version_next(stage).request.changes[-1].seed != first.seed


def test_weight_change_keeps_the_bars_made_again() -> None:
    stage = started()
    stage.healthy(BAR)
    stage.command(p.RemakeBars(5, 8))
    stage.healthy(BAR)
    changes = version_next(stage).request.changes
    stage.command(p.SetWeight(0, 0.3))
    stage.healthy(BAR)
    assert version_next(stage).request.changes == changes != ()


# ------------------------------------------------------------ how it lay on the grid
