"""What is asked for, as vectors: the prompt through a T5Gemma encoder, the duration through Fourier features."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional as F

from engine.errors import GeneratorError
from engine.generators.stable_audio.model.checkpoint import Shapes
from engine.generators.stable_audio.model.config import DiffusionConfig
from engine.generators.stable_audio.model.layers import parameter
from engine.generators.stable_audio.model.precision import Linear, Precision
from engine.generators.stable_audio.model.transformer import Context, fourier_features
from engine.models.registry import ADD_THE_EXTRA
from engine.models.tensors import AGAIN

REMEMBERED = 64
"""Prompts whose encodings are kept; the longest takes 0.8 MB at the published size."""

Weight = float | Sequence[float] | npt.NDArray[np.floating[Any]]
"""A prompt's share: a number, or a curve of any number of points spread evenly from the first latent frame to the last."""

Prompt = str | Sequence[tuple[str, Weight]]


@dataclass(frozen=True)
class Encoded:
    """One prompt's last hidden states (tokens, width), padding left out unless it is wanted, and how many positions pad it."""

    hidden: torch.Tensor
    padding: int


class TextEncoder:
    """The tokenizer and the encoder half of T5Gemma, from a local folder, by way of transformers.

    Attributes:
        max_tokens: longer prompts are cut.
        keep_padding: whether the hidden states of padded positions matter (padding_mode "none").
    """

    def __init__(self, folder: Path, max_tokens: int, keep_padding: bool, precision: Precision, device: torch.device) -> None:
        transformers = import_transformers()
        self.max_tokens, self.keep_padding, self._device = max_tokens, keep_padding, device
        held = torch.float32 if precision == "float32" else torch.bfloat16
        with _quiet(transformers):
            self._load(transformers, folder, held)
        self._embedding = self._model.get_input_embeddings()
        if held != torch.float32:
            _compute_in_float32(self._model)
        self._remembered: OrderedDict[str, Encoded] = OrderedDict()

    def _load(self, transformers: Any, folder: Path, dtype: torch.dtype) -> None:
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
            config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
            config.is_encoder_decoder = False
            self._model, report = transformers.T5GemmaEncoderModel.from_pretrained(
                folder,
                config=config,
                local_files_only=True,
                dtype=dtype,
                attn_implementation="eager",
                output_loading_info=True,
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError) as error:
            message = " ".join(str(error).split())
            raise GeneratorError(f"{folder} holds no T5Gemma encoder that can be loaded ({message[:200]})", AGAIN) from error
        if missing := sorted(report["missing_keys"]):
            raise GeneratorError(f"{folder / 'model.safetensors'} lacks the tensor {missing[0]}", AGAIN)
        self._model.eval().requires_grad_(False).to(self._device)

    def encode(self, text: str) -> Encoded:
        """Hidden states of a prompt; the last ``REMEMBERED`` prompts are not computed again.

        The attention mask lets no real token see a padded one, so padded positions are only computed where they are wanted.
        """
        known = self._remembered.pop(text, None) or self._compute(text)
        self._remembered[text] = known
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return known

    def _compute(self, text: str) -> Encoded:
        self._tokenizer.padding_side = "right"
        batch = self._tokenizer(text, padding="max_length", truncation=True, max_length=self.max_tokens, return_tensors="pt")
        ids, mask = batch["input_ids"].to(self._device), batch["attention_mask"].to(self._device)
        real = int(mask.sum())
        if not self.keep_padding:
            ids, mask = ids[:, :real], mask[:, :real]
        if not ids.shape[1]:
            return Encoded(torch.zeros(0, self._embedding.embedding_dim, device=self._device), self.max_tokens)
        embedded = self._embedding(ids).float()
        hidden = self._model(inputs_embeds=embedded, attention_mask=mask).last_hidden_state[0]
        return Encoded(hidden, self.max_tokens - real)


