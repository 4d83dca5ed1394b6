"""The real conductor and the player's real timeline, with generators and files made of arithmetic: not a sample of sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from engine import protocol as p
from engine.conductor.events import (
    Action,
    At,
    CancelJob,
    Commanded,
    Event,
    JobDone,
    JobFailed,
    JobProgress,
    PlayerSaid,
    Restarted,
    SendCues,
    SetParams,
    StartJob,
    Tell,
    Tick,
    WorkerLost,
    WorkerUp,
)
from engine.conductor.state import Job, State
from engine.conductor.step import step
from engine.player.decks import Deck, SeenReader
from engine.player.rendering.loops import CROSSFADE, TOLERANCE
from engine.player.rendering.timeline import Timeline
from engine.player.rendering.voices import Levels
from engine.sections.file import SectionInfo
from engine.timebase import QUANTUM

FADE = 441
SILENCE = np.zeros((1, 1, 2), np.float32)


class SimulatedFile:
    """A section file without sound, as far as the timeline looks into one: what it holds when it is done, and how far it is."""

    def __init__(self, request: p.SectionRequest) -> None:
        first, total = request.from_frame, request.total_frames()
        self.info = SectionInfo(
            request.section_id, ("mix",), 44_100, first, total - first, request.bars, request.tail_bars,
            request.beats_per_bar, request.bpm, request.key, request.seed, "simulated",
        )  # fmt: skip
        self.ready = 0
        self.audio = np.broadcast_to(SILENCE, (total - first, 1, 2))

    def write_to(self, frame: int) -> None:
        """Its sound is there up to a frame of the section."""
        self.ready = max(self.ready, min(frame - self.info.first_frame, self.info.frames))


class SimulatedPlayer:
    """The player's real timeline over files without sound; only what cannot matter for it (mixing, effects) is left out.

    Attributes:
        files: by path.
        frame: of the transport.
        running: whether the transport moves.
        starts: every cue that began to sound, and when.
    """

    def __init__(self) -> None:
        self.files: dict[str, SimulatedFile] = {}
        self.frame = 0
        self.running = False
        self.starts: list[tuple[p.Cue, int]] = []
        self._events: deque[p.PlayerEvent] = deque()
        self._timeline = Timeline(self._events)
        self._cues: dict[int, p.Cue] = {}
        self._rest = 0
        self._levels, self._bus = Levels(), np.zeros((2, QUANTUM))

    @property
    def unfilled(self) -> int:
        """Frames for which no section had any sound."""
        return self._timeline.unfilled

    @property
    def finished(self) -> bool:
        """The last section's tail is over."""
        return self._timeline.finished

    def set_cues(self, cues: Iterable[p.Cue]) -> None:
        """Take the conductor's order, as the player does."""
        cues = tuple(cues)
        self._cues |= {cue.cue_id: cue for cue in cues}
        self._timeline.set_cues(tuple(Deck(cue, cast(SeenReader, self.files[cue.path])) for cue in cues))

    def advance(self, frames: int) -> list[p.PlayerEvent]:
        """Let time pass; what happened in it."""
        self._rest += frames
        while self._rest >= QUANTUM:
            sounds = self._timeline.main is not None and not self.finished
            if not self.running or not (sounds or self._timeline.waiting):
                self._rest %= QUANTUM  # it stands still, and nothing but the conductor can change that
                break
            quanta = min(self._quiet_quanta(), self._rest // QUANTUM)
            if quanta:
                self.frame += quanta * QUANTUM
            else:
                quanta = 1
                self._quantum()
            self._rest -= quanta * QUANTUM
        said = [*self._events]
        self._events.clear()
        for event in said:
            if isinstance(event, p.CueStarted):
                cue = self._cues[event.cue_id]
                self.starts.append((replace(cue, start_frame=event.frame, origin_frame=event.origin_frame), event.frame))
        return said

    def _quiet_quanta(self) -> int:
        """How many quanta from here on one section fills alone, with nothing for the timeline to decide in them."""
        main, seam, waiting = self._timeline.main, self._timeline._seam, self._timeline.waiting
        if main is None or main.start > self.frame or main.stop is not None:
            return 0
        until = min(main.ready, main.last) - CROSSFADE
        if seam is not None:
            until = min(until, seam - CROSSFADE)
        if waiting:
            until = min(until, waiting[0].cue.start_frame - CROSSFADE - TOLERANCE)
        return max(0, until - self.frame) // QUANTUM

    def _quantum(self) -> None:
        self._timeline.plan(self.frame)
        main, end = self._timeline.main, self.frame + QUANTUM
        # The timeline counts what it leaves unfilled as it mixes: that is slow, and need not be looked at where one section
        # fills the whole quantum.
        if main is None or main.start > self.frame or main.stop is not None or min(main.ready, main.last) < end:
            self._timeline.add_to(self._bus, self.frame, self._levels)
        self.frame = end


@dataclass
class Stage:
    """A conductor with a simulated player and generators."""

    state: State
    player: SimulatedPlayer = field(default_factory=SimulatedPlayer)
    clock: int = 0
    jobs: dict[int, Job] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    traits: p.Traits | None = None
    fit: p.GridFit | None = None

    def take(self, event: Event) -> None:
        self.state, actions = step(self.state, event, At(self.player.frame, self.clock))
        self.actions += actions
        for action in actions:
            match action:
                case StartJob(job):
                    self.jobs[job.job_id] = job
                    self.player.files[job.version.path] = SimulatedFile(job.version.request)
                case CancelJob(job):
                    self.jobs.pop(job.job_id, None)
                case SendCues(cues):
                    self.player.set_cues(cues)
                case SetParams(values):
                    self.player.running = bool(dict(values).get("run", self.player.running))
                case Tell(_, text):
                    self.told.append(text)

    def command(self, command: p.Command) -> None:
        self.take(Commanded(command))

    def advance(self, frames: int, look: int = 4096) -> None:
        """Let time pass, with a tick every ``look`` frames."""
        while frames > 0:
            part = min(look, frames)
            self.clock += part
            for said in self.player.advance(part):
                self.take(PlayerSaid(said))
            self.take(Tick())
            frames -= part

    def progress(self, job_id: int, fraction: float) -> None:
        job = self.jobs[job_id]
        first, total = job.version.request.from_frame, job.version.total
        file = self.player.files[job.version.path]
        file.write_to(first + round((total - first) * fraction))
        ready = first + file.ready
        self.take(JobProgress(job_id, ready, fraction))

    def finish(self, job_id: int) -> None:
        job = self.jobs.pop(job_id)
        first, total = job.version.request.from_frame, job.version.total
        self.player.files[job.version.path].write_to(total)
        self.take(JobDone(job_id, max(0.01, (total - first) / 44100 / 40), self.fit))

    def work(self, job_id: int, pace: Callable[[int], float]) -> None:
        """Finish a job after the time its work takes: so many seconds a second of sound with its steps, once."""
        request = self.jobs[job_id].version.request
        grid = self.state.grid
        bar_s = float(grid.frames_per_bar) / grid.rate
        kept_s = self.state.work.traits.kept_bars(bar_s) * bar_s if request.continue_path else 0.0
        work_s = (request.total_frames() / 44100 + kept_s) * pace(request.steps)
        self.advance(round(work_s * 44100))
        job = self.jobs.pop(job_id)
        self.player.files[job.version.path].write_to(job.version.total)
        self.take(JobDone(job_id, work_s, self.fit))

    def fail(self, job_id: int, *, full: bool = False) -> None:
        self.jobs.pop(job_id)
        self.take(JobFailed(job_id, "it broke", full))

    def lose(self) -> None:
        for job in [job for job in self.jobs.values() if job.place == "main"]:
            del self.jobs[job.job_id]
        self.take(WorkerLost("main"))
        self.take(Restarted())

    def up(self) -> None:
        self.take(WorkerUp("main", self.state.work.generator, self.traits or self.state.work.traits))

    def healthy(self, frames: int, look: int = 4096) -> None:
        """Let time pass with generators that finish whatever they are asked within a look."""
        if "main" not in self.state.work.up:
            self.up()
        while frames > 0 and self.state.transport.run != "finished":
            for job_id in list(self.jobs):
                if job_id in self.jobs:
                    self.finish(job_id)
            self.advance(min(look, frames), look)
            frames -= look
