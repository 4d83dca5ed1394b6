"""The headphones: a second bus beside the main one, with timelines of its own. It reads the main one, and touches nothing of it.

What is cued lies on the bars of what sounds: it begins on its next bar line, and its bars go on with the set's. Where its tempo
is another it begins on a bar line all the same, and goes on in its own.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.player.decks import Deck
from engine.player.rendering import loops
from engine.player.rendering.limiter import Limiter
from engine.player.rendering.ramps import Bus, approach, between
from engine.player.rendering.timeline import Timeline
from engine.player.rendering.transitions import Fade
from engine.player.rendering.voices import STEM_NAMES, Levels
from engine.protocol import PlayerEvent
from engine.timebase import QUANTUM, Grid

OUT_FADE: Final = 441
"""Frames (10 ms) over which what is cued gives way to something else."""

_RAMP: Final = np.arange(QUANTUM, dtype=np.float64)
_WHOLE: Final = [1.0] * len(STEM_NAMES)


class Programme(NamedTuple):
    """What is cued: its open files, and `engine.protocol.Listen` of them."""

    decks: tuple[Deck, ...]
    first: int
    again: int
    as_mixed: bool


@dataclass(slots=True, eq=False)
class _Part:
    """A programme on its timeline, until its fade is over."""

    timeline: Timeline
    start: int
    as_mixed: bool
    fade: Fade | None = None


def gains(level: float, mix: float) -> tuple[float, float]:
    """Of the cue and of the set in the headphones: both whole in the middle, one alone at either end."""
    return level * min(1.0, 2.0 * (1.0 - mix)), level * min(1.0, 2.0 * mix)


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 0.0


class Headphones:
    """Renders what the performer alone hears.

    Its time never stands still: while the transport does, what is cued goes on, and begins anew on a bar line once that moves.

    Args:
        rate: frames per second.
    """

    def __init__(self, rate: int) -> None:
        self._asked: Programme | None = None
        self._fresh = False
        self._programme: Programme | None = None
        self._parts: list[_Part] = []
        self._again: int | None = None
        """When the programme begins again."""
        self._time = 0
        self._lead = 0
        """How far this time is ahead of the transport's."""
        self._grid: Grid | None = None
        self._levels = Levels()
        self._mixed = Levels()
        self._limiter = Limiter(rate)
        self._bus: Bus = np.zeros((2, QUANTUM))
        self._part_bus: Bus = np.zeros((2, QUANTUM))
        self._gains = (0.0, 0.0)

    def play(self, programme: Programme | None) -> None:
        """Cue something else from the next bar line on, or nothing. May be called from any thread."""
        self._asked = programme
        self._fresh = True

    def render(
        self,
        out: npt.NDArray[np.float32],
        frame: int,
        grid: Grid | None,
        main: Bus,
        levels: list[float],
        knobs: tuple[float, float],
    ) -> None:
        """Fill ``out`` (256, 2).

        Args:
            frame: the transport's at the quantum's start.
            grid: of what sounds; None while the transport stands still, or nothing sounds.
            main: the set's quantum, (2, 256), before the limiter; it is read alone.
            levels: the set's levels of stems.
            knobs: level and mix of the headphones, 0..1.
        """
        bus = self._bus
        bus.fill(0.0)
        try:
            self._decide(frame, grid)
            self._add(bus, levels)
        except Exception:  # whatever a file holds: what the performer alone hears must not end what everybody hears
            logging.exception("the headphones lost what they played")
            self._programme, self._parts, self._again = None, [], None
        if not math.isfinite(float(bus.sum())):
            np.nan_to_num(bus, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
        before, wanted = self._gains, gains(_unit(knobs[0]), _unit(knobs[1]))
        self._gains = (approach(before[0], wanted[0]), approach(before[1], wanted[1]))
        bus *= between(before[0], self._gains[0])
        if before[1] or self._gains[1]:
            bus += main * between(before[1], self._gains[1])
        out[:] = self._limiter.process(bus).T
        self._time += QUANTUM

    def _decide(self, frame: int, grid: Grid | None) -> None:
        """Begin what is asked for, and begin anew what does not lie on the set's bars any more."""
        fresh = self._fresh
        if fresh:
            self._fresh = False
            self._programme = self._asked
        moved = grid is not None and (grid != self._grid or self._time - frame != self._lead)
        if grid is not None:
            self._grid, self._lead = grid, self._time - frame
        if self._programme is None:
            if fresh:
                self._leave(self._time)
            self._again = None
        elif fresh or moved:
            self._begin(self._line(self._time, grid), grid)
        elif self._again is not None and self._again < self._time + QUANTUM:
            self._begin(max(self._again, self._time), grid)

    def _line(self, at: int, grid: Grid | None) -> int:
        """The first bar line of what sounds at or after a time; that time itself where nothing does."""
        if grid is None:
            return at
        return grid.frame_of_bar(grid.next_bar(at - self._lead)) + self._lead

    def _begin(self, start: int, grid: Grid | None) -> None:
        programme = self._programme
        assert programme is not None
        self._leave(start)
        timeline, shift = Timeline(deque[PlayerEvent](maxlen=8)), start - programme.first
        timeline.set_cues(
            tuple(Deck(loops.moved(deck.cue, deck.cue.start_frame + shift, shift), deck.reader) for deck in programme.decks)
        )
        self._parts.append(_Part(timeline, start, programme.as_mixed))
        self._again = self._line(start + programme.again - loops.TOLERANCE, grid) if programme.again else None

    def _leave(self, at: int) -> None:
        """Fade out all that plays, from a time on; what has not begun by then never does."""
        self._parts = [part for part in self._parts if part.start < at]
        for part in self._parts:
            if part.fade is None or part.fade.start > at:
                part.fade = Fade(at, OUT_FADE, "linear", False)

    def _add(self, bus: Bus, levels: list[float]) -> None:
        time, end = self._time, self._time + QUANTUM
        self._parts = [part for part in self._parts if part.fade is None or part.fade.end > time]
        self._levels.move(_WHOLE, at_once=True)
        self._mixed.move(levels, at_once=False)
        for part in self._parts:
            for reader in part.timeline.readers:
                reader.look()
            if part.start >= end:
                continue
            sound = self._part_bus
            sound.fill(0.0)
            part.timeline.plan(time)
            part.timeline.add_to(sound, time, self._mixed if part.as_mixed else self._levels)
            if part.fade is not None:
                sound *= part.fade.gains(time, _RAMP)[0]
            bus += sound
