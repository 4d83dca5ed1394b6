"""MIDI clock in, on a thread of its own: it waits for the input to appear and to come back, and has the set's tempo follow."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.errors import MidiError
from engine.following import Follower
from engine.live.outside.clock_out import LOOK_S, SEARCH_S, Position
from engine.midi.clock import FOLLOW, START
from engine.midi.clock_in import PLACES, MasterClock, pull_to, tempo_to
from engine.midi.devices.system import MidiClocks, OpenPort, find_system
from engine.midi.names import input_names, shown

log = logging.getLogger(__name__)

EARLY_BEATS: Final = 0.5
"""Beats of a bar after which the set is asked for the tempo of the next one: what sounds has to be made anew until then."""


@dataclass(frozen=True, slots=True)
class Led:
    """A set that goes along with another instrument; all of it may be asked for from any thread.

    Attributes:
        position: says where the set is.
        take: has it take a tempo, from its next bar line on.
        pull: has it run faster by a part of its speed.
        start: has it play, if it stands still.
        tell: has a sentence said to the performer.
    """

    position: Callable[[], Position]
    take: Callable[[float], None]
    pull: Callable[[float], None]
    start: Callable[[], None]
    tell: Callable[[str], None]


class ClockIn:
    """Follows the clock of another instrument.

    Args:
        name: a part of the input's name; None follows nothing.
        beats_per_bar: of the set.
        led: the set.
        find: finds the MIDI system.
    """

    def __init__(
        self,
        name: str | None,
        beats_per_bar: int,
        led: Led,
        find: Callable[[], MidiClocks | None] = find_system,
    ) -> None:
        self._name, self._beats_per_bar, self._led, self._find = name or "", beats_per_bar, led, find
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi-clock-in", daemon=True) if name else None
        if self._thread is not None:
            self._thread.start()

    def close(self) -> None:
        """Follow no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(SEARCH_S)

    def _run(self) -> None:
        missed = False
        while not self._ended.is_set():
            port, heard = None, deque[tuple[bytes, float]]()
            try:
                system = self._find()
                port = self._open(system, heard) if system is not None else None
                if port is not None and system is not None:
                    missed = False
                    self._follow(system, heard)
            except (OSError, MidiError) as error:
                log.warning("MIDI clock from %s: %s", self._name, error)
            finally:
                self._led.pull(0.0)
                if port is not None:
                    port.close()
            if not missed and not self._ended.is_set():
                self._led.tell(f"MIDI clock: no input is called {shown(self._name)}; it is waited for.")
                missed = True
            self._ended.wait(SEARCH_S)

    def _open(self, system: MidiClocks, heard: deque[tuple[bytes, float]]) -> OpenPort | None:
        for each in input_names(system.inputs()):
            if self._name.lower() in each.name.lower():
                port = system.open_clock(each.system, lambda data: heard.append((data, time.monotonic())), each.place)
                self._led.tell(f"MIDI clock is waited for from {shown(each.name)}.")
                return port
        return None

    def _follow(self, system: MidiClocks, heard: deque[tuple[bytes, float]]) -> None:
        """Until the end, or until the input is gone."""
        clock, here = MasterClock(), Set(self._beats_per_bar)
        followed, looked_for_it, last = False, time.monotonic(), None
        while not self._ended.wait(LOOK_S):
            while heard:
                data, at = heard.popleft()
                clock.hear(data, at)
                if data == START:
                    self._led.start()
            now, position = time.monotonic(), self._led.position()
            place, beats = clock.place(now), here.hear(*position[:3], now)
            if followed != (place is not None):
                followed = place is not None
                goes_on = f"the clock stopped; the set goes on at {here.bpm:.1f} BPM."
                self._led.tell(f"MIDI clock: {f'the set follows, at {place.bpm:.1f} BPM.' if place else goes_on}")
                if last is not None and place is None:
                    self._led.take(round(last, PLACES))
            last = None if place is None else place.bpm
            self._led.pull(pull_to(place, position.own_bpm, beats, self._beats_per_bar) if place and beats is not None else 0.0)
            if place is not None and beats is not None and here.begins_anew(beats):
                wanted = tempo_to(place, position.own_bpm, beats, self._beats_per_bar)
                if wanted is not None:
                    self._led.take(wanted)
            if now - looked_for_it > SEARCH_S:
                looked_for_it = now
                if not any(self._name.lower() in each.name.lower() for each in input_names(system.inputs())):
                    raise OSError("it is gone")


class Set:
    """Where the set is, from looks at it: evenly, whatever block of sound a look falls into."""

    def __init__(self, beats_per_bar: int) -> None:
        self.bpm = 120.0
        self._beats_per_bar = beats_per_bar
        self._bar = -1
        self._follower = Follower(FOLLOW)

    def hear(self, elapsed_s: float, playing: bool, bpm: float, at: float) -> float | None:
        """Take a look; the set's beats since bar 1, None while it stands still."""
        if bpm != self.bpm:
            self._follower.retimed(self.bpm / bpm, at)
            self.bpm = bpm
        self._follower.hear(elapsed_s, playing, at)
        return None if self._follower.began is None else (at - self._follower.began) * bpm / 60

    def begins_anew(self, beats: float) -> bool:
        """Whether this is another bar than the one before, and its first moments are over."""
        bar, into = divmod(beats, self._beats_per_bar)
        if bar == self._bar or into < EARLY_BEATS:
            return False
        self._bar = int(bar)
        return True
