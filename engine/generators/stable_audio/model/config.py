"""What model_config.json says, as dataclasses: every dimension that is not the shape of a tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

EXTRA_SECONDS = 6
"""Generated beyond the duration asked for, so that no ending is composed inside what is kept."""

INPAINT_IDS = ("inpaint_mask", "inpaint_masked_input")

Objective = Literal["rf_denoiser", "rectified_flow"]
OBJECTIVES: tuple[Objective, ...] = ("rf_denoiser", "rectified_flow")


@dataclass(frozen=True)
class ShiftConfig:
    """How the linear schedule is bent; ``kind`` is logsnr, full, flux or none, ``options`` its numbers."""

    kind: str
    options: Mapping[str, float]


SHIFT_DEFAULTS: dict[str, dict[str, float]] = {
    "logsnr": {"anchor_length": 2000, "anchor_logsnr": -6.2, "rate": 0.0, "logsnr_end": 2.0},
    "full": {"base_shift": 0.5, "max_shift": 1.15, "min_length": 256, "max_length": 4096, "use_sine": False},
    "flux": {"min_length": 256, "max_length": 4096, "alpha_min": 1.0, "alpha_max": 1.0},
    "none": {},
}


@dataclass(frozen=True)
class ResamplerConfig:
    """One half (encoder or decoder) of the autoencoder.

    Attributes:
        depth: transformer blocks.
        stride: patches a latent frame.
        chunk: patches attention runs over.
        head: width of an attention head at most.
        shifted: whether the second half of the blocks sees chunks moved by half a chunk.
    """

    depth: int
    stride: int
    chunk: int
    head: int
    shifted: bool

    @property
    def align(self) -> int:
        """Latent frames in a chunk."""
        return self.chunk // self.stride


@dataclass(frozen=True)
class AutoencoderConfig:
    """SAME-S: ``patch`` frames of ``channels`` become one vector, ``ratio`` frames one latent frame of ``width`` numbers."""

    channels: int
    patch: int
    ratio: int
    width: int
    encoder: ResamplerConfig
    decoder: ResamplerConfig


@dataclass(frozen=True)
class DiffusionConfig:
    """The diffusion transformer, its conditioning and its schedule.

    Attributes:
        depth, heads: of the transformer.
        inpaints: whether it takes a local condition (mask and masked latents).
        objective: rf_denoiser steps ping-pong, rectified_flow by Euler.
        max_tokens: prompts are cut to this length.
        padding: what stands in padded positions of a prompt: learned, zero or none.
        text_folder: the text encoder's folder inside the checkpoint's.
        seconds_range: durations are clamped to it.
    """

    depth: int
    heads: int
    inpaints: bool
    objective: Objective
    shift: ShiftConfig
    max_tokens: int
    padding: str
    text_folder: str
    seconds_range: tuple[float, float]


@dataclass(frozen=True)
class ModelConfig:
    """A checkpoint's config; ``diffusion`` is None for a standalone autoencoder. ``rate`` is frames per second."""

    path: Path
    rate: int
    sample_size: int
    autoencoder: AutoencoderConfig
    diffusion: DiffusionConfig | None
