"""Rehearsing: the same conductor, renderer and generators as on stage, with time that is counted instead of kept.

The generator works in its own process, in parallel with the renderer, but what it reports reaches the conductor at frames
that depend on nothing but the request: a set is the same, bit for bit, however fast the machine is.
"""

from __future__ import annotations

import contextlib
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile

from engine import protocol as p
from engine.channels import accept_forever, listen, make_key, read_forever, send
from engine.children import Children
from engine.conductor import STAND_IN
from engine.errors import GeneratorError, LivesetError, RecordingError
from engine.midi.files import TimedMessage, file_moves
from engine.midi.mapping import Mapping, load_profile
from engine.player.offline import OfflinePlayer
from engine.presets import Preset
from engine.rehearsal_log import LoggedEvent, LoggedSection, LoggedTransition, RehearsalLog
from engine.session import Session, SetOptions, greeted, opening_state
from engine.stage import (
    At,
    Event,
    Job,
    JobDone,
    JobFailed,
    JobProgress,
    Place,
    Played,
    PlayerSaid,
    State,
    Tick,
    WorkerLost,
    WorkerRefused,
    WorkerUp,
)
from engine.views import values_by_target
from engine.wishes import with_files

STEP: Final = 1024
"""Frames between two looks of the conductor at the time."""

VIRTUAL_SPEED: Final = 20.0
"""Seconds of sound a second of the set's time that generators are taken to make; slower ones are waited for."""

START_S: Final = 60.0
GRACE_BARS: Final = 64
"""Bars beyond the plan after which a set that does not end is given up."""

Audio = npt.NDArray[np.float32]


class Refused(GeneratorError):
    """A generator says itself that it cannot be loaded."""


@dataclass(slots=True)
class _Real:
    """A job as its generator's process really stands."""

    job: Job
    ready_to: int
    work_s: float | None = None
    fit: p.GridFit | None = None
    failed: str | None = None


