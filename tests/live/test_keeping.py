"""What plays is kept while it is steered, in real processes; a keeper that is being written when the set stops is whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.protocol import NEWEST_KEEPER, Keep, Quit, SetWeight, VaryNext
from engine.sections.file import SectionReader
from engine.sections.keepers import keepers
from tests.live.conftest import PRESET, Show
from tests.support.waiting import LIMIT_S


def test_what_is_steered_is_kept_and_comes_again(
    show: Callable[..., Show], private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVESET_KEEPERS", str(private / "kept"))
    one = show(minutes=1, text=PRESET)
    one.wait_playing()
    for weight in (0.9, 0.4, 0.7):
        one.client.send(SetWeight(1, weight))
    one.client.send(Keep())
    one.wait(lambda s: any("Kept as test-" in notice.text for notice in s.notices), "word that it was kept")
    (keeper,), broken = keepers()
    reader = SectionReader(keeper.path)
    assert not broken and (reader.info.first_frame, reader.ready) == (0, reader.info.frames)
    assert all(float(np.abs(part).max()) > 0 for part in np.array_split(reader.audio.sum(axis=1), keeper.bars))
    one.client.send(VaryNext(keeper=NEWEST_KEEPER))
    one.wait(
        lambda s: any(f"the patterns and the motif of {keeper.name}" in n.text for n in s.notices), "word that it comes again"
    )
    one.client.send(SetWeight(1, 0.2))
    one.wait(lambda s: abs(s.prompts[1].weight - 0.2) < 0.01, "the weight")
    one.client.send(Keep())
    one.client.send(Quit())
    one.engine.process.wait(LIMIT_S)
    assert keepers()[1] == () and not list((private / "kept").glob(".*"))
