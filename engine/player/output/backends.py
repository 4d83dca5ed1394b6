"""Where sound goes: a PortAudio stream that is written to ahead of time, or nowhere at all in real time.

One interface for both, blocking writes: PortAudio keeps the buffer in C, so the interpreter may be late by as much as the
buffer holds. Nothing but `devices` imports sounddevice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from engine.errors import DeviceError
from engine.player.output.devices import DEVICES_HINT, choose, load_sounddevice, outputs, rescan
from engine.player.output.routes import FIRST_TWO, SERVED, STEREO, Routes, SinkWatch, true_channels
from engine.protocol import DeviceInfo
from engine.timebase import SAMPLE_RATE

Block = npt.NDArray[np.float32]

BUFFER_FRAMES: Final = 1024
"""Frames (23 ms) PortAudio is asked to hold; never less than two blocks. With the limiter's look-ahead: 29 ms."""

RATES: Final = (SAMPLE_RATE, 48_000, 96_000, 192_000, 88_200, 32_000, 24_000, 22_050, 16_000, 8_000)
"""Rates in Hz that are tried, in this order, where a device refuses the one it says it prefers."""

PRIMING_FRAMES: Final = 8192
"""Frames of silence that a resampler is filled with, more than it ever holds back."""


class Backend(Protocol):
    """A place to write blocks to.

    Attributes:
        name: as a performer knows it.
        key: finds the same device again, see `devices.DeviceInfo`; empty without a device.
        channels: that the device was opened with.
        rate, block: frames per second of the device, and frames per write.
        latency_s: from a write to the ear, in seconds.
        silent: whether nothing is heard.
        routes: the outputs that the set is on, and the headphones; the others are silent.
        has: outputs of the device, whether they are used or not.
    """

    name: str
    key: str
    channels: int
    rate: int
    block: int
    latency_s: float
    silent: bool
    routes: Routes
    has: int

    def write(self, block: Block) -> bool:
        """Write a block, waiting until there is room; true if the device ran dry before.

        Args:
            block: (block, 2), or (block, 4) with the headphones where ``routes`` has those.

        Raises:
            DeviceError: if the device is gone.
        """
        ...

    def close(self) -> None:
        """Let the device go."""
        ...