@dataclass
class OfflineWorkers:
    """The generators' processes, whose reports are let through at counted frames."""

    folder: Path
    children: Children
    rate: int
    inbox: queue.SimpleQueue[tuple[str, Any]] = field(default_factory=queue.SimpleQueue)
    connections: dict[str, Any] = field(default_factory=dict)
    jobs: dict[int, _Real] = field(default_factory=dict)
    work_s: dict[str, float] = field(default_factory=dict)
    spare: dict[str, str] = field(default_factory=dict)

    def open(self, places: dict[str, str]) -> list[WorkerUp]:
        """Start the set's own generator and wait until it is ready; one that stands in is started when it is needed.

        Raises:
            GeneratorError: if the set's own does not start; `Refused` if it cannot be loaded.
        """
        self.listener = listen(self.folder, "engine")
        threading.Thread(target=accept_forever, args=(self.listener, self._accept), daemon=True).start()
        self.spare = {place: name for place, name in places.items() if place != "main"}
        ups = [self._start_worker("main", places["main"])]
        return [*ups, *(WorkerUp("pocket", name, True) for name in self.spare.values())]

    def reopen(self, name: str) -> list[WorkerUp]:
        """Start another generator in place of the set's own that could not be loaded.

        Raises:
            GeneratorError: if that does not start either.
        """
        self.spare = {}
        return [self._start_worker("main", name)]

    def _start_worker(self, place: str, name: str) -> WorkerUp:
        self.children.start_worker(place, name)
        deadline = time.monotonic() + START_S
        later: list[tuple[str, Any]] = []
        while True:
            try:
                kind, message = self.inbox.get(timeout=0.1)
            except queue.Empty:
                if self.children.dead_workers() or time.monotonic() > deadline:
                    log = self.children.folder / f"generator-{place}.err"
                    tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:] if log.exists() else []
                    raise GeneratorError("the generator did not start" + "".join(f": {line}" for line in tail)) from None
                continue
            if kind == "refused":
                raise Refused(message)
            if kind == "up" and message.place == place:
                for waiting in later:
                    self.inbox.put(waiting)
                up: WorkerUp = message
                return up
            later.append((kind, message))

    def _accept(self, connection: Any) -> None:
        try:
            hello = connection.recv()
        except (EOFError, OSError):
            return
        if isinstance(hello, p.SectionFailed):
            self.inbox.put(("refused", hello.message))
        elif isinstance(hello, p.ClientHello):
            self.connections[hello.place] = connection
            gone = ("gone", hello.place)
            read_forever(connection, lambda report: self.inbox.put(("report", report)), lambda: self.inbox.put(gone))
            self.inbox.put(("up", greeted(hello)))

    def start(self, job: Job) -> None:
        """Hand a job to its generator."""
        request = with_files(job.version.request, self.children.sections)
        if job.place not in self.connections and job.place in self.spare:
            self._start_worker(job.place, self.spare.pop(job.place))
        self.jobs[job.job_id] = _Real(job, request.from_frame)
        send(self.connections.get(job.place), p.MakeSection(job.job_id, request, job.version.path))

    def cancel(self, job: Job) -> None:
        """Tell a generator to drop a job, and forget it."""
        self.jobs.pop(job.job_id, None)
        send(self.connections.get(job.place), p.DropSection(job.job_id))

    def due(self, clock: int) -> list[Event]:
        """What is to be reported by a moment; waits for generators that are slower than taken."""
        events: list[Event] = []
        for job_id, real in list(self.jobs.items()):
            version = real.job.version
            first, total = version.request.from_frame, version.total
            promised = min(total, first + round((clock - real.job.asked_at) * VIRTUAL_SPEED))
            while real.failed is None and (real.ready_to < promised or (promised == total and real.work_s is None)):
                events += self._hear()
                if job_id not in self.jobs:
                    break
            if job_id not in self.jobs:
                continue
            if real.failed is not None:
                events.append(JobFailed(job_id, real.failed))
            elif promised == total:
                self.work_s[version.id] = real.work_s or 0.0
                events.append(JobDone(job_id, (total - first) / self.rate / VIRTUAL_SPEED, real.fit))
            elif promised > first:
                events.append(JobProgress(job_id, promised))
            if real.failed is not None or promised == total:
                del self.jobs[job_id]
        return events

    def _hear(self) -> list[Event]:
        """Take one report of a generator's process; a lost process ends its jobs and is started again."""
        kind, message = self.inbox.get(timeout=600)
        if kind == "up":
            return [message]
        if kind == "gone":
            return self._lost(message)
        self._note(message)
        return []

    def _note(self, message: Any) -> None:
        """Remember how a job really stands."""
        match message:
            case p.SectionProgress(job_id, ready_to) if job_id in self.jobs:
                self.jobs[job_id].ready_to = ready_to
            case p.SectionDone(job_id, work_s, fit) if job_id in self.jobs:
                self.jobs[job_id].work_s, self.jobs[job_id].fit = work_s, fit
            case p.SectionFailed(job_id, text) if job_id in self.jobs:
                self.jobs[job_id].failed = text

    def _lost(self, place: Place) -> list[Event]:
        self.connections.pop(place, None)
        self.jobs = {key: real for key, real in self.jobs.items() if real.job.place != place}
        self.children.start_worker(place, self.children.names[place])
        return [WorkerLost(place)]

    def close(self) -> None:
        """End the processes."""
        self.children.stop()
        with contextlib.suppress(OSError):
            self.listener.close()


