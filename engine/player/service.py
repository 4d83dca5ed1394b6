"""The player's other thread: answers the engine, maps files, writes the recording, looks after the device."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import queue
import subprocess
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from engine.errors import RecordingError
from engine.performances.entries import PLAYED, HeardSection
from engine.performances.folders import BACKLOG
from engine.performances.played import PlayedLog
from engine.performances.writing import LogFile
from engine.player.decks import PREFETCH_S, Deck, SeenReader, open_decks, open_loop
from engine.player.headphones.device import HeadphonesDevice
from engine.player.link import EngineLink, Joined, Left, Said
from engine.player.listened import Listened
from engine.player.output.backends import open_portaudio
from engine.player.output.backlog import Backlog
from engine.player.output.listening import Listening
from engine.player.output.lookout import Lookout
from engine.player.output.priority import ordinary_priority
from engine.player.output.recorder import Recorder, Tape
from engine.player.output.render_thread import Opener, Output
from engine.player.output.syncing import Syncer
from engine.player.rendering.renderer import Renderer
from engine.processes.channels import Line
from engine.processes.latest import NamedValues
from engine.protocol import (
    ClearEffects,
    Finished,
    Listen,
    LoopStem,
    MarkSection,
    OpenDevice,
    PlayerEvent,
    PlayerHello,
    PlayerOrder,
    RecordingState,
    SetCues,
    StartRecording,
    StopPlayer,
    StopRecording,
)
from engine.protocol.checking import fits
from engine.timebase import SAMPLE_RATE

TICK_S: Final = 0.01
CHORES_S: Final = 0.5
BEHIND_S: Final = 4.0
"""Seconds of what has been heard that stay in memory, for a section that goes back a little."""
ALONE_AT_END_S: Final = 10.0
"""Seconds without any engine, after the final section or with the session's folder gone, until the player ends."""

ALONE_AT_START_S: Final = 60.0
"""Seconds without any engine, and without anything to play, until the player ends."""

FADE_S: Final = 0.2
"""Seconds for the last fade out to reach the ear."""

LAST_WORDS_S: Final = 0.05
"""Seconds for the last events to be sent."""

LAST_SYNC_S: Final = 1.0
"""Seconds for which the end waits for the disk to have the recording."""

LOG_BYTES: Final = 1 << 20
"""What the process's own log may grow to; sound libraries can be talkative."""

RESPAWN_S: Final = (1.0, 8.0)
"""Seconds from the start of an engine to that of the next: twice as long each time up to the most."""
RESPAWN_AGAIN_S: Final = 10.0
"""Seconds after which an engine that was started and has not come is given up."""
STAYED_S: Final = 5.0
"""Seconds with an engine after which the loss of it is taken for the first."""


def _log_file(folder: Path | None) -> LogFile | None:
    """The file in which what is played is written down; None where there is no folder for it, or it takes no files."""
    if folder is not None:
        with contextlib.suppress(OSError):
            return LogFile(folder / PLAYED)
    return None


