"""The header of a safetensors file: names, shapes and byte ranges of its tensors, checked before anything is read.

Format: 8 bytes (little-endian length of the header), a JSON header naming each tensor's dtype, shape and byte range, then the
bytes (https://github.com/huggingface/safetensors). Light enough for every process: no torch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.errors import READABLE, GeneratorError

AGAIN: Final = "fetch or copy it again"
OWN_NAMES: Final = "the folder must hold the published files under their own names"

ITEM_BYTES: Final[Mapping[str, int]] = {
    **dict.fromkeys(("F64", "I64"), 8),
    **dict.fromkeys(("F32", "I32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL"), 1),
}
"""Bytes of one number of each dtype."""

_MAX_HEADER: Final = 100_000_000
"""Bytes; the format's own limit."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: its dtype, shape, and bytes [first, last) counted from where the tensors start."""

    dtype: str
    shape: tuple[int, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Header:
    """A file's header.

    Attributes:
        tensors: name -> tensor.
        metadata: free text entries.
        start: byte of the file at which the tensors start.
        size: bytes of the whole file.
    """

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    start: int
    size: int

    @property
    def end(self) -> int:
        """Byte of the file at which the last tensor ends."""
        return self.start + max((tensor.last for tensor in self.tensors.values()), default=0)


def read_header(path: Path) -> Header:
    """A safetensors file's header, checked against the file's length.

    Raises:
        GeneratorError: missing, truncated, or no safetensors file; names it.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            length = int.from_bytes(file.read(8), "little")
            text = file.read(length) if length <= min(_MAX_HEADER, size) else b""
    except FileNotFoundError as error:
        raise GeneratorError(f"{path} is missing", OWN_NAMES) from error
    except OSError as error:
        raise GeneratorError(f"{path} cannot be read ({error.strerror})", READABLE) from error
    if len(text) != length or length < 2:
        raise GeneratorError(f"{path} is truncated or no safetensors file", AGAIN)
    try:
        data: dict[str, Any] = json.loads(text)
        metadata = {str(key): str(value) for key, value in data.pop("__metadata__", {}).items()}
        tensors = {name: _tensor(entry) for name, entry in data.items()}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise GeneratorError(f"{path} has a broken safetensors header", AGAIN) from error
    header = Header(tensors, metadata, 8 + length, size)
    if size < header.end:
        raise GeneratorError(f"{path} is truncated: {size:,} of {header.end:,} bytes are there", AGAIN)
    return header


def _tensor(entry: Mapping[str, Any]) -> Tensor:
    """One entry of the header.

    Raises:
        ValueError, KeyError, TypeError, IndexError, AttributeError: for one that no writer makes.
    """
    dtype, shape = str(entry["dtype"]), tuple(int(side) for side in entry["shape"])
    first, last = (int(offset) for offset in entry["data_offsets"])
    if first < 0 or min(shape, default=0) < 0 or last - first != math.prod(shape) * ITEM_BYTES[dtype]:
        raise ValueError("shape and byte range do not agree")
    return Tensor(dtype, shape, first, last)
