"""Live MIDI input: every port by its name, opened as it appears and dropped as it vanishes, while the set plays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from engine.errors import MidiError
from engine.midi.mailbox import Mailbox
from engine.midi.mapping import Mapping, message_of
from engine.midi.profiles import profile_of_port
from engine.midi.system import CLIENT, MidiSystem, OpenPort, find_system, no_system
from engine.protocol import Command

SCAN_S: Final = 0.5
"""Seconds between two looks at the ports."""

RETRY_S: Final = 2.0
"""Seconds between two tries to reach a MIDI system that did not answer."""

STOP_S: Final = 2.0
"""Seconds to wait for the scanning thread when stopping; a MIDI system that hangs is left behind."""

_SKIPPED: Final = (f"{CLIENT}:", f"{CLIENT}-", "midi through", "through port")
"""Beginnings and parts of the names of ports that are this instrument's own or only loop back what others send."""


@dataclass(frozen=True, slots=True)
class MidiBatch:
    """What came in since the last drain.

    Attributes:
        commands: in order.
        messages_count: messages that arrived, those merged into a later position of the same knob included.
        last: the last of them in words, empty if there was none.
        ports: names of the ports open now.
        notices: lines for the performer: ports that came and went, messages dropped, no MIDI system.
    """

    commands: tuple[Command, ...] = ()
    messages_count: int = 0
    last: str = ""
    ports: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def wanted(name: str) -> bool:
    """Whether an input is worth listening to."""
    lower = name.lower()
    return not (lower.startswith(_SKIPPED[:2]) or any(part in lower for part in _SKIPPED[2:]))


class PortWatcher:
    """Keeps every wanted input open and its messages going into a mailbox. `scan` is all it does; a thread repeats it.

    Args:
        mapping: asked (read only) which controls of a port are kept message by message.
        mailbox: where messages go.
        wake: called when a port came or went.
        find: finds the MIDI system.
    """

    def __init__(
        self, mapping: Mapping, mailbox: Mailbox, wake: Callable[[], None], find: Callable[[], MidiSystem | None] = find_system
    ) -> None:
        self._mapping = mapping
        self._mailbox = mailbox
        self._wake = wake
        self._find = find
        self._system: MidiSystem | None = None
        self._open: dict[str, OpenPort] = {}
        self._refused: set[str] = set()
        self._lock = threading.Lock()
        self._changes: list[tuple[str, bool]] = []
        self._notices: list[str] = []
        self._told_missing = False

    def scan(self) -> None:
        """Look once: find the MIDI system if there is none, drop ports that are gone, open those that are new."""
        try:
            if self._system is None:
                self._system = self._find()
            names = [name for name in self._system.inputs() if wanted(name)] if self._system else []
        except MidiError as error:
            self._missing(str(error))
            return
        except OSError:
            self._leave()
            names = []
        for name in [name for name in self._open if name not in names]:
            self._drop(name)
        self._refused.intersection_update(names)
        if self._system is None:
            self._missing(str(no_system()))
            return
        self._told_missing = False
        for name in names:
            if name not in self._open:
                self._add(self._system, name)

    def _add(self, system: MidiSystem, name: str) -> None:
        self._mailbox.expect(name, self._mapping.queued(name))
        try:
            self._open[name] = system.open(name, lambda data: self._mailbox.put(name, data))
        except OSError as error:
            if name not in self._refused:
                self._tell(f"MIDI port {name} cannot be opened: {error}")
            self._refused.add(name)
            return
        self._refused.discard(name)
        self._tell(f"MIDI: {name} is connected ({profile_of_port(name, self._mapping.profile).title})", (name, True))

    def _drop(self, name: str) -> None:
        port = self._open.pop(name)
        self._tell(f"MIDI: {name} is gone", (name, False))
        try:
            port.close()
        except OSError as error:
            self._tell(f"MIDI port {name} did not close: {error}")

    def _leave(self) -> None:
        for name in list(self._open):
            self._drop(name)
        system, self._system = self._system, None
        if system is not None:
            with suppress(OSError):
                system.close()

    def _missing(self, text: str) -> None:
        if not self._told_missing:
            self._told_missing = True
            self._tell(text)

    def _tell(self, notice: str, change: tuple[str, bool] | None = None) -> None:
        with self._lock:
            self._notices.append(notice)
            if change is not None:
                self._changes.append(change)
        self._wake()

    def news(self) -> tuple[list[tuple[str, bool]], list[str]]:
        """What changed since the last call: (port, whether it came), and notices. From any thread."""
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


class MidiInput:
    """Live MIDI for the engine: `start`, then `drain` whenever `wake` was called, then `stop`.

    Messages are mapped in `drain`, on the caller's thread; only the mailbox is shared with MIDI's own threads.

    Args:
        mapping: turns messages into commands.
        wake: called from other threads when there is something to drain; must return at once.
        find: finds the MIDI system.
    """

    def __init__(self, mapping: Mapping, wake: Callable[[], None], find: Callable[[], MidiSystem | None] = find_system) -> None:
        self.mapping = mapping
        self._mailbox = Mailbox(wake)
        self._watcher = PortWatcher(mapping, self._mailbox, wake, find)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._ports: list[str] = []

    def start(self) -> None:
        """Begin to look for ports, on a thread of its own; returns at once."""
        if self._thread is None:
            self._stopped.clear()
            self._thread = threading.Thread(target=self._watcher.run, args=(self._stopped,), name="midi-ports", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Close every port."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(STOP_S)
            self._thread = None

    def drain(self) -> MidiBatch:
        """Everything since the last drain, as commands."""
        changes, notices = self._watcher.news()
        post = self._mailbox.take()
        commands: list[Command] = []
        last = ""
        for port, data in post.messages:
            message = message_of(data)
            if message is not None:
                commands += self.mapping.feed(port, message)
                last = self.mapping.describe(port, message)
        for port, came in changes:
            (self._ports.append if came else self._ports.remove)(port)
            (self.mapping.opened if came else self.mapping.closed)(port)
        if post.dropped:
            notices.append(f"MIDI: {post.dropped} messages too many at once were left out")
        return MidiBatch(tuple(commands), post.arrived, last, tuple(self._ports), tuple(notices))
