"""The diffusion transformer: noisy latents, a time and what is wanted -> the velocity to follow.

One piece of music is made in several steps that differ only in the latents and the time. ``DiffusionTransformer.prepare``
computes whatever else there is once (context keys and values, local embeddings, rotary angles, the modulation of every step),
``forward`` does the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from engine.generators.stable_audio.model.checkpoint import Shapes
from engine.generators.stable_audio.model.config import DiffusionConfig
from engine.generators.stable_audio.model.layers import (
    RMSNorm,
    Rotary,
    SwiGLU,
    attend,
    heads_in,
    merge_heads,
    parameter,
    rotary_table,
    rotate,
    split_heads,
    two_layers,
)
from engine.generators.stable_audio.model.precision import Linear, Precision, spared

_QK_EPS = 1e-6
_ROTARY_AT_LEAST = 32
"""Channels turned in a head: half of it, but at least these."""

_LOWEST, _HIGHEST = 0.5, 10_000.0
"""Frequencies of the Fourier features."""


def fourier_features(x: torch.Tensor, width: int) -> torch.Tensor:
    """Cosines, then sines, of x (n,) at width / 2 exponentially spaced frequencies: (n, width).

    Always float32 and in this order of operations: angles reach 4e4 rad, where a float32 is only good to 4e-3.
    """
    ramp = torch.linspace(0, 1, width // 2, dtype=torch.float32, device=x.device)
    frequency = torch.exp(ramp * (math.log(_HIGHEST) - math.log(_LOWEST)) + math.log(_LOWEST))
    angle = (x.float()[:, None] * frequency) * 2 * math.pi
    return torch.cat((angle.cos(), angle.sin()), dim=-1)


@dataclass(frozen=True)
class Context:
    """What cross-attention reads for one prompt.

    Attributes:
        tokens: (n, condition width), the prompt's tokens and then the duration's.
        counts: (n,) how many equal tokens each row stands for: the padding behind a prompt is one row. Attending to k equal
            keys is attending to one of them with log k added to its score.
    """

    tokens: torch.Tensor
    counts: torch.Tensor


@dataclass(frozen=True)
class _Read:
    """One prompt's keys and values in every block (1, heads, n, head), and log counts (1, 1, 1, n) where any is above 1."""

    keys: list[torch.Tensor]
    values: list[torch.Tensor]
    bias: torch.Tensor | None


@dataclass(frozen=True)
class Steady:
    """What stays the same through all steps of one piece.

    Attributes:
        reads: one a prompt.
        shares: (prompts, positions, 1) weight of each prompt at each position, memory tokens included; None for one prompt.
        local: per block (frames, width), or (1, width) where all frames are the same; empty if the model has none.
        modulation: (steps, 6 * width), to which each block adds its own.
        rotary: angles of all positions.
        memory: positions in front that are no frames.
        real: (positions, 1) 1, or 0 where a frame is padding; None without padding.
    """

    reads: list[_Read]
    shares: torch.Tensor | None
    local: list[torch.Tensor]
    modulation: torch.Tensor
    rotary: Rotary
    memory: int
    real: torch.Tensor | None


class SelfAttention(nn.Module):
    """Every position reads every position."""

    def __init__(self, shapes: Shapes, heads: int, precision: Precision) -> None:
        super().__init__()
        self.to_qkv = Linear(shapes.under("to_qkv"), precision)
        self.to_out = Linear(shapes.under("to_out"), precision)
        self.q_norm, self.k_norm = RMSNorm(shapes.under("q_norm"), _QK_EPS), RMSNorm(shapes.under("k_norm"), _QK_EPS)
        self.heads = heads
        self.dtype = torch.float32 if spared(precision) == "float32" else torch.bfloat16

    def forward(self, x: torch.Tensor, rotary: Rotary, real: torch.Tensor | None) -> torch.Tensor:  # (1, positions, width)
        q, k, v = split_heads(self.to_qkv(x), 3, self.heads)  # each (1, heads, positions, head)
        v = v.to(self.dtype)
        q, k = rotate(self.q_norm(q), rotary).to(self.dtype), rotate(self.k_norm(k), rotary).to(self.dtype)
        if real is not None:
            # Padding is no attention mask: its values are silenced while its keys stay in the softmax.
            v = v * real.to(v.dtype)
        out: torch.Tensor = self.to_out(merge_heads(attend(q, k, v)))
        return out


