"""Rehearsing: the same conductor, renderer and generators as on stage, with time that is counted instead of kept.

The generator works in its own process, in parallel with the renderer, but what it reports reaches the conductor at frames
that depend on nothing but the request: a set is the same, bit for bit, however fast the machine is.
"""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile

from engine import protocol as p
from engine.conductor.events import At, PlayerSaid, WorkerRefused
from engine.conductor.reacting.values import level_params, values_by_target
from engine.conductor.state import State
from engine.conductor.tempo import planned
from engine.errors import LivesetError, RecordingError
from engine.midi.files import FileMoves, file_moves
from engine.performances.entries import MADE, PLAYED, PRESET_COPY
from engine.performances.made import MadeLog
from engine.performances.played import PlayedLog
from engine.performances.writing import LogFile
from engine.player.offline import OfflinePlayer
from engine.presets import Preset, SetList, as_set_list, copy_set
from engine.processes.channels import make_key
from engine.processes.children import Children
from engine.processes.layout import check_audio_name
from engine.prompts.mix import parse
from engine.rehearsal.ahead import foreseen
from engine.rehearsal.log import LoggedEvent, RehearsalLog
from engine.rehearsal.workers import OfflineWorkers, Refused
from engine.session.opening import opening_state
from engine.session.piece_mappings import PieceMappings
from engine.session.session import Session
from engine.session.written import set_card
from engine.timebase import MIN_BPM, Grid

STEP: Final = 1024
"""Frames between two looks of the conductor at the time."""

SUBTYPE: Final = "PCM_24"
"""What is kept of the sound, as soundfile names it."""

GRACE_BARS: Final = 64
"""Bars beyond the plan after which a set that does not end is given up."""

Audio = npt.NDArray[np.float32]


class _Timeline:
    """Commands at frames: a MIDI file's moves through the mapping, and commands given outright.

    Args:
        longest: frames after which no set goes on, however long it stood still; what comes later is left out.
    """

    def __init__(self, chosen: SetList, file: FileMoves, rate: int, longest: int) -> None:
        self.mappings = PieceMappings(chosen, takeover=False)
        self.mapping = self.mappings.mapping
        moves = [(round(move.seconds * rate), move.message) for move in file.moves]
        self.moves = [move for move in moves if move[0] <= longest]
        self.rate = rate
        self.count = len(moves)
        self.taken = 0
        self.length = self.moves[-1][0] if self.moves else 0
        self.warnings = file.warnings

    def told(self) -> tuple[str, ...]:
        """What was wrong with the file, and how much of it came too late."""
        late = self.count - self.taken
        after = (f"{late} move{'s' if late > 1 else ''} of the MIDI file came after the set's end",) if late else ()
        return (*self.warnings, *after)

    def due(self, clock: int, state: State) -> Iterator[p.Command]:
        """Commands whose time has come, in frames rendered since the first: the transport may stand still."""
        self.mappings.follow(state)
        while self.taken < len(self.moves) and self.moves[self.taken][0] <= clock:
            self.mapping.sync(values_by_target(state))
            frame, message = self.moves[self.taken]
            yield from self.mapping.feed("file", message, frame / self.rate)
            self.taken += 1
        yield from self.mapping.due(clock / self.rate)

    def left_on(self, frame: int, total: int, state: State) -> Iterator[p.Command]:
        """What nobody is left to undo once the file is over: a stop, and a hold at the set's end."""
        if self.taken < len(self.moves):
            return
        if state.transport.run == "stopped":
            yield p.TogglePlay()
        elif state.steering.held and frame >= total:
            yield p.Hold(False)


Moves = Sequence[tuple[float, p.Command]]
Progress = Callable[[float, str], None]
"""Called with the fraction done, 0..1, and what sounds."""

Heard = Callable[[npt.NDArray[np.float32]], None]
"""Called with all that is written, (frames, 2) at a time, in order."""


