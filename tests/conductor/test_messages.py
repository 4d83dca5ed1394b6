"""Lines for the performer fit on the screen and say what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import protocol as p
from engine.conductor.events import WorkerLost, WorkerUp
from engine.conductor.messages import MOST_CHARS, because
from tests.conductor.test_conductor import SLOW, slow, started

KEEPER = p.Keeper(
    "a-set-with-a-long-name-breakdown-12", "/kept/a.section", "Set", "drop", "drop", 8, 4, 124.0, "F minor", (), "slow", 7, 9
)
KEEPERS = [
    KEEPER,
    replace(KEEPER, bpm=140.25),
    replace(KEEPER, beats_per_bar=3),
    replace(KEEPER, generator="stable-audio"),
    replace(KEEPER, key="C# mixolydian"),
]
ASKED: list[p.Command] = [p.VaryNext(), p.RemakeBars(1, 4), p.RemakeBars(99, 120), p.ReRoll(), p.NextNow(), p.Panic()]


@given(st.text(max_size=300))
def test_a_reason_is_cut_to_fit_on_a_line(reason: str) -> None:
    line = because("Could not play a section", reason, "; generating it again.")
    assert len(line) <= MOST_CHARS and "\n" not in line
    assert line.startswith("Could not play a section") and line.endswith("; generating it again.")


@pytest.mark.parametrize("live", [True, False])
def test_every_line_fits_and_is_a_sentence(live: bool) -> None:
    stage = started() if live else slow()
    for _ in range(2):
        for command in (*ASKED, *(p.VaryNext(0.4, keeper) for keeper in KEEPERS)):
            stage.command(command)
        for job_id in list(stage.jobs):
            stage.finish(job_id)
    for job_id in list(stage.jobs):
        stage.fail(job_id)
    stage.take(WorkerLost("main", "exit status 1 after a long story that nobody reads to its end, and some more of it"))
    stage.take(WorkerUp("main", "slow", SLOW))
    assert len(stage.told) > 8
    for line in stage.told:
        assert len(line) <= MOST_CHARS, line
        assert line.endswith("."), line
