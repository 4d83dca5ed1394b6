"""A set in progress: the conductor's state, and the one place that carries out what it asks for.

`Session` is told what happens (`take`) and handed the parts that do the work; real-time and offline sets differ in those
parts alone, see `engine.live` and `engine.rehearsal.rehearsal`.
"""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from engine.analysis.audio import correlation
from engine.analysis.picture import PeakColumns
from engine.conductor.events import (
    Action,
    At,
    CancelJob,
    Commanded,
    CutTails,
    Discard,
    Event,
    JobProgress,
    Mark,
    Measured,
    SendCues,
    SetParams,
    StartJob,
    Tell,
    Tick,
    WorkerUp,
)
from engine.conductor.state import Job, State
from engine.conductor.step import step
from engine.errors import SectionError
from engine.processes.layout import STATE_FILE
from engine.prompts.mix import parse
from engine.prompts.parsing import not_followed
from engine.protocol import (
    TRANSITION_BY_KIND,
    ClearEffects,
    ClientHello,
    Command,
    Cue,
    Keep,
    MarkSection,
    Notice,
    PlayerOrder,
    SetCues,
    VaryNext,
)
from engine.sections.file import SectionReader
from engine.session.keeping import Keeping
from engine.session.snapshots import Understood

WAVEFORM_COLUMNS: Final = 240
KEPT_NOTICES: Final = 20
MEASURED_FRAMES: Final = 4 * 44_100
"""At most this much of a transition is compared: enough to tell whether both sides are the same music."""


class PlayerLink(Protocol):
    """The player, in this process or another."""

    def order(self, order: PlayerOrder) -> None:
        """Hand an order over; never waits."""

    def set_params(self, values: Mapping[str, float]) -> None:
        """Write latest values."""


class WorkerLink(Protocol):
    """The generators' processes."""

    def start(self, job: Job) -> None:
        """Have a job's generator work on it."""

    def cancel(self, job: Job) -> None:
        """Have it stop."""


def greeted(hello: ClientHello) -> WorkerUp:
    """What a generator's first word means to the conductor."""
    return WorkerUp(hello.place, hello.name, hello.traits)


