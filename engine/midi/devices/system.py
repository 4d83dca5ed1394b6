"""The machine's MIDI system behind one small face: which one there is, which inputs it has, and opening them."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import mido

from engine.errors import MidiError

CLIENT: Final = "liveset"
"""What this instrument calls itself among MIDI clients."""


BACKEND: Final = "engine.midi.devices.backend"
"""The module that mido loads; everything that is particular to one MIDI library lies in it."""

LIBRARY: Final = "supriya-midi"
"""The package the backend stands on."""

_REASON: Final = 45
"""Characters of a failed import's reason that a notice has room for."""

_APIS: Final[dict[str, str]] = {
    "alsa": "LINUX_ALSA",
    "jack": "UNIX_JACK",
    "coremidi": "MACOSX_CORE",
    "winmm": "WINDOWS_MM",
}
_ALSA_DEVICE: Final = Path("/dev/snd/seq")
_SHARED: Final = Path("/dev/shm")


def no_system() -> MidiError:
    """What to say where there is no MIDI at all."""
    return MidiError("no MIDI system answers on this machine", "on Linux: modprobe snd-seq, or start JACK")


def midi_off(error: ImportError) -> MidiError:
    """What to say where the MIDI library cannot be loaded: everything else works without it."""
    if isinstance(error, ModuleNotFoundError):
        return MidiError(f"MIDI is off: the package {LIBRARY} is not installed", f"pip install {LIBRARY}")
    reason = textwrap.shorten(str(error).partition(": cannot open shared object")[0], _REASON, placeholder="...")
    return MidiError(f"MIDI is off: {LIBRARY} cannot be loaded ({reason})", "install what is missing")


class OpenPort(Protocol):
    """An input that is being listened to."""

    def close(self) -> None:
        """Listen no more; a port that has vanished closes as well."""


class OutPort(Protocol):
    """An output that is sent to. Methods raise OSError when the system does not answer."""

    def send_bytes(self, data: bytes) -> None:
        """Send one message."""

    def there(self) -> bool:
        """Whether the output is still among those of the machine."""

    def close(self) -> None:
        """Send no more; a port that has vanished closes as well."""


class MidiSystem(Protocol):
    """The inputs of a machine. Methods raise OSError when the system does not answer."""

    def inputs(self) -> list[str | None]:
        """The names of all inputs right now, as the system has them: empty or None for one that has none."""

    def open(self, name: str | None, on_message: Callable[[bytes], None], place: int = 0) -> OpenPort:
        """Listen to an input, by its name and its place (from 0) among those of that name.

        ``on_message`` is called from a thread of the MIDI system.
        """

    def close(self) -> None:
        """Leave the system."""


class MidiClocks(Protocol):
    """The inputs of a machine, with their clocks. Methods raise OSError when the system does not answer."""

    def inputs(self) -> list[str | None]:
        """As `MidiSystem.inputs`."""

    def open_clock(self, name: str | None, on_message: Callable[[bytes, float], None], place: int = 0) -> OpenPort:
        """As `MidiSystem.open`, with ticks, which that leaves out, and when each message came, in `time.monotonic`'s seconds."""


class MidiOutputs(Protocol):
    """The outputs of a machine. Methods raise OSError when the system does not answer."""

    def outputs(self) -> list[str | None]:
        """The names of all outputs right now, as the system has them."""

    def open_output(self, name: str | None, place: int = 0) -> OutPort:
        """Send to an output, by its name and its place (from 0) among those of that name."""


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


def load_backend(backend: mido.Backend) -> Any:
    """The module behind a mido backend, imported.

    Raises:
        MidiError: if the MIDI library cannot be loaded, saying why.
    """
    try:
        return backend.module
    except ImportError as error:
        raise midi_off(error) from error


class MidoSystem:
    """A MIDI system behind mido's backend interface; one long-lived client looks at the ports, every open port has its own.

    Args:
        api: a key of LIVESET_MIDI_API's choices.

    Raises:
        OSError: if the system does not answer.
        MidiError: if the MIDI library cannot be loaded.
    """

    def __init__(self, api: str) -> None:
        self.name = api
        self._backend = mido.Backend(BACKEND, api=_APIS[api], load=False, use_environ=False)
        module = load_backend(self._backend)
        if _APIS[api] not in module.get_api_names():
            raise OSError(f"the MIDI library has no {api}")
        self._server = jack_server() if api == "jack" else ()
        if self._server is None:
            raise OSError("no JACK server runs")
        self.inputs()

    def inputs(self) -> list[str | None]:
        """The names of all inputs."""
        if self.name == "jack" and jack_server() != self._server:
            raise OSError("the JACK server is gone")
        return list(self._backend.get_input_names(client_name=CLIENT))

    def open(self, name: str | None, on_message: Callable[[bytes], None], place: int = 0) -> OpenPort:
        """Listen to an input by its name and place; ``on_message`` is called from a thread of the port."""

        def hand_over(message: mido.Message) -> None:
            on_message(bytes(message.bytes()))

        port: OpenPort = self._backend.open_input(name or "", callback=hand_over, client_name=CLIENT, place=place)
        return port

    def open_clock(self, name: str | None, on_message: Callable[[bytes, float], None], place: int = 0) -> OpenPort:
        """Listen to an input and its clock; ``on_message`` is called from a thread of the port."""

        def hand_over(message: mido.Message, came: float) -> None:
            on_message(bytes(message.bytes()), came)

        port: OpenPort = self._backend.open_input(name or "", stamped=hand_over, client_name=CLIENT, place=place)
        return port

    def outputs(self) -> list[str | None]:
        """The names of all outputs."""
        if self.name == "jack" and jack_server() != self._server:
            raise OSError("the JACK server is gone")
        return list(self._backend.get_output_names(client_name=CLIENT, outputs=True))

    def open_output(self, name: str | None, place: int = 0) -> OutPort:
        """Send to an output by its name and place."""
        return _Out(self, self._backend.open_output(name or "", client_name=CLIENT, place=place), name)

    def close(self) -> None:
        """Leave the system."""
        self._backend.module.stop_looking(self._backend.api)


class _Out:
    """An open output of mido's."""

    def __init__(self, system: MidoSystem, port: Any, name: str | None) -> None:
        self._system, self._port, self._name = system, port, name

    def send_bytes(self, data: bytes) -> None:
        self._port.send(mido.Message.from_bytes(data))

    def there(self) -> bool:
        return self._name in self._system.outputs()

    def close(self) -> None:
        self._port.close()


def find_system() -> MidoSystem | None:
    """The first MIDI system that answers; None if there is none.

    Raises:
        MidiError: if LIVESET_MIDI_API names none that is known, or the MIDI library cannot be loaded.
    """
    apis = api_names()
    load_backend(mido.Backend(BACKEND, load=False, use_environ=False))
    for api in apis:
        try:
            return MidoSystem(api)
        except OSError:
            continue
    return None
