"""A player and generators made of arithmetic: what the real ones promise, without a sample of sound."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

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

FADE = 441


@dataclass
class SimulatedPlayer:
    """Follows cues, loops and postpones as the renderer does, in frames; counts frames it had nothing for."""

    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    """path -> (first frame, ready to)."""
    frame: int = 0
    running: bool = False
    cue: p.Cue | None = None
    origin: int = 0
    pending: tuple[p.Cue, ...] = ()
    unfilled: int = 0
    finished: bool = False
    starts: list[tuple[p.Cue, int]] = field(default_factory=list)
    seam: int | None = None
    """Where a loop of less than a bar is over: no bar line before it counts."""

    def set_cues(self, cues: Iterable[p.Cue]) -> None:
        sounding = self.cue.cue_id if self.cue else 0
        self.pending = tuple(cue for cue in cues if cue.cue_id > sounding)

    def _ready(self, cue: p.Cue, origin: int, start: int) -> bool:
        """Whether the rest of the bar at ``start`` and its crossfade are there."""
        first, ready = self.files.get(cue.path, (0, 0))
        end = cue.grid.frame_of_bar(cue.grid.bar_at(start) + 1) - origin
        return start - origin >= first and ready >= end + FADE

    def advance(self, frames: int) -> list[p.PlayerEvent]:
        said: list[p.PlayerEvent] = []
        if not self.running or self.finished:
            return said
        if self.cue is None and not self.pending:
            return said
        target = self.frame + frames
        while self.frame < target and not self.finished:
            self._postpone(said)
            stop = min([target, *(cue.start_frame for cue in self.pending), self._next_bar()])
            if self.cue is None:
                stop = min(target, self.pending[0].start_frame) if self.pending else target
            self.frame = max(stop, self.frame)
            self._start_due(said)
            if self.frame < target:
                self._pass_seam(said)
        return said

    def _next_bar(self) -> int:
        if self.cue is None:
            return 2**62
        line = self.cue.grid.frame_of_bar(self.cue.grid.bar_at(self.frame) + 1)
        return line if self.seam is None or self.seam <= self.frame else self.seam

    def _postpone(self, said: list[p.PlayerEvent]) -> None:
        kept = []
        for cue in self.pending:
            if cue.start_frame >= self.frame:
                kept.append(cue)
                continue
            whole = cue.start_frame == cue.origin_frame
            start = cue.grid.frame_of_bar(cue.grid.next_bar(self.frame)) if whole else cue.grid.next_beat_frame(self.frame)
            kept.append(replace(cue, start_frame=start, origin_frame=start if whole else cue.origin_frame))
            said.append(p.CuePostponed(cue.cue_id, self.frame, start))
        self.pending = tuple(sorted(kept, key=lambda cue: cue.cue_id))

    def _start_due(self, said: list[p.PlayerEvent]) -> None:
        for cue in self.pending:
            if cue.start_frame != self.frame:
                continue
            if not self._ready(cue, cue.origin_frame, self.frame):
                whole = cue.start_frame == cue.origin_frame
                if whole:
                    start = cue.grid.frame_of_bar(cue.grid.bar_at(self.frame) + 1)
                else:
                    start = cue.grid.next_beat_frame(self.frame + 1)
                later = replace(cue, start_frame=start, origin_frame=start if whole else cue.origin_frame)
                self.pending = tuple(later if other is cue else other for other in self.pending)
                said.append(p.CuePostponed(cue.cue_id, self.frame, start))
                continue
            self.cue, self.origin, self.seam = cue, cue.origin_frame, None
            self.pending = tuple(other for other in self.pending if other.cue_id > cue.cue_id)
            self.starts.append((cue, self.frame))
            said.append(p.CueStarted(cue.cue_id, self.frame, cue.origin_frame))
            return

    def _pass_seam(self, said: list[p.PlayerEvent]) -> None:
        """At a bar line, or where a short loop ends: on, or back by whole bars, by beats where the file has less than one."""
        cue = self.cue
        if cue is None:
            return
        grid = cue.grid
        bar = grid.bar_at(self.frame)
        if self.frame != (grid.frame_of_bar(bar) if self.seam is None else self.seam):
            return
        self.seam = None
        at = self.frame - self.origin
        over = at >= cue.end_frame - 2
        if over and cue.final:
            self.finished = True
            said.append(p.Finished(self.frame))
            return
        if not over and self._ready(cue, self.origin, self.frame):
            return
        first, ready = self.files.get(cue.path, (0, 0))
        ways = [(grid.frame_of_bar(bar) - grid.frame_of_bar(bar - bars), bars) for bars in range(1, cue.loop_bars + 1)]
        whole = [way for way in ways if at - way[0] >= max(0, first - 2)]
        beats = [(round(grid.frames_per_beat * count), 0) for count in range(grid.beats_per_bar - 1, 0, -1)]
        back = whole[-1:] or [way for way in beats if at - way[0] >= max(0, first - 2)][:1]
        if not back or ready < at:
            self.unfilled += 1
            return
        shift, bars = back[0]
        self.origin += shift
        self.seam = None if bars else self.frame + shift
        said.append(p.Looped(cue.cue_id, self.frame, self.origin, bars))


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
                    first = job.version.request.from_frame
                    self.player.files[job.version.path] = (first, first)
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
        ready = max(self.player.files[job.version.path][1], first + round((total - first) * fraction))
        self.player.files[job.version.path] = (first, ready)
        self.take(JobProgress(job_id, ready, fraction))

    def finish(self, job_id: int) -> None:
        job = self.jobs.pop(job_id)
        first, total = job.version.request.from_frame, job.version.total
        self.player.files[job.version.path] = (first, total)
        self.take(JobDone(job_id, max(0.01, (total - first) / 44100 / 40), self.fit))

    def work(self, job_id: int, pace: Callable[[int], float]) -> None:
        """Finish a job after the time its work takes: so many seconds a second of sound with its steps, once."""
        request = self.jobs[job_id].version.request
        grid = self.state.settings.grid
        bar_s = float(grid.frames_per_bar) / grid.rate
        kept_s = self.state.work.traits.kept_bars(bar_s) * bar_s if request.continue_path else 0.0
        work_s = (request.total_frames() / 44100 + kept_s) * pace(request.steps)
        self.advance(round(work_s * 44100))
        job = self.jobs.pop(job_id)
        self.player.files[job.version.path] = (0, job.version.total)
        self.take(JobDone(job_id, work_s, self.fit))

    def fail(self, job_id: int) -> None:
        self.jobs.pop(job_id)
        self.take(JobFailed(job_id, "it broke"))

    def lose(self) -> None:
        for job in [job for job in self.jobs.values() if job.place == "main"]:
            del self.jobs[job.job_id]
        self.take(WorkerLost("main"))

    def up(self) -> None:
        self.take(WorkerUp("main", self.state.work.generator, self.traits or self.state.work.traits))

    def healthy(self, frames: int, look: int = 4096) -> None:
        """Let time pass with generators that finish whatever they are asked within a look."""
        if "main" not in self.state.work.up:
            self.up()
        while frames > 0 and not self.player.finished:
            for job_id in list(self.jobs):
                if job_id in self.jobs:
                    self.finish(job_id)
            self.advance(min(look, frames), look)
            frames -= look
