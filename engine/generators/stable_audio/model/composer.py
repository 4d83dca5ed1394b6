"""The parts of a checkpoint: what makes latents out of words, and where the autoencoder lies."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.generators.stable_audio.model.checkpoint import Shapes, TensorFile
from engine.generators.stable_audio.model.conditioning import Conditioner, TextEncoder
from engine.generators.stable_audio.model.config import DiffusionConfig
from engine.generators.stable_audio.model.layers import fill
from engine.generators.stable_audio.model.precision import Linear, Precision
from engine.generators.stable_audio.model.transformer import DiffusionTransformer

_DIFFUSION, _CONDITIONER, _AUTOENCODER = "model.model.", "conditioner.", "pretransform.model."


class Composer:
    """The parts that turn words into latents; a standalone autoencoder has none.

    Attributes:
        linears: every layer a LoRA file may change, by the checkpoint's name.
    """

    def __init__(self, file: TensorFile, config: DiffusionConfig, text_folder: Path, precision: Precision, device: torch.device):
        self.config = config
        self.transformer = DiffusionTransformer(Shapes(file.shapes, _DIFFUSION, file.path), config, precision)
        self.conditioner = Conditioner(Shapes(file.shapes, _CONDITIONER, file.path), config)
        self.text = TextEncoder(text_folder, config.max_tokens, config.padding == "none", precision, device)
        self.linears: dict[str, Linear] = {}
        for prefix, root in {_DIFFUSION: self.transformer, **self.conditioner.parts}.items():
            fill(root, file, prefix, device)
            for name, module in root.named_modules():
                if isinstance(module, Linear):
                    self.linears[(prefix + name).rstrip(".")] = module


def autoencoder_prefix(file: TensorFile) -> str:
    """What stands before the autoencoder's names: nothing in a standalone SAME-S."""
    for name in file.shapes:
        head, mark, _ = name.partition("bottleneck.scaling_factor")
        if mark:
            return head
    return _AUTOENCODER
