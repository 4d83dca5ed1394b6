"""What `liveset midi` shows: the ports there are, and what arrives with what it is mapped to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.midi.devices.mailbox import Mailbox
from engine.midi.devices.ports import in_time
from engine.midi.devices.system import MidiSystem, find_system, no_system
from engine.midi.devices.watcher import Change, PortWatcher, wanted
from engine.midi.mapping import Mapping, message_of
from engine.midi.names import input_names


@dataclass(frozen=True, slots=True)
class PortInfo:
    """An input: its name, whether the instrument listens to it, and which controller it is taken for."""

    name: str
    used: bool
    controller: str


def list_ports(mapping: Mapping, find: Callable[[], MidiSystem | None] = find_system) -> list[PortInfo]:
    """Every MIDI input of this machine right now.

    Args:
        mapping: says which of them count, and what they are taken for.

    Raises:
        MidiError: if this machine has no MIDI system that answers.
    """
    system = find()
    if system is None:
        raise no_system()
    try:
        names = [each.name for each in input_names(system.inputs())]
    except (OSError, ValueError) as error:
        raise no_system() from error
    finally:
        system.close()
    return [PortInfo(name, wanted(name) and mapping.listens(name), mapping.greeting(name)) for name in names]


def learn(
    mapping: Mapping,
    stopped: threading.Event,
    find: Callable[[], MidiSystem | None] = find_system,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[str]:
    """Lines for people while a control is being learned, see `Mapping.learn`; ends once it was, or ``stopped`` is set."""
    for line in monitor(mapping, stopped, find, clock, quiet=True):
        yield line
        if mapping.teacher.lesson is None:
            return


def monitor(
    mapping: Mapping,
    stopped: threading.Event,
    find: Callable[[], MidiSystem | None] = find_system,
    clock: Callable[[], float] = time.monotonic,
    quiet: bool = False,
) -> Iterator[str]:
    """Lines for people: every message of every port as it arrives, and what it is mapped to; ends once ``stopped`` is set.

    ``quiet`` tells only what was found out, and which ports came and went.

    Whoever sets ``stopped`` from another thread is heard within half a second.
    """
    arrived = threading.Event()
    mailbox = Mailbox(arrived.set, merge=False)
    watcher = PortWatcher(mapping, mailbox, arrived.set, find, clock)
    scanning = threading.Thread(target=watcher.run, args=(stopped,), name="midi-ports", daemon=True)
    scanning.start()
    try:
        while not stopped.is_set():
            arrived.wait(0.25)
            arrived.clear()
            changes, notices = watcher.news()
            yield from notices
            for each in in_time(changes, mailbox.take().messages):
                if isinstance(each, Change):
                    if each.came:
                        mapping.opened(each.port, each.at)
                    else:
                        mapping.closed(each.port)
                elif (message := message_of(each.data)) is not None:
                    mapping.feed(each.port, message, each.at)
                    mapping.due(each.at)
                    if not quiet:
                        yield f"{mapping.called(each.port)}: {mapping.describe(each.port, message)}"
            mapping.did()  # each message has said it already
            yield from mapping.told()
    finally:
        stopped.set()
        scanning.join(2.0)
