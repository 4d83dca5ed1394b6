"""Where sound goes: a PortAudio stream that is written to ahead of time, or nowhere at all in real time.

One interface for both, blocking writes: PortAudio keeps the buffer in C, so the interpreter may be late by as much as the
buffer holds. Nothing but this module imports sounddevice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from engine.command_line import command
from engine.errors import DeviceError
from engine.timebase import SAMPLE_RATE

Block = npt.NDArray[np.float32]

BUFFER_FRAMES: Final = 1024
"""Frames (23 ms) PortAudio is asked to hold; never less than two blocks. With the limiter's look-ahead: 29 ms."""

PORTAUDIO_HINT: Final = "install PortAudio (on Debian and Ubuntu: apt install libportaudio2)"
DEVICES_HINT: Final = f"{command('devices')} lists what there is"


class Backend(Protocol):
    """A place to write blocks to.

    Attributes:
        name: as a performer knows it.
        rate, block: frames per second of the device, and frames per write.
        latency_s: from a write to the ear, in seconds.
        silent: whether nothing is heard.
    """

    name: str
    rate: int
    block: int
    latency_s: float
    silent: bool

    def write(self, block: Block) -> bool:
        """Write a block (block, 2), waiting until there is room; true if the device ran dry before.

        Raises:
            DeviceError: if the device is gone.
        """
        ...

    def close(self) -> None:
        """Let the device go."""
        ...


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """An output device: ``index`` or ``name`` select it; ``rate`` is the one it prefers, in Hz."""

    index: int
    name: str
    hostapi: str
    channels: int
    rate: float
    default: bool


class SilentBackend:
    """Keeps time without a device: every block is due at a time counted from the first, so it never drifts.

    Args:
        block: frames per write.
        clock, sleep: seconds that never go back, and waiting for some.
    """

    name = "no sound device"
    rate = SAMPLE_RATE
    silent = True
    TOO_LATE_S: Final = 1.0

    def __init__(
        self, block: int, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.block = block
        self.latency_s = BUFFER_FRAMES / SAMPLE_RATE
        self._clock, self._sleep = clock, sleep
        self._start = clock() - self.latency_s
        self._frames = 0

    def write(self, block: Block) -> bool:
        """Wait until there would be room for a block; after a long pause (a laptop asleep) time starts afresh."""
        self._frames += len(block)
        wait = self._start + self._frames / self.rate - self._clock()
        if wait < -self.TOO_LATE_S:
            self._start -= wait
        elif wait > 0:
            self._sleep(wait)
        return False

    def close(self) -> None:
        """Nothing to let go."""


class PortAudioBackend:
    """A PortAudio output stream.

    Args:
        sd: the sounddevice module (or what stands in for it).
        device: a name or number as `list_devices` gives it; None for the default.
        block: frames per write at 44.1 kHz.
        buffer: frames PortAudio is asked to hold; never less than two blocks.

    Raises:
        DeviceError: if there is no such device, or it refuses.
    """

    silent = False

    def __init__(self, sd: Any, device: str | None, block: int, buffer: int = BUFFER_FRAMES) -> None:
        self._sd = sd
        info = find_device(sd, device)
        self.name = str(info["name"])
        self.block = block
        self._channels = min(2, int(info["max_output_channels"]))
        self._buffer_s = max(buffer, 2 * block) / SAMPLE_RATE
        self._stream, self.rate = self._open(int(info["index"]), (SAMPLE_RATE, round(info["default_samplerate"]), 48_000))
        self.latency_s = float(self._stream.latency)
        self._resampler: Any = None
        if self.rate != SAMPLE_RATE:
            import soxr

            self._resampler = soxr.ResampleStream(SAMPLE_RATE, self.rate, 2, dtype="float32", quality="MQ")

    def _open(self, index: int, rates: tuple[int, ...]) -> tuple[Any, int]:
        trouble: Exception | None = None
        for rate in dict.fromkeys(rates):
            try:
                stream = self._sd.OutputStream(
                    samplerate=rate, blocksize=0, device=index, channels=self._channels, dtype="float32", latency=self._buffer_s
                )
                stream.start()
                return stream, rate
            except (self._sd.PortAudioError, ValueError) as error:
                trouble = error
        raise DeviceError(f"the device {self.name} cannot be opened ({trouble})", DEVICES_HINT) from trouble

    def write(self, block: Block) -> bool:
        """Write a block, resampled if the device needs it; true if PortAudio reports an underflow."""
        sound = block if self._resampler is None else self._resampler.resample_chunk(block)
        if self._channels == 1:
            sound = sound.mean(axis=1, keepdims=True)
        if not len(sound):
            return False
        try:
            return bool(self._stream.write(np.ascontiguousarray(sound, dtype=np.float32)))
        except (self._sd.PortAudioError, OSError) as error:
            raise DeviceError(
                f"the device {self.name} went away ({error})", "the set plays on it again once it is back"
            ) from error

    def close(self) -> None:
        """Abort the stream; may hang with some sound servers, so call it where that does no harm."""
        try:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
        except (self._sd.PortAudioError, OSError):
            return


def find_device(sd: Any, device: str | None) -> Any:
    """What PortAudio says of an output device.

    Raises:
        DeviceError: if there is none of that name or number.
    """
    try:
        return sd.query_devices(_selector(device), "output")
    except (sd.PortAudioError, ValueError) as error:
        raise DeviceError(f"no output device {device!r}" if device else "no output device found", DEVICES_HINT) from error


def _selector(device: str | None) -> str | int | None:
    return int(device) if device is not None and device.isdecimal() else device


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


def rescan(sd: Any) -> None:
    """Make PortAudio look for devices again: it only does when started. No stream may be open; may hang."""
    sd._terminate()
    sd._initialize()


def list_devices() -> list[DeviceInfo]:
    """All output devices; empty when there are none.

    Raises:
        DeviceError: if PortAudio is not installed.
    """
    sd: Any = load_sounddevice()
    try:
        found, apis = sd.query_devices(), sd.query_hostapis()
    except sd.PortAudioError as error:
        raise DeviceError(f"PortAudio cannot list devices ({error})", PORTAUDIO_HINT) from error
    default = sd.default.device[1]
    if default < 0:
        default = next((api["default_output_device"] for api in apis if api["default_output_device"] >= 0), -1)
    return [
        DeviceInfo(
            int(d["index"]), str(d["name"]), str(apis[d["hostapi"]]["name"]), int(d["max_output_channels"]),
            float(d["default_samplerate"]), int(d["index"]) == default,
        )
        for d in found
        if d["max_output_channels"] > 0
    ]  # fmt: skip


def open_portaudio(device: str | None, block: int, again: bool, buffer: int = BUFFER_FRAMES) -> Backend:
    """Open a device; ``again`` makes PortAudio look for devices afresh before.

    Raises:
        DeviceError: if there is none, or it refuses.
    """
    sd: Any = load_sounddevice()
    if again:
        try:
            rescan(sd)
        except sd.PortAudioError as error:
            raise DeviceError(f"PortAudio cannot be started ({error})", PORTAUDIO_HINT) from error
    return PortAudioBackend(sd, device, block, buffer)
