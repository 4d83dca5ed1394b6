"""Echo in tempo: repeats every dotted eighth, from side to side, each darker and thinner than the one before."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.player.rendering.filters import band_pass
from engine.player.rendering.ramps import DOWN, UP, Bus, approach, between
from engine.timebase import QUANTUM

BEATS: Final = 0.75
_SIZE: Final = 1 << 18
_QUIET: Final = 1e-6  # -120 dB


class Echo:
    """``value`` runs 0..1 with 0 neutral; repeats that sound already fade by themselves when it goes back to 0."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._ring: Bus = np.zeros((2, _SIZE))
        self._value = self._target = 0.0
        self._bpm = 120.0
        self._delay = 0
        self._at = 0
        self._since = 0
        """Ring position from which on the ring holds echoes; older samples count as silence."""
        self._loud_until = 0
        self._wet = 1.0
        self._clearing = False
        self._band = band_pass(250.0, 4_500.0, rate)
        self._state = self._band.rest(2)

    def clear(self) -> None:
        """Cut what still repeats, within a quantum."""
        self._clearing = True

    def set(self, value: float, bpm: float) -> None:
        """Where the knob is on its way to, and the tempo of the repeats."""
        self._target, self._bpm = value, bpm

    def process(self, bus: Bus) -> Bus:
        """Echo a quantum."""
        before = self._value
        after = self._value = approach(before, self._target)
        if before == 0.0 and after == 0.0 and self._at >= self._loud_until:
            self._clearing = False
            self._since = self._at
            return bus
        delay = max(QUANTUM, round(BEATS * 60.0 / self._bpm * self._rate))
        wet = self._read(self._delay or delay)
        if self._delay not in (0, delay):
            wet += (self._read(delay) - wet) * UP
        self._delay = delay
        if self._clearing:
            wet *= DOWN
        wet, self._state = self._band.run(wet, self._state)
        self._write(bus, wet, before, after, delay)
        if self._clearing:
            self._clearing = False
            self._since = self._loud_until = self._at
            self._value = 0.0
            self._state = np.zeros((2, 2))
            wet *= DOWN
        result: Bus = bus + wet
        return result

    def _read(self, delay: int) -> Bus:
        start = self._at - delay
        at = start % _SIZE
        if at + QUANTUM <= _SIZE:
            block = self._ring[:, at : at + QUANTUM].copy()
        else:
            block = np.concatenate((self._ring[:, at:], self._ring[:, : at + QUANTUM - _SIZE]), axis=1)
        if start < self._since:
            block[:, : self._since - start] = 0.0
        return block

    def _write(self, bus: Bus, wet: Bus, before: float, after: float, delay: int) -> None:
        """Feed the left repeats to the right and back; the input enters on the left."""
        at = self._at % _SIZE  # the ring's size and every position are whole quanta
        send = between(before, after)
        back = wet * (0.25 + 0.5 * after)
        ring = self._ring[:, at : at + QUANTUM]
        ring[0] = (bus[0] + bus[1]) * (0.5 * send) + back[1]
        ring[1] = back[0]
        self._at += QUANTUM
        if max(after, before) > 0.0 or float(ring.max()) > _QUIET or float(ring.min()) < -_QUIET:
            self._loud_until = self._at + delay
