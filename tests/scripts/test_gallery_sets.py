"""scripts/gallery_sets.py: figures of sets made up for it, and the page with their drops."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.timebase import Grid
from tests.support.scripts import load_script

RATE = 44_100
GRID = Grid(240.0)


@pytest.fixture(scope="module")
def gallery() -> Any:
    return load_script("gallery_sets")


def drop(gallery: Any, sixteenths: tuple[int, ...], bars: int = 5) -> Any:
    """Bursts of noise on some sixteenths of every bar."""
    bar = GRID.frame_of_bar(1)
    sound = np.zeros((bar * bars, 2), np.float32)
    burst = np.random.default_rng(1).standard_normal((1500, 2)) * np.exp(-np.arange(1500) / 300)[:, None] * 0.3
    for number in range(bars):
        for place in sixteenths:
            start = number * bar + place * bar // 16
            sound[start : start + 1500] += burst[: len(sound) - start].astype(np.float32)
    pictures = gallery.bar_pictures(sound, RATE, [i * bar / RATE for i in range(bars)], bar / RATE)
    return gallery.Part("drop", "drop", sound, pictures)


def played(gallery: Any, seed: int, *patterns: tuple[int, ...]) -> Any:
    parts = tuple(drop(gallery, pattern) for pattern in patterns)
    return gallery.PlayedSet(seed, np.concatenate([part.sound for part in parts]), RATE, GRID, parts)


def test_rhythms_that_share_their_places_are_alike_and_others_are_not(gallery: Any) -> None:
    four, again, between = (
        gallery.onset_pattern(drop(gallery, at), RATE, GRID) for at in ((0, 4, 8, 12),) * 2 + ((2, 6, 10, 14),)
    )
    assert gallery.likeness(four, again) == pytest.approx(1.0)
    assert gallery.likeness(four, between) < 0.2
    assert gallery.likeness(four, np.zeros(16)) == 0.0


def test_page_has_each_set_its_drops_and_the_figures_of_real_recordings(gallery: Any, tmp_path: Path) -> None:
    sets = [played(gallery, 1, (0, 4, 8, 12), (0, 3, 6, 9)), played(gallery, 2, (0, 8), (0, 8))]
    page = gallery.entry("presets/mine.toml", sets, tmp_path)
    drops = re.findall(r"src='(mine-\d-drop-\d\.flac)'", page)
    assert drops == ["mine-1-drop-1.flac", "mine-1-drop-2.flac", "mine-2-drop-1.flac", "mine-2-drop-2.flac"]
    pictures = re.findall(r"src='(mine-\d-drop-\d\.png)'", page)
    assert pictures == [name.replace(".flac", ".png") for name in drops]
    assert all((tmp_path / name).stat().st_size > 1000 for name in (*drops, *pictures))
    found = gallery.figures(sets[0], sets[1])
    assert set(found) == set(gallery.REAL)
    assert float(found["drops apart, dB"]) > 3.0
    assert float(gallery.figures(sets[1], None)["drops apart, dB"]) == 0.0
    assert all(real in page for real in gallery.REAL.values())
