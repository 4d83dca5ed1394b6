"""Recursive filters a quantum at a time, by matrix products: the player needs no more than numpy, and starts the sooner.

A filter in state-space form, z' = A z + B x and y = C z + D x, is unrolled over runs of 32 frames: within a run the output
is a product of the input with the impulse response (a Toeplitz matrix) and of the state at its start with C A^n; the states
at all starts are one product of the first state and the runs' own contributions.
Source: block state-space recursion, e.g. C. Burrus, "Block realization of digital filters", IEEE Trans. Audio and
Electroacoustics 20(4), 1972.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.timebase import QUANTUM

Floats = npt.NDArray[np.float64]

RUN: Final = 32
_RUNS: Final = QUANTUM // RUN
_LAG: Final = (np.arange(_RUNS + 1)[:, None] - np.arange(_RUNS + 1)[None, :]) % (2 * _RUNS + 1)
"""(9, 9): runs between a source (the first state, then what each run leaves) and the start of a run (the last: the end);
9 or more where the source comes later."""

_BACK: Final = (np.arange(RUN)[None, :] - np.arange(RUN)[:, None]) % (2 * RUN)
"""(32, 32): how many frames ago input m was, at output n (row m, column n); 32 or more for those to come."""


def _powers(matrix: Floats, count: int) -> tuple[Floats, Floats]:
    """Powers 0 to count - 1 of a (K, K) matrix, one above the other (count * K, K), and the next one; count = 2, 4, 8 ..."""
    powers, top = np.eye(len(matrix)), matrix
    for _ in range(count.bit_length() - 1):  # by doubling: cheap enough for a knob that moves
        powers = np.concatenate((powers, powers @ top))
        top = top @ top
    return powers, top


class StateSpace(NamedTuple):
    """A filter z' = A z + B x, y = C z + D x: ``a`` (K, K), ``b`` (K,), ``c`` (K,), and the direct path ``d``."""

    a: Floats
    b: Floats
    c: Floats
    d: float

    def then(self, other: StateSpace) -> StateSpace:
        """This filter and another after it as one: better conditioned than their product as one transfer function."""
        near, far = len(self.b), len(other.b)
        a = np.zeros((near + far, near + far))
        a[:near, :near], a[near:, near:] = self.a, other.a
        a[near:, :near] = other.b[:, None] * self.c
        b = np.concatenate((self.b, other.b * self.d))
        return StateSpace(a, b, np.concatenate((other.d * self.c, other.c)), self.d * other.d)


def transfer(b: Floats, a: Floats) -> StateSpace:
    """A transfer function b/a, with a[0] = 1 and both of the same length, in transposed direct form II."""
    order = len(a) - 1
    transition = np.eye(order, k=1)
    transition[:, 0] -= a[1:]
    output = np.zeros(order)
    output[0] = 1.0
    return StateSpace(transition, b[1:] - a[1:] * b[0], output, float(b[0]))


class BlockFilter:
    """One filter for several channels at once, a quantum at a time."""

    def __init__(self, space: StateSpace) -> None:
        a, b, c, d = space
        order = len(b)
        steps, leap = _powers(a, RUN)
        reached = (steps @ b).reshape(RUN, order)  # what an input is worth in the state n frames later
        response = np.zeros(2 * RUN)  # nothing, in the second half, from inputs to come
        response[0] = d
        response[1:RUN] = reached[: RUN - 1] @ c
        self._local: Floats = response.take(_BACK)  # x (32) @ -> y (32)
        self._from_state: Floats = (c @ steps.reshape(RUN, order, order)).T  # z (K) @ -> y (32)
        self._to_state: Floats = reached[::-1].copy()  # x (32) @ -> z (K)
        leaps = np.zeros((2 * _RUNS + 1, order, order))
        some, leaps[_RUNS] = _powers(leap, _RUNS)
        leaps[:_RUNS] = some.reshape(_RUNS, order, order)
        whole = leaps.take(_LAG, axis=0)  # (9 starts, 9 sources, K, K)
        self._starts: Floats = whole.transpose(1, 3, 0, 2).reshape((1 + _RUNS) * order, -1)
        self._order = order

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
    return BlockFilter(transfer(np.array([width * double, 0.0, -width * double]) / a0, a))


def one_pole(damping: float) -> BlockFilter:
    """A low-pass y = (1 - damping) x + damping y', damping 0..1."""
    return BlockFilter(transfer(np.array([1.0 - damping, 0.0]), np.array([1.0, -damping])))


def hadamard(size: int) -> Floats:
    """The Hadamard matrix of a power of two, by Sylvester's construction."""
    matrix = np.ones((1, 1))
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix
