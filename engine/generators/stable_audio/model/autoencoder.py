"""SAME-S: stereo sound to latents and back, whole or in windows that give exactly what the whole gives.

Sound is cut into patches, a patch being a vector; ``stride`` patches make a latent frame. Attention runs inside chunks, in the
second half of the blocks inside chunks moved by half. What a latent frame becomes therefore depends on its own chunk and the
two beside it at most, and windows with a chunk to spare at either side decode and encode as the whole does.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F

from engine.generators.stable_audio.model.checkpoint import Shapes, TensorFile
from engine.generators.stable_audio.model.config import AutoencoderConfig, ResamplerConfig
from engine.generators.stable_audio.model.layers import (
    DynamicTanh,
    Rotary,
    SwiGLU,
    fill,
    heads_in,
    merge_heads,
    parameter,
    rotary_table,
    rotate,
    split_heads,
)
from engine.generators.stable_audio.model.precision import Linear, Precision, spared

FIRST_WINDOW = 16
WINDOW = 64
"""Latent frames decoded at a time; the first window is short so that sound starts early (at 10.77 frames/s: 1.5 s, then 6 s)."""


def windows(frames: int, align: int) -> Iterator[tuple[int, int]]:
    """Cut ``frames`` latent frames into spans (first, last) that begin on multiples of ``align``."""
    start, size = 0, FIRST_WINDOW
    while start < frames:
        end = min(frames, start + max(align, size // align * align))
        yield start, end
        start, size = end, WINDOW


class DifferentialAttention(nn.Module):
    """attn(q, k, v) - attn(q', k', v) inside each chunk; q' and k' share q's and k's norms."""

    def __init__(self, shapes: Shapes, head: int, precision: Precision) -> None:
        super().__init__()
        self.to_qkv = Linear(shapes.under("to_qkv"), precision)
        self.to_out = Linear(shapes.under("to_out"), precision)
        self.q_norm, self.k_norm = DynamicTanh(shapes.under("q_norm")), DynamicTanh(shapes.under("k_norm"))
        self.heads = heads_in(self.to_qkv.inputs, head, shapes)

    def forward(self, x: torch.Tensor, rotary: Rotary) -> torch.Tensor:  # (chunks, tokens, width)
        q, k, v, q2, k2 = split_heads(self.to_qkv(x), 5, self.heads)  # each (chunks, heads, tokens, head)
        q, q2 = (rotate(self.q_norm(part), rotary).to(v.dtype) for part in (q, q2))
        k, k2 = (rotate(self.k_norm(part), rotary).to(v.dtype) for part in (k, k2))
        out: torch.Tensor = self.to_out(merge_heads((_weights(q, k) - _weights(q2, k2)) @ v))
        return out


def _weights(q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """Attention weights (..., tokens, tokens)."""
    return torch.softmax((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2), dim=-1)


class ChunkBlock(nn.Module):
    """Pre-norm transformer block over chunks."""

    def __init__(self, shapes: Shapes, head: int, precision: Precision) -> None:
        super().__init__()
        self.pre_norm = DynamicTanh(shapes.under("pre_norm"))
        self.self_attn = DifferentialAttention(shapes.under("self_attn"), head, precision)
        self.ff_norm = DynamicTanh(shapes.under("ff_norm"))
        self.ff = SwiGLU(shapes.under("ff"), precision)

    def forward(self, x: torch.Tensor, rotary: Rotary) -> torch.Tensor:  # (chunks, tokens, width)
        x = x + self.self_attn(self.pre_norm(x), rotary)
        out: torch.Tensor = x + self.ff(self.ff_norm(x))
        return out


class Mapping(nn.Module):
    """A weight-normed convolution over patches, "same" padding: weight = g * v / |v|, norms over all but the outputs."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        self.weight_g, self.weight_v = parameter(shapes, "weight_g"), parameter(shapes, "weight_v")
        self.bias = parameter(shapes, "bias") if shapes.has("bias") else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (patches, in) -> (patches, out)
        norm = self.weight_v.flatten(1).norm(dim=1)[:, None, None]
        weight = self.weight_v * (self.weight_g / norm)
        return F.conv1d(x.T[None], weight, self.bias, padding="same")[0].T


class Resampler(nn.Module):
    """``stride`` patches and one learned token become a latent frame, or the reverse.

    ``latents_first`` (the decoder): each group is one frame followed by ``stride`` learned tokens, of which those are kept.
    """

    def __init__(self, shapes: Shapes, config: ResamplerConfig, precision: Precision, latents_first: bool) -> None:
        super().__init__()
        self.mapping = Mapping(shapes.under("mapping")) if shapes.has("mapping") else None
        self.new_tokens = parameter(shapes, "new_tokens")  # (1, 1 or as many as are added, width)
        width = shapes["new_tokens"][-1]
        head = min(config.head, width)
        self.transformers = nn.ModuleList(
            ChunkBlock(shapes.under(f"transformers.{index}"), head, precision) for index in range(config.depth)
        )
        self.config, self.width, self.head, self.latents_first = config, width, head, latents_first

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(patches, in) -> (latent frames, width), or (latent frames, width) -> (patches, out); whole chunks only."""
        stride = self.config.stride
        given, added = (1, stride) if self.latents_first else (stride, 1)
        if self.mapping is not None and not self.latents_first:
            x = self.mapping(x)
        groups = x.reshape(-1, given, self.width)  # (latent frames, given, width)
        tokens = torch.cat((groups, self.new_tokens.expand(len(groups), added, -1)), dim=1)
        tokens = self._attend(tokens.flatten(0, 1)).reshape(-1, stride + 1, self.width)
        x = tokens[:, -added:].flatten(0, 1)
        if self.mapping is not None and self.latents_first:
            x = self.mapping(x)
        return x

    def _attend(self, x: torch.Tensor) -> torch.Tensor:  # (tokens, width)
        tokens = self.config.chunk + self.config.align  # in a chunk, learned ones included
        rotary = rotary_table(tokens, self.head // 2, x.device)
        plain = len(self.transformers) // 2 if self.config.shifted else len(self.transformers)
        chunks = x.reshape(-1, tokens, self.width)
        for block in self.transformers[:plain]:
            chunks = block(chunks, rotary)
        if not self.config.shifted:
            return chunks.flatten(0, 1)
        x, half = chunks.flatten(0, 1), tokens // 2
        chunks = torch.cat((x[:half], x, x[-half:])).reshape(-1, tokens, self.width)
        for block in self.transformers[plain:]:
            chunks = block(chunks, rotary)
        return chunks.flatten(0, 1)[half:-half]


class Half(nn.Module):
    """Encoder or decoder: a resampler and the linear layer to or from the latent width, numbered as in the checkpoint."""

    def __init__(self, shapes: Shapes, config: ResamplerConfig, precision: Precision, latents_first: bool) -> None:
        super().__init__()
        self._resampler, self._linear = ("3", "1") if latents_first else ("0", "2")
        resampler, linear = shapes.under(f"layers.{self._resampler}"), shapes.under(f"layers.{self._linear}")
        parts = {self._resampler: Resampler(resampler, config, precision, latents_first), self._linear: Linear(linear)}
        self.layers = nn.ModuleDict(parts)

    def resample(self, x: torch.Tensor) -> torch.Tensor:
        """Patches to latent frames, or the reverse."""
        out: torch.Tensor = self.layers[self._resampler](x)
        return out

    def project(self, x: torch.Tensor) -> torch.Tensor:
        """(frames, width) to or from the latent width."""
        out: torch.Tensor = self.layers[self._linear](x)
        return out


class SoftNorm(nn.Module):
    """The bottleneck: latents = (x * scaling_factor + bias) / running_std. The reference adds a little noise; it is left out."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        self.scaling_factor, self.bias = parameter(shapes, "scaling_factor"), parameter(shapes, "bias")  # (1, width, 1)
        self.running_std = parameter(shapes, "running_std") if shapes.has("running_std") else None

    def encode(self, x: torch.Tensor) -> torch.Tensor:  # (width, frames)
        x = x * self.scaling_factor[0] + self.bias[0]
        return x if self.running_std is None else x / self.running_std

    def decode(self, x: torch.Tensor) -> torch.Tensor:  # (width, frames)
        return x if self.running_std is None else x * self.running_std