class Rehearsal:
    """A set from beginning to end, into a file.

    Args:
        preset: what to play, one piece or several.
        options: how; ``record`` names the .flac or .wav file that is written.
        log_to: a folder in which what is played is written down, to play it again; None writes nothing.
        moves: commands beside those of the MIDI file, each at a beat from bar 0, in order.

    Raises:
        LivesetError: for anything that is wrong before the first sound: the preset, the MIDI file, the output file.
    """

    def __init__(self, preset: Preset | SetList, options: p.SetOptions, log_to: Path | None = None, moves: Moves = ()) -> None:
        self.set_list = as_set_list(preset)
        self.moves, self._moved = moves, 0
        self.log_to = log_to
        self.options = options
        self.out = Path(options.record or "")
        self.state = opening_state(self.set_list, options)
        self.rate = self.state.settings.grid.rate
        file = file_moves(Path(options.midi)) if options.midi is not None else FileMoves()
        longest = 2 * planned(self.state).frame_of_bar(self.state.settings.total_bars + GRACE_BARS)
        self.timeline = _Timeline(self.set_list, file, self.rate, longest)
        self.clock = 0
        self._until = math.inf
        self.events: list[LoggedEvent] = []
        self._check_out()
        self.played = PlayedLog(None if log_to is None else LogFile(log_to / PLAYED), 0, STEP)
        self.player = OfflinePlayer(notes=self.played.notes, metered=False)

    def _check_out(self) -> None:
        out = self.out
        check_audio_name(out)
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

    @property
    def expected_frames(self) -> int:
        """The length of the file as long as nobody moves the set's end: its bars and one of tail, as far as steps are whole."""
        return planned(self.state).frame_of_bar(self.state.settings.total_bars + 1) // STEP * STEP

    def run(
        self,
        progress: Progress = lambda _fraction, _what: None,
        until_s: float = math.inf,
        heard: Heard = lambda _block: None,
    ) -> RehearsalLog:
        """Play the whole set, or its first ``until_s`` seconds.

        Raises:
            LivesetError: if the generator cannot start, or the file cannot be written to its end.
        """
        self._until = until_s * self.rate
        folder = Path(tempfile.mkdtemp(prefix="lr"))
        make_key(folder)
        children = Children(folder, p.SetOptions(remote=self.options.remote or self.set_list.first.remote.address or None))
        workers = OfflineWorkers(folder, children, self.rate)
        log = MadeLog(None if self.log_to is None else LogFile(self.log_to / MADE), self.log_to)
        if self.log_to is not None:
            copy_set(self.options.presets or (self.set_list.source,), self.log_to, PRESET_COPY)
        log.begin(set_card(self.set_list, self.options, self.state, "rehearsal"))
        session = Session(self.state, self, workers, children.sections, self.at, log=log)
        try:
            stand_in = self.state.settings.stand_in
            places = {"main": self.state.work.generator} | ({"stand-in": stand_in} if stand_in else {})
            try:
                ups = workers.open(places)
            except Refused as error:
                if not stand_in:
                    raise
                session.take(WorkerRefused(str(error)))
                self.state = session.state
                ups = workers.reopen(self.state.work.generator)
            grid = self.state.settings.grid
            levels = dict(level_params(self.state.steering.levels))
            macros = dict(self.state.steering.macros)
            self.set_params({"bpm": grid.bpm, "beats_per_bar": grid.beats_per_bar, **macros, **levels})
            for up in ups:
                session.take(up)
            self._play(session, workers, progress, heard)
        finally:
            self.played.close(self.player.renderer.quanta, self.player.frame)
            log.close()
            workers.close()
            shutil.rmtree(children.sections, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
        return self._log(session, workers)

    def _play(self, session: Session, workers: OfflineWorkers, progress: Progress, heard: Heard) -> None:
        steered = self.timeline.count or self.moves
        slowest = Grid(MIN_BPM, self.state.grid.beats_per_bar) if steered else planned(self.state)
        limit = slowest.frame_of_bar(self.state.settings.total_bars + GRACE_BARS) + self.timeline.length
        limit += Grid(MIN_BPM).frame_of_beat(self.moves[-1][0]) if self.moves else 0
        try:
            with soundfile.SoundFile(self.out, "w", samplerate=self.rate, channels=2, subtype=SUBTYPE) as file:
                started = time.monotonic()
                for block in self._blocks(session, workers, limit):
                    file.write(block)
                    heard(block)
                    now = session.state.transport.now
                    progress(min(1.0, self.player.frame / self._total(session.state)), now.version.wish.name if now else "")
                    if self.options.realtime:
                        time.sleep(max(0.0, self.player.frame / self.rate - (time.monotonic() - started)))
        except (OSError, soundfile.LibsndfileError) as error:
            raise RecordingError(f"cannot write {self.out}: {error}", "free some disk space or name another file") from error

    def _total(self, state: State) -> int:
        return max(1, planned(state).frame_of_bar(state.settings.total_bars))

    def _blocks(self, session: Session, workers: OfflineWorkers, limit: int) -> Iterator[Audio]:
        """The set's sound, block by block, from its first frame to its last."""
        began = 0  # the transport waits for the first section, and a MIDI file's moves with it
        while session.state.transport.run != "finished" and self.player.frame < self._until:
            state = session.state
            undone = tuple(self.timeline.left_on(self.player.frame, self._total(state), state))
            began = self.clock if not self.player.frame else began
            moves = (*self.timeline.due(self.clock - began, state), *self._due(state), *undone)
            for command in moves:
                self.events.append(LoggedEvent(self.player.frame / self.rate, command))
                session.command(command)
            reports = workers.due(self.clock)
            for event in reports:
                session.take(event)
            session.turn()
            if (moves or reports) and (job := foreseen(session.state)) is not None:
                workers.begin_ahead(job)
            before = self.player.frame
            block = self.player.render(STEP)
            self.clock += STEP
            self.played.turn(self.player.renderer.quanta, self.player.frame)
            for said in self.player.events():
                self.played.said(said, self.player.renderer.quanta)
                session.take(PlayerSaid(said))
            if self.player.frame > before:
                yield block[: self.player.frame - before]
            if self.clock > limit:
                raise _unfinished(session)

    def _due(self, state: State) -> Iterator[p.Command]:
        """The moves whose beat has come."""
        beat = state.tempo.beats_at(self.player.frame)
        while self._moved < len(self.moves) and self.moves[self._moved][0] <= beat:
            yield self.moves[self._moved][1]
            self._moved += 1

    # ------------------------------------------------------------ the log

    def _log(self, session: Session, workers: OfflineWorkers) -> RehearsalLog:
        state, tempo = session.state, session.state.tempo
        texts = (
            slot.words for slots in (*(piece.slots for piece in state.settings.pieces), state.steering.slots) for slot in slots
        )
        unknown = tuple(dict.fromkeys(word for text in texts for word in parse(text).unknown))
        return RehearsalLog(
            preset=self.set_list.source,
            seed=state.settings.seed,
            underruns=0,
            ladder_hold=state.transport.holds,
            ladder_pocket=state.transport.pockets,
            unknown_words=unknown,
            events=tuple(self.events),
            notices=(*self.timeline.told(), *(notice.text for notice in session.notices if notice.level != "info")),
            tempos=((0, tempo.first.bpm), *((change.bar, change.grid.bpm) for change in tempo.changes)),
            sections=tuple(_really(played, workers.work_s) for played in state.transport.history),
            kept=session.keeping.names,
        )


def _really(played: p.PlayedSection, work_s: dict[str, float]) -> p.PlayedSection:
    """A section with the seconds that its generation really took, where the set's counted time had other ones."""
    generated = work_s.get(played.section_id)
    if generated is None or played.headroom_s is None or played.generated_in_s is None:
        return replace(played, generated_in_s=generated, headroom_s=None)
    return replace(played, generated_in_s=generated, headroom_s=played.headroom_s + played.generated_in_s - generated)


def _unfinished(session: Session) -> LivesetError:
    """What to say of a set that does not end: the last thing that went wrong, if anything did."""
    troubles = [notice.text for notice in session.notices if notice.level != "info"]
    if troubles:
        return LivesetError(f"the set did not come to its end: {troubles[-1].removesuffix('; trying again.')}")
    return LivesetError("the set did not come to its end", "please report this with the preset")
