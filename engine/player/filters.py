"""Recursive filters a quantum at a time, by matrix products: the player needs no more than numpy, and starts the sooner.

A filter in state-space form, z' = A z + B x and y = C z + D x, is unrolled over runs of 32 frames: within a run the output
is a product of the input with the impulse response (a Toeplitz matrix) and of the state at its start with C A^n; the states
at all starts are one product of the first state and the runs' own contributions.
Source: block state-space recursion, e.g. C. Burrus, "Block realization of digital filters", IEEE Trans. Audio and
Electroacoustics 20(4), 1972.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.timebase import QUANTUM

Floats = npt.NDArray[np.float64]

RUN: Final = 32
_RUNS: Final = QUANTUM // RUN
_LAG: Final = np.arange(_RUNS + 1)[:, None] - 1 - np.arange(_RUNS)[None, :]
"""(9, 8): how many runs lie between the end of run i and the start of run j."""

_BACK: Final = np.arange(RUN)[:, None] - np.arange(RUN)[None, :]
"""(32, 32): how many frames ago input m was, at output n."""


class BlockFilter:
    """One filter for several channels at once.

    Args:
        a: (K, K) state transition. b: (K,) input. c: (K,) output. d: direct path.
    """

    def __init__(self, a: Floats, b: Floats, c: Floats, d: float) -> None:
        self.parts: Final = (a, b, c, d)
        order = len(b)
        powers = [np.eye(order)]
        for _ in range(RUN):
            powers.append(a @ powers[-1])
        steps = np.stack(powers)  # (33, K, K)
        reached = steps[:RUN] @ b  # (32, K): what an input is worth in the state n frames later
        response = np.concatenate(([d], reached[: RUN - 1] @ c))
        self._local: Floats = np.where(_BACK >= 0, response[np.maximum(_BACK, 0)], 0.0).T  # x (32) @ -> y (32)
        self._from_state: Floats = np.ascontiguousarray((c @ steps[:RUN]).T)  # z (K) @ -> y (32)
        self._to_state: Floats = np.ascontiguousarray(reached[::-1])  # x (32) @ -> z (K)
        leaps = [np.eye(order)]
        for _ in range(_RUNS):
            leaps.append(powers[RUN] @ leaps[-1])
        leap = np.stack(leaps)  # (9, K, K)
        between = np.where((_LAG >= 0)[:, :, None, None], leap[np.maximum(_LAG, 0)], 0.0)  # (9, 8, K, K)
        whole = np.concatenate((leap[:, None], between), axis=1)  # (9 starts, 1 + 8 sources, K, K)
        self._starts: Floats = np.ascontiguousarray(whole.transpose(1, 3, 0, 2).reshape((1 + _RUNS) * order, -1))
        self._order = order

    @classmethod
    def transfer(cls, b: Floats, a: Floats) -> BlockFilter:
        """A transfer function b/a, with a[0] = 1 and both of the same length, in transposed direct form II."""
        order = len(a) - 1
        transition = np.eye(order, k=1)
        transition[:, 0] -= a[1:]
        output = np.zeros(order)
        output[0] = 1.0
        return cls(transition, b[1:] - a[1:] * b[0], output, float(b[0]))

    def then(self, other: BlockFilter) -> BlockFilter:
        """This filter and another after it as one: better conditioned than their product as one transfer function."""
        (a, b, c, d), (a2, b2, c2, d2) = self.parts, other.parts
        both = np.block([[a, np.zeros((len(b), len(b2)))], [np.outer(b2, c), a2]])
        return BlockFilter(both, np.concatenate((b, b2 * d)), np.concatenate((d2 * c, c2)), d * d2)

    def rest(self, channels: int) -> Floats:
        """The state of silence, (channels, K)."""
        return np.zeros((channels, self._order))

    def run(self, bus: Floats, state: Floats) -> tuple[Floats, Floats]:
        """Filter a quantum (channels, 256) from a state (channels, K); returns the output and the state after it."""
        channels = len(bus)
        runs = bus.reshape(channels * _RUNS, RUN)
        gained = (runs @ self._to_state).reshape(channels, _RUNS * self._order)
        states = np.concatenate((state, gained), axis=1) @ self._starts
        starts = states[:, : -self._order].reshape(channels * _RUNS, self._order)
        out = runs @ self._local
        out += starts @ self._from_state
        return out.reshape(channels, QUANTUM), states[:, -self._order :]


def band_pass(low: float, high: float, rate: int) -> BlockFilter:
    """A first-order Butterworth band-pass by the bilinear transform: s/(s^2 + w s + w0^2) with both edges prewarped.

    Source: A. V. Oppenheim and R. W. Schafer, Discrete-Time Signal Processing, chapter 7 (low-pass to band-pass).
    """
    first, last = (2 * rate * math.tan(math.pi * edge / rate) for edge in (low, high))
    width, middle, double = last - first, first * last, 2.0 * rate
    a0 = double * double + width * double + middle
    a = np.array([a0, 2 * (middle - double * double), double * double - width * double + middle]) / a0
    return BlockFilter.transfer(np.array([width * double, 0.0, -width * double]) / a0, a)


def one_pole(damping: float) -> BlockFilter:
    """A low-pass y = (1 - damping) x + damping y', damping 0..1."""
    return BlockFilter.transfer(np.array([1.0 - damping, 0.0]), np.array([1.0, -damping]))


def hadamard(size: int) -> Floats:
    """The Hadamard matrix of a power of two, by Sylvester's construction."""
    matrix = np.ones((1, 1))
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix
