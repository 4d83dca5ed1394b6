"""A set that runs a little faster or slower than its own time, as a record does under a finger: pitch goes along with it.

What is heard is read out of what is rendered at places between its samples. While nothing is bent the samples come out as they
went in, some of them late, so that a bend begins and ends without a seam.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.processes.latest import NamedValues
from engine.timebase import SAMPLE_RATE

Block = npt.NDArray[np.float32]

HALF: Final = 16
"""Frames on either side of a place that its value is reckoned from; what is heard is so many frames late."""

MOST_BEND: Final = 0.04
"""Part of its speed by which a set runs faster or slower at most: two thirds of a semitone."""

CATCH_UP: Final = 0.02
"""Part of its speed by which it runs faster or slower at most to make up for what it is to be ahead."""

CATCH_UP_S: Final = 0.05
"""Seconds in which the last of that would be made up for at an even pace."""

_PHASES: Final = 512
"""Places between two samples that the table has; between those a straight line does."""

_BETA: Final = 8.0
"""Of the Kaiser window: stop band at -80 dB, pass band to 19 kHz with 32 taps."""


def _sinc_table() -> npt.NDArray[np.float32]:
    """Weights of the samples around a place, (phases + 1, 2 HALF); rows add up to 1. A windowed sinc, after Kaiser (1974)."""
    taps = np.arange(1 - HALF, HALF + 1)
    offsets = taps[None, :] - np.arange(_PHASES + 1)[:, None] / _PHASES
    inside = np.clip(1 - (offsets / HALF) ** 2, 0, 1)
    table = np.sinc(offsets) * np.i0(_BETA * np.sqrt(inside)) / np.i0(_BETA)
    return np.asarray(table / table.sum(axis=1, keepdims=True), dtype=np.float32)


class Varispeed:
    """Plays what it is given at a speed that may change with each block.

    Attributes:
        latency: frames by which it is late.
    """

    latency: Final = HALF

    def __init__(self) -> None:
        self._table = _sinc_table()
        self._taps = np.arange(2 * HALF)
        self._past = np.zeros((2 * HALF - 1, 2), dtype=np.float32)
        self._place = 0.0
        """Where the next frame is read, from frame `HALF` - 1 of the past on; 0 is that very frame."""

    def process(self, block: Block, speed: float) -> Block:
        """The next frames: ``block`` (frames, 2) read at a speed around 1, which makes about frames / speed of it."""
        known, length = np.concatenate((self._past, block)), len(block)
        self._past = known[length:]
        if speed == 1.0 and self._place == 0.0:
            return known[HALF - 1 : HALF - 1 + length]
        if speed == 1.0:  # on to a frame within this block, so that samples are samples again
            count = length - round(self._place)
            speed = (length - self._place) / count
        else:
            count = math.ceil((length - self._place) / speed)
        places = np.minimum(self._place + speed * np.arange(count), length - 1e-6)
        whole = places.astype(np.intp)
        exact = (places - whole) * _PHASES
        row = exact.astype(np.intp)
        part = (exact - row).astype(np.float32)[:, None]
        weights = self._table[row] * (1 - part) + self._table[row + 1] * part
        left = self._place + speed * count - length
        self._place = left if left > 1e-6 else 0.0
        sound: Block = np.einsum("ft,ftc->fc", weights, known[whole[:, None] + self._taps])
        return sound


class Bend:
    """How fast a set is to run, from what the engine wants of it: a tempo, a place ahead, a pull.

    Args:
        params: the engine's latest values: ``tempo`` (BPM that is wanted, 0 for the set's own), ``ahead`` (seconds by which the
            set is to be ahead of where it would be) and ``pull`` (part of its speed that it runs faster).
    """

    def __init__(self, params: NamedValues) -> None:
        self._params = params
        self._done = self._wanted()

    def _wanted(self) -> float:
        ahead = self._params["ahead"]
        return ahead if math.isfinite(ahead) else 0.0

    def speed(self, frames: int, bpm: float | None) -> float:
        """The speed of the next block.

        Args:
            frames: that the block has.
            bpm: the tempo of what sounds; None for nothing.
        """
        seconds = frames / SAMPLE_RATE
        if bpm is None:
            self._done = self._wanted()
            return 1.0
        ratio, pull = self._params["tempo"] / bpm, self._params["pull"]
        speed = ratio if abs(ratio - 1) <= MOST_BEND else 1.0
        if pull and math.isfinite(pull):  # whoever pulls knows of the tempo as well
            speed = 1.0 + pull
        speed = min(1 + MOST_BEND, max(1 - MOST_BEND, speed))
        missing = self._wanted() - self._done
        if missing:
            most = min(CATCH_UP, 1 + MOST_BEND - speed) if missing > 0 else min(CATCH_UP, speed - 1 + MOST_BEND)
            faster = min(most, abs(missing) / max(CATCH_UP_S, seconds))
            self._done = (
                self._wanted() if faster * seconds >= abs(missing) else self._done + math.copysign(faster * seconds, missing)
            )
            speed += math.copysign(faster, missing)
            if abs(self._wanted() - self._done) < 0.5 / SAMPLE_RATE:
                self._done = self._wanted()
        return speed
