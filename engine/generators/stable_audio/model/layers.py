"""Pieces both transformers share: norms, rotary positions, attention, SwiGLU, and filling modules from a checkpoint."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from engine.errors import GeneratorError
from engine.generators.stable_audio.model.checkpoint import Shapes, TensorFile
from engine.generators.stable_audio.model.precision import Linear, Precision

ROTARY_BASE = 10_000.0


def parameter(shapes: Shapes, name: str) -> nn.Parameter:
    """A tensor of the checkpoint as a parameter, still without numbers."""
    return nn.Parameter(torch.empty(shapes[name], device="meta"), requires_grad=False)


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * gamma over the last axis, in float32."""

    def __init__(self, shapes: Shapes, eps: float = 1e-5) -> None:
        super().__init__()
        self.gamma = parameter(shapes, "gamma")
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x.float(), x.shape[-1:], self.gamma, self.eps)

    def modulated(self, x: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
        """norm(x) * (1 + scale) + shift; scale and shift (width,)."""
        return F.rms_norm(x.float(), x.shape[-1:], self.gamma * (1 + scale), self.eps) + shift


class DynamicTanh(nn.Module):
    """gamma * tanh(alpha * x) + beta, in float32; alpha is one number (arXiv:2503.10622)."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        self.alpha = parameter(shapes, "alpha")
        self.gamma = parameter(shapes, "gamma")
        self.beta = parameter(shapes, "beta")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.addcmul(self.beta, self.gamma, (self.alpha * x).tanh_())


class SwiGLU(nn.Module):
    """out(value * silu(gate)), value and gate from one projection."""

    def __init__(self, shapes: Shapes, precision: Precision) -> None:
        super().__init__()
        inner = shapes.under("ff")
        self.ff = nn.ModuleDict({"0": _Projection(inner.under("0"), precision), "2": Linear(inner.under("2"), precision)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        value, gate = self.ff["0"](x).chunk(2, dim=-1)
        out: torch.Tensor = self.ff["2"](value * F.silu(gate))
        return out


class _Projection(nn.Module):
    def __init__(self, shapes: Shapes, precision: Precision) -> None:
        super().__init__()
        self.proj = Linear(shapes.under("proj"), precision)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.proj(x)
        return out


def two_layers(shapes: Shapes, precision: Precision = "float32") -> nn.Sequential:
    """Linear, SiLU, linear; named 0 and 2 in the checkpoint."""
    return nn.Sequential(Linear(shapes.under("0"), precision), nn.SiLU(), Linear(shapes.under("2"), precision))


Rotary = tuple[torch.Tensor, torch.Tensor]
"""Cosines and sines, each (positions, rotated channels)."""


def rotary_table(positions: int, channels: int, device: torch.device) -> Rotary:
    """Angles position / base^(2i / channels), each frequency twice, as the half-rotation wants them."""
    frequency = 1.0 / (ROTARY_BASE ** (torch.arange(0, channels, 2).float() / channels))
    angle = torch.outer(torch.arange(positions).float(), frequency)
    angle = torch.cat((angle, angle), dim=-1)
    return angle.cos().to(device), angle.sin().to(device)


def rotate(x: torch.Tensor, table: Rotary) -> torch.Tensor:
    """Turn the first channels of x (..., positions, head) by the table; the others pass."""
    cosine, sine = table
    turned, rest = x[..., : cosine.shape[-1]], x[..., cosine.shape[-1] :]
    first, second = turned.chunk(2, dim=-1)
    return torch.cat((turned * cosine + torch.cat((-second, first), dim=-1) * sine, rest), dim=-1)


def split_heads(x: torch.Tensor, parts: int, heads: int) -> list[torch.Tensor]:
    """(..., tokens, parts * width) of a fused projection -> ``parts`` tensors (..., heads, tokens, head)."""
    return [part.reshape(*part.shape[:-1], heads, -1).transpose(-3, -2) for part in x.chunk(parts, dim=-1)]


def merge_heads(x: torch.Tensor) -> torch.Tensor:
    """(..., heads, tokens, head) -> (..., tokens, width)."""
    return x.transpose(-3, -2).flatten(-2)


_HEADS_TOGETHER = 4
"""Attention scores of so many heads still fit a processor's cache at the longest pieces."""


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """softmax(q k^T / sqrt(head)) v over (1, heads, positions, head).

    In bfloat16 on a CPU a few heads at a time with plain products, which takes 0.6 of the time of torch's fused kernel there
    (measured at 236, 464 and 1424 positions of 16 heads).
    """
    if q.device.type != "cpu" or q.dtype != torch.bfloat16:
        return F.scaled_dot_product_attention(q, k, v)
    q = q * q.shape[-1] ** -0.5
    parts = []
    for first in range(0, q.shape[1], _HEADS_TOGETHER):
        some = slice(first, first + _HEADS_TOGETHER)
        parts.append(torch.softmax(q[:, some] @ k[:, some].transpose(-1, -2), dim=-1) @ v[:, some])
    return torch.cat(parts, dim=1)


def heads_in(width: int, head: int, shapes: Shapes) -> int:
    """How many heads of ``head`` channels (or channels in each of ``head`` heads) a width holds."""
    if width % head:
        raise GeneratorError(
            f"{shapes.path}: {shapes.prefix}* is {width} wide, which is no multiple of {head}", "fetch or copy the model again"
        )
    return width // head


def fill(root: nn.Module, file: TensorFile, prefix: str, device: torch.device) -> None:
    """Give every parameter below ``root`` its numbers from the checkpoint; module names are the checkpoint's.

    Raises:
        GeneratorError: a tensor is missing.
    """
    for name, module in root.named_modules():
        dotted = f"{prefix}{name}." if name else prefix
        if isinstance(module, Linear):
            if module.bias is not None:
                module.set_bias(file.read(dotted + "bias").to(device))
            module.set_weight(file.read(dotted + "weight").to(device))
            continue
        for key, value in list(module.named_parameters(recurse=False)):
            numbers = file.read(dotted + key).float().reshape(value.shape)
            setattr(module, key, nn.Parameter(numbers.to(device), requires_grad=False))