class Session:
    """The conductor's state and its hands.

    Args:
        state: from `engine.session.opening.opening_state`, or saved by the session before.
        player, workers: the parts that do the work.
        folder: where section files lie.
        now: when it is, in the player's frames.
        save_to: a folder in which the state is saved at every change that a new engine would need; None saves nothing.
    """

    def __init__(
        self,
        state: State,
        player: PlayerLink,
        workers: WorkerLink,
        folder: Path,
        now: Callable[[], At],
        *,
        save_to: Path | None = None,
    ) -> None:
        self.state = state
        self.player = player
        self.workers = workers
        self.folder = folder
        self.now = now
        self.keeping = Keeping(folder, self.tell)
        self.notices: tuple[Notice, ...] = ()
        self.waveforms: dict[str, tuple[float, ...]] = {}
        self._save_to = save_to
        self._words: dict[str, Understood] = {}
        self._measured: set[int] = set()
        self._unsaved = False

    # ------------------------------------------------------------ events in, actions out

    def take(self, event: Event) -> None:
        """Let the conductor decide on an event, and do what it asks."""
        self.state, actions = step(self.state, event, self.now())
        # Whatever a performer or another process said is kept, once a turn of the loop however many said it.
        self._unsaved |= not isinstance(event, Tick | JobProgress)
        if actions or (self._unsaved and isinstance(event, Tick)):
            self.save()
            self._unsaved = False
        for action in actions:
            self._do(action)
        self.keeping.look(self.state)

    def command(self, command: Command) -> None:
        """Take a performer's command."""
        if isinstance(command, Keep):
            self.keeping.ask(self.state)
            return
        taken = self.keeping.named(command) if isinstance(command, VaryNext) else command
        if taken is not None:
            self.take(Commanded(taken))

    def _do(self, action: Action) -> None:
        match action:
            case StartJob(job):
                self.workers.start(job)
            case CancelJob(job):
                self.workers.cancel(job)
                now = self.state.transport.now
                if now is None or all(heard.path != job.version.path for heard in now.heard):  # else it goes with the section
                    self._remove(job.version.path)
            case SendCues(cues):
                self.player.order(SetCues(tuple(self._located(cue) for cue in cues)))
                self._measure(cues)
            case SetParams(values):
                self.player.set_params(dict(values))
            case CutTails():
                self.player.order(ClearEffects())
            case Mark(title, frame):
                self.player.order(MarkSection(title, frame))
            case Discard(path):
                self._remove(path)
            case Tell(level, text):
                self.tell(level, text)

    def tell(self, level: str, text: str) -> None:
        """Show the performer a line; a repeated one replaces itself."""
        at = self.now().clock / self.state.settings.grid.rate
        kept = tuple(notice for notice in self.notices if notice.text != text)
        self.notices = (*kept, Notice(level, text, at))[-KEPT_NOTICES:]  # type: ignore[arg-type]

    def _located(self, cue: Cue) -> Cue:
        return replace(cue, path=str(self.folder / cue.path))

    def _remove(self, path: str) -> None:
        # A file that is still mapped cannot be removed on Windows; the folder goes with the session.
        with contextlib.suppress(OSError):
            (self.folder / path).unlink()

    # ------------------------------------------------------------ what is measured of the sound

    def _measure(self, cues: tuple[Cue, ...]) -> None:
        """Find out how alike the two sides of a transition are: it decides between equal power and equal gain."""
        for cue in cues:
            known = cue.cue_id in self._measured or not TRANSITION_BY_KIND[cue.transition].measured or not cue.length
            if known or self.state.transport.now is None:
                continue
            self._measured.add(cue.cue_id)
            with contextlib.suppress(SectionError):
                self.take(Measured(cue.cue_id, self._likeness(cue)))

    def _likeness(self, cue: Cue) -> float:
        now = self.state.transport.now
        if now is None:
            return 0.0
        length = min(cue.length, MEASURED_FRAMES)
        old = self._excerpt(now.version.path, cue.start_frame - now.origin, length)
        new = self._excerpt(cue.path, cue.start_frame - cue.origin_frame, length)
        frames = min(len(old), len(new))
        return correlation(old[:frames], new[:frames]) if frames else 0.0

    def _excerpt(self, path: str, start: int, length: int):  # type: ignore[no-untyped-def]
        reader = SectionReader(self.folder / path)
        first = max(0, start - reader.info.first_frame)
        return reader.audio[first : min(first + length, reader.ready)].sum(axis=1)

    def waveform(self) -> None:
        """Draw the sounding section once it is complete."""
        now = self.state.transport.now
        if now is None or now.version.id in self.waveforms or not now.version.complete:
            return
        with contextlib.suppress(SectionError):
            reader = SectionReader(self.folder / now.version.path)
            grid = self.state.settings.grid
            frames = grid.frame_of_bar(now.version.request.bars) - grid.origin
            first = reader.info.first_frame
            columns = max(1, round(WAVEFORM_COLUMNS * (frames - first) / frames))
            meter = PeakColumns(frames - first, columns)
            for block in reader.blocks(frames - first):
                meter.feed(block)
            drawn = [min(1.0, float(peak)) for peak in meter.values()]
            earlier = self.waveforms.get(now.fallback.id, ()) if now.fallback else ()
            before = (*earlier, *([0.0] * WAVEFORM_COLUMNS))[: WAVEFORM_COLUMNS - columns]
            self.waveforms = dict(list(self.waveforms.items())[-3:])
            self.waveforms[now.version.id] = (*before, *drawn)

    def words(self) -> dict[str, Understood]:
        """What was not, or only nearly, understood of each prompt, and what of it the set does not follow."""
        settings = self.state.settings
        for slot in self.state.steering.slots:
            if slot.text not in self._words:
                parsed = parse(slot.text)
                others = not_followed(slot.text, float(settings.grid.bpm), settings.key)
                self._words[slot.text] = Understood(parsed.unknown, parsed.guesses, others)
        return self._words

    # ------------------------------------------------------------ surviving this process

    def save(self) -> None:
        """Write the state for an engine that may have to take over."""
        if self._save_to is None:
            return
        # A full disk must not stop the set: the older state then is what a new engine goes on from.
        with contextlib.suppress(OSError):
            fresh = self._save_to / f"{STATE_FILE}.new"
            fresh.write_bytes(pickle.dumps(self.state))
            fresh.replace(self._save_to / STATE_FILE)


def load_state(folder: Path) -> State | None:
    """The state an engine before this one saved, without the jobs and generators that ended with it."""
    with contextlib.suppress(OSError, pickle.UnpicklingError, EOFError, AttributeError):
        state: State = pickle.loads((folder / STATE_FILE).read_bytes())
        unfinished = {job.version.id for job in state.work.jobs}
        return state.with_work(
            jobs=(),
            up=(),
            retry_at=0,
            next=None if state.work.next is not None and state.work.next.id in unfinished else state.work.next,
            switch=None,
        )
    return None
