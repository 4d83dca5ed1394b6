"""Sections from the tiny checkpoint that are variations of a keeper: of another tempo, in stems, from another set."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from engine.errors import GeneratorError
from engine.generators.stable_audio import StableAudio
from engine.generators.stable_audio.generator import StableAudioSections
from engine.generators.stable_audio.section.material import MOST_STRETCHED, whole
from engine.protocol import Keeper, PromptWeight, SectionRequest
from engine.sections.file import SectionReader
from engine.sections.keepers import Layer, keep
from engine.timebase import Grid
from tests.generators.stable_audio.drums import Audio, Kind, drums
from tests.generators.stable_audio.test_section import ASKED, RATE, different, make, write


@pytest.fixture(autouse=True)
def _private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIVESET_KEEPERS", str(tmp_path / "kept"))


def kept(folder: Path, bpm: float = 240.0, stems: int = 4, kind: Kind = "house") -> Keeper:
    """Two bars of drums and a tail, kept from a set that is over."""
    grid = Grid(bpm)
    sound = drums(bpm, grid.seconds(grid.frame_of_bar(3)), kind=kind, chord=kind != "click")
    path = Path(write(folder / "s1", sound, 2, bpm=bpm, stems=stems))
    prompts = (PromptWeight("house", 1.0),)
    card = Keeper("drop", "", "Sunrise", "drop", "drop", 2, 4, bpm, "F minor", prompts, "pocket", 1, 1)
    keeper = keep([Layer(SectionReader(path))], card, datetime(2026, 5, 1, 22, 30))
    path.unlink()
    return keeper


def varied(keeper: Keeper, amount: float) -> SectionRequest:
    return replace(ASKED, vary_path=keeper.path, vary_amount=amount)


def test_keeper_in_stems_is_varied_as_one_sound(tiny: StableAudio, tmp_path: Path) -> None:
    sections, keeper = StableAudioSections(model=tiny), kept(tmp_path)
    little, nothing_left = make(sections, varied(keeper, 0.02)), make(sections, varied(keeper, 1.0))
    assert little.shape == (ASKED.total_frames(), 1, 2)
    assert different(little, nothing_left) > 0.05
    in_one = make(sections, varied(kept(tmp_path, stems=1), 0.02))
    assert different(little, in_one) < 1e-3


@pytest.mark.parametrize("share", [-MOST_STRETCHED, -0.02, 0.03, MOST_STRETCHED])
def test_keepers_tempo_is_brought_to_the_sets(tmp_path: Path, share: float) -> None:
    bpm = 240.0 * (1 + share * 0.999)
    sound = whole(varied(kept(tmp_path, bpm, kind="click"), 0.5), RATE)
    assert sound.shape == (ASKED.total_frames(), 2)
    beat = RATE // 4
    late = [first_rise(sound[number * beat - beat // 4 :][: beat // 2]) - beat // 4 for number in range(1, 12)]
    assert np.abs(late).max() < 0.01 * RATE, "every beat lies where the set's does"


def first_rise(sound: Audio) -> int:
    """The frame of the first tenth of what is loudest."""
    size = np.abs(sound).max(axis=1)
    return int((size > 0.1 * size.max()).argmax())


def test_keeper_too_far_off_is_never_begun(tmp_path: Path) -> None:
    keeper = kept(tmp_path, 240.0 * (1 + MOST_STRETCHED) * 1.001)
    with pytest.raises(GeneratorError, match="252"):
        whole(varied(keeper, 0.5), RATE)
