"""Taking bars from the room while a set goes on: which bars those are, when they are whole, and the file they are kept in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from engine import protocol as p
from engine.conductor.messages import because
from engine.conductor.reacting.room import counted
from engine.conductor.state import State
from engine.dsp.sounds import SILENT
from engine.errors import DiskFullError, LivesetError
from engine.sections.file import SectionInfo, SectionWriter
from engine.session.heard_files import heard_bars
from engine.session.keeping import Teller
from engine.session.later import Later, at_once
from engine.timebase import Grid

SUFFIX: Final = ".bars"

TAIL: Final = 1024
"""Frames behind the bars that a loop's cross-fade needs."""

PATIENCE_S: Final = 3.0
"""Seconds after which bars that are not whole by then are given up."""

STILL: Final = "The room was silent in those bars: nothing is taken."
UNHEARD: Final = "Not one whole bar was heard from the room yet in this tempo."


class Ring(Protocol):
    """The last seconds from the room; see `engine.player.input.ring`."""

    @property
    def end(self) -> int:
        """The frame up to which it is written."""

    @property
    def first(self) -> int:
        """The frame from which on there is no gap."""

    def read(self, start: int, stop: int) -> npt.NDArray[np.float32] | None:
        """Frames from one on up to another; None where not all of them are there."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    command: p.RoomCommand
    start: int
    stop: int
    bars: int
    grid: Grid
    until: int
    """The clock's frame at which it is given up."""
    heard: bool
    """Whether it is measured, for a generator that leans on what is heard: another one starts from the sound itself."""


class Room:
    """Takes bars from the room as the performer asks for them.

    Args:
        folder: where the set's section files lie.
        tell: shows the performer a line.
        taken: takes a command that says which bars it is about.

    Attributes:
        ring: what was heard; None where there is no input.
        later: writes and measures, one after the other: at once, unless the set plays in real time.
    """

    def __init__(self, folder: Path, tell: Teller, taken: Callable[[p.RoomCommand], None]) -> None:
        self.ring: Ring | None = None
        self.later: Later = at_once
        self._folder, self._tell, self._taken = folder, tell, taken
        self._wanted: tuple[_Wanted, ...] = ()

    def ask(self, command: p.RoomCommand, state: State) -> bool:
        """Take the last bars for a command; False where it needs none, or there is no input."""
        ends = isinstance(command, p.LoopRoom) and (
            command.on is False or (command.on is None and state.transport.loop is not None)
        )
        if self.ring is None or command.taken is not None or ends:
            return False
        grid, ring = state.grid, self.ring
        line = grid.bar_at(ring.end + round(grid.frames_per_beat / 2))  # whoever is a little early means the line to come
        first = max(grid.bar_at(ring.first - 1) + 1, state.transport.changes[-1].bar if state.transport.changes else 0, 0)
        bars = min(max(1, command.bars), p.MOST_ROOM_BARS, line - first)
        if bars < 1 or ring.end == ring.first:
            self._tell("info", UNHEARD)
            return True
        until = state.transport.clock + round(PATIENCE_S * grid.rate)
        span = grid.frame_of_bar(line - bars), grid.frame_of_bar(line)
        heard = isinstance(command, p.ContinueRoom) and state.work.traits.live
        self._wanted = (*self._wanted, _Wanted(command, *span, bars, grid, until, heard))
        return True

    def look(self, state: State) -> None:
        """Whether what is wanted is whole by now."""
        if not self._wanted or self.ring is None:
            return
        waiting, self._wanted = self._wanted, ()
        for each in waiting:
            if self.ring.end < each.stop + TAIL and state.transport.clock < each.until:
                self._wanted = (*self._wanted, each)
                continue
            sound = self.ring.read(each.start, each.stop + TAIL)
            if sound is None:
                self._tell("warning", "These bars from the room are not whole: the input broke off.")
            elif float(np.abs(sound).max()) < SILENT:
                self._tell("info", STILL)
            else:
                self._take(each, sound)

    def _take(self, wanted: _Wanted, sound: npt.NDArray[np.float32]) -> None:
        def write() -> p.RoomBars | LivesetError:
            path = self._free()
            try:
                return _written(path, wanted, sound)
            except LivesetError as error:
                with contextlib.suppress(OSError):  # half of it is of no use, and the room on the disk is
                    path.unlink()
                return error

        def done(made: p.RoomBars | LivesetError) -> None:
            if isinstance(made, LivesetError):
                advice = "; free some disk space." if isinstance(made, DiskFullError) else "."
                self._tell("error", because("Nothing taken from the room", made.message, advice))
            else:
                self._taken(replace(wanted.command, taken=made))

        if wanted.bars < wanted.command.bars:
            self._tell("info", f"Only {counted(wanted.bars)} were heard from the room so far: those are taken.")
        self.later(write, done)

    def _free(self) -> Path:
        number = 1
        while (path := self._folder / f"room-{number:03}{SUFFIX}").exists():
            number += 1
        return path


def _written(path: Path, wanted: _Wanted, sound: npt.NDArray[np.float32]) -> p.RoomBars:
    """The bars in a file, and what is heard in them where that matters.

    Raises:
        LivesetError: they cannot be written, or measured.
    """
    grid = wanted.grid
    info = SectionInfo(
        section_id=path.stem,
        stems=(p.ROOM,),
        rate=grid.rate,
        first_frame=0,
        frames=len(sound),
        bars=wanted.bars,
        tail_bars=0,
        beats_per_bar=grid.beats_per_bar,
        bpm=grid.bpm,
        key="",
        seed=0,
        generator=p.ROOM,
    )
    writer = SectionWriter(path, info)
    try:
        writer.write(sound[:, None, :])
    finally:
        writer.close()
    measured = heard_bars(path) if wanted.heard else None
    return p.RoomBars(path.name, wanted.stop, wanted.bars, grid.beats_per_bar, grid.bpm, measured)