class Autoencoder(nn.Module):
    """``pretransform.model.*`` of a checkpoint, or all of a standalone SAME-S."""

    def __init__(self, shapes: Shapes, config: AutoencoderConfig, precision: Precision) -> None:
        super().__init__()
        # int8 is kept from the autoencoder: its error would be heard as noise in every sample.
        own = spared(precision)
        self.encoder = Half(shapes.under("encoder"), config.encoder, own, latents_first=False)
        self.decoder = Half(shapes.under("decoder"), config.decoder, own, latents_first=True)
        self.bottleneck = SoftNorm(shapes.under("bottleneck"))
        self.config = config

    def load(self, file: TensorFile, prefix: str, device: torch.device) -> None:
        """Fill all parameters from a checkpoint."""
        fill(self, file, prefix, device)

    def encode_window(self, audio: torch.Tensor) -> torch.Tensor:
        """Sound (frames, channels), padded to whole chunks with zeros -> latents (width, frames / ratio, whole chunks)."""
        config, half = self.config, self.encoder
        missing = -len(audio) % (config.ratio * config.encoder.align)
        audio = F.pad(audio, (0, 0, 0, missing))
        patches = audio.reshape(-1, config.patch, config.channels).transpose(1, 2).flatten(1)  # (patches, channels * patch)
        return self.bottleneck.encode(half.project(half.resample(patches)).T)

    def decode_window(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents (width, frames) -> sound (frames * ratio, channels)."""
        config, half = self.config, self.decoder
        frames = latents.shape[1]
        embedded = half.project(self.bottleneck.decode(latents).T)
        # A last chunk that is not whole is filled up behind the linear layer.
        embedded = F.pad(embedded, (0, 0, 0, -frames % config.decoder.align))
        patches = half.resample(embedded)[: frames * config.decoder.stride]
        return patches.reshape(-1, config.channels, config.patch).transpose(1, 2).flatten(0, 1)

    def encode(self, audio: torch.Tensor, wanted: torch.Tensor | None = None) -> torch.Tensor:
        """Sound (frames, channels) -> latents (width, L), window by window; L is whole chunks.

        Args:
            audio: float32.
            wanted: (L,) above 0 where latents are wanted; windows without any stay zero and cost nothing.
        """
        config, align = self.config, self.config.encoder.align
        frames = -(-len(audio) // (config.ratio * align)) * align
        latents = torch.zeros(config.width, frames, device=audio.device)
        for start, end in windows(frames, align):
            if wanted is not None and not bool(wanted[start:end].any()):
                continue
            low, high = max(0, start - align), min(frames, end + align)
            window = self.encode_window(audio[low * config.ratio : high * config.ratio])
            latents[:, start:end] = window[:, start - low : end - low]
        return latents

    def decode(self, latents: torch.Tensor, samples: int) -> Iterator[torch.Tensor]:
        """Latents (width, L) -> blocks (frames, channels) in order, ``samples`` frames in all (L * ratio at most)."""
        config, align, frames = self.config, self.config.decoder.align, latents.shape[1]
        wanted = min(frames, -(-samples // config.ratio))
        for start, end in windows(wanted, align):
            low, high = max(0, start - align), min(frames, -(-end // align) * align + align)
            block = self.decode_window(latents[:, low:high])
            first, last = (start - low) * config.ratio, min((end - low) * config.ratio, samples - low * config.ratio)
            yield block[first:last]
