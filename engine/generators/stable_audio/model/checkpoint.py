"""Safetensors files: checked by their header before a byte of weight is read, then read one tensor at a time.

Format: 8 bytes (little-endian length of the header), a JSON header naming each tensor's dtype, shape and byte range, then the
bytes (https://github.com/huggingface/safetensors). Tensors are read, not memory-mapped, so that converting a large file to
a smaller precision never holds both.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from engine.errors import GeneratorError

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

_MAX_HEADER = 100_000_000
"""Bytes; the format's own limit."""

FETCH_AGAIN = "fetch or copy it again"


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
        header, self._start = _read_header(path)
        self.metadata: dict[str, str] = header.pop("__metadata__", {})
        self._entries = header
        self.shapes: dict[str, tuple[int, ...]] = {}
        try:
            end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
            for name, entry in header.items():
                shape, (first, last) = tuple(entry["shape"]), entry["data_offsets"]
                if last - first != math.prod(shape) * _DTYPES[entry["dtype"]].itemsize:
                    raise ValueError(name)
                self.shapes[name] = shape
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise GeneratorError(f"{path} has a broken safetensors header ({error})", FETCH_AGAIN) from error
        size = path.stat().st_size
        if size < self._start + end:
            raise GeneratorError(f"{path} is truncated: {size:,} of {self._start + end:,} bytes are there", FETCH_AGAIN)

    def read(self, name: str) -> torch.Tensor:
        """One tensor in the dtype it is stored in, freshly allocated."""
        if name not in self._entries:
            raise GeneratorError(f"{self.path} lacks the tensor {name}", "the folder is not a Stable Audio 3 small checkpoint")
        entry = self._entries[name]
        first, last = entry["data_offsets"]
        raw = bytearray(last - first)
        try:
            with self.path.open("rb") as file:
                file.seek(self._start + first)
                count = file.readinto(raw)
        except OSError as error:
            raise GeneratorError(f"{self.path} cannot be read ({error.strerror})") from error
        if count != len(raw):
            raise GeneratorError(f"{self.path} changed while it was read: {name} is cut short", FETCH_AGAIN)
        dtype = _DTYPES[entry["dtype"]]
        return torch.frombuffer(raw, dtype=dtype).reshape(entry["shape"]) if raw else torch.empty(entry["shape"], dtype=dtype)


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    """The parsed header and the byte its tensors start at."""
    if not path.is_file():
        raise GeneratorError(f"{path} is missing", "the folder must hold the published files under their own names")
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            text = file.read(length) if length <= _MAX_HEADER else b""
    except OSError as error:
        raise GeneratorError(f"{path} cannot be read ({error.strerror})") from error
    if len(text) != length or length < 2:
        raise GeneratorError(f"{path} is truncated or no safetensors file", FETCH_AGAIN)
    try:
        header = json.loads(text)
    except ValueError as error:
        raise GeneratorError(f"{path} is no safetensors file", FETCH_AGAIN) from error
    if not isinstance(header, dict):
        raise GeneratorError(f"{path} is no safetensors file", FETCH_AGAIN)
    return header, 8 + length


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        GeneratorError: missing, unreadable, or not a JSON object; names the file.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise GeneratorError(f"{path} is missing", "the folder must hold the published files under their own names") from error
    except OSError as error:
        raise GeneratorError(f"{path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise GeneratorError(f"{path} is not valid JSON ({error})", FETCH_AGAIN) from error
    if not isinstance(data, dict):
        raise GeneratorError(f"{path} is not a JSON object", FETCH_AGAIN)
    return data


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
            raise GeneratorError(
                f"{self.path} lacks the tensor {self.prefix}{name}", "the folder is not a Stable Audio 3 small checkpoint"
            ) from error

    def names(self) -> list[str]:
        """Names of all tensors below, without the prefix."""
        return [key.removeprefix(self.prefix) for key in self._shapes if key.startswith(self.prefix)]
