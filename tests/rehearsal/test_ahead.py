"""A generator that works ahead of the set: the same file as without, whether it foresaw rightly or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.conductor.state import Job
from engine.protocol import Command, SetOptions, SetWeight
from engine.rehearsal.rehearsal import Rehearsal
from engine.rehearsal.workers import OfflineWorkers
from tests.support.rehearsing import preset

SECTIONS = (
    """
[[section]]
role = "drop"
bars = 4
"""
    * 4
)

MOVES: tuple[tuple[float, Command], ...] = tuple((beat, SetWeight(0, beat / 40)) for beat in (1.5, 9.0, 10.25, 30.0))


def played(out: Path, moves: tuple[tuple[float, Command], ...]) -> bytes:
    Rehearsal(preset("pocket", sections=SECTIONS), SetOptions(record=str(out)), moves=moves).run()
    return out.read_bytes()


@pytest.mark.parametrize("moves", [(), MOVES], ids=["left alone", "steered"])
def test_a_set_is_the_same_to_the_bit_whether_its_generator_works_ahead_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: tuple[tuple[float, Command], ...]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    begun, taken = [], []
    begin, take = OfflineWorkers.begin_ahead, OfflineWorkers._taken

    def begins(workers: OfflineWorkers, job: Job) -> None:
        begun.append(job)
        begin(workers, job)

    def takes(workers: OfflineWorkers, job: Job) -> bool:
        taken.append(take(workers, job))
        return taken[-1]

    monkeypatch.setattr(OfflineWorkers, "begin_ahead", begins)
    monkeypatch.setattr(OfflineWorkers, "_taken", takes)
    ahead = played(tmp_path / "ahead.wav", moves)
    assert begun and any(taken)

    def nothing(*_: Any) -> None:
        """As if nothing could be foreseen."""

    monkeypatch.setattr(OfflineWorkers, "begin_ahead", nothing)
    assert played(tmp_path / "plain.wav", moves) == ahead
