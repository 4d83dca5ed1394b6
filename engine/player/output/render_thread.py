"""The output: the render thread, the device it writes to, and what happens when that goes away.

The render thread never waits for anything but its backend's write. Opening and closing devices happens in threads that
may hang without harm; while there is no device the set runs on in real time on a silent backend.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np

from engine.errors import DeviceError
from engine.player.output.backends import NO_DEVICE, Backend, SilentBackend
from engine.player.output.listening import CueSide, Listening
from engine.player.output.priority import RENDER, raise_priority
from engine.player.output.recorder import Tape
from engine.player.output.steady import SteadyTime
from engine.player.output.varispeed import Bend, Varispeed
from engine.player.rendering.renderer import Renderer
from engine.processes.latest import HeardPlace, NamedValues, write_place
from engine.protocol import DeviceInfo, DeviceLost, DeviceOpened, HeadphonesOpened, PlayerEvent
from engine.timebase import SAMPLE_RATE

Opener = Callable[[str | None, int, bool], Backend]
"""Opens (device, block, look for devices afresh) or raises DeviceError."""


class Looks(Protocol):
    """Says which devices there are; no call waits.

    Attributes:
        follows: whether the player has to look for another default itself.
    """

    follows: bool

    def look(self) -> Sequence[DeviceInfo] | None:
        """What was found since the last call, None if that is not known yet; and look once more."""

    def close(self) -> None:
        """Nothing needs to be looked for."""


HUNG_S: Final = 1.0
"""A write that takes longer than this never comes back."""

SOON_S: Final = 0.2
"""Seconds from the loss of a device to the first try to open it again: a laptop that wakes has it back at once."""

RETRY_S: Final = 1.0
PATIENT_AFTER: Final = 60
"""Failed attempts after which the next ones come twice as rarely."""

ELSEWHERE_AFTER: Final = 3
"""Failed attempts at the default that the set was opened on after which another one will do."""

LOOK_S: Final = 2.0
"""Seconds between two looks for the device that should play, or for another default."""


FIRST_OPEN_S: Final = 3.0
CLOSE_S: Final = 1.0
_SMOOTH: Final = 0.05


class Attempt(NamedTuple):
    """One try to open a device: its name (None is the default), whether to look for devices afresh, whether a person asked."""

    device: str | None
    again: bool
    asked: bool = False


class Output:
    """Drives a renderer.

    A device that was named is waited for, however long it is gone. The default is the one that it
    was opened on, until the system names another; while that is gone another output plays, and is said to be the wrong one.

    Args:
        renderer: what to render; from `start` on only the render thread touches it.
        status: where load, underruns and the place that is heard are written.
        tape: gets all that is heard.
        block: frames per write, whole quanta.
        opener: how devices are opened.
        emit: takes events; called from any thread.
        lookout: says which devices there are while one plays.
        clock: seconds that never go back.

    Attributes:
        opened: the device that plays; headphones: where those are on it, None where they are not to be there.
        listening: how the headphones are heard; set before `start`.
    """

    def __init__(
        self,
        renderer: Renderer,
        status: NamedValues,
        tape: Tape,
        block: int,
        opener: Opener,
        emit: Callable[[PlayerEvent], None],
        *,
        lookout: Looks | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._renderer, self._status, self._tape = renderer, status, tape
        self._bend, self._speed, self._steady = Bend(renderer.params), Varispeed(), SteadyTime()
        self._block, self._opener, self._emit, self._clock = block, opener, emit, clock
        self.listening = Listening()
        self._cue = CueSide(self.listening, block)
        self.headphones: HeadphonesOpened | None = None
        self._device: str | None = None
        self._lookout = lookout
        self._home_key = self._home_name = ""
        """What was opened when it was last asked for."""
        self._waiting: list[Attempt] = []
        """A change of devices that was asked for while one was being opened."""
        self._backend: Backend = SilentBackend(block)
        self._next: Backend | None = None
        self._generation = 0
        self._writing_since: float | None = None
        self._thread: threading.Thread | None = None
        self._hung: list[threading.Thread] = []
        """Render threads left behind in a write; until they are back PortAudio must not be restarted."""
        self._stopped = False
        self._failures = 0
        self._worker: threading.Thread | None = None
        self._dead: list[Backend] = []
        self._retry_at = self._look_at = 0.0
        self._ticked_at = clock()
        self._load = self._load_max = 0.0
        self._underruns = int(status["underruns"])
        self.opened: DeviceOpened | None = None

    def start(self, device: str | None) -> None:
        """Open the device (for at most 3 s) and begin to render, with it or without."""
        self._device = device
        self._cue = CueSide(self.listening, self._block)
        self._work([Attempt(device, again=False, asked=True)], first=True)
        if self._worker is not None:
            self._worker.join(FIRST_OPEN_S)
        if self._next is None and self.opened is None:
            self._announce(self._backend, "the sound device does not answer")
        self._run()

    def use(self, device: str | None) -> None:
        """Change to another device; the one that plays stays in use if that cannot be opened."""
        if device == NO_DEVICE:
            self._device, fresh = device, SilentBackend(self._block)
            self._announce(fresh, "playing without a sound device, as asked")
            self._next = fresh
            return
        attempts = [Attempt(device, again=False, asked=True), Attempt(device, again=True, asked=True), *self._recovery()]
        if self._worker is not None and self._worker.is_alive():
            self._waiting = attempts
        else:
            self._work(attempts)

    def tick(self) -> None:
        """Look after the device; call it some 50 times a second."""
        since, now = self._writing_since, self._clock()
        slept, self._ticked_at = now - self._ticked_at > HUNG_S / 2, now
        if since is not None and slept:  # all of this process stood still, not the device
            self._writing_since = now
        elif since is not None and now - since > HUNG_S and not self._backend.silent:
            self._writing_since = None
            self._generation += 1
            if self._thread is not None:
                self._hung.append(self._thread)
            self._lose(self._backend, "it takes no more sound")
            self._run()
        if not self._stopped and self._thread is not None and not self._thread.is_alive():
            self._generation += 1
            self._run()
        if self._waiting and (self._worker is None or not self._worker.is_alive()):
            attempts, self._waiting = self._waiting, []
            self._work(attempts)
        elif self._backend.silent:
            if self._next is None and now >= self._retry_at and self._device != NO_DEVICE:
                self._work(self._recovery())
        else:
            self._look_around(now)

    def _recovery(self) -> list[Attempt]:
        """How to get back what is gone."""
        if self._device == NO_DEVICE:
            return []
        if not self._home_key:
            return [Attempt(self._device, again=True, asked=True)]
        back = [Attempt(self._home_key, again=True)]
        return [*back, Attempt(None, again=False)] if self._device is None and self._failures >= ELSEWHERE_AFTER - 1 else back

    def _look_around(self, now: float) -> None:
        """While a device plays: go back to the one that should, or follow the default."""
        opened = self.opened
        if self._lookout is None or opened is None:
            return
        if self._device is not None or not (opened.instead_of or self._lookout.follows):
            self._lookout.close()
            return
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        found = self._lookout.look() or ()
        default = next((device.key for device in found if device.default), opened.key)
        if opened.instead_of and any(device.key == self._home_key for device in found):
            self._work([Attempt(self._home_key, again=True), Attempt(None, again=False)])
        elif default not in (opened.key, self._home_key):
            self._work([Attempt(None, again=True, asked=not opened.instead_of), *self._recovery()])

    def stop(self) -> None:
        """End the render thread and let the device go."""
        self._stopped = True
        if self._lookout is not None:
            self._lookout.close()
        self._generation += 1
        if self._thread is not None:
            self._thread.join(CLOSE_S)
            if not self._thread.is_alive():
                self._close(self._backend)

    # ------------------------------------------------------------ the render thread

    def _run(self) -> None:
        self._thread = threading.Thread(target=self._play, args=(self._generation,), name="render", daemon=True)
        self._thread.start()

    def _play(self, generation: int) -> None:
        raise_priority(RENDER)
        sound = np.zeros((self._block, 2), dtype=np.float32)
        length_s = self._block / SAMPLE_RATE
        free_at = self._clock()
        while generation == self._generation:
            begin, before = self._clock(), self._renderer.frame
            self._renderer.render(sound, self._cue.block)
            speed = self._bend.speed(len(sound), self._renderer.bpm)
            heard = self._speed.process(sound, speed)
            self._measure((self._clock() - begin) / length_s)
            self._tape.push(sound, self._renderer.frame)
            backend = self._take_next()
            block = self._cue.beside(heard, speed, backend)
            self._writing_since = now = self._clock()
            late = not backend.silent and now - free_at > backend.latency_s
            try:
                ran_dry = backend.write(block)
            except DeviceError as error:
                if generation == self._generation:
                    self._dead.append(backend)
                    self._lose(backend, error.message)
                ran_dry = False
            if generation != self._generation:
                if backend is not self._backend:
                    self._dead.append(backend)
                return
            self._writing_since = None
            free_at = self._clock()
            at = self._steady.hear(free_at, len(heard) / SAMPLE_RATE)
            write_place(self._status, HeardPlace(self._renderer.heard, at, speed if self._renderer.frame > before else 0.0))
            if ran_dry or late:
                self._underruns += 1
                self._status["underruns"] = self._underruns

    def _take_next(self) -> Backend:
        """The backend to write to, after a change of devices."""
        fresh = self._next
        if fresh is not None:
            old, self._backend, self._next = self._backend, fresh, None
            self._dead.append(old)
            self._renderer.output_latency = round(fresh.latency_s * SAMPLE_RATE) + Varispeed.latency
        return self._backend

    def _measure(self, load: float) -> None:
        self._load += (load - self._load) * _SMOOTH
        self._load_max = max(self._load_max, load)
        self._status["load"], self._status["load_max"] = self._load, self._load_max

    def _lose(self, backend: Backend, message: str) -> None:
        self._backend = SilentBackend(self._block)
        self._retry_at = self._clock() + SOON_S
        self._failures = 0
        self.opened = None
        self._emit(DeviceLost(backend.name, message))
        self._announce_headphones(self._backend)

    # ------------------------------------------------------------ devices, in threads that may hang

    def _announce(self, backend: Backend, message: str = "") -> None:
        latency = backend.latency_s + (self._renderer.latency + Varispeed.latency) / SAMPLE_RATE
        wrong = bool(backend.key) and self._device is None and backend.key != self._home_key
        self.opened = DeviceOpened(
            backend.name,
            backend.rate,
            self._block,
            latency,
            backend.silent,
            "" if wrong else message,
            backend.channels,
            backend.key,
            self._device,
            self._home_name if wrong else "",
            tuple(place + 1 for place in backend.routes.places),
        )
        self._emit(self.opened)
        self._announce_headphones(backend)

    def _announce_headphones(self, backend: Backend) -> None:
        self.headphones = self.listening.opened(backend)
        if self.headphones is not None:
            self._emit(self.headphones)

    def _work(self, attempts: list[Attempt], first: bool = False) -> None:
        """Try to open devices in the background, unless an attempt is still under way."""
        self._retry_at = self._clock() + RETRY_S * (1 if self._failures < PATIENT_AFTER else 2)
        if self._worker is not None and self._worker.is_alive():
            return
        self._worker = threading.Thread(target=self._open, args=(attempts, first), name="device", daemon=True)
        self._worker.start()

    def _open(self, attempts: list[Attempt], first: bool) -> None:
        raise_priority(RENDER)  # threads that a sound library starts inherit it
        trouble = ""
        for device, again, asked in attempts:
            if again and not self._backend.silent:
                self._next = SilentBackend(self._block)
                while self._next is not None:
                    time.sleep(0.005)
            self._bury()
            try:
                backend = self._opener(device, self._block, again and not any(thread.is_alive() for thread in self._hung))
            except DeviceError as error:
                trouble = trouble or str(error)
                continue
            self._failures = 0
            if asked:
                self._home_name, self._home_key = backend.name, backend.key
                self._device = None if device is None else backend.key
            self._announce(backend, trouble)
            self._next = backend
            self._retry_at = self._clock() + RETRY_S
            return
        self._failures += 1
        if first or (self.opened is not None and not self.opened.silent and self._backend.silent):
            self._announce(SilentBackend(self._block), trouble)

    def _bury(self) -> None:
        """Close backends that are out of use."""
        while self._dead:
            self._close(self._dead.pop())

    def _close(self, backend: Backend) -> None:
        closer = threading.Thread(target=backend.close, name="close", daemon=True)
        closer.start()
        closer.join(CLOSE_S)
