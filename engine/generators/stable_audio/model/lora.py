"""LoRA and DoRA files as Stability's tools write them: small changes to some weights, each with a strength."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import GeneratorError
from engine.generators.stable_audio.model.checkpoint import TensorFile

_MARK = ".parametrizations.weight.0."
_PREFIXES = {"model.": "model.model.", "conditioners.": "conditioner.conditioners."}
"""How a LoRA file names what the checkpoint names otherwise."""

_KNOWN = ("lora", "dora-rows", "dora")


@dataclass(frozen=True)
class Change:
    """One layer's low-rank change: ``down`` (rank, in), ``up`` (out, rank), for DoRA ``magnitude`` (out,), all float32."""

    down: torch.Tensor
    up: torch.Tensor
    magnitude: torch.Tensor | None
    scaling: float

    def apply(self, weight: torch.Tensor, strength: float) -> torch.Tensor:
        """The weight (float32, any shape with ``out`` first) with this change at a strength; 0 gives the weight itself."""
        if strength == 0:
            return weight
        matrix = weight.flatten(1) + strength * self.scaling * (self.up @ self.down)
        if self.magnitude is not None:
            matrix = self.magnitude[:, None] * matrix / matrix.norm(dim=1, keepdim=True)
        return matrix.reshape(weight.shape)


def read_changes(path: Path, weights: Mapping[str, tuple[int, ...]]) -> dict[str, Change]:
    """All changes of a file, by the checkpoint's name of the layer (without ``.weight``).

    Args:
        path: the safetensors file.
        weights: shapes of the checkpoint's tensors.

    Raises:
        GeneratorError: missing or truncated, of a kind that is not known, or made for another model; names the file.
    """
    file = TensorFile(path)
    try:
        config = json.loads(file.metadata.get("lora_config", "{}"))
        rank, alpha = config.get("rank"), config.get("alpha")
        kind = str(config.get("adapter_type", "lora"))
    except (ValueError, AttributeError) as error:
        raise GeneratorError(f"{path}: lora_config in the header is not a JSON object", "choose another LoRA file") from error
    if kind not in _KNOWN:
        raise GeneratorError(f"{path} is of the adapter type {kind!r}", f"use one of the types {', '.join(_KNOWN)}")
    layers = sorted(name.split(_MARK)[0] for name in file.shapes if name.endswith(_MARK + "lora_A"))
    if not layers:
        raise GeneratorError(f"{path} holds no LoRA layers", "choose another LoRA file")
    changes: dict[str, Change] = {}
    for layer in layers:
        name = _checkpoint_name(layer)
        parts = {part: file.read(layer + _MARK + part).float() for part in ("lora_A", "lora_B")}
        magnitude = None if kind == "lora" else file.read(layer + _MARK + "magnitude").float()
        own_rank = rank or len(parts["lora_A"])
        change = Change(parts["lora_A"], parts["lora_B"], magnitude, (alpha or own_rank) / own_rank)
        _check(path, layer, change, weights.get(name + ".weight"))
        changes[name] = change
    return changes


def _checkpoint_name(layer: str) -> str:
    for prefix, full in _PREFIXES.items():
        if layer.startswith(prefix):
            return full + layer.removeprefix(prefix)
    return layer


def _check(path: Path, layer: str, change: Change, weight: tuple[int, ...] | None) -> None:
    """See that a change fits the layer it is for."""
    hint = "this LoRA was made for another model"
    if weight is None or len(weight) < 2:
        raise GeneratorError(f"{path} changes {layer}, which this model does not have", hint)
    outputs, inputs = weight[0], torch.Size(weight[1:]).numel()
    if change.up.shape[0] != outputs or change.down.shape[1] != inputs or change.up.shape[1] != change.down.shape[0]:
        sizes = f"{change.up.shape[0]} x {change.down.shape[1]}"
        raise GeneratorError(f"{path}: {layer} is {sizes}, not {outputs} x {inputs}", hint)
    if change.magnitude is not None and change.magnitude.shape != (outputs,):
        raise GeneratorError(f"{path} is of the adapter type 'dora-cols'", f"use one of the types {', '.join(_KNOWN)}")
