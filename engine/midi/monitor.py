"""What `liveset midi` shows: the ports there are, and what arrives with what it is mapped to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.midi.mailbox import Mailbox
from engine.midi.mapping import Mapping, message_of
from engine.midi.ports import PortWatcher, wanted
from engine.midi.profiles import Profile, profile_of_port
from engine.midi.system import MidiSystem, find_system, no_system


@dataclass(frozen=True, slots=True)
class PortInfo:
    """An input: its name, whether the instrument listens to it, and which controller it is taken for."""

    name: str
    used: bool
    controller: str


def list_ports(profile: Profile, find: Callable[[], MidiSystem | None] = find_system) -> list[PortInfo]:
    """Every MIDI input of this machine right now.

    Args:
        profile: the profile for ports whose name tells no controller.

    Raises:
        MidiError: if this machine has no MIDI system that answers.
    """
    system = find()
    if system is None:
        raise no_system()
    try:
        return [PortInfo(name, wanted(name), profile_of_port(name, profile).title) for name in system.inputs()]
    except OSError as error:
        raise no_system() from error
    finally:
        system.close()


def monitor(mapping: Mapping, stopped: threading.Event, find: Callable[[], MidiSystem | None] = find_system) -> Iterator[str]:
    """Lines for people: every message of every port as it arrives, and what it is mapped to; ends once ``stopped`` is set.

    Whoever sets ``stopped`` from another thread is heard within half a second.
    """
    arrived = threading.Event()
    mailbox = Mailbox(arrived.set, merge=False)
    watcher = PortWatcher(mapping, mailbox, arrived.set, find)
    scanning = threading.Thread(target=watcher.run, args=(stopped,), name="midi-ports", daemon=True)
    scanning.start()
    try:
        while not stopped.is_set():
            arrived.wait(0.25)
            arrived.clear()
            changes, notices = watcher.news()
            yield from notices
            for port, came in changes:
                (mapping.opened if came else mapping.closed)(port)
            for port, data in mailbox.take().messages:
                message = message_of(data)
                if message is not None:
                    mapping.feed(port, message)
                    yield f"{port}: {mapping.describe(port, message)}"
    finally:
        stopped.set()
        scanning.join(2.0)