class PromptConditioner(nn.Module):
    """From the text encoder's hidden states to tokens."""

    def __init__(self, shapes: Shapes, padding: str) -> None:
        super().__init__()
        self.proj_out = Linear(shapes.under("proj_out")) if shapes.has("proj_out") else None
        self.padding_embedding = parameter(shapes, "padding_embedding") if padding == "learned" else None
        self.padding = padding

    def forward(self, encoded: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (n, width) and how many positions each stands for (n,): all padding is one row, unless it differs."""
        tokens = encoded.hidden if self.proj_out is None else self.proj_out(encoded.hidden)
        counts = torch.ones(len(tokens), dtype=torch.long, device=tokens.device)
        if self.padding == "none" or not encoded.padding:
            return tokens, counts
        padded = torch.zeros(tokens.shape[1]) if self.padding_embedding is None else self.padding_embedding
        return torch.cat((tokens, padded[None].to(tokens.device))), F.pad(counts, (0, 1), value=encoded.padding)


class SecondsConditioner(nn.Module):
    """From a duration to a vector."""

    def __init__(self, shapes: Shapes, limits: tuple[float, float]) -> None:
        super().__init__()
        self.linear = Linear(shapes)
        self.limits = limits

    def forward(self, seconds: float, device: torch.device) -> torch.Tensor:
        """The embedding (width,) of a duration, clamped to what the model knows."""
        low, high = self.limits
        scaled = (torch.tensor([float(seconds)]).clamp(low, high) - low) / (high - low)
        embedding: torch.Tensor = self.linear(fourier_features(scaled.to(device), self.linear.inputs))[0]
        return embedding


class Conditioner:
    """From hidden states and seconds to what the diffusion transformer reads.

    Attributes:
        prompt, seconds: one conditioner each.
        parts: the modules with weights, by what stands before their names in a checkpoint.
    """

    def __init__(self, shapes: Shapes, config: DiffusionConfig) -> None:
        prompt, seconds = shapes.under("conditioners.prompt"), shapes.under("conditioners.seconds_total.embedder.embedding.1")
        self.prompt = PromptConditioner(prompt, config.padding)
        self.seconds = SecondsConditioner(seconds, config.seconds_range)
        self.parts: dict[str, nn.Module] = {prompt.prefix: self.prompt, seconds.prefix: self.seconds.linear}

    def context(self, encoded: Encoded, seconds: torch.Tensor) -> Context:
        """A prompt's tokens and then the duration's token."""
        tokens, counts = self.prompt(encoded)
        return Context(torch.cat((tokens, seconds[None])), F.pad(counts, (0, 1), value=1))


class _HeldLinear(nn.Module):
    """A linear layer whose weight is widened only while it is used."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight.to(x.dtype), None if self.bias is None else self.bias.to(x.dtype))


def _compute_in_float32(model: nn.Module) -> None:
    """Keep matrices and the table of words as they are held (T5Gemma is published in bfloat16), do the arithmetic in float32."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear):
                setattr(module, name, _HeldLinear(child))
            elif not isinstance(child, nn.Embedding) and not list(child.children()):
                child.float()


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """No log lines and no progress bars on a performer's screen."""
    logging = transformers.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def import_transformers() -> Any:
    """The transformers package.

    Raises:
        GeneratorError: it is not installed, or too old to know T5Gemma; says which command adds it.
    """
    how = ADD_THE_EXTRA
    try:
        transformers = importlib.import_module("transformers")
    except ImportError as error:
        raise GeneratorError("Stable Audio's text encoder needs the transformers package", how) from error
    if not hasattr(transformers, "T5GemmaEncoderModel"):
        raise GeneratorError(f"transformers {transformers.__version__} is too old to know T5Gemma", how)
    return transformers


def weighted_prompts(prompt: Prompt) -> list[tuple[str, npt.NDArray[np.float32]]]:
    """Prompts that count, with their weights as curves of one point or more; equal texts are one prompt.

    In the order of their text, so that the order they were given in changes no sample.

    Raises:
        GeneratorError: no prompt, a weight that is negative or no number, or none above zero.
    """
    pairs = [(prompt, 1.0)] if isinstance(prompt, str) else list(prompt)
    curves: dict[str, npt.NDArray[np.float32]] = {}
    for text, weight in pairs:
        curve = np.atleast_1d(np.asarray(weight, dtype=np.float32))
        if curve.ndim != 1 or not len(curve) or not np.isfinite(curve).all() or (curve < 0).any():
            raise GeneratorError(
                f"a prompt has the weight {weight!r}: {text!r}", "weights must be 0 or more, numbers or curves of numbers"
            )
        if text in curves:
            points = max(len(curve), len(curves[text]))
            curve = spread(curve, points) + spread(curves[text], points)
        curves[text] = curve
    counted = sorted((text, curve) for text, curve in curves.items() if curve.any())
    if not counted:
        raise GeneratorError("no prompt has a weight above zero", "turn one prompt up")
    return counted


def spread(curve: npt.NDArray[np.float32], points: int) -> npt.NDArray[np.float32]:
    """A curve at another number of points, its ends kept, straight lines between."""
    if len(curve) == points:
        return curve
    return np.interp(np.linspace(0, 1, points), np.linspace(0, 1, len(curve)), curve).astype(np.float32)


def shares(curves: Sequence[npt.NDArray[np.float32]], frames: int, total: int) -> torch.Tensor | None:
    """Each prompt's share of each latent frame: (prompts, total), columns summing to 1; None for one prompt.

    Args:
        curves: weights over the ``frames`` of the piece; its last point holds for the frames behind.
        frames: latent frames of the piece.
        total: latent frames in all.

    Raises:
        GeneratorError: at some frame no prompt has any weight.
    """
    if len(curves) == 1:
        return None
    weights = np.stack([np.pad(spread(curve, frames), (0, total - frames), mode="edge") for curve in curves])
    sums = weights.sum(axis=0)
    if (sums <= 0).any():
        raise GeneratorError("for a part of the piece no prompt has a weight above zero", "let the curves overlap")
    return torch.from_numpy(weights / sums)