class _Timeline:
    """Commands at frames: a MIDI file's moves through the mapping, and commands given outright."""

    def __init__(self, preset: Preset, moves: Sequence[TimedMessage], rate: int) -> None:
        self.mapping = Mapping(load_profile(preset.midi.controller), preset.midi.overrides, takeover=False)
        self.moves = [(round(move.seconds * rate), move.message) for move in moves]
        self.taken = 0
        self.length = self.moves[-1][0] if self.moves else 0

    def due(self, clock: int, state: State) -> Iterator[p.Command]:
        """Commands whose time has come, in frames rendered since the first: the transport may stand still."""
        while self.taken < len(self.moves) and self.moves[self.taken][0] <= clock:
            self.mapping.sync(values_by_target(state))
            yield from self.mapping.feed("file", self.moves[self.taken][1])
            self.taken += 1

    def left_on(self, frame: int, total: int, state: State) -> Iterator[p.Command]:
        """What nobody is left to undo once the file is over: a stop, and a hold at the set's end."""
        if self.taken < len(self.moves):
            return
        if state.run == "stopped":
            yield p.TogglePlay()
        elif state.held and frame >= total:
            yield p.Hold(False)


@dataclass(frozen=True, slots=True)
class RehearsalOptions:
    """How to rehearse. ``out`` is a .flac or .wav file; ``realtime`` paces the set by the wall clock."""

    out: Path
    midi: Path | None = None
    realtime: bool = False
    set: SetOptions = field(default_factory=SetOptions)


Progress = Callable[[float, str], None]
"""Called with the fraction done, 0..1, and what sounds."""


