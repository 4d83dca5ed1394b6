"""A set in progress: the conductor's state, and the one place that carries out what it asks for.

`Session` is told what happens (`take`) and handed the parts that do the work; real-time and offline sets differ in those
parts alone, see `engine.live` and `engine.rehearsal.rehearsal`.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, Protocol

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
    MeasureRoom,
    RoomMeasured,
    SendCues,
    SendListen,
    SendLoop,
    SetParams,
    StartJob,
    Sweep,
    Tell,
    Tick,
    WorkerShare,
    WorkerUp,
)
from engine.conductor.pieces import title_at
from engine.conductor.requests import SECTION_SUFFIX
from engine.conductor.state import Job, State, Version
from engine.conductor.step import step
from engine.conductor.tempo import key_of, tempo_of
from engine.generator_names import MAKES_ALIKE
from engine.performances.entries import MadeSection
from engine.performances.made import NOTHING_MADE, MadeLog
from engine.prompts.mix import parse
from engine.prompts.parsing import not_followed
from engine.protocol import (
    ClearEffects,
    ClientHello,
    Command,
    Cue,
    Keep,
    KeepHook,
    ListenKeeper,
    ListKeepers,
    MarkKeeper,
    MarkSection,
    Notice,
    Nudge,
    PlayerOrder,
    ReadPrompt,
    RemoveKeeper,
    RoomCommand,
    SetCueLevel,
    SetCueMix,
    SetCues,
    SetMacro,
    SetStem,
    StarWords,
    StopListening,
    ToggleMute,
    VaryNext,
)
from engine.sections.file import ready_frames
from engine.session.keeping import Keeping
from engine.session.pictures import Pictures
from engine.session.reading import ReadingPrompts
from engine.session.room import Room
from engine.session.saving import save_state
from engine.session.snapshots import Understood
from engine.session.starring import Starring
from engine.session.waveforms import Measuring

KEPT_NOTICES: Final = 20


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


def _parameter(command: Command) -> bool:
    """Whether a command moves what the player's latest values hold."""
    if isinstance(command, Nudge):
        return command.target.startswith(("macro ", "stem ", "cue "))
    return isinstance(command, SetMacro | SetStem | ToggleMute | SetCueLevel | SetCueMix)


def matters(event: Event, actions: tuple[Action, ...]) -> bool:
    """Whether a new engine would miss what an event led to.

    The time it finds in the player's latest values, and so it does macros and levels.
    """
    if isinstance(event, Tick | JobProgress | WorkerShare):
        return bool(actions)
    parameter = isinstance(event, Commanded) and _parameter(event.command)
    return not parameter or any(not isinstance(action, SetParams) for action in actions)


