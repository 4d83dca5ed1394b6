"""Ports for mido through RtMidi (the package supriya-midi): what `mido.Backend("engine.midi.devices.backend/UNIX_JACK")` loads.

Python never runs on RtMidi's own threads: incoming messages wait in RtMidi's queue, in C++, until a thread of the open port
fetches them. The binding holds Python's interpreter lock while a port closes, so a callback that waits for the lock would stop
both for ever; and JACK's process callback must be back before its period ends (of bursts of 100 messages, up to a quarter
came out as copies of others).
"""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import mido

if sys.platform == "linux":
    # The wheel brings a JACK library that newer servers refuse; the system's, loaded first, serves the binding instead.
    with suppress(OSError):
        ctypes.CDLL("libjack.so.0", mode=ctypes.RTLD_GLOBAL)

import supriya_midi
from supriya_midi import MidiIn, MidiOut, RtMidiAPI, RtMidiError

from engine.midi.stamps import Stamps

_QUEUE: Final = 8192
"""Messages RtMidi holds until they are fetched."""

_FETCH_S: Final = 0.002
"""Seconds between two fetches: half of it is added to a message's way, on average."""

_LISTINGS: Final = 3
"""Tries to list the ports: one that vanishes between counting and naming is an error to RtMidi."""

_NAME: Final = "mido"
"""What a client is called where the caller names none."""

_scanners: dict[tuple[RtMidiAPI, bool], MidiIn | MidiOut] = {}
"""One long-lived client looks at each system's inputs, another (True) at its outputs: looking takes 0.2 ms, a client 60 ms."""

_looking = threading.Lock()
"""Inputs, clock and lights look from threads of their own."""


@contextmanager
def _as_os_error() -> Iterator[None]:
    """mido's ports raise OSError; the binding raises its own error, or what C++ threw."""
    try:
        yield
    except (RtMidiError, RuntimeError) as error:
        raise OSError(str(error).strip().rstrip(".")) from error


def _api(name: str | None) -> RtMidiAPI:
    if name is None:
        return RtMidiAPI.UNSPECIFIED
    if name not in get_api_names():
        raise OSError(f"this build of RtMidi has no {name}")
    return RtMidiAPI[name]


def get_api_names() -> list[str]:
    """The MIDI systems this build can speak to, best first: LINUX_ALSA, UNIX_JACK, MACOSX_CORE or WINDOWS_MM."""
    return [api.name for api in supriya_midi.get_compiled_apis()]


def get_devices(api: str | None = None, client_name: str = _NAME, outputs: bool = False, **_: Any) -> list[dict[str, Any]]:
    """The inputs there are now, as mido wants them listed, or the outputs; not both: each takes a client of its own.

    Raises:
        OSError: if the MIDI system does not answer.
    """
    key = (_api(api), outputs)
    with _looking, _as_os_error():
        if key not in _scanners:
            _scanners[key] = (MidiOut if outputs else MidiIn)(api=key[0], client_name=f"{client_name}-scan")
        for _attempt in range(_LISTINGS - 1):
            with suppress(RtMidiError):
                return _devices(_scanners[key], outputs)
        return _devices(_scanners[key], outputs)


def _devices(scanner: MidiIn | MidiOut, outputs: bool) -> list[dict[str, Any]]:
    return [{"name": name, "is_input": not outputs, "is_output": outputs} for name in _names(scanner)]


def _names(midi: MidiIn | MidiOut) -> list[str]:
    """The ports' names; one that is no text does not cost the others theirs, and is empty."""
    names = []
    for number in range(midi.get_port_count()):
        try:
            names.append(midi.get_port_name(number) or "")
        except UnicodeError:
            names.append("")
    return names


def stop_looking(api: str | None = None) -> None:
    """Forget the client that looks at a system's ports; the next look makes a new one."""
    with _looking:
        for outputs in (False, True):
            scanner = _scanners.pop((_api(api), outputs), None)
            if scanner is not None:
                scanner.delete()


