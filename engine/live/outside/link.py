"""Ableton Link: programs on one network that share a tempo and their bars, without one that leads.

Alone, a set brings its own tempo and bars. Where others are there already it goes along with them; a tempo that the performer
asks for is then theirs as well. Link itself is under the GPL, and comes with an extra of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from engine.command_line import add_the_extra
from engine.errors import LinkError
from engine.live.outside.led import Following, Led
from engine.midi.clock_in import Place

log = logging.getLogger(__name__)

LOOK_S: Final = 0.01
"""Seconds between two looks at the session."""

SAME_BPM: Final = 0.002
"""Difference of two tempos that are one: Link counts whole microseconds a beat."""

SAME_S: Final = 0.002
"""Seconds by which the session's bars may be beside the set's until they are said anew, where nobody else is there."""

FINDS_S: Final = 2.0
"""Seconds in which those who are there already are found: a set that is to begin sooner waits for it."""

END_S: Final = 1.0


def load_link() -> Any:
    """The library.

    Raises:
        LinkError: if it is not installed.
    """
    try:
        import link  # noqa: PLC0415  an extra
    except ImportError as error:
        raise LinkError("Ableton Link needs the package LinkPython-extern", add_the_extra("link")) from error
    return link


class LinkPeer:
    """A set in a Link session.

    Args:
        bpm: the set's tempo, which is the session's as long as nobody else is there.
        led: the set.
        library: what `load_link` gives.
        clock: seconds that never go back.
    """

    def __init__(self, bpm: float, led: Led, library: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._led, self._following, self._clock = led, Following(led), clock
        self._link = library.Link(bpm)
        self._link.enabled = True
        self._joined_at = clock()
        self._others = 0
        self._asked: float | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Look from now on, on a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Leave the session."""
        self._ended.set()
        self._thread.join(END_S)
        self._link.enabled = False

    def unsure_s(self) -> float:
        """Seconds until it is known whether others are there; 0 once there are."""
        return 0.0 if self._link.numPeers() else max(0.0, self._joined_at + FINDS_S - self._clock())

    def wait_s(self, beats: float) -> float:
        """Seconds until a set that stands at so many beats since bar 1 may go on in the others' bars; 0 where there are none."""
        if not self._link.numPeers():
            return 0.0
        session, quantum = self._link.captureSessionState(), self._led.beats_per_bar
        here: float = session.phaseAtTime(self._link.clock().micros(), quantum)
        return (beats - here) % quantum * 60 / float(session.tempo())

    def _run(self) -> None:
        while not self._ended.wait(LOOK_S):
            try:
                self.look()
            except Exception:  # a library of C: whatever it raises, the set plays on
                log.exception("Link")
                self._led.pull(0.0)

    def look(self) -> None:
        """See where the session and the set are, and bring the one to the other."""
        micros = self._link.clock().micros()
        self._following.look(self._clock())
        session, others = self._link.captureSessionState(), self._link.numPeers()
        if others != self._others:
            self._tell(others, session.tempo())
            self._others, self._asked = others, self._led.asked()
        if others:
            self._go_along(session, micros)
        else:
            self._bring(session, micros)

    def _bring(self, session: Any, micros: int) -> None:
        """Nobody else is there: the session is as the set is."""
        self._led.pull(0.0)
        bpm, beats, quantum = self._following.bpm, self._following.beats, self._led.beats_per_bar
        retimed = abs(session.tempo() - bpm) > SAME_BPM
        if retimed:
            session.setTempo(bpm, micros)
        off = 0.0 if beats is None else (beats - session.phaseAtTime(micros, quantum) + quantum / 2) % quantum - quantum / 2
        moved = abs(off) * 60 / bpm > SAME_S
        if moved:
            session.requestBeatAtTime(beats, micros, quantum)
        if retimed or moved:
            self._link.commitSessionState(session)

    def _go_along(self, session: Any, micros: int) -> None:
        asked = self._led.asked()
        if asked is not None and asked != self._asked and asked not in self._following.taken:  # a hand asked for it
            session.setTempo(asked, micros)
            self._link.commitSessionState(session)
        self._asked = asked
        self._following.follow(Place(session.tempo(), session.beatAtTime(micros, self._led.beats_per_bar), counted=True))

    def _tell(self, others: int, bpm: float) -> None:
        if others:
            self._led.tell(f"Link: {others} other{'s' if others > 1 else ''} in the session, at {bpm:.1f} BPM.")
        else:
            self._led.tell("Link: nobody else is in the session; it has the set's tempo.")
