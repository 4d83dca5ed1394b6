"""An echo of a section's last beats over the section after it: the old sound stops, and what it left rings out in time.

It is a delay that feeds back, written out as the repeats it makes, each taken from the section's file anew. Nothing is kept from
one quantum to the next, so that the same frames sound the same whoever renders them, and each stem can be rendered alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.dsp.crossfade import Floats
from engine.player.rendering.transitions import ECHOES, REACH, lows
from engine.player.rendering.voices import Levels, Voice
from engine.timebase import QUANTUM

BEATS: Final = 0.75
"""From one repeat to the next: a dotted eighth of the section that is gone, beside the beats of the one that plays."""

CAUGHT: Final = 2
"""Repeats' worth of sound before the seam that is caught: a beat and a half."""

LEVEL: Final = 0.6
"""Gain of the first repeat."""

FALLEN_DB: Final = 40.0
"""How much softer the repeats have become by the end."""

MOST_FEEDBACK: Final = 0.85
"""Gain of a repeat over the one before it at most, however long the echo is."""

EDGE: Final = 264
"""Frames (6 ms) over which what is caught begins and ends, and the echo comes in while the section is cut."""

_RAMP: Floats = np.arange(QUANTUM + 2 * REACH, dtype=np.float64)


class EchoOut:
    """The echo of one section.

    Args:
        voice: the section as it sounded until the seam; its file must stay open. Where it still faded in, its echo is softer.
        start: transport frame of the seam.
        length: frames until the echo is over, 1 or more.

    Attributes:
        stop: transport frame at which it is over.
    """

    def __init__(self, voice: Voice, start: int, length: int) -> None:
        self.voice, self.start, self.stop = voice, start, start + length
        self._delay = max(QUANTUM, round(BEATS * float(voice.cue.grid.frames_per_beat)))
        self._from = max(start - CAUGHT * self._delay, voice.first)
        self._feedback = min(MOST_FEEDBACK, 10 ** (-FALLEN_DB / 20 * self._delay / length))
        self._out = min(self._delay, length)
        self._level = LEVEL
        for fade in voice.fades:
            if fade.rising:  # the others take the section away for this very seam
                self._level *= float(np.asarray(fade.gains(start, _RAMP[:1])[1]).flat[0])

    def cut(self, frame: int) -> None:
        """End within the quantum that begins at a frame."""
        if frame + QUANTUM < self.stop:
            self.stop, self._out = frame + QUANTUM, QUANTUM

    def add_to(self, bus: Floats, frame: int, levels: Levels) -> None:
        """Add the quantum that starts at a transport frame to ``bus`` (2, 256)."""
        a, b = max(self.start, frame) - frame, min(frame + QUANTUM, self.stop) - frame
        if b <= a:
            return
        at, count = frame + a, b - a
        # A repeat is heard while the frame that it repeats, and what its filter reaches to, were caught.
        first = max(1, -(-(at - self.start - REACH) // self._delay))
        last = (at + count + REACH - self._from) // self._delay
        wet = np.zeros((2, count))
        for number in range(first, last + 1):
            wet += self._repeat(number, at - number * self._delay, count, levels, slice(a, b))
        ramp = _RAMP[:count]
        edge = np.minimum((ramp + (at - self.start)) / EDGE, 1.0) * np.minimum((self.stop - at - ramp) / self._out, 1.0)
        bus[:, a:b] += wet * edge

    def _repeat(self, number: int, frame: int, count: int, levels: Levels, part: slice) -> Floats:
        """What was caught from a frame on, as its repeat of a number (1 is the first) sounds; ``part`` of the quantum it is."""
        window = _RAMP[: count + 2 * REACH] + (frame - REACH)
        gain = np.clip(np.minimum(window - self._from, self.start - window) / EDGE, 0.0, 1.0)
        spectrum = ECHOES[min(number, len(ECHOES)) - 1]
        wet = lows(self.voice.context(frame, count, levels.now) * gain, spectrum)
        if levels.before != levels.now:
            old = lows(self.voice.context(frame, count, levels.before) * gain, spectrum)
            wet = old + (np.arange(part.start, part.stop) + 1) / QUANTUM * (wet - old)
        repeat: Floats = self._level * self._feedback ** (number - 1) * wet
        return repeat
