"""Devices that refuse, vanish, hang and come back; the renderer keeps time through all of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from engine.errors import DeviceError
from engine.player.blocks import memory_params, memory_status
from engine.player.output.backends import Backend, PortAudioBackend, SilentBackend
from engine.player.output.recorder import Tape
from engine.player.output.render_thread import Output
from engine.player.rendering.renderer import Renderer
from engine.protocol import DeviceLost, DeviceOpened, PlayerEvent
from engine.timebase import SAMPLE_RATE


class PortAudioError(Exception):
    """As sounddevice raises it."""


class Stream:
    """A PortAudio stream that takes sound as fast as it comes, until told otherwise."""

    def __init__(self, sd: FakeSoundDevice, rate: float, channels: int) -> None:
        self._sd = sd
        self.latency = 0.023
        self.rate, self.channels = rate, channels
        self.frames = 0
        self.closed = False

    def start(self) -> None:
        if self._sd.refuses or self.rate not in self._sd.rates:
            raise PortAudioError("Invalid sample rate")

    def write(self, sound: npt.NDArray[np.float32]) -> bool:
        assert sound.shape[1] == self.channels and sound.dtype == np.float32
        time.sleep(0.001)
        if self._sd.state == "gone":
            raise PortAudioError("Device unavailable")
        if self._sd.state == "hung":
            self._sd.release.wait(10)
        self.frames += len(sound)
        return False

    def abort(self, ignore_errors: bool = True) -> None: ...

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True


class FakeSoundDevice:
    """The part of the sounddevice module that the player uses."""

    PortAudioError = PortAudioError

    def __init__(self, rates: tuple[float, ...] = (44_100.0,), channels: int = 2) -> None:
        self.rates, self.channels = rates, channels
        self.state = "there"
        self.refuses = False
        self.release = threading.Event()
        self.streams: list[Stream] = []

    def query_devices(self, device: str | int | None, kind: str) -> dict[str, Any]:
        if self.state != "there" or device == "missing":
            raise ValueError("No output device matching")
        return {"name": "fake", "index": 0, "max_output_channels": self.channels, "default_samplerate": self.rates[0]}

    def OutputStream(self, samplerate: float, channels: int, **_: object) -> Stream:
        self.streams.append(Stream(self, samplerate, channels))
        return self.streams[-1]

    def open(self, device: str | None, block: int, again: bool) -> Backend:
        return PortAudioBackend(self, device, block)


class Bench:
    """An output on a fake device."""

    def __init__(self, sd: FakeSoundDevice) -> None:
        self.events: list[PlayerEvent] = []
        self.status = memory_status()
        self.params = memory_params()
        self.params["run"] = 1.0
        self.output = Output(Renderer(self.params, self.status), self.status, Tape(), 256, sd.open, self.events.append)

    def until(self, done: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not done():
            assert time.monotonic() < deadline, self.events
            self.output.tick()
            time.sleep(0.002)


@pytest.fixture
def sd() -> FakeSoundDevice:
    return FakeSoundDevice()


def test_device_that_vanishes_and_comes_back(sd: FakeSoundDevice) -> None:
    bench = Bench(sd)
    bench.output.start(None)
    bench.until(lambda: sd.streams[0].frames > 5000)
    sd.state = "gone"
    bench.until(lambda: any(isinstance(e, DeviceLost) for e in bench.events))
    beat = bench.status["beat"]
    bench.until(lambda: bench.status["beat"] > beat + 20)
    sd.state = "there"
    bench.until(lambda: len(bench.events) == 3)
    bench.until(lambda: sd.streams[-1].frames > 2000)
    bench.output.stop()
    first, lost, again = bench.events
    assert isinstance(first, DeviceOpened) and not first.silent and first.latency_s < 0.03
    assert lost == DeviceLost("fake", "the device fake went away (Device unavailable)")
    assert again == first


def test_hanging_write_is_abandoned(sd: FakeSoundDevice) -> None:
    bench = Bench(sd)
    bench.output.start(None)
    bench.until(lambda: sd.streams[0].frames > 1000)
    sd.state = "hung"
    bench.until(lambda: any(isinstance(e, DeviceLost) for e in bench.events))
    beat = bench.status["beat"]
    bench.until(lambda: bench.status["beat"] > beat + 20)
    held = sd.streams[0].frames
    sd.release.set()
    bench.until(lambda: bench.status["beat"] > beat + 60)
    assert sd.streams[0].frames <= held + 256
    bench.output.stop()


def test_missing_device_plays_silently_and_says_why(sd: FakeSoundDevice) -> None:
    sd.state = "gone"
    bench = Bench(sd)
    bench.output.start(None)
    bench.until(lambda: bench.status["beat"] > 10)
    sd.state = "there"
    bench.until(lambda: len(bench.events) == 2)
    bench.output.stop()
    silent, found = bench.events
    assert isinstance(silent, DeviceOpened) and silent.silent and "no output device found" in silent.message
    assert isinstance(found, DeviceOpened) and not found.silent


def test_device_that_cannot_be_used_leaves_the_old_one(sd: FakeSoundDevice) -> None:
    bench = Bench(sd)
    bench.output.start(None)
    bench.output.use("missing")
    bench.until(lambda: len(bench.events) == 2)
    bench.output.stop()
    event = bench.events[1]
    assert isinstance(event, DeviceOpened) and event.name == "fake" and "no output device 'missing'" in event.message


def test_another_rate_is_resampled_to() -> None:
    sd = FakeSoundDevice(rates=(48_000.0,))
    backend = PortAudioBackend(sd, None, 256)
    assert backend.rate == 48_000
    for _ in range(400):
        backend.write(np.zeros((256, 2), dtype=np.float32))
    assert sd.streams[-1].frames == pytest.approx(400 * 256 * 48_000 / SAMPLE_RATE, abs=2000)


def test_device_with_one_channel_gets_both_sides() -> None:
    sd = FakeSoundDevice(channels=1)
    PortAudioBackend(sd, None, 256).write(np.zeros((256, 2), dtype=np.float32))
    assert sd.streams[-1].frames == 256


def test_device_that_takes_no_rate_is_an_error() -> None:
    sd = FakeSoundDevice()
    sd.refuses = True
    with pytest.raises(DeviceError, match="cannot be opened"):
        PortAudioBackend(sd, None, 256)


def test_silent_backend_never_drifts() -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds + 0.0003

    backend = SilentBackend(256, clock=lambda: now, sleep=sleep)
    for _ in range(10_000):
        backend.write(np.zeros((256, 2), dtype=np.float32))
    assert now == pytest.approx(10_000 * 256 / SAMPLE_RATE - backend.latency_s, abs=0.001)
    now += 100.0
    backend.write(np.zeros((256, 2), dtype=np.float32))
    before = now
    for _ in range(100):
        backend.write(np.zeros((256, 2), dtype=np.float32))
    assert now - before == pytest.approx(100 * 256 / SAMPLE_RATE, abs=0.001)
