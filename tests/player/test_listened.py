"""What is cued is opened beside the set's own files, read ahead, and said to be unreadable where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.player.decks import SeenReader
from engine.player.listened import AHEAD, Listened
from engine.player.rendering.headphones import Headphones
from engine.protocol import Listen
from engine.timebase import SAMPLE_RATE
from tests.player.sounds import cue, sine, write_section


def test_all_of_a_long_file_is_read_ahead_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_section(tmp_path / "a", sine(100.0), bars=16)
    touched: list[tuple[int, int]] = []
    monkeypatch.setattr(SeenReader, "prefetch", lambda _, start, frames: touched.append((start, start + frames)))
    listened = Listened(Headphones(SAMPLE_RATE))
    assert listened.order(Listen(1, (cue(1, tmp_path / "a", 0, 16),))) is None
    touched.clear()
    for _ in range(10):
        listened.read_ahead()
    assert touched == [(start, start + AHEAD) for start in range(0, SeenReader(tmp_path / "a").info.frames, AHEAD)]


def test_a_file_that_is_gone_is_told_with_the_order_that_asked_for_it(tmp_path: Path) -> None:
    listened = Listened(Headphones(SAMPLE_RATE))
    failed = listened.order(Listen(7, (cue(1, tmp_path / "gone", 0),)))
    assert failed is not None and failed.listen_id == 7 and "gone" in failed.message
    assert listened.order(Listen(8)) is None
