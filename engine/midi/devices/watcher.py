"""The ports there are: every input by its name, opened as it appears and dropped as it vanishes, while the set plays."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from engine.errors import MidiError
from engine.midi.devices.mailbox import Mailbox
from engine.midi.devices.system import CLIENT, MidiSystem, OpenPort, find_system, no_system
from engine.midi.mapping import Mapping
from engine.midi.names import InputName, input_names

SCAN_S: Final = 0.5
"""Seconds between two looks at the ports."""

RETRY_S: Final = 2.0
"""Seconds between two tries to reach a MIDI system that did not answer."""

_SKIPPED: Final = (f"{CLIENT}:", f"{CLIENT}-", "midi through", "through port")
"""Beginnings and parts of the names of ports that are this instrument's own or only loop back what others send."""

_REASON: Final = 40
"""Characters of an error's text that a notice has room for."""


def wanted(name: str) -> bool:
    """Whether an input is worth listening to."""
    lower = name.lower()
    return not (lower.startswith(_SKIPPED[:2]) or any(part in lower for part in _SKIPPED[2:]))


Passes = Callable[[str, bytes, float], bool]


def everything(_port: str, _data: bytes, _at: float) -> bool:
    """Every message counts."""
    return True


class Change(NamedTuple):
    """A port came or went, at a time in seconds."""

    port: str
    came: bool
    at: float


class PortWatcher:
    """Keeps every wanted input open and its messages going into a mailbox. `scan` is all it does; a thread repeats it.

    Args:
        mapping: asked (read only) which ports count, and which of their controls are kept message by message.
        mailbox: where messages go, each with the time it came.
        wake: called when a port came or went.
        find: finds the MIDI system.
        clock: the time in seconds; it never goes back.
        passes: whether a message of a port, which came at a time, counts.
    """

    def __init__(
        self,
        mapping: Mapping,
        mailbox: Mailbox,
        wake: Callable[[], None],
        find: Callable[[], MidiSystem | None] = find_system,
        clock: Callable[[], float] = time.monotonic,
        passes: Passes = everything,
    ) -> None:
        self._passes = passes
        self._mapping = mapping
        self._mailbox = mailbox
        self._wake = wake
        self._find = find
        self._clock = clock
        self._system: MidiSystem | None = None
        self._open: dict[str, OpenPort] = {}
        self._bases: dict[str, str] = {}
        self._refused: set[str] = set()
        self._lock = threading.Lock()
        self._changes: list[Change] = []
        self._notices: list[str] = []
        self._told: set[str] = set()
        self.ignored: frozenset[str] = frozenset()
        """Ports that the performer wants to hear nothing of; replaced as a whole, from any thread."""

    def scan(self) -> None:
        """Look once: find the MIDI system if there is none, drop ports that are gone, open those that are new.

        Whatever a MIDI system raises, looking goes on: it is said once, and what is open stays open.
        """
        try:
            if self._system is None:
                self._system = self._find()
            found = input_names(self._system.inputs()) if self._system else []
        except MidiError as error:
            self._say_once("missing", str(error))
            return
        except OSError:
            self._leave()
            found = []
        except Exception as error:  # noqa: BLE001  # a library's own bugs: names that are no text, and the like
            self._say_once("list", f"MIDI: the inputs cannot be listed ({_short(error)}); trying again")
            return
        if self._system is None:
            self._keep_open([])
            self._say_once("missing", str(no_system()))
            return
        self._told.clear()
        self._keep_open([each for each in found if wanted(each.name) and self._mapping.listens(each.name)])

    def _keep_open(self, found: list[InputName]) -> None:
        """Have exactly these open, but for those that are ignored."""
        found = [each for each in found if each.name not in self.ignored]
        here = {each.name for each in found}
        now, before = Counter(each.base for each in found), Counter(self._bases[name] for name in self._open)
        for name in list(self._open):
            base = self._bases[name]
            # Which one of several of a name is gone, or new, cannot be told: all of them are opened anew.
            if name not in here or (now[base] != before[base] and max(now[base], before[base]) > 1):
                self._drop(name)
        self._refused.intersection_update(here)
        for each in found:
            if each.name not in self._open and self._system is not None:
                self._add(self._system, each)

    def _add(self, system: MidiSystem, given: InputName) -> None:
        name, at = given.name, self._clock()
        self._mailbox.expect(name, self._mapping.queued(name))

        def arrived(data: bytes) -> None:
            now = self._clock()
            if self._passes(name, data, now):
                self._mailbox.put(name, data, now)

        try:
            port = system.open(given.system, arrived, given.place)
        except Exception as error:  # noqa: BLE001  # as above: one port that cannot be opened must not cost the others
            if name not in self._refused:
                self._tell(f"MIDI port {self._mapping.called(name)} cannot be opened: {_short(error)}")
            self._refused.add(name)
            return
        self._open[name], self._bases[name] = port, given.base
        self._refused.discard(name)
        self._tell(f"MIDI: {self._mapping.called(name)} is connected ({self._mapping.greeting(name)})", Change(name, True, at))

    def _drop(self, name: str) -> None:
        port = self._open.pop(name)
        self._tell(
            f"MIDI: {self._mapping.called(name)} is {'ignored' if name in self.ignored else 'gone'}",
            Change(name, False, self._clock()),
        )
        try:
            port.close()
        except Exception as error:  # noqa: BLE001  # as above
            self._tell(f"MIDI port {self._mapping.called(name)} did not close: {_short(error)}")

    def _leave(self) -> None:
        for name in list(self._open):
            self._drop(name)
        system, self._system = self._system, None
        if system is not None:
            with suppress(Exception):
                system.close()

    def _say_once(self, what: str, text: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._tell(text)

    def _tell(self, notice: str, change: Change | None = None) -> None:
        with self._lock:
            self._notices.append(notice)
            if change is not None:
                self._changes.append(change)
        self._wake()

    def news(self) -> tuple[list[Change], list[str]]:
        """What changed since the last call: ports that came and went, and notices. From any thread."""
        with self._lock:
            changes, self._changes = self._changes, []
            notices, self._notices = self._notices, []
        return changes, notices

    def run(self, stopped: threading.Event) -> None:
        """Look every half second until ``stopped``, then close everything."""
        while not stopped.is_set():
            self.scan()
            stopped.wait(SCAN_S if self._system else RETRY_S)
        self._leave()


def _short(error: Exception) -> str:
    """An error's text, as much of it as a line has room for."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _REASON else text[: _REASON - 1] + "…"
