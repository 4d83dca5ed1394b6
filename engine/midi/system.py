"""The machine's MIDI system behind one small face: which one there is, which inputs it has, and opening them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import rtmidi

from engine.errors import MidiError

CLIENT: Final = "liveset"
"""What this instrument calls itself among MIDI clients."""


def no_system() -> MidiError:
    """What to say where there is no MIDI at all."""
    return MidiError(
        "no MIDI system answers on this machine",
        "on Linux load the kernel's sequencer (modprobe snd-seq) or start a JACK server; everything else works without",
    )


_APIS: Final[dict[str, int]] = {
    "alsa": rtmidi.API_LINUX_ALSA,
    "jack": rtmidi.API_UNIX_JACK,
    "coremidi": rtmidi.API_MACOSX_CORE,
    "winmm": rtmidi.API_WINDOWS_MM,
}
_ALSA_DEVICE: Final = Path("/dev/snd/seq")
_QUEUE: Final = 8192
"""Messages RtMidi holds until they are fetched."""

_FETCH_S: Final = 0.002
"""Seconds between two fetches from a JACK port: half of it is added to a message's way, on average."""

_SHARED: Final = Path("/dev/shm")


class OpenPort(Protocol):
    """An input that is being listened to."""

    def close(self) -> None:
        """Listen no more; a port that has vanished closes as well."""


class MidiSystem(Protocol):
    """The inputs of a machine. Methods raise OSError when the system does not answer."""

    def inputs(self) -> list[str]:
        """The names of all inputs right now."""

    def open(self, name: str, on_message: Callable[[bytes], None]) -> OpenPort:
        """Listen to an input; ``on_message`` is called from a thread of the MIDI system."""

    def close(self) -> None:
        """Leave the system."""


def api_names(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> list[str]:
    """The MIDI systems worth asking, best first: LIVESET_MIDI_API decides alone, else what this machine seems to have.

    Raises:
        MidiError: if LIVESET_MIDI_API names none that is known.
    """
    wanted = environment.get("LIVESET_MIDI_API", "").lower()
    if wanted:
        if wanted not in _APIS:
            raise MidiError(f"LIVESET_MIDI_API is {wanted!r}", f"use one of {', '.join(_APIS)}, or unset it")
        return [wanted]
    fixed = {"darwin": ["coremidi"], "win32": ["winmm"]}
    return fixed.get(platform) or [
        name for name, there in (("alsa", _ALSA_DEVICE.exists()), ("jack", jack_server() is not None)) if there
    ]


def jack_server() -> tuple[tuple[str, int], ...] | None:
    """What tells one JACK server of this user from the next one; None if none is up.

    On Linux its sockets tell: JACK 2 has /dev/shm/jack_<server>_<user id>_<number>, JACK 1 /dev/shm/jack-<user id>/<server>.
    Asking libjack would write to the terminal where there is none; elsewhere there is no other way,
    and any server looks like the same one.
    """
    if sys.platform != "linux":
        return ()
    server = os.environ.get("JACK_DEFAULT_SERVER", "default")
    sockets = [*_SHARED.glob(f"jack_{server}_{os.getuid()}_*"), *_SHARED.glob(f"jack-{os.getuid()}/{server}")]
    try:
        return tuple(sorted((path.name, path.stat().st_ino) for path in sockets)) or None
    except FileNotFoundError:
        return None


class _CallbackPort:
    """An input whose messages RtMidi hands over from a thread of its own."""

    def __init__(self, midi: Any, on_message: Callable[[bytes], None]) -> None:
        self._midi = midi
        midi.set_callback(lambda event, _data: on_message(bytes(event[0])))

    def close(self) -> None:
        self._midi.cancel_callback()
        self._midi.close_port()
        self._midi.delete()


class _PolledPort:
    """An input whose messages RtMidi queues, in C++, until this port's thread fetches them.

    JACK's process callback must be back before its period ends: one that waits for Python's interpreter reads events which
    the next period has overwritten already (of bursts of 100 messages up to a quarter came out as copies of others).
    """

    def __init__(self, midi: Any, on_message: Callable[[bytes], None]) -> None:
        self._midi = midi
        self._on_message = on_message
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._fetch, name="midi-fetch", daemon=True)
        self._thread.start()

    def _fetch(self) -> None:
        while not self._closed.wait(_FETCH_S):
            while (event := self._midi.get_message()) is not None:
                self._on_message(bytes(event[0]))

    def close(self) -> None:
        self._closed.set()
        self._thread.join()
        self._midi.close_port()
        self._midi.delete()


class RtMidi:
    """A MIDI system through RtMidi; one long-lived client looks at the ports (0.2 ms), every open port has its own.

    Args:
        api: a key of LIVESET_MIDI_API's choices.

    Raises:
        OSError: if the system does not answer (rtmidi.RtMidiError is one).
    """

    def __init__(self, api: str) -> None:
        self.name = api
        self._api = _APIS[api]
        if self._api not in rtmidi.get_compiled_api():
            raise OSError(f"this build of RtMidi has no {api}")
        self._server = jack_server() if api == "jack" else ()
        if self._server is None:
            raise OSError("no JACK server runs")
        self._scanner = rtmidi.MidiIn(self._api, name=f"{CLIENT}-scan")

    def inputs(self) -> list[str]:
        """The names of all inputs."""
        if self.name == "jack" and jack_server() != self._server:
            raise OSError("the JACK server is gone")
        return [str(name) for name in self._scanner.get_ports()]

    def open(self, name: str, on_message: Callable[[bytes], None]) -> OpenPort:
        """Listen to an input by its name."""
        midi = rtmidi.MidiIn(self._api, name=CLIENT, queue_size_limit=_QUEUE)
        try:
            names = midi.get_ports()
            if name not in names:
                raise OSError(f"{name} has gone")
            midi.ignore_types(sysex=True, timing=True, active_sense=True)
            midi.open_port(names.index(name), name="in")
        except OSError:
            midi.delete()
            raise
        return (_PolledPort if self.name == "jack" else _CallbackPort)(midi, on_message)

    def close(self) -> None:
        """Leave the system."""
        self._scanner.delete()


def find_system() -> MidiSystem | None:
    """The first MIDI system that answers; None if there is none.

    Raises:
        MidiError: if LIVESET_MIDI_API names none that is known.
    """
    for api in api_names():
        try:
            return RtMidi(api)
        except OSError:
            continue
    return None
