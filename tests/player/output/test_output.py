"""Devices that refuse, vanish, hang and come back; the renderer keeps time through all of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from engine.errors import DeviceError
from engine.player.blocks import memory_params, memory_status
from engine.player.output import render_thread
from engine.player.output.backends import Backend, PortAudioBackend, SilentBackend
from engine.player.output.devices import outputs
from engine.player.output.recorder import Tape
from engine.player.output.render_thread import Output
from engine.player.rendering.renderer import Renderer
from engine.protocol import DeviceInfo, DeviceLost, DeviceOpened, PlayerEvent
from engine.timebase import SAMPLE_RATE

STEP_S = 0.002
"""The longest that the player's thread and the test wait for each other before they go on: neither stands still for ever."""


class PortAudioError(Exception):
    """As sounddevice raises it."""


class Stream:
    """A PortAudio stream that takes a block each time the test looks, until told otherwise."""

    def __init__(self, sd: FakeSoundDevice, rate: float, channels: int) -> None:
        self._sd = sd
        self.latency = 0.023
        self.rate, self.channels = rate, channels
        self.frames = 0
        self.closed = self.broken = False
        self.heard: list[npt.NDArray[np.float32]] = []

    def start(self) -> None:
        if self._sd.refuses or self.rate not in self._sd.rates or self.channels not in self._sd.takes_channels:
            raise PortAudioError("Invalid sample rate")

    def write(self, sound: npt.NDArray[np.float32]) -> bool:
        assert sound.shape[1] == self.channels and sound.dtype == np.float32
        if self._sd.turns is not None:
            self._sd.turns.acquire(timeout=STEP_S)
        if self.broken or (self._sd.state == "gone" and self._sd.breaks):
            raise PortAudioError("Device unavailable")
        if self._sd.state == "hung":
            self._sd.waiting.set()
            self._sd.release.wait(10)
        self.heard.append(sound.copy())
        self.frames += len(sound)
        self._sd.written.set()
        return False

    def abort(self, ignore_errors: bool = True) -> None: ...

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True


class FakeSoundDevice:
    """The part of the sounddevice module that the player uses."""

    PortAudioError = PortAudioError

    def __init__(self, rates: tuple[float, ...] = (44_100.0,), channels: int = 2) -> None:
        self.rates, self.channels = rates, channels
        self.prefers = rates[0]
        self.takes_channels: tuple[int, ...] = (1, 2, channels)
        self.names = ["fake"]
        self.default = SimpleNamespace(device=(-1, 0))
        self.state = "there"
        self.refuses = False
        self.breaks = True
        """Whether streams break while it is gone."""
        self.waiting, self.release = threading.Event(), threading.Event()
        self.turns: threading.Semaphore | None = None
        """What a stream waits for before it takes a block; None takes blocks as fast as they come."""
        self.written = threading.Event()
        self.streams: list[Stream] = []

    def query_devices(self) -> list[dict[str, Any]]:
        there = self.names if self.state == "there" else self.names[1:]
        return [
            {"name": name, "index": i, "hostapi": 0, "max_output_channels": self.channels, "default_samplerate": self.prefers}
            for i, name in enumerate(there)
        ]

    def query_hostapis(self) -> list[dict[str, Any]]:
        return [{"name": "ALSA", "default_output_device": 0}]

    def OutputStream(self, samplerate: float, channels: int, **_: object) -> Stream:
        self.streams.append(Stream(self, samplerate, channels))
        return self.streams[-1]

    def open(self, device: str | None, block: int, again: bool) -> Backend:
        return PortAudioBackend(self, device, block)


class Lookout:
    """Sees what is there at once; ``follows`` is for systems on which the player has to follow the default."""

    def __init__(self, sd: FakeSoundDevice) -> None:
        self._sd = sd
        self.follows = False

    def look(self) -> list[DeviceInfo]:
        return outputs(self._sd)

    def close(self) -> None: ...


