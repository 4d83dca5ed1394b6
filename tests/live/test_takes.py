"""Takes of the next section in real processes: one is chosen, put together and played; bars that were marked are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.protocol import BuildOnHook, ChooseTake, KeepHook, MarkLast, NextNow, Snapshot, TakeStem
from engine.sections.file import SectionReader
from engine.sections.keepers import keepers
from tests.live.conftest import PRESET, Show


def two_ready(s: Snapshot) -> bool:
    """A and B: on a machine that is busy there may be no time for C."""
    return len(s.next.takes) == 3 and all(take.state == "ready" for take in s.next.takes[:2])


def test_chosen_take_plays_with_the_stem_of_another(show: Callable[..., Show]) -> None:
    one = show(minutes=3, text=PRESET)
    one.wait_playing()
    first = one.wait(two_ready, "two takes").now.name
    one.client.send(ChooseTake(1))
    one.client.send(TakeStem("drums", 2))
    made = one.wait(lambda s: two_ready(s) and s.next.take == "B2", "take B with the drums of C")
    assert [(take.name, take.what, take.comes) for take in made.next.takes] == [
        ("A", "", False),
        ("B2", "drums", True),
        ("C", "", False),
    ]
    one.client.send(NextNow())
    now = one.wait(lambda s: s.now.name not in ("", first), "the next section").now
    assert now.take == "B2"
    assert one.wait(two_ready, "takes of the section after it").next.take == "A"
    assert one.now().audio.underruns == 0


def test_marked_bars_are_kept_and_built_on(show: Callable[..., Show], private: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVESET_KEEPERS", str(private / "kept"))
    one = show(minutes=3, text=PRESET)
    one.wait_playing()
    one.wait(lambda s: s.now.bar >= 4 and s.next.state == "ready", "three whole bars, and what comes after them")
    one.client.send(MarkLast())
    one.client.send(KeepHook())
    one.client.send(BuildOnHook())
    one.wait(lambda s: any("Kept as test-intro-hook-1" in notice.text for notice in s.notices), "word that they were kept")
    (keeper,), broken = keepers()
    reader = SectionReader(keeper.path)
    assert not broken and keeper.bars == reader.info.bars >= 3
    assert all(float(np.abs(part).max()) > 0 for part in np.array_split(reader.audio.sum(axis=1), keeper.bars))
    made = one.wait(
        lambda s: bool(s.next.takes) and (s.next.takes[0].name, s.next.takes[0].state) == ("A2", "ready"), "the section"
    )
    assert made.now.name == "intro" and made.hook.startswith("intro")
