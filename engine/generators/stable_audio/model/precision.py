"""Which arithmetic the large matrices run in: float32, bfloat16, or int8 (dynamic: activations are quantised as they come)."""

from __future__ import annotations

import platform
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import torch
from torch import nn
from torch.nn import functional as F

from engine.errors import GeneratorError
from engine.generators.stable_audio.model.checkpoint import Shapes

Precision = Literal["float32", "bfloat16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16", "int8")

_X86: Final = ("x86_64", "amd64")
_INT8_ENGINES = ("onednn", "x86", "fbgemm", "qnnpack")
"""In order of speed as measured on x86 with VNNI; the first that torch offers is used."""


def spared(precision: Precision) -> Precision:
    """What is not to be in int8 is computed in, in a model of some precision: bfloat16 for int8, else the same.

    An x86 processor without units for bfloat16 takes float32: its decoder takes six times as long in bfloat16
    (docs/experiments.md). It is asked, not timed, so that a machine always gives the same samples.
    """
    if precision != "int8":
        return precision
    has_units = platform.machine().lower() not in _X86 or torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if has_units else "float32"


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
        self.packed: Any = None
        self.bias: torch.Tensor | None = torch.zeros(self.outputs) if shapes.has("bias") else None

    def set_weight(self, weight: torch.Tensor) -> None:
        """Take a weight of any float dtype and of out * in numbers."""
        matrix = weight.reshape(self.outputs, self.inputs)
        if self.precision == "int8":
            self.packed = _pack_int8(matrix.float(), self.bias)
        else:
            self.weight = matrix.to(self.dtype)

    def set_bias(self, bias: torch.Tensor) -> None:
        """Take a bias; before ``set_weight``, since int8 packs both together."""
        self.bias = bias.to(self.dtype)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (..., in) -> (..., out)
        if self.packed is not None:
            quantised: torch.Tensor = torch.ops.quantized.linear_dynamic(x.float(), self.packed, reduce_range=False)
            return quantised
        assert self.weight is not None, "the weight was never set"
        return F.linear(x.to(self.dtype), self.weight, self.bias)


def _pack_int8(weight: torch.Tensor, bias: torch.Tensor | None) -> Any:
    """One scale per output row, symmetric, in the layout the processor's int8 kernel wants."""
    scale = weight.abs().amax(dim=1).clamp(min=1e-12) / 127
    zero = torch.zeros(len(weight), dtype=torch.long)
    with warnings.catch_warnings():
        # torch announces a successor to its quantised tensors that its own fastest int8 kernel does not take yet.
        warnings.simplefilter("ignore", UserWarning)
        quantised = torch.quantize_per_channel(weight, scale, zero, 0, torch.qint8)
    previous = torch.backends.quantized.engine
    torch.backends.quantized.engine = int8_engine()
    try:
        return torch.ops.quantized.linear_prepack(quantised, bias)
    finally:
        torch.backends.quantized.engine = previous


def int8_engine() -> str:
    """The fastest int8 engine this torch has.

    Raises:
        GeneratorError: it has none.
    """
    for engine in _INT8_ENGINES:
        if engine in torch.backends.quantized.supported_engines:
            return engine
    raise GeneratorError("this torch has no int8 arithmetic", "choose the precision float32 or auto")


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
        if precision == "int8" and (device != "cpu" or not set(_INT8_ENGINES) & set(torch.backends.quantized.supported_engines)):
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
