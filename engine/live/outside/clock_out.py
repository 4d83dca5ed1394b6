"""MIDI clock out, on a thread of its own for each output: it waits for the output to appear, and for it to come back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from engine.errors import MidiError
from engine.live.outside.led import LOOK_S, Position
from engine.midi.clock import Clock, Target, targets
from engine.midi.devices.system import MidiOutputs, OutPort, find_system
from engine.midi.names import input_names, shown

log = logging.getLogger(__name__)

SEARCH_S: Final = 1.0
"""Seconds between two looks for an output that is not there."""


class ClockOut:
    """Sends the clock of a set.

    Args:
        text: the outputs, see `engine.midi.clock.targets`; None for none.
        position: where the set is, from any thread.
        tell: has a sentence said to the performer, from any thread.
        find: finds the MIDI system.

    Raises:
        MidiError: a name or an offset makes no sense.
    """

    def __init__(
        self,
        text: str | None,
        position: Callable[[], Position],
        tell: Callable[[str], None],
        find: Callable[[], MidiOutputs | None] = find_system,
    ) -> None:
        self._position, self._tell, self._find = position, tell, find
        self._ended = threading.Event()
        self._threads = (
            [threading.Thread(target=self._run, args=(target,), name="midi-clock", daemon=True) for target in targets(text or "")]
            if text
            else []
        )
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop those who follow, and send no more."""
        self._ended.set()
        for thread in self._threads:
            thread.join(SEARCH_S)

    def _run(self, target: Target) -> None:
        missed = False
        while not self._ended.is_set():
            port = None
            try:
                if (port := self._open(target)) is not None:
                    missed = False
                    self._send(port, target)
            except (OSError, MidiError) as error:
                log.warning("MIDI clock to %s: %s", target.name, error)
            finally:
                if port is not None:
                    port.close()
            if not missed and not self._ended.is_set():
                self._tell(f"MIDI clock: no output is called {shown(target.name)}; it is waited for.")
                missed = True
            self._ended.wait(SEARCH_S)

    def _open(self, target: Target) -> OutPort | None:
        system = self._find()
        if system is None:
            return None
        for each in input_names(system.outputs()):
            if target.name.lower() in each.name.lower():
                port = system.open_output(each.system, each.place)
                self._tell(f"MIDI clock goes to {shown(each.name)}.")
                return port
        return None

    def _send(self, port: OutPort, target: Target) -> None:
        """Until the end, or until the output is gone."""
        clock = Clock(target.offset_ms / 1000.0)
        look_at = looked_for_it = time.monotonic()
        while not self._ended.is_set():
            now = time.monotonic()
            if now >= look_at:
                look_at = now + LOOK_S
                for data in clock.hear(*self._position()[:3], now):
                    port.send_bytes(data)
                if now - looked_for_it > SEARCH_S:
                    looked_for_it = now
                    if not port.there():
                        raise OSError("it is gone")
            for data in clock.due(time.monotonic()):
                port.send_bytes(data)
            following = clock.next_at()
            until = look_at if following is None else min(look_at, following)
            time.sleep(max(0.0, until - time.monotonic()))
        for data in clock.close():
            port.send_bytes(data)
