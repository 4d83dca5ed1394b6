"""The session's hands in real time: orders to the player's process, jobs to the generators', and what time it is."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from engine.conductor.events import At
from engine.conductor.state import Job
from engine.live.vitals import Vitals
from engine.processes.channels import Line
from engine.processes.latest import PARAMS, STATUS, HeardPlace, SharedBlock, read_place
from engine.processes.layout import PARAMS_FILE, STATUS_FILE
from engine.protocol import DropSection, MakeSection, Place, PlayerOrder
from engine.session.files import with_files
from engine.timebase import QUANTUM, SAMPLE_RATE

if TYPE_CHECKING:
    from engine.live.outside.timing import Timing


class Links:
    """Connections to the player and the generators, as `engine.session.session` needs them. Nothing here waits.

    Args:
        folder: the session's folder, with the blocks of latest values.
        sections: where section files lie.

    Attributes:
        workers: lines to the generators by place.
        player: the line to the player; None while there is none.
        vitals: what is known of each place's generator, anew for each process.
        frame: the transport's frame as far as it is known while there is no player.
    """

    def __init__(self, folder: Path, sections: Path) -> None:
        self.workers: dict[str, Line] = {}
        self.vitals: dict[str, Vitals] = {}
        self.frame = 0
        self._folder, self._sections = folder, sections
        self._params = SharedBlock(folder / PARAMS_FILE, PARAMS)
        self.timing: Timing | None = None
        self._status: SharedBlock | None = None
        self._place: HeardPlace | None = None
        self.player: Line | None = None
        self._clock_base = 0
        self._clock = 0

    def player_here(self, line: Line) -> None:
        """A player answers; its count of frames goes on from the one before it."""
        with contextlib.suppress(OSError, ValueError):
            self._status = SharedBlock(self._folder / STATUS_FILE, STATUS)
        self._clock_base = self._clock
        self.player = line

    def player_gone(self) -> int:
        """The player does not answer any more. Returns the transport's frame it had reached."""
        if self._status is None:  # an engine that has just taken over may never have spoken to it
            with contextlib.suppress(OSError, ValueError):
                self._status = SharedBlock(self._folder / STATUS_FILE, STATUS)
        self.frame = self.at().frame or self.frame  # one that ended as it started has not said where it stood
        self.player = self._status = None
        return self.frame

    def order(self, order: PlayerOrder) -> None:
        """Hand an order to the player."""
        if self.player is not None:
            self.player.send(order)

    def set_params(self, values: Mapping[str, float]) -> None:
        """Write the player's latest values."""
        if self.timing is None:
            self._params.update(dict(values))
        else:
            self.timing.gated(values, lambda now: self._params.update(dict(now)), self._latency_s())

    def _latency_s(self) -> float:
        """Seconds from what is rendered to what is heard."""
        status = self._status
        return 0.0 if status is None else max(0.0, status["frame"] - status["heard_frame"]) / SAMPLE_RATE

    def params(self) -> dict[str, float]:
        """What the player was last told, by name; it outlives an engine."""
        return dict(zip(self._params.names, self._params.values.tolist(), strict=True))

    def values(self) -> dict[str, float]:
        """The player's latest values by name, empty while there is none."""
        status = self._status
        return dict(zip(status.names, status.values.tolist(), strict=True)) if status is not None else {}

    def place(self) -> HeardPlace | None:
        """Where the set is as it is heard; None while there is no player. From any thread."""
        status = self._status
        if status is not None:
            self._place = read_place(status) or self._place  # one that is being written just now is where it was
        return None if status is None else self._place

    def start(self, job: Job) -> None:
        """Hand a job to its generator."""
        request = with_files(job.version.request, self._sections)
        self.vitals.setdefault(job.place, Vitals()).told += 1
        self._tell(job.place, MakeSection(job.job_id, request, job.version.path, job.urgent))

    def cancel(self, job: Job) -> None:
        """Tell a generator to drop a job."""
        self._tell(job.place, DropSection(job.job_id))

    def _tell(self, place: Place, order: MakeSection | DropSection) -> None:
        if (line := self.workers.get(place)) is not None:
            line.send(order)

    def at(self) -> At:
        """Now, in the player's frames."""
        status = self._status
        if status is None:
            return At(self.frame, self._clock)
        self._clock = max(self._clock, self._clock_base + int(status["beat"]) * QUANTUM)
        return At(int(status["frame"]), self._clock)
