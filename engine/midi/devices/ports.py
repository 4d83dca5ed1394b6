"""Live MIDI input for the engine: messages of every open port in, commands out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from engine.midi.devices.mailbox import Arrival, Mailbox
from engine.midi.devices.system import MidiSystem, find_system
from engine.midi.devices.watcher import Change, Passes, PortWatcher, everything
from engine.midi.mapping import Mapping, message_of
from engine.protocol import Command

STOP_S: Final = 2.0
"""Seconds to wait for the scanning thread when stopping; a MIDI system that hangs is left behind."""


@dataclass(frozen=True, slots=True)
class MidiBatch:
    """What came in since the last drain.

    Attributes:
        commands: in order.
        messages_count: messages that arrived and could mean something, those merged into a later position of a knob included.
        last: the last of them, its port and what it means, empty if there was none.
        ports: names of the ports open now; ignored: of those the performer wants to hear nothing of.
        notices: lines for the performer: ports that came and went, what set off a command, what was found out of a controller.
        keyboards: of the ports, those whose notes are harmony.
    """

    commands: tuple[Command, ...] = ()
    messages_count: int = 0
    last: str = ""
    ports: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    keyboards: tuple[str, ...] = ()


def in_time(changes: Iterable[Change], arrivals: Iterable[Arrival]) -> list[Change | Arrival]:
    """Ports that came and went and messages, as they happened."""
    return sorted([*changes, *arrivals], key=lambda each: each.at)


class MidiInput:
    """Live MIDI for the engine: `start`, then `drain` whenever `wake` was called or presses wait, then `stop`.

    Messages are mapped in `drain`, on the caller's thread; only the mailbox is shared with MIDI's own threads.

    Args:
        mapping: turns messages into commands.
        wake: called from other threads when there is something to drain; must return at once.
        find: finds the MIDI system.
        clock: the time in seconds that messages are stamped with; it never goes back.
        passes: asked, from a thread of the port, whether a message counts: echoes of what was sent do not.
    """

    def __init__(
        self,
        mapping: Mapping,
        wake: Callable[[], None],
        find: Callable[[], MidiSystem | None] = find_system,
        clock: Callable[[], float] = time.monotonic,
        passes: Passes = everything,
    ) -> None:
        self.mapping = mapping
        self._clock = clock
        self._mailbox = Mailbox(wake)
        self._watcher = PortWatcher(mapping, self._mailbox, wake, find, clock, passes)
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

    def ignore(self, port: str, on: bool = True) -> None:
        """Hear nothing more of a port, or hear it again: from the next look at the ports on."""
        ignored = self._watcher.ignored
        self._watcher.ignored = ignored | {port} if on else ignored - {port}
        if on:
            self.mapping.closed(port)

    @property
    def waiting(self) -> bool:
        """Whether `drain` has something to do though nothing arrived."""
        return self.mapping.waiting

    def drain(self) -> MidiBatch:
        """Everything since the last drain, as commands."""
        changes, notices = self._watcher.news()
        post = self._mailbox.take()
        commands: list[Command] = []
        last = ""
        for each in in_time(changes, post.messages):
            if isinstance(each, Change):
                self._change(each)
                continue
            message = None if each.port in self._watcher.ignored else message_of(each.data)
            if message is None:
                continue
            commands += [*self.mapping.due(each.at), *self.mapping.feed(each.port, message, each.at, each.swept)]
            if message.type != "note_off":
                last = f"{each.port}: {self.mapping.describe(each.port, message)}"
        commands += self.mapping.due(self._clock())
        self._mailbox.count(self.mapping.kinds(), whole=self.mapping.teacher.lesson is not None)
        for port in self.mapping.requeued():
            self._mailbox.expect(port, self.mapping.queued(port))
        if post.dropped:
            notices.append(f"MIDI: {post.dropped} messages too many at once were left out")
        notices += [*self.mapping.told(), *self.mapping.did()]
        ignored = tuple(sorted(self._watcher.ignored))
        keyboards = tuple(port for port in self._ports if self.mapping.plays_harmony(port))
        return MidiBatch(tuple(commands), post.arrived, last, tuple(self._ports), ignored, tuple(notices), keyboards)

    def _change(self, change: Change) -> None:
        if change.came:
            self._ports.append(change.port)
            self.mapping.opened(change.port, change.at)
        else:
            self._ports.remove(change.port)
            self.mapping.closed(change.port)
