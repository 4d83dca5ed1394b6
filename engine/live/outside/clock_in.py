"""MIDI clock in, on a thread of its own: it waits for the input to appear and to come back, and has the set's tempo follow."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from engine.errors import MidiError
from engine.live.outside.clock_out import SEARCH_S
from engine.live.outside.led import LOOK_S, Following, Led
from engine.midi.clock import START
from engine.midi.clock_in import PLACES, MasterClock
from engine.midi.devices.system import MidiClocks, OpenPort, find_system
from engine.midi.names import input_names, shown

log = logging.getLogger(__name__)

KNOWN_S: Final = 4.0
"""Seconds of a clock after which its tempo is known well enough to go on in it without the clock."""

HELD_UP_S: Final = 0.1
"""Seconds between two looks after which the second says nothing yet of ticks that are missing: the machine was busy."""


class ClockIn:
    """Follows the clock of another instrument.

    Args:
        name: a part of the input's name; None follows nothing.
        led: the set.
        find: finds the MIDI system.
    """

    def __init__(
        self,
        name: str | None,
        led: Led,
        find: Callable[[], MidiClocks | None] = find_system,
    ) -> None:
        self._name, self._led, self._find = name or "", led, find
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
            except Exception:  # a library of C: whatever it raises, the clock is looked for again
                log.exception("MIDI clock from %s", self._name)
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
                port = system.open_clock(each.system, lambda data, at: heard.append((data, at)), each.place)
                self._led.tell(f"MIDI clock is waited for from {shown(each.name)}.")
                return port
        return None

    def _follow(self, system: MidiClocks, heard: deque[tuple[bytes, float]]) -> None:
        """Until the end, or until the input is gone."""
        clock, following = MasterClock(), Following(self._led)
        looked_for_it = since = now = time.monotonic()
        last: float | None = None
        while not self._ended.wait(LOOK_S):
            while heard:
                data, at = heard.popleft()
                clock.hear(data, at)
                if data == START:
                    self._led.start()
            before, now = now, time.monotonic()
            place = clock.place(now)
            following.look(now)
            if place is None and last is not None and now - before > HELD_UP_S:
                continue  # what fetches the ticks was held up as well, most likely
            if last is None and place is not None:
                since = now
                self._led.tell(f"MIDI clock: the set follows, at {place.bpm:.1f} BPM.")
            elif last is not None and place is None:
                known = now - since > KNOWN_S
                bpm = last if known else following.bpm
                self._led.tell(f"MIDI clock: the clock stopped; the set goes on at {bpm:.1f} BPM.")
                if known:
                    following.take(round(bpm, PLACES))
            last = None if place is None else place.bpm
            following.follow(place)
            if now - looked_for_it > SEARCH_S:
                looked_for_it = now
                if not any(self._name.lower() in each.name.lower() for each in input_names(system.inputs())):
                    raise OSError("it is gone")
