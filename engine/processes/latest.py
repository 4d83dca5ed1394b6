"""Latest values between processes: a few doubles in a memory-mapped file, one writer each.

Each value is an aligned float64 and is read or written whole; nothing waits, locks or allocates. `PARAMS` goes from the
engine to the player (macros, levels), `STATUS` back (frame count, meters).
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.protocol import CUE_LEVEL, CUE_MIX, MACRO_NEUTRAL, MACROS, ROOM, STEMS
from engine.timebase import SAMPLE_RATE

MIXED: Final = ("run", "bpm", "beats_per_bar", *MACROS, *(f"level_{s}" for s in STEMS), "level_mix", "level_room")
"""``run`` is 1 while the transport moves; macros 0..1; levels are linear gains 0..1 (0 when muted)."""

BENT: Final = ("tempo", "ahead", "pull")
"""How fast the set runs, see `engine.player.output.varispeed.Bend`."""

CUED: Final = ("cue_level", "cue_mix")
"""The headphones' level and mix, 0..1, see `engine.player.rendering.headphones`."""

PARAMS: Final = (*MIXED, *BENT, *CUED)
"""All that the engine tells a player: what changes the sound, when it is heard, and what the headphones have of it."""

PARAM_DEFAULTS: Final = {
    "run": 0.0,
    "bpm": 120.0,
    "beats_per_bar": 4.0,
    **MACRO_NEUTRAL,
    **{f"level_{s}": 1.0 for s in (*STEMS, "mix", ROOM)},
    **dict.fromkeys(BENT, 0.0),
    "cue_level": CUE_LEVEL,
    "cue_mix": CUE_MIX,
}

STATUS: Final = (
    "frame",
    "heard_frame",
    "peak_l",
    "peak_r",
    "rms_l",
    "rms_r",
    "momentary",
    "integrated",
    "reduction",
    "load",
    "load_max",
    "underruns",
    "silent_frames",
    *(f"peak_{s}" for s in STEMS),
    "peak_mix",
    "peak_room",
    "place_turn",
    "place_frame",
    "place_at",
    "place_speed",
    "beat",
    "alive",
)
"""``frame``: transport frame at the end of the last block rendered; ``heard_frame``: that less the output latency.
Peaks and RMS are linear, momentary and integrated in LUFS, reduction in dB; load and load_max are fractions of a block;
``silent_frames`` counts frames rendered as silence for want of a section while the transport ran after the first cue had
started (it must stay 0); the four of ``place`` are one value, see `HeardPlace`; ``beat`` counts every block rendered, ``alive``
is 1 while the player runs; these two stay last, where `engine.processes.client` reads them."""

COUNTED: Final = ("underruns", "silent_frames")
"""Of `STATUS`: what is counted through the whole set, whatever players it had."""

LONGEST_S: Final = 1.0
"""Seconds for which a place is counted on from: after that the player hangs, and the set stands."""

TRIES: Final = 8
"""Readings of what changes while it is read."""


class NamedValues:
    """An array of float64 values that have names.

    Args:
        names: the values' names, in order.
        values: where they lie, shape (names,); zeros of its own without.
    """

    def __init__(self, names: tuple[str, ...], values: npt.NDArray[np.float64] | None = None) -> None:
        self.names = names
        self.index: Final = {name: i for i, name in enumerate(names)}
        self.values: npt.NDArray[np.float64] = np.zeros(len(names)) if values is None else values

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.index[name]])

    def __setitem__(self, name: str, value: float) -> None:
        self.values[self.index[name]] = value

    def update(self, values: dict[str, float]) -> None:
        """Set several values by name."""
        for name, value in values.items():
            self[name] = value


class HeardPlace(NamedTuple):
    """Where a set is as it is heard.

    Attributes:
        frame: of the transport.
        at: when that frame is heard, in seconds of `time.monotonic`, which all processes of a machine share.
        speed: frames of the transport that are heard in the time of one; 0 while it stands still.
    """

    frame: float
    at: float
    speed: float

    def now(self, at: float, rate: int = SAMPLE_RATE) -> float:
        """The frame that is heard at a time."""
        return self.frame + min(max(0.0, at - self.at), LONGEST_S) * rate * self.speed


def write_place(status: NamedValues, place: HeardPlace) -> None:
    """Say where the set is; those who read meanwhile read again."""
    status["place_turn"] += 1
    status["place_frame"], status["place_at"], status["place_speed"] = place
    status["place_turn"] += 1


def read_place(status: NamedValues) -> HeardPlace | None:
    """Where the set is; None where no player has said it."""
    for _ in range(TRIES):
        turn = status["place_turn"]
        place = HeardPlace(status["place_frame"], status["place_at"], status["place_speed"])
        if turn == status["place_turn"] and not turn % 2:
            return place if turn else None
    return None


def map_file(path: Path, size: int, create: bool) -> mmap.mmap:
    """So many bytes of a file as memory that processes share; ``create`` makes it, empty and readable by its user alone.

    Raises:
        OSError: if it cannot be made or opened.
        ValueError: if it is smaller.
    """
    descriptor = os.open(path, os.O_RDWR | (os.O_CREAT | os.O_TRUNC if create else 0), 0o600)
    try:
        if create:
            os.ftruncate(descriptor, size)
        return mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)


class SharedBlock(NamedValues):
    """A memory-mapped array of named float64 values.

    Args:
        path: the file; made when ``create`` is true, readable by its user alone.
        names: the values' names, in order.
        create: make (and zero) the file instead of opening it.

    Raises:
        OSError: if the file cannot be made or opened.
        ValueError: if an existing file is too small.
    """

    def __init__(self, path: Path, names: tuple[str, ...], create: bool = False) -> None:
        self._map = map_file(path, 8 * len(names), create)
        super().__init__(names, np.frombuffer(self._map, dtype=np.float64))
