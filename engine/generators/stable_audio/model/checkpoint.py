"""Safetensors files: checked by their header before a byte of weight is read, then read one tensor at a time.

Tensors are read, not memory-mapped, so that converting a large file to
a smaller precision never holds both.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

from engine.errors import READABLE, GeneratorError
from engine.models.tensors import AGAIN, read_header

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}

_OTHER_MODEL = "the folder is not a Stable Audio 3 small checkpoint"


class TensorFile:
    """One safetensors file whose header has been checked.

    Attributes:
        path: where it lies.
        shapes: tensor name -> shape.
        metadata: the header's free text entries.

    Raises:
        GeneratorError: missing, truncated, or no safetensors file; names the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._header = read_header(path)
        self.metadata: Mapping[str, str] = self._header.metadata
        self.shapes: dict[str, tuple[int, ...]] = {name: tensor.shape for name, tensor in self._header.tensors.items()}

    def read(self, name: str) -> torch.Tensor:
        """One tensor in the dtype it is stored in, freshly allocated."""
        entry = self._header.tensors.get(name)
        if entry is None:
            raise GeneratorError(f"{self.path} lacks the tensor {name}", _OTHER_MODEL)
        raw = bytearray(entry.last - entry.first)
        try:
            with self.path.open("rb") as file:
                file.seek(self._header.start + entry.first)
                count = file.readinto(raw)
        except OSError as error:
            raise GeneratorError(f"{self.path} cannot be read ({error.strerror})", READABLE) from error
        if count != len(raw):
            raise GeneratorError(f"{self.path} changed while it was read: {name} is cut short", AGAIN)
        dtype = _DTYPES[entry.dtype]
        return torch.frombuffer(raw, dtype=dtype).reshape(entry.shape) if raw else torch.empty(entry.shape, dtype=dtype)


class Shapes:
    """The shapes of a checkpoint's tensors below one dotted name; modules take their sizes from it."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], prefix: str, path: Path) -> None:
        self._shapes, self.prefix, self.path = shapes, prefix, path

    def under(self, name: str) -> Shapes:
        """The shapes below ``name``."""
        return Shapes(self._shapes, f"{self.prefix}{name}.", self.path)

    def has(self, name: str) -> bool:
        """Whether a tensor, or tensors below it, of that name exist."""
        full = self.prefix + name
        return full in self._shapes or any(key.startswith(full + ".") for key in self._shapes)

    def __getitem__(self, name: str) -> tuple[int, ...]:
        """A tensor's shape.

        Raises:
            GeneratorError: no such tensor.
        """
        try:
            return self._shapes[self.prefix + name]
        except KeyError as error:
            raise GeneratorError(f"{self.path} lacks the tensor {self.prefix}{name}", _OTHER_MODEL) from error

    def names(self) -> list[str]:
        """Names of all tensors below, without the prefix."""
        return [key.removeprefix(self.prefix) for key in self._shapes if key.startswith(self.prefix)]