class Respawn:
    """Starts an engine when one was lost: at once, and ever more rarely while each new one is soon lost again.

    Args:
        command: what to run; empty for nothing.
        clock: seconds that never go back.

    Attributes:
        starts: engines started so far.
    """

    def __init__(self, command: tuple[str, ...], clock: Callable[[], float] = time.monotonic) -> None:
        self._command = command
        self._clock = clock
        self.starts = 0
        self._started_at = self._found_at = clock()
        self._wait_s = 0.0
        self._child: subprocess.Popen[bytes] | None = None
        self._wanted = False

    def lost(self) -> None:
        """An engine went away unexpectedly."""
        self._wanted = bool(self._command)
        if self._clock() - self._found_at > STAYED_S:
            self._wait_s = 0.0

    def found(self) -> None:
        """An engine is here."""
        self._wanted = False
        self._found_at = self._clock()

    def tick(self) -> None:
        """Start an engine if one is wanted; a started one that ends, or stays away for long, is started again."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        now = self._clock()
        wait = self._wait_s if self._child is None else RESPAWN_AGAIN_S
        if not self._wanted or now - self._started_at < wait:
            return
        self.starts += 1
        self._started_at = now
        self._wait_s = min(max(RESPAWN_S[0], 2 * self._wait_s), RESPAWN_S[1])
        try:
            nothing = subprocess.DEVNULL
            with ordinary_priority():
                self._child = subprocess.Popen(
                    self._command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
                )
        except (OSError, ValueError):
            self._child = None


def _name(device: object) -> str | None:
    """A device as an engine named it.

    Raises:
        TypeError: if that is no name.
    """
    if device is not None and not isinstance(device, str):
        raise TypeError("a device is named by text")
    return device


class Service:
    """One player.

    Args:
        link: where engines connect.
        params, status: the latest-value blocks.
        device, block: what to open, and frames per write.
        respawn: starts engines.
        opener: how devices are opened.
        log: file descriptor of the process's log, kept short; None for none.
        frame: where the transport stands at first.
        listening: the outputs of the set and of the headphones.
        apart: makes the headphones' own device, told who takes its events; None where they have none.
        performance: a folder that gets what is played, to play it again or to save it afterwards; None writes nothing.
    """

    def __init__(
        self,
        link: EngineLink,
        params: NamedValues,
        status: NamedValues,
        *,
        device: str | None,
        block: int,
        respawn: Respawn,
        opener: Opener = open_portaudio,
        log: int | None = None,
        frame: int = 0,
        performance: Path | None = None,
        listening: Listening = Listening(),  # noqa: B008
        apart: Callable[[Callable[[PlayerEvent], None]], HeadphonesDevice] | None = None,
    ) -> None:
        self._log = log
        tape_name = str(time.time_ns())
        self._played = PlayedLog(_log_file(performance), frame, block, tape_name)
        self._link, self._status, self._respawn, self._device = link, status, respawn, device
        self._renderer = Renderer(params, status, frame=frame, notes=self._played.notes)
        self._tape = Tape()
        self._syncer = Syncer()
        self._recorder = Recorder(self._tape, self._syncer)
        self._marks: list[MarkSection] = []
        self._backlog = None if performance is None else Backlog(self._tape, performance / BACKLOG / tape_name)
        self._events: deque[PlayerEvent] = deque()
        self._apart = None if apart is None else apart(self._events.append)
        self._output = Output(self._renderer, status, self._tape, block, opener, self._events.append, lookout=Lookout())
        self._output.listening = listening if self._apart is None else Listening(listening.routes, self._apart.push)
        self._listened = Listened(self._renderer.headphones)
        self._line: Line | None = None
        self._decks: dict[int, Deck] = {}
        self._stopping = False
        self._alone_since = time.monotonic()
        self._chores_at = 0.0
        self._collect_at = time.monotonic() + 60.0
        self._orders: dict[type, Callable[[Any], None]] = {
            SetCues: self._set_cues,
            ClearEffects: lambda _: self._renderer.clear_effects(),
            StartRecording: self._start_recording,
            StopRecording: lambda _: self._tell(self._recorder.stop()),
            MarkSection: self._mark,
            Listen: lambda order: self._tell(self._listened.order(order)),
            LoopStem: self._set_loop,
            OpenDevice: lambda order: self._output.use(_name(order.device)),
            StopPlayer: self._stop,
        }

    def run(self) -> None:
        """Play until told to stop, or until nobody is left to play for."""
        self._output.start(self._device)
        if self._backlog is not None:
            self._backlog.start()
        while not self._stopping and not self._forgotten():
            try:
                news = self._link.news.get(timeout=TICK_S)
            except queue.Empty:
                pass
            else:
                self._handle(news)
            self._tick()
        self._renderer.fade_out()
        time.sleep(FADE_S)
        self._tell(self._recorder.stop())
        self._note_recording()
        self._flush_events()
        time.sleep(LAST_WORDS_S)
        self._output.stop()
        if self._apart is not None:
            self._apart.close()
        self._syncer.finish(LAST_SYNC_S)
        if self._backlog is not None:
            self._backlog.close(LAST_SYNC_S)
        self._note_recording()
        self._played.close(self._renderer.quanta, self._renderer.frame)
        self._status["alive"] = 0.0
        self._link.close()

    # ------------------------------------------------------------ the engine

    def _handle(self, news: Joined | Said | Left) -> None:
        if isinstance(news, Joined):
            self._flush_events()
            old, self._line = self._line, news.line
            if old is not None:
                old.close()
            news.line.send(self._hello())
            if self._renderer.finished:
                news.line.send(Finished(self._renderer.frame))
            self._link.open(news.line)
            self._respawn.found()
        elif isinstance(news, Said):
            handler = self._orders.get(type(news.order))
            if news.line is self._line and handler is not None and fits(news.order, PlayerOrder):
                self._obey(handler, news.order)
        elif news.line is self._line:
            self._line = None
            self._alone_since = time.monotonic()
            if not self._stopping:
                self._respawn.lost()

    def _obey(self, handler: Callable[[Any], None], order: object) -> None:
        try:
            handler(order)
        except (TypeError, ValueError, AttributeError):
            logging.exception("an order that makes no sense: %r", order)

    def _hello(self) -> PlayerHello:
        renderer = self._renderer
        headphones = self._output.headphones if self._apart is None else self._apart.opened
        opened, recording = self._output.opened, self._recorder.path
        return PlayerHello(renderer.frame, renderer.sounding, renderer.pending, opened, recording, headphones)

    def _set_cues(self, order: SetCues) -> None:
        known: dict[str, SeenReader] = {deck.cue.path: deck.reader for deck in self._decks.values()}
        decks, failed = open_decks(order.cues, known)
        self._events.extend(failed)
        held = set(self._renderer.held)
        self._decks = {i: deck for i, deck in self._decks.items() if i in held} | {deck.cue.cue_id: deck for deck in decks}
        self._renderer.set_cues(decks)

    def _set_loop(self, order: LoopStem) -> None:
        deck, failed = open_loop(order)
        self._tell(failed)
        self._renderer.set_loop(order, deck)

    def _stop(self, _: StopPlayer) -> None:
        self._stopping = True

    def _forgotten(self) -> bool:
        if self._line is not None:
            return False
        alone = time.monotonic() - self._alone_since
        if alone > ALONE_AT_END_S and (self._renderer.finished or self._link.unreachable):
            return True
        return self._renderer.sounding is None and not self._renderer.pending and alone > ALONE_AT_START_S

    # ------------------------------------------------------------ chores

    def _tick(self) -> None:
        self._output.tick()
        if self._apart is not None:
            self._apart.tick()
        self._flush_events()
        self._played.turn(self._renderer.quanta, self._renderer.frame, int(self._status["underruns"]))
        now = time.monotonic()
        if now >= self._chores_at:
            self._chores_at = now + CHORES_S
            self._tell(self._recorder.poll(self._over))
            self._note_recording()
            self._prefetch()
            self._listened.read_ahead()
            self._let_go()
            self._respawn.tick()
            if self._log is not None and os.fstat(self._log).st_size > LOG_BYTES:
                os.ftruncate(self._log, 0)
        if now >= self._collect_at:
            self._collect_at = now + 60.0
            gc.collect(1)

    def _prefetch(self) -> None:
        """Touch the pages that will be read in the next seconds."""
        frame, cue, ahead = self._renderer.frame, self._renderer.sounding, int(PREFETCH_S * SAMPLE_RATE)
        cues = [*([] if cue is None else [replace(cue, start_frame=frame)]), *self._renderer.pending]
        for each in cues:
            deck = self._decks.get(each.cue_id)
            if deck is not None and each.start_frame < frame + ahead:
                deck.reader.prefetch(each.start_frame - each.origin_frame - deck.reader.info.first_frame, ahead)

    def _let_go(self) -> None:
        """Close the files of sections that are over, and forget what is over of the one that sounds.

        A minute of four stems is 85 MB of this process's memory. What a hold may go back to is kept.
        """
        oldest = min(self._renderer.held, default=0)
        self._decks = {i: deck for i, deck in self._decks.items() if i >= oldest}
        cue = self._renderer.sounding
        deck = None if cue is None else self._decks.get(cue.cue_id)
        if cue is not None and deck is not None:
            place = min(self._renderer.frame - cue.origin_frame, cue.end_frame)
            kept = int(BEHIND_S * SAMPLE_RATE) + round(cue.loop_bars * cue.grid.frames_per_bar)
            deck.reader.forget(place - kept - deck.reader.info.first_frame)

    def _start_recording(self, order: StartRecording) -> None:
        try:
            # Where a player before this one died the transport moves from the start on: there is no beginning to wait for.
            waits = (self._renderer.sounding is None and not self._tape.moving) or self._over
            self._recorder.start(order.path, order.title, section=order.section, force=order.force, waits=waits)
        except RecordingError as error:
            self._tell(RecordingState(None, str(error)))
        else:
            self._tell(RecordingState(order.path))

    def _mark(self, order: MarkSection) -> None:
        self._recorder.mark(order.title, order.frame)
        self._marks.append(order)

    def _note_recording(self) -> None:
        """Write down what is recorded, and which sections began to be heard: a recording that is cut off is finished by it."""
        self._played.recording(self._recorder.running)
        places = [(self._tape.place(mark.frame), mark) for mark in self._marks]
        self._marks = [mark for at, mark in places if at > self._tape.position]
        for at, mark in places:
            if at <= self._tape.position:
                self._played.heard(HeardSection(at, mark.title))

    @property
    def _over(self) -> bool:
        """Whether the set is over, and nothing is to follow."""
        return self._renderer.finished and not self._renderer.pending

    def _tell(self, event: PlayerEvent | None) -> None:
        if event is not None:
            self._events.append(event)

    def _flush_events(self) -> None:
        for source in (self._renderer.events, self._events):
            while source:
                event = source.popleft()
                self._played.said(event, self._renderer.quanta)
                if self._line is not None:
                    self._line.send(event)
