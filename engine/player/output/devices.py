"""Which output devices there are, and which one a name means.

A device is known by its name and its host (ALSA, JACK, WASAPI ...), never by its number: numbers change whenever something is
plugged in.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final, Literal

from engine.command_line import command
from engine.errors import DeviceError
from engine.protocol import DeviceInfo

PORTAUDIO_HINT: Final = "install PortAudio (on Debian and Ubuntu: apt install libportaudio2)"
DEVICES_HINT: Final = f"{command('devices')} lists what there is"

HOSTS: Final = ("Core Audio", "WASAPI", "JACK", "ALSA", "PulseAudio", "WDM-KS", "DirectSound", "MME", "OSS")
"""Hosts from the best to the worst, by a part of their names: of devices of one name, the first host's is taken."""

_SHOWN: Final = 6
"""Candidates that an error lists."""


Way = Literal["input", "output"]


def outputs(sd: Any) -> list[DeviceInfo]:
    """All output devices that PortAudio knows of, in its order; empty when there are none.

    Raises:
        DeviceError: if PortAudio cannot list them.
    """
    return _found(sd, "output")


def inputs(sd: Any) -> list[DeviceInfo]:
    """The same of input devices."""
    return _found(sd, "input")


def _found(sd: Any, way: Way) -> list[DeviceInfo]:
    try:
        found, apis = sd.query_devices(), sd.query_hostapis()
    except sd.PortAudioError as error:
        raise DeviceError(f"PortAudio cannot list devices ({error})", PORTAUDIO_HINT) from error
    default = sd.default.device[int(way == "output")]
    if default < 0:
        default = next((api[f"default_{way}_device"] for api in apis if api[f"default_{way}_device"] >= 0), -1)
    listed, seen = [], dict[str, int]()
    for device in found:
        if device[f"max_{way}_channels"] <= 0:
            continue
        host, index = str(apis[device["hostapi"]]["name"]), int(device["index"])
        plain = f"{device['name']}, {host}"
        seen[plain] = seen.get(plain, 0) + 1
        key = plain if seen[plain] == 1 else f"{plain} #{seen[plain]}"
        channels, rate = int(device[f"max_{way}_channels"]), float(device["default_samplerate"])
        listed.append(DeviceInfo(index, str(device["name"]), host, channels, rate, index == default, key))
    return listed


def choose(devices: Sequence[DeviceInfo], wanted: str | None, way: Way = "output") -> DeviceInfo:
    """The device that a person means.

    Args:
        devices: from `outputs` or `inputs`.
        wanted: a key, a name, a part of one, or a number; None for the default.
        way: which of them, for messages.

    Raises:
        DeviceError: if there is none like it, or if a part of a name fits several names.
    """
    if wanted is None:
        for device in (*(each for each in devices if each.default), *devices[:1]):
            return device
        raise DeviceError(f"no {way} device found", DEVICES_HINT)
    if wanted.isdecimal():
        found = [device for device in devices if str(device.index) == wanted]
    else:
        found = next(filter(None, _readings(devices, wanted.strip().casefold())), [])
    if not found:
        raise DeviceError(f"no {way} device {wanted!r}", DEVICES_HINT)
    if len({device.name for device in found}) > 1:
        raise DeviceError(f"several {way} devices are like {wanted!r}: {listed(found)}", "name one of them, or its number")
    return min(found, key=lambda device: (_rank(device.hostapi), device.index))


def _readings(devices: Sequence[DeviceInfo], wanted: str) -> tuple[list[DeviceInfo], ...]:
    """What a name in small letters may mean, the surest first: a key, a whole name, a part of a key."""
    return (
        [device for device in devices if device.key.casefold() == wanted],
        [device for device in devices if device.name.casefold() == wanted],
        [device for device in devices if wanted in device.key.casefold()],
    )


def _rank(host: str) -> int:
    return next((rank for rank, name in enumerate(HOSTS) if name.casefold() in host.casefold()), len(HOSTS))


def listed(devices: Sequence[DeviceInfo]) -> str:
    """Devices in a sentence, each with its number: ``1: speakers, ALSA; 2: interface, JACK``."""
    shown = "; ".join(f"{device.index}: {device.key}" for device in devices[:_SHOWN])
    return shown + ("; ..." if len(devices) > _SHOWN else "")


def load_sounddevice() -> ModuleType:
    """Import sounddevice.

    Raises:
        DeviceError: if it or PortAudio is not installed.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise DeviceError("PortAudio is not installed", PORTAUDIO_HINT) from error
    module: ModuleType = sounddevice
    return module


def list_devices(way: Way = "output", *, again: bool = False) -> list[DeviceInfo]:
    """All output devices, or input devices; empty when there are none.

    Args:
        way: which of them.
        again: have PortAudio look afresh; no stream may be open.

    Raises:
        DeviceError: if PortAudio is not installed or cannot list them.
    """
    sd: Any = load_sounddevice()
    if again:
        rescan(sd)
    return _found(sd, way)


def rescan(sd: Any) -> None:
    """Make PortAudio look for devices again: it only does when started. No stream may be open; may hang.

    Raises:
        DeviceError: if PortAudio cannot be started again.
    """
    try:
        sd._terminate()
        sd._initialize()
    except sd.PortAudioError as error:
        raise DeviceError(f"PortAudio cannot be started ({error})", PORTAUDIO_HINT) from error
