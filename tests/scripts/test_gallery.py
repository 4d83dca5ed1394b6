"""scripts/gallery.py: what it measures on sounds made up for it, and the page it writes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.scripts import load_script

RATE = 44_100


@pytest.fixture(scope="module")
def gallery() -> Any:
    return load_script("gallery")


def tone(hertz: float, seconds: float) -> Any:
    wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def test_onsets_are_counted_in_hits_and_not_in_a_held_tone(gallery: Any) -> None:
    hits = np.zeros((8 * RATE, 2), np.float32)
    burst = np.random.default_rng(1).standard_normal(2000) * np.exp(-np.arange(2000) / 400) * 0.5
    for start in range(0, len(hits), RATE // 4):
        hits[start : start + 2000] += burst[:, None].astype(np.float32)
    assert gallery.onsets_per_second(hits, RATE) == pytest.approx(4.0, abs=0.3)
    assert gallery.onsets_per_second(tone(220, 8), RATE) < 0.5


def test_repeated_sections_look_alike_and_different_ones_do_not(gallery: Any) -> None:
    sound = np.concatenate([tone(110, 8), tone(880, 8), tone(110, 8)])
    alike = gallery.similarity(gallery.Piece("x", sound, (), 120.0, "C major", 1.0), RATE)
    assert alike.shape == (48, 48)
    assert alike[4:12, 36:44].min() > 0.95
    assert alike[4:12, 20:28].max() < 0.2


def test_page_has_sound_picture_and_measures_of_every_style(
    gallery: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["gallery", "--out", str(tmp_path), "--seconds", "10", "house"])
    gallery.main()
    page = (tmp_path / "index.html").read_text("utf-8")
    for name in re.findall(r"src='([^']+)'", page):
        assert (tmp_path / name).stat().st_size > 1000
    assert page.count("<audio") == page.count("<img") == 1
    for said in ("LUFS", "dBTP", "onsets a second", "side to mid", "124.5 asked"):
        assert said in page, said