class Rehearsal:
    """A set from beginning to end, into a file.

    Args:
        preset: what to play.
        options: how.

    Raises:
        LivesetError: for anything that is wrong before the first sound: the preset, the MIDI file, the output file.
    """

    def __init__(self, preset: Preset, options: RehearsalOptions) -> None:
        self.preset = preset
        self.options = options
        self.state = opening_state(preset, options.set)
        self.rate = self.state.settings.grid.rate
        moves = file_moves(options.midi) if options.midi is not None else []
        self.timeline = _Timeline(preset, moves, self.rate)
        self.player = OfflinePlayer()
        self.clock = 0
        self.events: list[LoggedEvent] = []
        self._check_out()

    def _check_out(self) -> None:
        out = self.options.out
        if out.suffix.lower() not in (".flac", ".wav"):
            raise RecordingError(f"{out} is neither .flac nor .wav", "name the file with one of these endings")
        if not out.parent.is_dir():
            raise RecordingError(f"there is no folder {out.parent}", "make it first, or name another file")
        try:
            with out.open("ab"):
                pass
        except OSError as error:
            raise RecordingError(f"cannot write {out}: {error.strerror}", "name another file") from error

    # ------------------------------------------------------------ the session's links

    def order(self, order: p.PlayerOrder) -> None:
        """Hand an order to the player."""
        self.player.order(order)

    def set_params(self, values: Any) -> None:
        """Write the player's latest values."""
        for name, value in values.items():
            self.player.params[name] = value

    def at(self) -> At:
        """Now: the transport's frame and the frames rendered."""
        return At(self.player.frame, self.clock)

    # ------------------------------------------------------------ the set

    def run(self, progress: Progress = lambda _fraction, _what: None) -> RehearsalLog:
        """Play the whole set.

        Raises:
            LivesetError: if the generator cannot start, or the file cannot be written to its end.
        """
        folder = Path(tempfile.mkdtemp(prefix="lr"))
        make_key(folder)
        children = Children(folder, {})
        workers = OfflineWorkers(folder, children, self.rate)
        session = Session(self.state, self, workers, children.sections, self.at)
        try:
            places = {"main": self.state.generator} | ({"pocket": "pocket"} if self.state.settings.standby else {})
            try:
                ups = workers.open(places)
            except Refused as error:
                if self.state.generator == STAND_IN:
                    raise
                session.take(WorkerRefused(str(error)))
                self.state = session.state
                ups = workers.reopen(self.state.generator)
            grid = self.state.settings.grid
            self.set_params({"bpm": grid.bpm, "beats_per_bar": grid.beats_per_bar, **dict(self.state.macros)})
            for up in ups:
                session.take(up)
            self._play(session, workers, progress)
        finally:
            workers.close()
            shutil.rmtree(children.sections, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
        return self._log(session, workers)

    def _play(self, session: Session, workers: OfflineWorkers, progress: Progress) -> None:
        subtype = "PCM_24"
        limit = self.state.settings.grid.frame_of_bar(self.state.settings.total_bars + GRACE_BARS) + self.timeline.length
        try:
            with soundfile.SoundFile(self.options.out, "w", samplerate=self.rate, channels=2, subtype=subtype) as file:
                started = time.monotonic()
                for block in self._blocks(session, workers, limit):
                    file.write(block)
                    now = session.state.now
                    progress(min(1.0, self.player.frame / self._total(session.state)), now.version.wish.name if now else "")
                    if self.options.realtime:
                        time.sleep(max(0.0, self.player.frame / self.rate - (time.monotonic() - started)))
        except (OSError, soundfile.LibsndfileError) as error:
            raise RecordingError(
                f"cannot write {self.options.out}: {error}", "free some disk space or name another file"
            ) from error

    def _total(self, state: State) -> int:
        return max(1, state.settings.grid.frame_of_bar(state.settings.total_bars))

    def _blocks(self, session: Session, workers: OfflineWorkers, limit: int) -> Iterator[Audio]:
        """The set's sound, block by block, from its first frame to its last."""
        began = 0  # the transport waits for the first section, and a MIDI file's moves with it
        while session.state.run != "finished":
            state = session.state
            undone = tuple(self.timeline.left_on(self.player.frame, self._total(state), state))
            began = self.clock if not self.player.frame else began
            for command in (*self.timeline.due(self.clock - began, state), *undone):
                self.events.append(LoggedEvent(self.player.frame / self.rate, command))
                session.command(command)
            for event in workers.due(self.clock):
                session.take(event)
            session.take(Tick())
            before = self.player.frame
            block = self.player.render(STEP)
            self.clock += STEP
            for said in self.player.events():
                session.take(PlayerSaid(said))
            if self.player.frame > before:
                yield block[: self.player.frame - before]
            if self.clock > limit:
                raise LivesetError("the set did not come to its end", "please report this with the preset")

    # ------------------------------------------------------------ the log

    def _log(self, session: Session, workers: OfflineWorkers) -> RehearsalLog:
        state = session.state
        unknown = tuple(dict.fromkeys(word for slot in state.slots for word in _unknown(slot.text)))
        return RehearsalLog(
            preset=self.preset.source,
            seed=state.settings.seed,
            underruns=0,
            ladder_hold=state.holds,
            ladder_pocket=state.pockets,
            unknown_words=unknown,
            events=tuple(self.events),
            notices=tuple(notice.text for notice in session.notices if notice.level != "info"),
            sections=tuple(self._section(state, i, workers) for i in range(len(state.history))),
            kept=session.keeping.names,
        )

    def _section(self, state: State, i: int, workers: OfflineWorkers) -> LoggedSection:
        played: Played = state.history[i]
        after = state.history[i + 1] if i + 1 < len(state.history) else None
        loops = state.now.loops if state.now is not None and after is None else 0
        bars = after.start_bar - played.start_bar if after else played.bars + loops * state.settings.loop_bars
        generated = workers.work_s.get(played.section_id)
        waited = played.generated_in_s
        return LoggedSection(
            name=played.name,
            role=played.role,
            start_s=played.start_frame / self.rate,
            bars=bars,
            bpm=played.bpm,
            key=played.key,
            energy=played.energy,
            prompts=tuple(p.PromptWeight(text, weight) for text, weight in played.prompts),
            seed=played.seed,
            generated_in_s=generated,
            headroom_s=played.headroom_s + waited - generated if generated is not None and i else None,
            transition=LoggedTransition(
                played.transition, played.transition_start / self.rate, played.transition_frames / self.rate
            )
            if played.transition is not None
            else None,
            grid=played.fit,
        )


def _unknown(text: str) -> tuple[str, ...]:
    from engine.prompts import parse

    return parse(text).unknown
