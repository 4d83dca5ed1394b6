"""The tiny checkpoint, what the reference made of it, and the skip where the text encoder's package is missing."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from engine.generators.stable_audio import StableAudio
from engine.generators.stable_audio.model.checkpoint import TensorFile

TINY = Path(__file__).parent / "data" / "tiny"
SEED = 1234
Arrays = dict[str, npt.NDArray[np.float32]]

needs_transformers = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None,
    reason="transformers is not installed: pip install 'liveset[stable-audio]'",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and {"tiny", "plainly", "models"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(needs_transformers)


def read_all(path: Path) -> Arrays:
    file = TensorFile(path)
    return {name: file.read(name).numpy() for name in file.shapes}


def relative_error(found: npt.ArrayLike, expected: npt.ArrayLike) -> float:
    """The largest difference as a fraction of the largest value."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def make_base(folder: Path) -> Path:
    """The tiny checkpoint as a -base one, in a folder that is not there yet."""
    shutil.copytree(TINY, folder)
    config = json.loads((folder / "model_config.json").read_text())
    config["model"]["diffusion"]["diffusion_objective"] = "rectified_flow"
    (folder / "model_config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny() -> StableAudio:
    return StableAudio.load(TINY)


@pytest.fixture(scope="session")
def expected() -> Arrays:
    return read_all(TINY / "expected.safetensors")


@pytest.fixture(scope="session")
def cases() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((TINY / "cases.json").read_text())
    return loaded
