"""Sound files among the prompts of a piece: on its grid, by their weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.errors import GeneratorError
from engine.generators.stable_audio import StableAudio
from engine.generators.stable_audio.generator import StableAudioSections
from engine.generators.stable_audio.section.grid import measure
from engine.generators.stable_audio.section.piece import HOLD, plan_piece
from engine.generators.stable_audio.section.prompted import prompted
from engine.protocol import HeardSound, PromptWeight, SectionRequest
from engine.timebase import SAMPLE_RATE, Grid
from tests.generators.stable_audio.test_section import different, make
from tests.session.test_heard_files import drum_loop


def asked(path: Path, bpm: float, heard: float, weight: float = 1.0, words: float = 0.0) -> SectionRequest:
    sound = HeardSound(str(path), bpm=heard, beats=16, seconds=16 * 60 / heard)
    prompts = (PromptWeight(path.name, weight, sound), PromptWeight("house", words))
    return SectionRequest("s", prompts, 8, bpm, "A minor", 1)


@pytest.mark.parametrize(("bpm", "heard"), [(126.0, 126.0), (124.0, 126.0), (110.0, 126.0), (140.0, 75.0)])
def test_a_loop_is_stretched_to_the_grid(tmp_path: Path, bpm: float, heard: float) -> None:
    path = tmp_path / "loop.wav"
    soundfile.write(path, drum_loop(heard), SAMPLE_RATE)
    grid = Grid(bpm, 4, SAMPLE_RATE)
    lead = grid.frame_of_bar(1)
    found = prompted(asked(path, bpm, heard), SAMPLE_RATE, grid.frame_of_bar(9), lead)
    assert found is not None
    sound, share = found
    pulse = measure(sound, SAMPLE_RATE, bpm, lead / SAMPLE_RATE)
    assert share == 1.0 and pulse.found
    assert pulse.bpm == pytest.approx(bpm, rel=0.002) and abs(pulse.late_s) < 0.012


def test_the_weight_of_a_sound_says_how_much_of_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "loop.wav"
    soundfile.write(path, drum_loop(126), SAMPLE_RATE)
    whole = plan_piece(asked(path, 126, 126), SAMPLE_RATE, SAMPLE_RATE * 100)
    half = plan_piece(asked(path, 126, 126, 0.5, 0.5), SAMPLE_RATE, SAMPLE_RATE * 100)
    none = plan_piece(asked(path, 126, 126, 0.0, 0.5), SAMPLE_RATE, SAMPLE_RATE * 100)
    assert whole.amount == 1 - HOLD and half.amount == 1 - HOLD / 2
    assert none.vary is None and none.amount is None
    assert whole.vary is not None and len(whole.vary) == whole.frames and np.isfinite(whole.vary).all()


def test_the_model_starts_from_the_sound_itself(tiny: StableAudio, tmp_path: Path) -> None:
    """Two files of which the same was heard, and none: all else that is asked is alike."""
    drums, noise = tmp_path / "drums.wav", tmp_path / "noise.wav"
    soundfile.write(drums, drum_loop(240, 8), SAMPLE_RATE)
    soundfile.write(noise, np.random.default_rng(2).normal(0, 0.1, (2 * SAMPLE_RATE, 2)), SAMPLE_RATE)
    sections = StableAudioSections(model=tiny)
    requests = [replace(asked(path, 240, 240, 0.7, 0.3), bars=2, steps=2, tries=1) for path in (drums, noise)]
    words = replace(requests[0], prompts=requests[0].prompts[1:])
    one, other, without = (make(sections, request) for request in (*requests, words))
    assert len(one) == requests[0].total_frames()
    assert different(one, other) > 1e-4 and different(one, without) > 1e-4  # random weights hardly listen
    assert np.array_equal(one, make(sections, requests[0]))


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"there is no file gone\.wav"):
        prompted(asked(tmp_path / "gone.wav", 126, 126), SAMPLE_RATE, 1000, 0)