class Session:
    """The conductor's state and its hands.

    Args:
        state: from `engine.session.opening.opening_state`, or saved by the session before.
        player, workers: the parts that do the work.
        folder: where section files lie.
        now: when it is, in the player's frames.
        log: gets what the set's sections are to be, and what the performer asks for.
        save_to: a folder in which `turn` saves the state after every change that a new engine would need; None saves nothing.
    """

    def __init__(
        self,
        state: State,
        player: PlayerLink,
        workers: WorkerLink,
        folder: Path,
        now: Callable[[], At],
        *,
        log: MadeLog = NOTHING_MADE,
        save_to: Path | None = None,
    ) -> None:
        self.log = log
        self.state = state
        self.player = player
        self.workers = workers
        self.folder = folder
        self.now = now
        self.keeping = Keeping(folder, self.tell)
        self.starring = Starring(self.tell)
        self.room = Room(folder, self.tell, self._from_room)
        self.reading = ReadingPrompts()
        self.notices: tuple[Notice, ...] = ()
        self.measuring = Measuring(folder, self.take)
        self.pictures = Pictures(folder)
        self._save_to = save_to
        self._words: dict[str, Understood] = {}
        self._asked = (0.0, "")
        """The tempo and the key that they were compared with."""
        self._events: deque[Event] = deque()
        self._deciding = False
        self._unsaved = False
        self._kept = ""

    # ------------------------------------------------------------ events in, actions out

    def take(self, event: Event) -> None:
        """Let the conductor decide on an event, and do what it asks; what that leads to in turn is taken afterwards."""
        self._events.append(event)
        if self._deciding:  # it came of an action: whoever carries that out takes this too
            return
        self._deciding = True
        try:
            while self._events:
                self._decide(self._events.popleft())
        finally:
            self._deciding = False

    def _decide(self, event: Event) -> None:
        self.state, actions = step(self.state, event, self.now())
        for action in actions:
            self._do(action)
        self._unsaved |= matters(event, actions)
        self.keeping.look(self.state)
        self._keep_heard()

    def _keep_heard(self) -> None:
        """Keep the files of what sounds with the log, where no request makes them again."""
        now = self.state.transport.now
        if now is None or now.version.path == self._kept or now.version.generator in MAKES_ALIKE:
            return
        self._kept = now.version.path
        self.log.keep(self.folder / now.version.path)

    def turn(self) -> None:
        """End a turn of the loop: time went on, and what has changed in it is saved, after it was done."""
        self.take(Tick())
        self.room.look(self.state)
        if self._unsaved and self._save_to is not None:
            save_state(self._save_to, self.state)
            if self.log.folder is not None:  # for `liveset resume`, where this session's folder is gone with the machine
                self.log.later(partial(save_state, self.log.folder, self.state))
        self._unsaved = False

    def command(self, command: Command) -> None:
        """Take a performer's command."""
        if isinstance(command, ReadPrompt):  # asks only: no move of the set's, which the log keeps
            self.reading.read(command, *self._tempo_and_key())
            return
        if isinstance(command, RoomCommand) and self.room.ask(command, self.state):  # logged once it says which bars
            return
        self.log.command(self.now().frame, command)
        match command:
            case Keep():
                self.keeping.ask(self.state)
            case KeepHook():
                self.keeping.ask_hook(self.state)
            case ListKeepers(on):
                self.keeping.show(on)
            case MarkKeeper():
                self.keeping.mark(command)
            case StarWords():
                self.starring.star(command)
            case RemoveKeeper(name):
                wish = self.state.headphones.wish
                if wish is not None and wish.keeper is not None and wish.keeper.name == name:
                    self.take(Commanded(StopListening()))
                self.keeping.remove(name)
            case VaryNext() | ListenKeeper():
                if (named := self.keeping.named(command)) is not None:
                    self.take(Commanded(named))
            case _:
                self.take(Commanded(command))

    def _from_room(self, command: RoomCommand) -> None:
        """Bars were taken from the room, for a command: they stay with the log, for no request makes them again."""
        if command.taken is not None:
            self.log.keep(self.folder / command.taken.path, copy=True)
        self.log.command(self.now().frame, command)
        self.take(Commanded(command))

    def _do(self, action: Action) -> None:
        match action:
            case StartJob(job):
                self._log_job(job.version)
                self.workers.start(job)
            case CancelJob(job):
                self.workers.cancel(job)
                now = self.state.transport.now
                if now is None or all(heard.path != job.version.path for heard in now.heard):  # else it goes with the section
                    self._remove(job.version.path)
            case SendCues(cues):
                self.player.order(SetCues(tuple(self._located(cue) for cue in cues)))
                self.measuring.compare(self.state, cues)
            case SendLoop(order):
                cue = None if order.cue is None else self._located(order.cue)
                self.player.order(replace(order, cue=cue))
            case SendListen(order):
                self.player.order(replace(order, cues=tuple(self._located(cue) for cue in order.cues)))
            case SetParams(values):
                self.player.set_params(dict(values))
            case CutTails():
                self.player.order(ClearEffects())
            case Mark(title, frame):
                self.player.order(MarkSection(title, frame))
            case Discard() | Sweep() | MeasureRoom():
                self._do_on_disk(action)
            case Tell(level, text):
                self.tell(level, text)

    def _log_job(self, version: Version) -> None:
        before = version.request.continue_path
        heard = -1 if before is None else ready_frames(self.folder / before)
        piece = title_at(self.state, version.index)
        self.log.section(MadeSection(version.path, version.wish.name, version.generator, version.request, heard, piece))

    def _do_on_disk(self, action: Discard | Sweep | MeasureRoom) -> None:
        match action:
            case Discard(path):
                self._remove(path)
            case Sweep(kept):
                for file in self.folder.glob(f"*{SECTION_SUFFIX}"):
                    if file.name not in kept:
                        self._remove(file.name)
            case MeasureRoom(path, frames):
                self._measure_room(self.folder / path, frames)

    def tell(self, level: str, text: str) -> None:
        """Show the performer a line; a repeated one replaces itself, and is counted."""
        at = self.now().clock / self.state.settings.grid.rate
        kept = tuple(notice for notice in self.notices if notice.text != text)
        count = 1 + sum(notice.count for notice in self.notices if notice.text == text)
        self.notices = (*kept, Notice(level, text, at, count))[-KEPT_NOTICES:]  # type: ignore[arg-type]

    def _located(self, cue: Cue) -> Cue:
        return replace(cue, path=str(self.folder / cue.path))

    def _remove(self, path: str) -> None:
        # A file that is still mapped cannot be removed on Windows; the folder goes with the session.
        with contextlib.suppress(OSError):
            (self.folder / path).unlink()

    def _measure_room(self, like: Path, frames: int) -> None:
        """Tell the conductor how many frames the disk holds, given a section file of so many."""
        with contextlib.suppress(OSError):  # a file that just went, a system that does not say: asked again at the next section
            size = like.stat().st_size
            held = sum(file.stat().st_size for file in self.folder.glob(f"*{SECTION_SUFFIX}"))
            self.take(RoomMeasured(int((held + shutil.disk_usage(self.folder).free) / size * frames)))

    # ------------------------------------------------------------ what is shown

    def _tempo_and_key(self) -> tuple[float, str]:
        """Those that the set is asked to be in."""
        return tempo_of(self.state, self.state.here), key_of(self.state, self.state.here)

    def words(self) -> dict[str, Understood]:
        """What was not, or only nearly, understood of each prompt, and what of it the set does not follow."""
        asked = self._tempo_and_key()
        if asked != self._asked:
            self._words, self._asked = {}, asked
        for slot in self.state.steering.slots:
            if slot.text not in self._words:
                parsed = parse(slot.words)
                others = not_followed(slot.words, *asked)
                self._words[slot.text] = Understood(parsed.unknown, parsed.guesses, others)
        return self._words
