"""Which outputs of a device the set and the headphones are on, and how many a device really has."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
from dataclasses import dataclass, replace
from typing import Final

from engine.player.output.priority import ordinary_priority
from engine.protocol import DeviceInfo

STEREO: Final = 2
"""Channels that the set has, and the headphones."""

SERVED: Final = re.compile(r"pulse|pipewire|default", re.IGNORECASE)
"""Names of devices behind which a sound server stands: it takes any number of channels, and mixes those that its own device has
not into those it has. What is cued would be heard by everybody."""

HARDWARE: Final = "(hw:"
"""What ALSA's names of cards have in them. Its other devices are programs, which may mix channels as well."""

SINK: Final = "PULSE_SINK"
"""The environment variable by which PulseAudio's library knows the device that a stream is for."""

AGAIN_S: Final = 1.0
"""Seconds until a sound server is asked again to tell what changes."""

ASK_S: Final = 2.0
"""Seconds that a sound server may take to say what its device has."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Outputs, counted from 1, of both sides of the set and of the headphones; ``cue`` is None where those are elsewhere."""

    main: tuple[int, int] = (1, 2)
    cue: tuple[int, int] | None = None

    @property
    def places(self) -> tuple[int, ...]:
        """Where each column of a block goes, counted from 0: both of the set, then both of the headphones."""
        return tuple(output - 1 for output in (*self.main, *(self.cue or ())))

    @property
    def needs(self) -> int:
        """How many outputs a device must have."""
        return max(self.places) + 1

    def fitted(self, channels: int) -> Routes:
        """What of it a device with so many outputs can do: no headphones where they do not fit, and else the first two."""
        main = self.main if max(self.main) <= channels else (1, 2)
        cue = self.cue if self.cue is not None and max(self.cue) <= channels and not set(self.cue) & set(main) else None
        return replace(self, main=main, cue=cue)


FIRST_TWO: Final = Routes()
"""As a set plays that nobody asked for more."""


def true_channels(info: DeviceInfo) -> int:
    """How many outputs a device has; of a sound server's, those of what it plays on, 2 where nobody can know."""
    if SERVED.search(info.name):
        return min(info.channels, _served_channels() or STEREO)
    if info.hostapi == "ALSA" and HARDWARE not in info.name:
        return min(info.channels, STEREO)
    return info.channels


def served_sinks() -> dict[str, int]:
    """The devices that a sound server plays on, each with its number of outputs; none where there is no PulseAudio to ask."""
    sinks = {}
    for line in (_asked("list", "short", "sinks") or "").splitlines():
        fields, found = line.split("\t"), re.search(r"(\d+)ch", line)
        if len(fields) > 1 and found:
            sinks[fields[1]] = int(found.group(1))
    return sinks


def _served_channels() -> int | None:
    """The outputs of the device that the sound server plays on; the player's streams stay on that one from then on."""
    sinks = served_sinks()
    named = os.environ.pop(SINK, "")  # which may be gone by now
    sink = named if named in sinks else _asked("get-default-sink")
    if sink not in sinks:
        return None
    os.environ[SINK] = sink  # else the streams move with the default, perhaps to a device with fewer
    return sinks[sink]


class SinkWatch:
    """Notices that the device behind a sound server is gone: the server then has its sound come out of another one, all of it.

    Attributes:
        gone: it is; what was meant for its further outputs must not be written any more.
    """

    def __init__(self) -> None:
        self.gone = False
        self._sink = os.environ.get(SINK, "")
        self._process: subprocess.Popen[str] | None = None
        self._closed = threading.Event()
        threading.Thread(target=self._watch, name="sink", daemon=True).start()

    def _watch(self) -> None:
        nothing = subprocess.DEVNULL
        while not self._closed.is_set():
            with contextlib.suppress(OSError), ordinary_priority():
                self._process = subprocess.Popen(
                    ["pactl", "subscribe"], stdin=nothing, stdout=subprocess.PIPE, stderr=nothing, text=True
                )
            if self._process is not None:
                self._read(self._process)
            self._look()  # what tells of it ended
            self._closed.wait(AGAIN_S)

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            if "'remove' on sink #" in line:
                self._look()
        process.wait()

    def _look(self) -> None:
        sinks = served_sinks()
        if sinks and self._sink not in sinks:  # a server that is too busy to answer has lost nothing
            self.gone = True

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        if self._process is not None:
            self._process.kill()


def _asked(*words: str) -> str | None:
    """What a PulseAudio server, or PipeWire in its place, answers; None where there is none."""
    try:
        argv = ["pactl", *words]
        with ordinary_priority():
            ran = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=ASK_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
