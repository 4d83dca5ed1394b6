"""Reverb: a feedback delay network of 16 lines, a whole quantum at a time.

After Jot and Chaigne, "Digital delay networks for designing artificial reverberators" (AES 90, 1991): an orthogonal
matrix mixes delay lines of mutually prime lengths, each with a low-pass that sets its decay. Every line is longer than a
quantum, so all of them advance as one matrix product.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from engine.player.rendering.filters import hadamard, one_pole
from engine.player.rendering.ramps import DOWN, Bus, approach, between
from engine.timebase import QUANTUM

LINES: Final = 16
LENGTHS: Final = (887, 1013, 1151, 1277, 1409, 1553, 1693, 1867, 2027, 2203, 2381, 2591, 2797, 3049, 3307, 3583)
"""Frames, primes between 20 and 81 ms."""

DIFFUSERS: Final = (311, 433, 563)
"""Frames of the all-pass filters before the network, primes longer than a quantum."""

_SIZE: Final = 4096
_QUIET: Final = 1e-6
_WET: Final = 0.5
_SIGNS: Final = np.where(np.arange(LINES) % 3 == 0, -1.0, 1.0)


class _AllPass:
    """A Schroeder all-pass filter with a delay of at least a quantum: y = v[n-d] - g v, v = x + g v[n-d]."""

    def __init__(self, delay: int, gain: float = 0.6) -> None:
        self._gain = gain
        self._line: Bus = np.zeros((2, delay + QUANTUM))

    def process(self, bus: Bus) -> Bus:
        line = self._line
        line[:, :-QUANTUM] = line[:, QUANTUM:]
        late = line[:, :QUANTUM]
        fresh = bus + self._gain * late
        out: Bus = late - self._gain * fresh
        line[:, -QUANTUM:] = fresh
        return out

    def clear(self) -> None:
        self._line[:] = 0.0


class Reverb:
    """``value`` runs 0..1 with 0 neutral: it sends more and decays longer (1.2 to 4 s); a tail rings out by itself."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._value = self._target = 0.0
        self._diffusers = [_AllPass(delay) for delay in DIFFUSERS]
        self._rings: Bus = np.zeros((LINES, _SIZE))
        self._at = 0
        offsets = np.arange(LINES) * _SIZE
        starts = _SIZE - np.array(LENGTHS)
        self._index = ((starts[:, None] + np.arange(QUANTUM)) % _SIZE + offsets[:, None]).astype(np.intp)
        """Where each line's oldest quantum lies in the flat rings when the writing position is 0: (16, 256)."""
        self._offsets = offsets[:, None]
        matrix = hadamard(LINES) / LINES**0.5
        self._mix = matrix * _SIGNS[:, None]
        split = np.zeros((LINES, 2))
        split[0::2, 0] = split[1::2, 1] = 0.5
        self._in = split * _SIGNS[::-1, None]
        self._out = np.stack((np.where(np.arange(LINES) % 4 < 2, 1.0, -1.0), np.where((np.arange(LINES) + 1) % 4 < 2, 1.0, -1.0)))
        self._out *= _WET / LINES**0.5
        self._damping = one_pole(0.35)
        self._state = self._damping.rest(LINES)
        self._quiet = 1 << 30
        self._clearing = False

    def clear(self) -> None:
        """Cut the tail, within a quantum."""
        self._clearing = True

    def set(self, value: float, bpm: float) -> None:
        """Where the knob is on its way to."""
        self._target = value

    def process(self, bus: Bus) -> Bus:
        """Add reverb to a quantum."""
        before = self._value
        after = self._value = approach(before, self._target)
        if before == 0.0 and after == 0.0 and self._quiet * QUANTUM > _SIZE:
            self._clearing = False
            return bus
        send: Bus = bus * between(before, after)
        for diffuser in self._diffusers:
            send = diffuser.process(send)
        late = self._rings.take(self._read_at(), mode="clip")
        wet: Bus = self._out @ late
        decay = np.power(10.0, -3.0 * np.array(LENGTHS) / (self._rate * (1.2 + 2.8 * after)))[:, None]
        late, self._state = self._damping.run(late, self._state)
        fresh = self._mix @ (late * decay) + self._in @ send
        self._rings[:, self._at : self._at + QUANTUM] = fresh
        self._at = (self._at + QUANTUM) % _SIZE
        loud = after > 0.0 or before > 0.0 or float(np.abs(fresh).max()) > _QUIET
        self._quiet = 0 if loud else self._quiet + 1
        if self._clearing:
            self._reset()
            wet *= DOWN
        return bus + wet

    def _read_at(self) -> npt.NDArray[np.intp]:
        if self._at == 0:
            return self._index
        return ((self._index - self._offsets + self._at) & (_SIZE - 1)) + self._offsets

    def _reset(self) -> None:
        self._clearing = False
        self._value = 0.0
        self._rings[:] = 0.0
        self._state[:] = 0.0
        self._quiet = 1 << 30
        for diffuser in self._diffusers:
            diffuser.clear()
