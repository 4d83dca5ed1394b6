"""Which arithmetic the large matrices run in: float32, bfloat16, or int8 (dynamic: activations are quantised as they come)."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import torch
from torch import nn
from torch.nn import functional as F

from engine.errors import GeneratorError
from engine.generators.stable_audio.model.checkpoint import Shapes

Precision = Literal["float32", "bfloat16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "int8")

_X86: Final = ("x86_64", "amd64")
_MOST_WEIGHT: Final = 127
_MOST_WITH_VNNI: Final = 127
_MOST: Final = 63
"""Largest whole number that a weight and what it meets are rounded to. Processors without VNNI add two products in 16 bits, which
overflow with more than seven bits."""
_LEAST: Final = 1e-12
"""Stands in for the scale of rows that are all zero."""


def spared(precision: Precision) -> Precision:
    """What is not to be in int8 is computed in, in a model of some precision: bfloat16 for int8, else the same.

    An x86 processor without units for bfloat16 takes float32: its decoder takes six times as long in bfloat16
    (docs/experiments.md). It is asked, not timed, so that a machine always gives the same samples.
    """
    if precision != "int8":
        return precision
    has_units = platform.machine().lower() not in _X86 or _has("avx512_bf16")
    return "bfloat16" if has_units else "float32"


def _has(unit: str) -> bool:
    """Whether the processor has a unit, as far as torch can tell."""
    asked = getattr(torch.cpu, f"_is_{unit}_supported", None)
    return bool(asked is not None and asked())


class Linear(nn.Module):
    """y = x W^T + b with W (out, in) in a precision of its own; the sizes come from the checkpoint.

    A 1x1 convolution's weight (out, in, 1) is taken as the matrix it is. The result has the weight's dtype (float32 for int8).
    """

    def __init__(self, shapes: Shapes, precision: Precision = "float32") -> None:
        super().__init__()
        weight = shapes["weight"]
        self.outputs, self.inputs = weight[0], weight[1]
        if any(size != 1 for size in weight[2:]):
            raise GeneratorError(
                f"{shapes.path}: {shapes.prefix}weight has shape {weight}, not a matrix's", "fetch or copy the model again"
            )
        self.precision = precision
        self.dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self.weight: torch.Tensor | None = None
        self.rounded: _Rounded | None = None
        self.bias: torch.Tensor | None = torch.zeros(self.outputs) if shapes.has("bias") else None

    def set_weight(self, weight: torch.Tensor) -> None:
        """Take a weight of any float dtype and of out * in numbers.

        Raises:
            GeneratorError: it is to be in int8, which this torch or this processor lacks.
        """
        matrix = weight.reshape(self.outputs, self.inputs)
        if self.precision == "int8":
            if not has_int8():
                raise GeneratorError("this torch has no int8 arithmetic here", "choose the precision float32 or auto")
            self.rounded = _Rounded(matrix.float())
        else:
            self.weight = matrix.to(self.dtype)

    def set_bias(self, bias: torch.Tensor) -> None:
        """Take a bias."""
        self.bias = bias.to(self.dtype)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (..., in) -> (..., out)
        if self.rounded is not None:
            product = self.rounded.times(x.float())
            return product if self.bias is None else product.add_(self.bias)
        assert self.weight is not None, "the weight was never set"
        return F.linear(x.to(self.dtype), self.weight, self.bias)


class _Rounded:
    """A matrix (out, in) in 8 bits, with a scale for each output.

    What it is multiplied with is rounded with a scale for each row, so that a loud token costs the others no precision.
    """

    def __init__(self, weight: torch.Tensor) -> None:
        scale = weight.abs().amax(dim=1).clamp_(min=_LEAST) / _MOST_WEIGHT
        whole = (weight / scale[:, None]).round_().clamp_(-_MOST_WEIGHT, _MOST_WEIGHT).to(torch.int8)
        self._weight = torch.ops.onednn.qlinear_prepack(whole, None)
        self._scale, self._zero = scale, torch.zeros(len(weight), dtype=torch.long)
        self._most = _MOST_WITH_VNNI if _has("vnni") else _MOST

    def times(self, x: torch.Tensor) -> torch.Tensor:
        """Its product with (..., in), float32: (..., out)."""
        rows, most = x.reshape(-1, x.shape[-1]), self._most
        scale = rows.abs().amax(dim=1, keepdim=True).clamp_(min=_LEAST) / most
        whole = (rows / scale).round_().add_(most + 1).to(torch.uint8)
        product: torch.Tensor = torch.ops.onednn.qlinear_pointwise(
            whole, 1.0, most + 1, self._weight, self._scale, self._zero, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return product.mul_(scale).reshape(*x.shape[:-1], len(self._zero))


@cache
def has_int8() -> bool:
    """Whether this torch multiplies in int8 on this processor; builds differ, so it is tried."""
    try:
        return bool(_Rounded(torch.eye(8)).times(torch.ones(1, 8)).isfinite().all())
    except (AttributeError, RuntimeError):
        return False


@dataclass(frozen=True)
class Measured:
    """What a short measurement found.

    Attributes:
        best: what "auto" picks: bfloat16 where it is clearly faster, else float32; never int8, whose error is larger.
        gigaflops: precision -> 10^9 operations a second of one large matrix product, activations' conversion included.
    """

    best: Precision
    gigaflops: dict[Precision, float]


_CLEARLY = 1.3
"""How many times faster bfloat16 must be to be worth its 0.4 % error."""


def measure_precisions(device: str = "cpu") -> Measured:
    """Time a feed-forward sized product, 256 x 1024 by 1024 x 4096, in each precision; about a tenth of a second on a CPU."""
    rows, inputs, outputs = 256, 1024, 4096
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, inputs, generator=generator)
    weight = torch.randn(outputs, inputs, generator=generator)
    shapes = Shapes({"weight": (outputs, inputs)}, "", Path())
    speeds: dict[Precision, float] = {}
    for precision in PRECISIONS:
        if precision == "int8" and (device != "cpu" or not has_int8()):
            continue
        linear = Linear(shapes, precision)
        linear.set_weight(weight if precision == "int8" else weight.to(device))
        speeds[precision] = 2 * rows * inputs * outputs / _fastest(linear, x.to(device)) / 1e9
    best: Precision = "bfloat16" if speeds["bfloat16"] > _CLEARLY * speeds["float32"] else "float32"
    return Measured(best, speeds)


def _fastest(linear: Linear, x: torch.Tensor, runs: int = 4) -> float:
    """Seconds of the fastest of a few runs after one to warm up."""
    best = float("inf")
    with torch.inference_mode():
        for run in range(runs + 1):
            start = time.perf_counter()
            linear(x)
            if x.is_cuda:
                torch.cuda.synchronize()
            if run:
                best = min(best, time.perf_counter() - start)
    return best