def _open(midi: MidiIn | MidiOut, name: str | None, virtual: bool, port_name: str, place: int = 0) -> str:
    """Open a port by its name and its place among those of that name, or a virtual one under it. Returns the name."""
    if virtual:
        if not name:
            raise OSError("a virtual port needs a name")
        midi.open_virtual_port(name)
        return name
    names = _names(midi)
    if not names:
        raise OSError("there is no MIDI port")
    found = names[0] if name is None else name
    numbers = [number for number, each in enumerate(names) if each == found]
    if len(numbers) <= place:
        raise OSError(f"{found or 'the port without a name'} is not there")
    midi.open_port(numbers[place], port_name)
    return found


class Input(mido.ports.BaseInput):  # type: ignore[misc]
    """An input; with a callback, messages are handed over from a thread of this port.

    ``stamped`` is a callback too: it gets ticks as well, and when each message came, in seconds of `time.monotonic`.
    """

    name: str | None

    def _open(
        self,
        api: str | None = None,
        virtual: bool = False,
        callback: Callable[[mido.Message], None] | None = None,
        client_name: str = _NAME,
        place: int = 0,
        stamped: Callable[[mido.Message, float], None] | None = None,
        **_: Any,
    ) -> None:
        self.callback = callback
        self._stamps = Stamps()
        self._closing = threading.Event()
        self._fetching: threading.Thread | None = None
        with _as_os_error():
            self._midi = MidiIn(api=_api(api), client_name=client_name, queue_size_limit=_QUEUE)
            try:
                # What is ignored takes its part of the time between two messages with it: a clock needs them all.
                ignored = stamped is None
                self._midi.ignore_types(sysex=ignored, timing=ignored, active_sense=ignored)
                self.name = _open(self._midi, self.name, virtual, "in", place)
            except (OSError, RtMidiError, RuntimeError):
                self._midi.delete()
                raise
        if stamped is not None or callback is not None:
            self._fetching = threading.Thread(target=self._fetch, args=(stamped, callback), name="midi-fetch", daemon=True)
            self._fetching.start()

    def _next(self) -> tuple[mido.Message, float] | None:
        """The oldest message in RtMidi's queue, and when it came; what mido cannot read is passed over."""
        while (event := self._midi.get_message()) is not None:
            came = self._stamps.came(event[1], time.monotonic())
            with suppress(ValueError):
                return mido.Message.from_bytes(event[0]), came
        return None

    def _fetch(
        self, stamped: Callable[[mido.Message, float], None] | None, callback: Callable[[mido.Message], None] | None
    ) -> None:
        while not self._closing.wait(_FETCH_S):
            while (found := self._next()) is not None:
                if stamped is not None:
                    stamped(*found)
                elif callback is not None:
                    callback(found[0])

    def _receive(self, block: bool = True) -> mido.Message | None:
        found = self._next()
        return None if found is None else found[0]

    def _close(self) -> None:
        self._closing.set()
        if self._fetching is not None:
            self._fetching.join()
        with _as_os_error():
            self._midi.close_port()
            self._midi.delete()


class Output(mido.ports.BaseOutput):  # type: ignore[misc]
    """An output."""

    name: str | None

    def _open(self, api: str | None = None, virtual: bool = False, client_name: str = _NAME, place: int = 0, **_: Any) -> None:
        with _as_os_error():
            self._midi = MidiOut(api=_api(api), client_name=client_name)
            try:
                self.name = _open(self._midi, self.name, virtual, "out", place)
            except (OSError, RtMidiError, RuntimeError):
                self._midi.delete()
                raise

    def _send(self, message: mido.Message) -> None:
        with _as_os_error():
            self._midi.send_message(message.bytes())

    def _close(self) -> None:
        with _as_os_error():
            self._midi.close_port()
            self._midi.delete()