class Bench:
    """An output on a fake device."""

    def __init__(self, sd: FakeSoundDevice, clock: Callable[[], float] = time.monotonic) -> None:
        self.sd = sd
        self.turns = sd.turns = threading.Semaphore(0)
        self.events: list[PlayerEvent] = []
        self.lookout = Lookout(sd)
        self.status = memory_status()
        self.params = memory_params()
        self.params["run"] = 1.0
        renderer, events = Renderer(self.params, self.status), self.events.append
        self.output = Output(renderer, self.status, Tape(), 256, sd.open, events, lookout=self.lookout, clock=clock)

    def until(self, done: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not done():
            assert time.monotonic() < deadline, self.events
            self.sd.written.clear()
            self.turns.release()
            self.output.tick()
            self.sd.written.wait(STEP_S)

    def until_sounding(self) -> None:
        """The newest stream has played a few blocks."""
        self.until(lambda: self.sd.streams and self.sd.streams[-1].frames > 1000)

    def until_lost(self) -> None:
        self.until(lambda: any(isinstance(event, DeviceLost) for event in self.events))

    def go_on(self, blocks: int = 20) -> None:
        """Play some blocks more, on whatever takes them."""
        beat = self.status["beat"]
        self.until(lambda: self.status["beat"] > beat + blocks)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries and looks follow one another at once."""
    for name in ("SOON_S", "RETRY_S", "LOOK_S"):
        monkeypatch.setattr(render_thread, name, 0.01)


@pytest.fixture
def sd() -> FakeSoundDevice:
    return FakeSoundDevice()


def test_device_that_vanishes_and_comes_back(sd: FakeSoundDevice) -> None:
    bench = Bench(sd)
    bench.output.start(None)
    bench.until_sounding()
    sd.state = "gone"
    bench.until_lost()
    bench.go_on()
    sd.state = "there"
    bench.until(lambda: len(bench.events) == 3)
    bench.until_sounding()
    bench.output.stop()
    first, lost, again = bench.events
    assert isinstance(first, DeviceOpened) and not first.silent and first.latency_s < 0.03
    assert lost == DeviceLost("fake", "the device fake went away (Device unavailable)")
    assert again == first


def test_hanging_write_is_abandoned(sd: FakeSoundDevice) -> None:
    bench = Bench(sd)
    bench.output.start(None)
    bench.until_sounding()
    sd.state = "hung"
    bench.until_lost()
    bench.go_on()
    held = sd.streams[0].frames
    sd.release.set()
    bench.go_on(40)
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


def opened(bench: Bench) -> DeviceOpened | None:
    return next((event for event in reversed(bench.events) if isinstance(event, DeviceOpened)), None)


def on(bench: Bench, name: str, instead_of: str = "") -> Callable[[], bool]:
    def so() -> bool:
        found = opened(bench)
        lost = isinstance(bench.events[-1], DeviceLost)
        return found is not None and not lost and (found.name, found.instead_of, found.silent) == (name, instead_of, False)

    return so


def test_default_is_returned_to_from_another_output(sd: FakeSoundDevice) -> None:
    sd.names = ["fake", "other"]
    bench = Bench(sd)
    bench.output.start(None)
    bench.until_sounding()
    sd.state = "gone"  # the streams break, and "other" is all that is left
    bench.until_lost()
    sd.breaks = False
    bench.until(on(bench, "other", instead_of="fake"))
    sd.state = "there"
    bench.until(on(bench, "fake"))
    bench.output.stop()


def test_named_output_is_waited_for_while_others_are_there(sd: FakeSoundDevice) -> None:
    sd.names = ["fake", "other"]
    bench = Bench(sd)
    bench.output.start("fake")
    bench.until_sounding()
    sd.state = "gone"
    bench.until_lost()
    bench.go_on(60)
    assert not any(isinstance(event, DeviceOpened) and event.name == "other" for event in bench.events)
    sd.state = "there"
    bench.until(on(bench, "fake"))
    bench.output.stop()


def test_output_named_by_number_is_found_again_under_another_number(sd: FakeSoundDevice) -> None:
    sd.names = ["first", "second"]
    bench = Bench(sd)
    bench.output.start("1")
    bench.until(on(bench, "second"))
    sd.names = ["new", "first", "second"]
    sd.state, sd.streams[-1].broken = "there", True
    bench.until_lost()
    bench.until(on(bench, "second"))
    bench.output.stop()
    found = opened(bench)
    assert found is not None and found.wanted == "second, ALSA"


def test_player_follows_another_default_where_the_system_does_not(sd: FakeSoundDevice) -> None:
    sd.names = ["fake", "headphones"]
    bench = Bench(sd)
    bench.lookout.follows = True
    bench.output.start(None)
    bench.until(on(bench, "fake"))
    sd.default = SimpleNamespace(device=(-1, 1))
    bench.until(on(bench, "headphones"))
    bench.output.stop()


def test_named_output_does_not_follow_the_default(sd: FakeSoundDevice) -> None:
    sd.names = ["fake", "headphones"]
    bench = Bench(sd)
    bench.lookout.follows = True
    bench.output.start("fake")
    sd.default = SimpleNamespace(device=(-1, 1))
    bench.go_on(60)
    bench.output.stop()
    assert on(bench, "fake")()


def test_change_to_no_device_and_back(sd: FakeSoundDevice) -> None:
    bench = Bench(sd)
    bench.output.start(None)
    bench.output.use("none")
    bench.until(lambda: (found := opened(bench)) is not None and found.silent)
    bench.go_on(60)
    bench.output.use(None)
    bench.until(on(bench, "fake"))
    bench.output.stop()


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_every_rate_and_number_of_channels_is_played_at_its_own_speed(rate: int, channels: int) -> None:
    sd = FakeSoundDevice(rates=(rate,), channels=channels)
    sd.takes_channels = (channels,)
    backend = PortAudioBackend(sd, None, 256)
    assert (backend.rate, backend.channels) == (rate, channels)
    seconds = 0.5
    sound = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(round(SAMPLE_RATE * seconds)) / SAMPLE_RATE).astype(np.float32)
    for start in range(0, len(sound), 256):
        backend.write(np.repeat(sound[start : start + 256, None], 2, axis=1))
    written = [len(each) for each in sd.streams[-1].heard]
    assert max(written[:-1]) - min(written[:-1]) <= 3, "no bursts: a gap would follow each"
    assert 0.023 <= backend.latency_s < 0.055
    heard = np.concatenate(sd.streams[-1].heard)
    assert heard.shape[1] == channels and np.isfinite(heard).all()
    assert len(heard) == pytest.approx(seconds * rate, abs=0.05 * rate)
    middle = heard[len(heard) // 4 : len(heard) // 4 + rate // 5, 0]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * rate / len(middle) == pytest.approx(1000, abs=6)
    assert not heard[:, 2:].any()


def test_device_that_refuses_what_it_prefers_is_opened_at_another_rate() -> None:
    sd = FakeSoundDevice(rates=(48_000.0,))
    sd.prefers = 192_000.0
    assert PortAudioBackend(sd, None, 256).rate == 48_000


def test_pause_of_the_whole_process_is_no_fault_of_the_device(sd: FakeSoundDevice) -> None:
    now = [0.0]
    bench = Bench(sd, clock=lambda: now[0])
    bench.output.start(None)
    bench.until_sounding()
    sd.state = "hung"
    assert sd.waiting.wait(10)
    bench.output.tick()
    now[0] += 30.0
    bench.output.tick()
    sd.state = "there"
    sd.release.set()
    for _ in range(50):
        bench.output.tick()
    bench.output.stop()
    assert not any(isinstance(event, DeviceLost) for event in bench.events)