class SilentBackend:
    """Keeps time without a device: every block is due at a time counted from the first, so it never drifts.

    Args:
        block: frames per write.
        clock, sleep: seconds that never go back, and waiting for some.
    """

    name = "no sound device"
    key = ""
    channels = STEREO
    rate = SAMPLE_RATE
    silent = True
    routes = FIRST_TWO
    has = 0
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
    """A PortAudio output stream, at the rate the device prefers: what other rates need is done here, and not by its driver.

    Args:
        sd: the sounddevice module (or what stands in for it).
        device: a key, name or number as `devices.outputs` gives it; None for the default.
        block: frames per write at 44.1 kHz.
        buffer: frames PortAudio is asked to hold; never less than two blocks.
        routes: the outputs that are wanted; those that the device has not are done without.

    Raises:
        DeviceError: if there is no such device, or it refuses.
    """

    silent = False

    def __init__(self, sd: Any, device: str | None, block: int, buffer: int = BUFFER_FRAMES, routes: Routes = FIRST_TWO) -> None:
        self._sd = sd
        info = choose(outputs(sd), device)
        self.name, self.key = info.name, info.key
        self.block = block
        self._buffer_s = max(buffer, 2 * block) / SAMPLE_RATE
        self.has = info.channels if routes.needs <= STEREO else true_channels(info)
        self.routes = routes.fitted(self.has)
        self._stream, self.rate, self.channels = self._open(info.index, self._ways(info))
        if self.routes.needs > self.channels:
            self.routes = self.routes.fitted(self.channels)
        self._watch = SinkWatch() if self.routes.needs > STEREO and SERVED.search(info.name) else None
        self.latency_s = float(self._stream.latency)
        self._resampler: Any = None
        if self.rate != SAMPLE_RATE:
            self.latency_s += self._resample()

    def _ways(self, info: DeviceInfo) -> list[tuple[int, int]]:
        """Rates in Hz and numbers of channels to try, in order: as many as are needed, all there are, and the first two alone.

        A sound server gets as many as its device has: it would spread fewer ones over all.
        """
        few = min(STEREO, info.channels)
        needs = self.routes.needs
        needed: tuple[int, ...] = ()
        if needs > STEREO:
            needed = (needs, self.has) if self.has == info.channels else (self.has, needs)
        counts = dict.fromkeys((*needed, few, *(() if needed else (info.channels,))))
        return [(rate, count) for count in counts for rate in (round(info.rate), *RATES)]

    def _resample(self) -> float:
        """Have all that is written resampled. Returns the seconds that takes to come through."""
        import soxr

        # Variable rate, though it never varies: with a fixed one sound comes out in bursts of up to 80 ms, and gaps between.
        columns = len(self.routes.places)
        self._resampler = soxr.ResampleStream(SAMPLE_RATE, self.rate, columns, dtype="float32", quality="HQ", vr=True)
        given = PRIMING_FRAMES / SAMPLE_RATE
        return given - len(self._resampler.resample_chunk(np.zeros((PRIMING_FRAMES, columns), np.float32))) / float(self.rate)

    def _open(self, index: int, ways: list[tuple[int, int]]) -> tuple[Any, int, int]:
        """The stream, opened in the first of these ways (rate in Hz, channels) that the device takes."""
        trouble: Exception | None = None
        for rate, channels in dict.fromkeys(ways):
            try:
                stream = self._sd.OutputStream(
                    samplerate=rate, blocksize=0, device=index, channels=channels, dtype="float32", latency=self._buffer_s
                )
                stream.start()
                return stream, rate, channels
            except (self._sd.PortAudioError, ValueError) as error:
                trouble = trouble or error
        raise DeviceError(f"the device {self.name} cannot be opened ({trouble})", DEVICES_HINT) from trouble

    def write(self, block: Block) -> bool:
        """Write a block, resampled if the device needs it; true if PortAudio reports an underflow."""
        sound = block if self._resampler is None else self._resampler.resample_chunk(block)
        if self.channels == 1:
            sound = sound.mean(axis=1, keepdims=True)
        elif self.channels > STEREO or self.routes.places != (0, 1):
            spread = np.zeros((len(sound), self.channels), np.float32)
            spread[:, self.routes.places] = sound
            sound = spread
        if not len(sound):
            return False
        if self._watch is not None and self._watch.gone:
            raise DeviceError(f"the device {self.name} went away (its outputs are gone)", "the set plays on others")
        try:
            return bool(self._stream.write(np.ascontiguousarray(sound, dtype=np.float32)))
        except (self._sd.PortAudioError, OSError) as error:
            raise DeviceError(
                f"the device {self.name} went away ({error})", "the set plays on it again once it is back"
            ) from error

    def close(self) -> None:
        """Abort the stream; may hang with some sound servers, so call it where that does no harm."""
        if self._watch is not None:
            self._watch.close()
        try:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
        except (self._sd.PortAudioError, OSError):
            return


NO_DEVICE: Final = "none"
"""Named as a device: the set plays silently, in real time."""


def open_portaudio(
    device: str | None,
    block: int,
    again: bool,
    buffer: int = BUFFER_FRAMES,
    routes: Routes = FIRST_TWO,
) -> Backend:
    """Open a device; ``again`` makes PortAudio look for devices afresh before.

    Raises:
        DeviceError: if there is none, or it refuses.
    """
    if device == NO_DEVICE:
        raise DeviceError("playing without a sound device, as asked")
    sd: Any = load_sounddevice()
    if again:
        rescan(sd)
    return PortAudioBackend(sd, device, block, buffer, routes)
