"""Takes and hooks in real processes: bars that were marked are kept, and the chosen take plays with the stem of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.protocol import ChooseTake, KeepHook, MarkLast, NextNow, Snapshot, TakeStem
from engine.sections.file import SectionReader
from engine.sections.keepers import keepers
from tests.live.conftest import PRESET, Show


def two_ready(s: Snapshot) -> bool:
    """A and B: on a machine that is busy there may be no time for C."""
    return len(s.next.takes) == 3 and all(take.state == "ready" for take in s.next.takes[:2])


def test_chosen_take_plays_with_the_stem_of_another_and_marked_bars_are_kept(
    show: Callable[..., Show], private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVESET_KEEPERS", str(private / "kept"))
    one = show(minutes=3, text=PRESET)
    one.wait_playing()
    first = one.wait(two_ready, "two takes").now.name
    one.client.send(MarkLast())
    one.client.send(KeepHook())
    one.client.send(ChooseTake(1))
    one.client.send(TakeStem("drums", 2))
    one.wait(lambda s: any("-hook-1" in notice.text for notice in s.notices), "word that the bars were kept")
    (keeper,), broken = keepers()
    reader = SectionReader(keeper.path)
    assert not broken and keeper.bars == reader.info.bars
    assert all(float(np.abs(part).max()) > 0 for part in np.array_split(reader.audio.sum(axis=1), keeper.bars))
    made = one.wait(lambda s: two_ready(s) and s.next.take == "B2", "take B with the drums of C")
    assert [(take.what, take.comes) for take in made.next.takes] == [("", False), ("drums", True), ("", False)]
    one.client.send(NextNow())
    assert one.wait(lambda s: s.now.name not in ("", first), "the next section").now.take == "B2"
