"""What the screen, lights and clocks are told of a set whose tempo and key move."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import protocol as p
from engine.session.snapshots import Surroundings, snapshot
from tests.conductor.simulation import Stage
from tests.conductor.test_conductor import BAR, GRID, started


def shown(stage: Stage, heard: int | None = None) -> p.Snapshot:
    status = {"heard_frame": float(stage.player.frame if heard is None else heard)}
    around = Surroundings(status, {}, {}, {}, {}, p.MidiView(), None, None, (), "ready")
    return snapshot(stage.state, around, 1)


def test_what_was_asked_for_is_shown_until_it_sounds() -> None:
    stage = started()
    stage.advance(BAR // 3)
    assert (shown(stage).bpm_to, shown(stage).key_to, shown(stage).next.bpm) == (0.0, "", 0.0)
    stage.command(p.SetTempo(93.0))
    stage.command(p.StepKey(7))
    before = shown(stage)
    assert (before.bpm, before.bpm_to, before.key, before.key_to) == (124.0, 93.0, "F minor", "C minor")
    stage.healthy(BAR)
    after = shown(stage)
    assert (after.bpm, after.bpm_to, after.key, after.key_to) == (93.0, 0.0, "C minor", "")
    assert after.total_s == pytest.approx(before.total_s, abs=1.0) and after.total_s > 48 * 4 * 60 / 100


def test_what_is_heard_is_in_the_tempo_before_as_long_as_it_is() -> None:
    """The sound leaves the loudspeaker later than the frames are decided on; beats go on over the border."""
    stage = started()
    stage.advance(BAR // 3)
    stage.command(p.SetTempo(93.0))
    stage.healthy(BAR)
    (change,) = stage.state.tempo.changes
    line = GRID.frame_of_bar(change.bar)
    assert [shown(stage, line - 1000).bpm, shown(stage, line).bpm] == [124.0, 93.0]
    assert [shown(stage, line + by).beats for by in (-1000, 0)] == pytest.approx(
        [4 * change.bar - 1000 / float(GRID.frames_per_beat), 4 * change.bar], abs=1e-4
    )
    assert [shown(stage, line + by).now.bar for by in (-1000, 0)] == [change.bar, change.bar + 1]
    assert shown(stage, line).elapsed_s == pytest.approx(line / 44_100)


def test_the_section_to_come_is_shown_with_its_own_tempo_and_key() -> None:
    stage = started()
    plan = tuple(replace(part, bpm=140.0, key="A minor") if i else part for i, part in enumerate(stage.state.plan))
    stage.state = replace(stage.state, plan=plan)
    coming = shown(stage).next
    assert (coming.bpm, coming.key, coming.transition, coming.transition_bars) == (140.0, "A minor", "cut", 0)
    tempo_at_end = 140.0
    left = (48 - plan[0].bars) * 4 * 60 / tempo_at_end
    assert shown(stage).total_s == pytest.approx(GRID.frame_of_bar(plan[0].bars) / 44_100 + left, abs=0.01)
