"""Takes that differ in one stem, and takes put together from stems of several."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import protocol as p
from engine.conductor.steering import take_name
from engine.session.takes import takes_view
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, made, slow
from tests.conductor.test_slow import finish_all, version_next
from tests.conductor.test_takes import playing


def ready() -> Stage:
    """A set whose next section is there in three takes."""
    stage = playing()
    finish_all(stage)
    return stage


def newest(stage: Stage) -> p.SectionRequest:
    finish_all(stage)
    return version_next(stage).request


def test_other_stem_is_from_another_seed_and_all_else_stays() -> None:
    stage = ready()
    before = version_next(stage).request
    stage.command(p.ReRollStem("drums"))
    assert stage.told[-1] == "Take A2 has another set of drums; all else stays."
    request = newest(stage)
    (change,) = request.changes
    assert (request.seed, request.ideas, request.progression) == (before.seed, before.ideas, before.progression)
    assert (change.parts, change.bars, change.amount) == (("drums",), None, 1.0)
    assert change.seed != before.seed and change.ideas != before.ideas
    stage.command(p.ReRollStem("lead"))
    stage.command(p.ReRollStem("drums"))
    assert [each.parts for each in newest(stage).changes] == [("arp", "melody"), ("drums",)], "the drums before are forgotten"
    assert newest(stage).changes[-1].seed != change.seed


def test_take_is_put_together_from_stems_of_others() -> None:
    stage = ready()
    a, b, c = (job.version.request for job in made(stage)[1:])
    stage.command(p.TakeStem("drums", 1))
    stage.command(p.TakeStem("bass", 2))
    assert stage.told[-1] == "Take A3 has the bass of take C; all else stays."
    request = newest(stage)
    assert request.seed == a.seed
    assert [(each.seed, each.ideas, each.parts) for each in request.changes] == [
        (b.seed, b.ideas, ("drums",)),
        (c.seed, c.ideas, ("bass",)),
    ]
    view = takes_view(stage.state, 1)[0]
    assert (view.name, view.what) == ("A3", "drums bass")


def test_stem_of_a_take_that_was_put_together_itself_is_the_one_that_is_heard_there() -> None:
    stage = ready()
    c = made(stage)[-1].version.request
    stage.command(p.ChooseTake(1))
    stage.command(p.TakeStem("drums", 2))
    finish_all(stage)
    stage.command(p.ChooseTake(0))
    stage.command(p.TakeStem("drums", 1))
    request = newest(stage)
    assert [(each.seed, each.parts) for each in request.changes] == [(c.seed, ("drums",))]


def test_undo_brings_the_take_before_the_stem_back() -> None:
    stage = ready()
    before = stage.state.steering.takes
    stage.command(p.TakeStem("bass", 1))
    stage.command(p.Undo())
    assert stage.told[-1] == "Undone: bass of take B."
    assert stage.state.steering.takes == before
    stage.command(p.ReRollStem("bass"))
    stage.command(p.Undo())
    assert stage.told[-1] == "Undone: other bass."


def test_takes_of_one_stem_alone_follow_a_when_that_is_made_another_way() -> None:
    stage = playing()
    own = replace(stage.state.settings, take_parts=((), ("drums",), ("arp", "melody")))
    stage.state = replace(stage.state, settings=own)
    finish_all(stage)
    a, b, c = (job.version.request for job in made(stage)[1:])
    assert (b.seed, c.seed) == (a.seed, a.seed)
    assert [[each.parts for each in request.changes] for request in (a, b, c)] == [[], [("drums",)], [("arp", "melody")]]
    assert [take.what for take in takes_view(stage.state, 1)] == ["", "drums", "lead"]
    stage.command(p.ReRoll())
    finish_all(stage)
    again = [job.version for job in made(stage)[-3:]]
    assert [take_name(version.wish.take) for version in again] == ["A2", "B", "C"]
    assert len({version.request.seed for version in again}) == 1 and again[0].request.seed != a.seed
    stage.command(p.ChooseTake(1))
    stage.command(p.ReRoll())
    assert newest(stage).changes[0].seed != b.changes[0].seed


def test_stem_of_another_motif_is_not_taken() -> None:
    stage = ready()
    keeper = p.Keeper("k", "k", "t", "drop", "drop", 16, 4, 124.0, "F minor", (), "pocket", 1, 99)
    stage.command(p.ChooseTake(1))
    stage.command(p.VaryNext(keeper=keeper))
    stage.command(p.ChooseTake(0))
    before = stage.state.steering.takes
    stage.command(p.TakeStem("bass", 1))
    assert stage.told[-1] == "Take B2 has another motif: its bass would not fit here."
    assert stage.state.steering.takes == before


@pytest.mark.parametrize("command", [p.ReRollStem("drums"), p.TakeStem("drums", 1)])
def test_generator_of_one_mix_says_so(command: p.Command) -> None:
    stage = slow()
    stage.command(command)
    assert stage.told[-1] == "slow makes one mix: no stem of it can be made alone. r makes all anew."


def test_stems_that_are_not_there_and_own_stems_change_nothing() -> None:
    stage = ready()
    before = stage.state.steering
    for command in (p.ReRollStem("flute"), p.TakeStem("drums", 0), p.TakeStem("drums", 7), p.TakeStem("mix", 1)):
        stage.command(command)
    stage.healthy(BAR)
    assert stage.state.steering == before
