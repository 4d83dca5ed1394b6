"""The set's time and that of others: MIDI clock out and in, and Ableton Link."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.live.outside.clock_in import ClockIn
from engine.live.outside.clock_process import ClockProcess
from engine.live.outside.led import Led
from engine.live.outside.link import LinkPeer, load_link
from engine.protocol import SetOptions
from engine.timebase import TempoMap

log = logging.getLogger(__name__)

Write = Callable[[Mapping[str, float]], None]


class Timing:
    """All that keeps a set in time with others, or others with it.

    Args:
        options: as the set was started.
        bpm: the set's tempo.
        folder: the session's.
        led: the set.

    Raises:
        LivesetError: if an option makes no sense, or the library for Link is missing.
    """

    def __init__(self, options: SetOptions, bpm: float, folder: Path, led: Led) -> None:
        self._clock = ClockProcess(options.clock, folder, led.tell)
        self._clock_in = ClockIn(options.clock_in, led)
        self._link = LinkPeer(bpm, led, load_link()) if options.link else None
        if self._link is not None:
            self._link.start()
        self._led = led
        self._lock, self._waiting = threading.Lock(), threading.Event()

    def gated(self, values: Mapping[str, float], write: Write, latency_s: float) -> None:
        """Write what the player is told; that it is to run waits for the others' bars, where there are others.

        Args:
            values: of `engine.processes.latest.PARAMS`, by name.
            write: writes them, from any thread.
            latency_s: from the word to what is heard.
        """
        with self._lock:
            if "run" in values:
                self._waiting.set()
            if self._link is None or not values.get("run"):
                write(values)
                return
            write({name: value for name, value in values.items() if name != "run"})
            self._waiting = threading.Event()
        arguments = (self._link, self._waiting, write, latency_s)
        threading.Thread(target=self._begin, args=arguments, name="link-start", daemon=True).start()

    def _begin(self, link: LinkPeer, over: threading.Event, write: Write, latency_s: float) -> None:
        """Have the player run on the others' bar, once it is known whether there are others, unless that is over by then."""
        try:
            if over.wait(link.unsure_s()):
                return
            position = self._led.position()
            beats = max(0.0, position.elapsed_s * position.bpm / 60)
            over.wait(link.wait_s(beats + latency_s * position.bpm / 60))
        except Exception:  # a library of C: whatever it raises, the set plays
            log.exception("Link")
        with self._lock:
            if not over.is_set():
                write({"run": 1.0})

    def tempo(self, tempo: TempoMap, moves: bool) -> None:
        """Say where the set's bars are, and whether it is to move."""
        self._clock.tempo(tempo, moves)

    def close(self) -> None:
        """Leave everybody."""
        self._waiting.set()
        self._clock.close()
        self._clock_in.close()
        if self._link is not None:
            self._link.close()
