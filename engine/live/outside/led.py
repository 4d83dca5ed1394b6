"""A set that goes along with another instrument: where it is, and what brings it to where the other is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from engine.following import Follower
from engine.midi.clock import FOLLOW
from engine.midi.clock_in import Place, pull_to, tempo_to
from engine.processes.latest import HeardPlace
from engine.timebase import MAX_BPM, MIN_BPM, TempoMap

LOOK_S: Final = 0.005
"""Seconds between two looks at where the set is."""

EARLY_BEATS: Final = 0.5
"""Beats of a bar after which the set is asked for the tempo of the next one: what sounds has to be made anew until then."""

LAST: Final = 8
"""Tempos that were asked for of late: what is asked for and is none of them, a hand asked for."""


class Position(NamedTuple):
    """Where a set is as it is heard.

    Attributes:
        elapsed_s: seconds since bar 1, as if the set had always been at this tempo.
        playing: whether it moves.
        bpm: the tempo that is heard.
        own_bpm: the tempo that its music was made in; it may run a little faster or slower.
        ahead_s: seconds by which the performer wants it ahead of where it would be.
        anew: whether what sounds can be made anew bar by bar, in another tempo.
    """

    elapsed_s: float
    playing: bool
    bpm: float
    own_bpm: float
    ahead_s: float = 0.0
    anew: bool = True


def position_of(
    tempo: TempoMap, place: HeardPlace | None, moves: bool, at: float, ahead_s: float = 0.0, anew: bool = True
) -> Position:
    """Where a set is at a time.

    Args:
        tempo: where its bars are.
        place: what the player said last; None where there is no player.
        moves: whether it is to move.
        at: seconds of `time.monotonic`.
        ahead_s, anew: see `Position`.
    """
    frame = 0.0 if place is None else place.now(at)
    grid = tempo.at(int(frame))  # what is heard may be in the tempo before the one that was decided on
    speed = 0.0 if place is None else place.speed
    elapsed_s, bpm = (frame - grid.origin) / (grid.rate * (speed or 1.0)), grid.bpm * (speed or 1.0)
    return Position(elapsed_s, speed > 0 and moves, bpm, grid.bpm, ahead_s, anew)


@dataclass(frozen=True, slots=True)
class Led:
    """What can be asked of the set, from any thread.

    Attributes:
        beats_per_bar: of the set.
        position: says where the set is.
        asked: says what tempo was asked for last; None for none.
        take: has it take a tempo, from its next bar line on.
        pull: has it run faster by a part of its speed.
        start: has it play, if it stands still.
        tell: has a sentence said to the performer.
    """

    beats_per_bar: int
    position: Callable[[], Position]
    asked: Callable[[], float | None]
    take: Callable[[float], None]
    pull: Callable[[float], None]
    start: Callable[[], None]
    tell: Callable[[str], None]


@dataclass(slots=True)
class Following:
    """Brings a set to where another instrument is, look by look.

    Attributes:
        led: the set.
        bpm: the tempo in which its music was made when it was looked at last.
        beats: its beats since bar 1, None while it stands still.
        taken: the last tempos that it was asked to take.
    """

    led: Led
    bpm: float = 120.0
    beats: float | None = None
    taken: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))
    _heard_bpm: float = 120.0
    _ahead_s: float = 0.0
    _anew: bool = True
    _bar: int = -1
    _follower: Follower = field(default_factory=lambda: Follower(FOLLOW))

    def look(self, at: float) -> None:
        """See where the set is: evenly, whatever block of sound a look falls into."""
        position = self.led.position()
        if position.bpm != self._heard_bpm:
            self._follower.retimed(self._heard_bpm / position.bpm, at)
            self._heard_bpm = position.bpm
        self._follower.hear(position.elapsed_s, position.playing, at)
        self.bpm, self._ahead_s, self._anew = position.own_bpm, position.ahead_s, position.anew
        began = self._follower.began
        self.beats = None if began is None else (at - began) * position.bpm / 60

    def follow(self, place: Place | None) -> None:
        """Come nearer to where the other is, which None does not know; where it was nudged to counts as there."""
        if place is None or self.beats is None:
            self.led.pull(0.0)
            return
        beats, beats_per_bar = self.beats - self._ahead_s * self.bpm / 60, self.led.beats_per_bar
        self.led.pull(pull_to(place, self.bpm, beats, beats_per_bar))
        if self._begins_anew(beats):
            wanted = tempo_to(place, self.bpm, beats, beats_per_bar, self._anew)
            if wanted is not None:
                self.take(wanted)

    def take(self, bpm: float) -> None:
        """Have the set take a tempo, as far as it can."""
        bpm = min(float(MAX_BPM), max(float(MIN_BPM), bpm))
        self.taken.append(bpm)
        self.led.take(bpm)

    def _begins_anew(self, beats: float) -> bool:
        """Whether this is another bar than the one before, and its first moments are over."""
        bar, into = divmod(beats, self.led.beats_per_bar)
        if bar == self._bar or into < EARLY_BEATS:
            return False
        self._bar = int(bar)
        return True
