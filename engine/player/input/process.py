"""The input's process: ``python -m engine.player.input.process SESSION_DIR --device NAME [--offset=MS]``.

Whatever becomes of that device, and of the sound library that reads it, the set's own output knows nothing of it. What it opens
and loses is printed, a line of JSON each; it ends when its input is closed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is imported

import argparse
import contextlib
import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.errors import DeviceError
from engine.player.input.laying import Laying
from engine.player.input.ring import RoomRing
from engine.player.output.devices import DEVICES_HINT, choose, inputs, load_sounddevice, rescan
from engine.player.output.priority import RENDER, raise_priority
from engine.player.output.steady import SteadyTime
from engine.player.output.varispeed import Varispeed
from engine.player.shared_sound import Block
from engine.processes.latest import STATUS, HeardPlace, SharedBlock, read_place
from engine.processes.layout import ROOM_FILE, STATUS_FILE
from engine.timebase import SAMPLE_RATE

READ_FRAMES: Final = 256
"""Frames that are read at a time."""

BUFFER_S: Final = 0.1
"""Seconds that PortAudio is asked to hold: what waits there is known, and costs nothing but being late."""

RATES: Final = (44_100, 48_000, 96_000)
RETRY_S: Final = 1.0
STATUS_S: Final = 1.0
"""Seconds between two looks whether there is another player."""

FALL: Final = 0.93
"""Part of a peak that is left a block later: 20 dB in a fifth of a second."""


class Source:
    """An open input stream: stereo blocks at `SAMPLE_RATE`, whatever the device has.

    Raises:
        DeviceError: there is no such device, or it refuses.
    """

    def __init__(self, sd: Any, device: str) -> None:
        info = choose(inputs(sd), device, "input")
        self.name = info.name
        self._sd, trouble = sd, None
        ways = [
            (rate, count)
            for count in dict.fromkeys((min(2, info.channels), info.channels))
            for rate in (round(info.rate), *RATES)
        ]
        for rate, channels in dict.fromkeys(ways):
            try:
                self._stream = sd.InputStream(
                    samplerate=rate, blocksize=0, device=info.index, channels=channels, dtype="float32", latency=BUFFER_S
                )
                self._stream.start()
            except (sd.PortAudioError, ValueError) as error:
                trouble = trouble or error
                continue
            self.rate, self.channels = rate, channels
            break
        else:
            raise DeviceError(f"the input {self.name} cannot be opened ({trouble})", DEVICES_HINT)
        self.latency_s = max(0.0, float(self._stream.latency) - BUFFER_S)  # the device's own: the buffer's is seen
        self._count = max(1, round(READ_FRAMES * self.rate / SAMPLE_RATE))
        self._steady = SteadyTime()
        self._resampler: Any = None
        self._late_s = 0.0
        if self.rate != SAMPLE_RATE:
            import soxr

            self._resampler = soxr.ResampleStream(self.rate, SAMPLE_RATE, 2, dtype="float32", quality="HQ", vr=True)

    def read(self) -> tuple[Block, float]:
        """The next block (frames, 2), and when its first frame was played, in seconds of `time.monotonic`.

        Raises:
            DeviceError: if the device is gone.
        """
        try:
            sound = self._stream.read(self._count)[0]
            left = self._stream.read_available
        except (self._sd.PortAudioError, OSError) as error:
            raise DeviceError(f"the input {self.name} went away ({error})", "it is opened again once it is back") from error
        now = time.monotonic() - left / self.rate
        end = self._steady.hear(now, self._count / self.rate) - self.latency_s
        both = np.repeat(sound, 2, axis=1) if sound.shape[1] == 1 else sound[:, :2]
        both = np.nan_to_num(both, nan=0.0, posinf=1.0, neginf=-1.0)
        start = end - self._count / self.rate
        if self._resampler is None:
            return both, start
        made = self._resampler.resample_chunk(both)
        # what has gone in and not come out yet lies before this block
        begin = start - self._late_s
        self._late_s += self._count / self.rate - len(made) / SAMPLE_RATE
        return made, begin

    def close(self) -> None:
        """Let it go; may hang with some sound servers."""
        with contextlib.suppress(self._sd.PortAudioError, OSError):
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)


class Heard:
    """Where the set is heard, whichever player plays it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / STATUS_FILE
        self._status: SharedBlock | None = None
        self._number, self._look_at = -1, 0.0

    def place(self) -> HeardPlace | None:
        """The latest place; None while there is no player, or it stands still."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + STATUS_S
            with contextlib.suppress(OSError, ValueError):
                number = self._path.stat().st_ino
                if number != self._number:
                    self._status, self._number = SharedBlock(self._path, STATUS), number
        place = None if self._status is None else read_place(self._status)
        moves = place is not None and place.speed > 0 and place.frame > 0 and now - place.at < STATUS_S
        return place if moves else None


def lay(source: Source, ring: RoomRing, heard: Heard, ended: threading.Event, offset_s: float = 0.0) -> None:
    """Write what a device gives on the frames of the set that were heard meanwhile.

    Args:
        source: the device.
        ring: takes it.
        heard: where the set is heard.
        ended: ends it.
        offset_s: seconds by which it is laid later, below 0 for earlier: what nobody knows of the way from there to here.

    Raises:
        DeviceError: if the device is gone.
    """
    laying, varispeed = Laying(), Varispeed()
    peaks = np.zeros(2)
    while not ended.is_set():
        sound, at = source.read()
        if not len(sound):
            continue
        peaks = np.maximum(peaks * FALL, np.abs(sound).max(axis=0))
        ring.count(len(sound), (float(min(1.0, peaks[0])), float(min(1.0, peaks[1]))))
        place = heard.place()
        if place is None:
            laying.reset()
            continue
        laid = laying.next(place.frame + (at + offset_s - place.at) * SAMPLE_RATE * place.speed, len(sound), place.speed)
        if laid.anew is not None:
            ring.begin(laid.anew)
        made = varispeed.process(sound, laid.speed)
        ring.push(made)
        laying.wrote(len(made))


def _say(**words: Any) -> None:
    print(json.dumps(words), flush=True)


def main(argv: list[str]) -> int:
    """Open the device, listen, and open it again when it is lost, until nobody is there any more."""
    parser = argparse.ArgumentParser(prog="engine.player.input.process")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", required=True)
    parser.add_argument("--offset", type=float, default=0.0, help="milliseconds, see `lay`")
    arguments = parser.parse_args(argv)
    for name in ("SIGINT", "SIGHUP", "SIGTSTP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, name="parent", daemon=True).start()
    raise_priority(RENDER)
    ring, heard, again = RoomRing(arguments.folder / ROOM_FILE), Heard(arguments.folder), False
    while not ended.is_set():
        try:
            sd = load_sounddevice()
            if again:
                rescan(sd)
            source = Source(sd, arguments.device)
            _say(opened=source.name, rate=source.rate, channels=source.channels)
            try:
                lay(source, ring, heard, ended, arguments.offset / 1000)
            finally:
                source.close()
        except DeviceError as error:
            _say(lost=error.message)
        again = True
        ended.wait(RETRY_S)
    return 0


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except BrokenPipeError:  # nobody listens any more
        code = 0
    os._exit(code)  # a stream that hangs in a sound library must not keep the process
