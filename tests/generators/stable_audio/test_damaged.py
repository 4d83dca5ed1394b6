"""Checkpoints whose tensors hold damaged values: a clear sentence, or sound that can be played."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from engine.errors import GeneratorError
from engine.generators.stable_audio.generator import StableAudioSections
from engine.models.tensors import read_header
from tests.generators.stable_audio.conftest import TINY, needs_transformers
from tests.generators.stable_audio.test_section import SHORT, make

pytestmark = needs_transformers

FILES = ("model.safetensors", "t5gemma-b-b-ul2/model.safetensors")


def damaged(path: Path, rng: random.Random, how: str) -> None:
    """Change the values of some tensors of a file, and nothing else of it."""
    header = read_header(path)
    names = sorted(name for name, tensor in header.tensors.items() if tensor.dtype == "F32" and tensor.last > tensor.first)
    with path.open("r+b") as file:
        for name in rng.sample(names, min(len(names), rng.choice((1, 4, len(names))))):
            tensor = header.tensors[name]
            file.seek(header.start + tensor.first)
            values = np.frombuffer(file.read(tensor.last - tensor.first), "<f4").copy()
            at = rng.randrange(len(values))
            if how == "shuffled":
                rng.shuffle(shuffled := values.tolist())
                values = np.array(shuffled, "<f4")
            elif how == "zero":
                values[:] = 0.0
            elif how == "bytes":
                values = np.frombuffer(rng.randbytes(values.nbytes), "<f4")
            else:
                values[at : at + rng.choice((1, len(values)))] = float(how)
            file.seek(header.start + tensor.first)
            file.write(values.astype("<f4").tobytes())


@pytest.mark.parametrize(("how", "seed"), [("inf", 1), ("shuffled", 2), ("bytes", 1), ("1e38", 2)])
@pytest.mark.filterwarnings("ignore")
def test_damaged_values_are_told_or_make_sound_that_can_be_played(tmp_path: Path, how: str, seed: int) -> None:
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder)
    rng = random.Random(f"{how} {seed}")
    damaged(folder / FILES[seed % 2], rng, how)
    sections = StableAudioSections(folder)
    try:
        sections.warm_up()
        sound = make(sections, SHORT)
    except GeneratorError as error:
        assert len(error.message) < 400 and "\n" not in error.message
    else:
        assert np.isfinite(sound).all() and np.abs(sound).max() <= 1.0


@pytest.mark.filterwarnings("ignore")
def test_checkpoint_of_nothing_but_nan_says_which_command_checks_it(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(TINY, folder)
    path = folder / FILES[0]
    header = read_header(path)
    with path.open("r+b") as file:
        for tensor in header.tensors.values():
            file.seek(header.start + tensor.first)
            file.write(np.full((tensor.last - tensor.first) // 4, np.nan, "<f4").tobytes())
    with pytest.raises(GeneratorError, match=r"no number; .*models verify"):
        make(StableAudioSections(folder), SHORT)
