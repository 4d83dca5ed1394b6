"""Latest values in ordinary memory, with the interface of `engine.processes.latest.SharedBlock`: for rehearsals and tests."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.processes.latest import PARAM_DEFAULTS, PARAMS, STATUS


class ValueBlock(Protocol):
    """Named float64 values: a `SharedBlock`, or a `MemoryBlock`."""

    values: npt.NDArray[np.float64]
    names: tuple[str, ...]

    def __getitem__(self, name: str) -> float: ...
    def __setitem__(self, name: str, value: float) -> None: ...
    def update(self, values: dict[str, float]) -> None:
        """Set several values by name."""


class MemoryBlock:
    """Named float64 values, all zero at first."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.index = {name: i for i, name in enumerate(names)}
        self.values: npt.NDArray[np.float64] = np.zeros(len(names))

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.index[name]])

    def __setitem__(self, name: str, value: float) -> None:
        self.values[self.index[name]] = value

    def update(self, values: dict[str, float]) -> None:
        """Set several values by name."""
        for name, value in values.items():
            self[name] = value


def memory_params() -> MemoryBlock:
    """A parameter block at its defaults (``run`` is 0)."""
    block = MemoryBlock(PARAMS)
    block.update(PARAM_DEFAULTS)
    return block


def memory_status() -> MemoryBlock:
    """A status block, all zero."""
    return MemoryBlock(STATUS)
