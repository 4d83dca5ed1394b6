"""Pocket, the built-in generator: prompts become a score, the score becomes sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import torch
from torch import Tensor

from engine.errors import GeneratorError, LivesetError
from engine.generators.base import Block
from engine.generators.pocket.instruments.shots import Shots
from engine.generators.pocket.instruments.spectra import RATE, to_sound, to_spectrum
from engine.generators.pocket.instruments.tables import Tables
from engine.generators.pocket.instruments.voices import CHUNK
from engine.generators.pocket.render import fourier
from engine.generators.pocket.render.loudness import plan_levels
from engine.generators.pocket.render.renderer import Renderer
from engine.generators.pocket.render.sound import design
from engine.generators.pocket.score.compose import compose
from engine.generators.pocket.seams.section import Cancelled, SeamlessSection
from engine.generators.pocket.styles import load_style
from engine.prompts.mix import DEFAULT_STYLE
from engine.protocol import SectionRequest, Traits

_LATER_CHUNKS: Final = 4
"""Chunks in a block after the first few: about 1.5 s."""
_QUICK_BLOCKS: Final = 3
"""Blocks of a single chunk (0.37 s) at the start, so that sound is there at once."""


class Pocket:
    """The built-in generator; see `engine.generators.base.Generator`."""

    name = "pocket"
    rate = RATE
    traits = Traits(live=True)

    def __init__(self) -> None:
        self._tables = Tables()
        self._shots = Shots()

    def warm_up(self) -> None:
        """Make the default style's drums and run each transform once."""
        kit = load_style(DEFAULT_STYLE).kit
        for shot in ("kick", "clap", "hat", "open"):
            self._shots.get(kit, shot, 1.0, 0)
        to_sound(to_spectrum(torch.zeros(2, CHUNK)), CHUNK)
        fourier.to_sound(fourier.to_bins(fourier.pack((None, None))))

    def generate(
        self, request: SectionRequest, on_progress: Callable[[float], None], cancelled: Callable[[], bool]
    ) -> Iterator[Block]:
        """Yield blocks (frames, stems, 2) from ``request.from_frame`` to the end of the tail.

        Raises:
            GeneratorError: if ``request.from_frame`` lies outside the section, or the section cannot be written.
            LivesetError: if the key, the vocabulary or a style cannot be read.
        """
        total = request.total_frames(self.rate)
        if not 0 <= request.from_frame <= total:
            raise GeneratorError(f"section {request.section_id} has no frame {request.from_frame}", f"it has {total}")
        with torch.inference_mode():
            section = self._prepare(request, cancelled)
        frame, blocks = request.from_frame, 0
        while frame < total and not cancelled():
            first = frame // CHUNK
            last = min(first + (1 if blocks < _QUICK_BLOCKS else _LATER_CHUNKS), -(-total // CHUNK))
            with torch.inference_mode():
                try:
                    made = _interleaved([section.chunk(index) for index in range(first, last)])
                except Cancelled:
                    return
                block = made[frame - first * CHUNK : total - first * CHUNK]
            frame += len(block)
            blocks += 1
            yield block
            on_progress((frame - request.from_frame) / max(1, total - request.from_frame))

    def _prepare(self, request: SectionRequest, cancelled: Callable[[], bool]) -> SeamlessSection:
        try:
            score = compose(request, self.rate)
            sound = design(score)
        except LivesetError:
            raise
        except (ValueError, ArithmeticError) as error:
            raise GeneratorError(f"pocket could not write section {request.section_id}: {error}") from error
        gains = plan_levels(score, sound, self._tables, self._shots, score.energy)
        renderer = Renderer(score, sound, gains, self._tables, self._shots)
        return SeamlessSection(renderer, request, cancelled)


def _interleaved(chunks: list[Tensor]) -> Block:
    """Chunks (stems, 2, CHUNK) as one block (frames, stems, 2), copied channel by channel, which is fastest."""
    block = np.empty((len(chunks), CHUNK, *chunks[0].shape[:2]), np.float32)
    for made, chunk in zip(block, chunks, strict=True):
        for stem, sides in enumerate(chunk.numpy()):
            for side, sound in enumerate(sides):
                made[:, stem, side] = sound
    return block.reshape(-1, *block.shape[2:])
