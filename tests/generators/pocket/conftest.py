"""One pocket for all its tests: its drum shots and wavetables are made once."""

from __future__ import annotations

import pytest
import torch

from engine.generators.pocket import Pocket
from engine.generators.pocket.render.renderer import Renderer


@pytest.fixture(scope="session")
def pocket() -> Pocket:
    torch.set_num_threads(1)
    made = Pocket()
    made.warm_up()
    return made


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Indexes of the chunks that pocket renders, as it renders them: a measure of its work that no clock disturbs."""
    indexes: list[int] = []
    real = Renderer.mixed

    def counted(self: Renderer, index: int) -> torch.Tensor:
        indexes.append(index)
        return real(self, index)

    monkeypatch.setattr(Renderer, "mixed", counted)
    return indexes