class CrossAttention(nn.Module):
    """Every position reads the prompts, each by its own share."""

    def __init__(self, shapes: Shapes, heads: int, precision: Precision) -> None:
        super().__init__()
        self.to_q = Linear(shapes.under("to_q"), precision)
        self.to_kv = Linear(shapes.under("to_kv"), spared(precision))
        self.to_out = Linear(shapes.under("to_out"), precision)
        self.q_norm, self.k_norm = RMSNorm(shapes.under("q_norm"), _QK_EPS), RMSNorm(shapes.under("k_norm"), _QK_EPS)
        self.heads = heads

    def keys_values(self, context: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(1, n, width) -> keys and values (1, heads, n, head)."""
        k, v = split_heads(self.to_kv(context), 2, self.heads)
        return self.k_norm(k).to(v.dtype), v

    def forward(self, x: torch.Tensor, steady: Steady, block: int) -> torch.Tensor:  # (1, positions, width)
        (q,) = split_heads(self.to_q(x), 1, self.heads)
        q = self.q_norm(q)
        mixed: torch.Tensor | None = None
        for index, read in enumerate(steady.reads):
            k, v = read.keys[block], read.values[block]
            bias = None if read.bias is None else read.bias.to(v.dtype)
            part = F.scaled_dot_product_attention(q.to(v.dtype), k, v, attn_mask=bias)
            if steady.shares is not None:
                part = part * steady.shares[index]
            mixed = part if mixed is None else mixed + part
        assert mixed is not None, "there is always a prompt"
        out: torch.Tensor = self.to_out(merge_heads(mixed))
        return out


class Block(nn.Module):
    """Self-attention and feed-forward modulated by time and duration; the prompts and the local condition between them."""

    def __init__(self, shapes: Shapes, heads: int, precision: Precision) -> None:
        super().__init__()
        self.pre_norm = RMSNorm(shapes.under("pre_norm"))
        self.self_attn = SelfAttention(shapes.under("self_attn"), heads, precision)
        self.cross_attend_norm = RMSNorm(shapes.under("cross_attend_norm"))
        self.cross_attn = CrossAttention(shapes.under("cross_attn"), heads, precision)
        self.ff_norm = RMSNorm(shapes.under("ff_norm"))
        self.ff = SwiGLU(shapes.under("ff"), precision)
        self.to_scale_shift_gate = parameter(shapes, "to_scale_shift_gate")  # (6 * width,)
        if shapes.has("to_local_embed"):
            self.to_local_embed: nn.Sequential | None = two_layers(shapes.under("to_local_embed"), spared(precision))
        else:
            self.to_local_embed = None

    def forward(self, x: torch.Tensor, modulation: torch.Tensor, steady: Steady, block: int) -> torch.Tensor:
        own = (self.to_scale_shift_gate + modulation).chunk(6)
        scale, shift, gate, ff_scale, ff_shift, ff_gate = own  # each (width,)
        attended = self.self_attn(self.pre_norm.modulated(x, scale, shift), steady.rotary, steady.real)
        x = x + torch.sigmoid(1 - gate) * attended
        x = x + self.cross_attn(self.cross_attend_norm(x), steady, block)
        if steady.local:
            x[:, steady.memory :] += steady.local[block]
        fed = self.ff(self.ff_norm.modulated(x, ff_scale, ff_shift))
        out: torch.Tensor = x + torch.sigmoid(1 - ff_gate) * fed
        return out


class _Blocks(nn.Module):
    """The part the checkpoint calls ``transformer``: its own projections, memory tokens and blocks."""

    def __init__(self, shapes: Shapes, config: DiffusionConfig, precision: Precision) -> None:
        super().__init__()
        self.project_in = Linear(shapes.under("project_in"))
        self.project_out = Linear(shapes.under("project_out"))
        self.memory_tokens = parameter(shapes, "memory_tokens") if shapes.has("memory_tokens") else None
        self.global_cond_embedder = two_layers(shapes.under("global_cond_embedder"))
        blocks = [Block(shapes.under(f"layers.{index}"), config.heads, precision) for index in range(config.depth)]
        self.layers = nn.ModuleList(blocks)
        self.blocks = tuple(blocks)


class DiffusionTransformer(nn.Module):
    """``model.model.*`` of a checkpoint."""

    def __init__(self, shapes: Shapes, config: DiffusionConfig, precision: Precision) -> None:
        super().__init__()
        self.preprocess_conv = Linear(shapes.under("preprocess_conv"))
        self.postprocess_conv = Linear(shapes.under("postprocess_conv"))
        self.to_cond_embed = two_layers(shapes.under("to_cond_embed"))
        self.to_global_embed = two_layers(shapes.under("to_global_embed"))
        self.to_timestep_embed = two_layers(shapes.under("to_timestep_embed"))
        self.transformer = _Blocks(shapes.under("transformer"), config, precision)
        self.time_features = shapes["to_timestep_embed.0.weight"][1]
        self.latent_width = self.transformer.project_in.inputs
        width = self.transformer.project_in.outputs
        self.head = heads_in(width, config.heads, shapes)
        self.memory = 0 if self.transformer.memory_tokens is None else len(self.transformer.memory_tokens)

    def prepare(
        self,
        contexts: Sequence[Context],
        shares: torch.Tensor | None,
        seconds: torch.Tensor,
        local: torch.Tensor | None,
        times: torch.Tensor,
        real: torch.Tensor,
    ) -> Steady:
        """Compute what does not change from step to step.

        Args:
            contexts: one a prompt.
            shares: (prompts, frames), each column summing to 1; None where there is one prompt.
            seconds: (condition width,) embedding of the duration.
            local: (frames, 1 + latent width), mask then masked latents; None if all zero.
            times: (steps,) 1 is noise, 0 is music.
            real: (frames,) 1 for a frame of the piece, 0 for padding.
        """
        device, frames = seconds.device, len(real)
        moments = self.to_timestep_embed(fourier_features(times.to(device), self.time_features))
        vector = self.to_global_embed(seconds[None]) + moments  # (steps, width)
        channels = min(self.head, max(self.head // 2, _ROTARY_AT_LEAST))
        return Steady(
            reads=[self._read(context) for context in contexts],
            shares=None if shares is None else self._over_positions(shares, real),
            local=self._local(local, device),
            modulation=self.transformer.global_cond_embedder(vector),
            rotary=rotary_table(self.memory + frames, channels, device),
            memory=self.memory,
            real=None if bool(real.all()) else F.pad(real.to(device).float(), (self.memory, 0), value=1.0)[:, None],
        )

    def _read(self, context: Context) -> _Read:
        embedded = self.to_cond_embed(context.tokens)[None]
        pairs = [block.cross_attn.keys_values(embedded) for block in self.transformer.blocks]
        bias = None if bool((context.counts == 1).all()) else context.counts.float().log()[None, None, None]
        return _Read([k for k, _ in pairs], [v for _, v in pairs], bias)

    def _over_positions(self, shares: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """Memory tokens belong to the whole piece: they get each prompt's mean share over it: (prompts, positions, 1)."""
        mean = shares[:, real.to(shares.device) > 0].mean(dim=1, keepdim=True)
        return torch.cat((mean.expand(-1, self.memory), shares), dim=1)[:, :, None]

    def _local(self, local: torch.Tensor | None, device: torch.device) -> list[torch.Tensor]:
        condition = torch.zeros(1, 1 + self.latent_width, device=device) if local is None else local
        return [block.to_local_embed(condition) for block in self.transformer.blocks if block.to_local_embed is not None]

    def forward(self, x: torch.Tensor, step: int, steady: Steady) -> torch.Tensor:
        """Latents (1, latent width, frames) at one of the prepared times -> velocity of the same shape."""
        latents = x.transpose(1, 2)
        hidden = self.transformer.project_in(latents + self.preprocess_conv(latents))  # (1, frames, width)
        if self.transformer.memory_tokens is not None:
            hidden = torch.cat((self.transformer.memory_tokens[None], hidden), dim=1)
        for index, block in enumerate(self.transformer.blocks):
            hidden = block(hidden, steady.modulation[step], steady, index)
        out = self.transformer.project_out(hidden[:, self.memory :])
        velocity: torch.Tensor = (out + self.postprocess_conv(out)).transpose(1, 2)
        return velocity
