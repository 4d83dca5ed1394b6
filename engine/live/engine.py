"""The engine in real time: one inbox, one thread that decides, and the links to the other processes."""

from __future__ import annotations

import contextlib
import queue
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from engine import protocol as p
from engine.conductor.events import JobDone, JobFailed, JobProgress, PlayerSaid, WorkerLost, WorkerRefused
from engine.conductor.on_command import level_params
from engine.conductor.pace import Pace
from engine.conductor.state import State
from engine.errors import LivesetError
from engine.live.background import Background
from engine.live.links import Links
from engine.live.pace_file import remember, remembered
from engine.live.recordings import Recordings
from engine.live.screens import ScreenLink
from engine.live.watchdog import Watchdog
from engine.midi.mapping import Mapping as ControlMapping
from engine.midi.mapping import load_profile
from engine.midi.ports import MidiInput
from engine.presets import Preset, load_preset
from engine.processes.channels import Door, Line, Wire, connect, read_forever
from engine.processes.children import Children
from engine.processes.layout import CURRENT_FILE, ENGINE, PLAYER
from engine.processes.leftovers import sweep
from engine.prompts.mix import nothing_up
from engine.session.opening import opening_state, scaled_note
from engine.session.saving import load_state, past_files, with_heard_values
from engine.session.session import Session, greeted
from engine.session.snapshots import Surroundings, snapshot, values_by_target

TICK_S: Final = 0.01
SNAPSHOT_S: Final = 1 / 30
CHECK_S: Final = 0.25
LINGER_S: Final = 2.0
"""How long a finished set waits for a screen before its processes end."""

KEEPING_S: Final = 5.0
"""How long a set that is over waits for a keeper to be written."""

Source = str


def _live_state(preset: Preset, options: p.SetOptions) -> State:
    """The state before anything happened; nobody waits in silence for a generator that takes its time."""
    state = opening_state(preset, options)
    settings = replace(state.settings, opens=bool(state.settings.stand_in) and preset.set.opening == "pocket")
    return replace(
        state.with_work(pace=Pace() if state.work.traits.live else remembered(state.work.generator)), settings=settings
    )


class LiveEngine:
    """Everything of the engine's process.

    Raises:
        LivesetError: if the preset or its MIDI table is wrong, or a folder cannot be used.
    """

    def __init__(self, folder: Path, options: p.SetOptions, children: Children, resume: bool) -> None:
        self.folder = folder
        self.children = children
        self.inbox: queue.SimpleQueue[tuple[Source, Any]] = queue.SimpleQueue()
        self.screens: list[ScreenLink] = []
        self.serial = 0
        self.quitting = False
        self.device: p.DeviceOpened | None = None
        self.links = Links(folder, children.sections)
        self.watchdog = Watchdog(children, self.links)

        preset = load_preset(options.preset)
        self.mapping = ControlMapping(load_profile(preset.midi.controller), preset.midi.overrides)
        self.midi = MidiInput(self.mapping, lambda: self.inbox.put(("midi", None)))
        self._midi_view = p.MidiView()
        self.resume = resume
        saved = load_state(folder) if resume else None
        state = saved or _live_state(preset, options)
        if resume:
            state = past_files(with_heard_values(state, self.links.params()), children.sections)
        self.links.frame = state.transport.frame
        self.session = Session(state, self.links, self.links, children.sections, self.links.at, save_to=folder)
        self.session.measuring.later = Background("measure", self._post)
        self._keeping = self.session.keeping.later = Background("keep", self._post)
        self.recordings = Recordings(
            self.links.order, self.session.tell, state.settings.title, None if resume else options.record
        )
        self._show_at = self._check_at = time.monotonic()
        self._finished_at: float | None = None
        self._tell_of_the_start(scaled_note(preset, state.settings.grid), resume, saved is not None)

    def _post(self, call: Callable[[], None]) -> None:
        self.inbox.put(("done", call))

    def _tell_of_the_start(self, note: str | None, resume: bool, goes_on: bool) -> None:
        if goes_on:
            self.session.tell("warning", "The engine stopped and was restarted; the music went on.")
        elif resume:
            self.session.tell("warning", "The engine was restarted and could not read where the set was: the plan starts again.")
        elif note:
            self.session.tell("info", note)

    # ------------------------------------------------------------ the loop

    def run(self) -> None:
        """Decide until the set is over or somebody quits."""
        self.open()
        while not self.quitting:
            self.turn()
        self.close()

    def turn(self) -> None:
        """Take what has come in, waiting for it up to a tick; show it, and look after everything in its time."""
        self._take_waiting()
        self.session.turn()
        now = time.monotonic()
        if now >= self._show_at:
            self._show_at = max(self._show_at + SNAPSHOT_S, now)
            self._show()
        if now >= self._check_at:
            self._check_at = now + CHECK_S
            self.watchdog.look(self.session.state, now)
            self.session.measuring.look(self.session.state)
        if self.session.state.transport.run == "finished" and not self.screens:
            self._finished_at = self._finished_at or now
            self.quitting = self.quitting or now - self._finished_at > LINGER_S

    def open(self) -> None:
        """Listen, announce this session, connect the player, start MIDI."""
        self.door = Door(self.folder, ENGINE, self._greeted, hears=True)
        (self.folder.parent / CURRENT_FILE).write_text(self.folder.name, encoding="utf-8")
        signal.signal(signal.SIGTERM, lambda *_: self.inbox.put(("quit", None)))
        state = self.session.state
        run = state.transport.run
        goes_on = run == "playing" or (self.resume and run == "starting" and self.links.params()["run"] > 0)
        self.links.set_params(
            {
                "bpm": state.settings.grid.bpm,
                "beats_per_bar": state.settings.grid.beats_per_bar,
                "run": float(goes_on),
                **dict(state.steering.macros),
                **dict(level_params(state.steering.levels)),
            }
        )
        self.mapping.sync(values_by_target(state))
        self.midi.start()
        threading.Thread(target=self._reach_player, daemon=True, name="player").start()
        threading.Thread(
            target=sweep, args=(self.folder.parent, self.children.sections.parent), daemon=True, name="sweep"
        ).start()
        if self.resume:
            self.children.start_worker("main", state.work.generator)
        if state.settings.stand_in:
            self.children.start_worker("stand-in", state.settings.stand_in)

    def _reach_player(self) -> None:
        try:
            connection = connect(self.folder, PLAYER, 10.0)
        except LivesetError as error:
            self.inbox.put(("player gone", (None, str(error))))
            return
        self.inbox.put(("player here", Line(connection)))

    def _greeted(self, connection: Wire, hello: object) -> None:
        """On the connection's own thread: its first word says who it is."""
        if isinstance(hello, p.ClientHello) and hello.role in ("screen", "generator"):
            self.inbox.put((hello.role, (hello, connection)))
            return
        if isinstance(hello, p.SectionFailed):
            self.inbox.put(("worker refused", hello.message))
        connection.close()

    def _take_waiting(self) -> None:
        """Wait up to a tick for a message, then take all that wait."""
        try:
            source, message = self.inbox.get(timeout=TICK_S)
        except queue.Empty:
            return
        for _ in range(256):
            self._sources[source](self, message)
            try:
                source, message = self.inbox.get_nowait()
            except queue.Empty:
                return

    # ------------------------------------------------------------ what comes in

    def _on_screen(self, message: tuple[p.ClientHello, Wire]) -> None:
        screen = ScreenLink(message[1])
        self.screens.append(screen)
        read_forever(
            message[1], lambda command: self.inbox.put(("command", command)), lambda: self.inbox.put(("screen gone", screen))
        )

    def _on_done(self, call: Callable[[], None]) -> None:
        call()

    def _on_screen_gone(self, screen: ScreenLink) -> None:
        screen.close()
        self.screens = [other for other in self.screens if other is not screen]

    def _on_generator(self, message: tuple[p.ClientHello, Wire]) -> None:
        hello, connection = message
        place = hello.place
        if place not in self.children.workers:  # one that was ended a moment ago
            connection.close()
            return
        line = self.links.workers[place] = Line(connection)
        line.open(
            lambda report: self.inbox.put(("report", (place, report))),
            lambda: self.inbox.put(("worker gone", (place, line))),
        )
        self.session.take(greeted(hello))

    def _on_worker_gone(self, message: tuple[str, Line]) -> None:
        place, line = message
        if self.links.workers.get(place) is line:
            del self.links.workers[place]
            self.session.take(WorkerLost(place))  # type: ignore[arg-type]

    def _on_worker_refused(self, message: str) -> None:
        """The set's own generator cannot be loaded: the stand-in takes its place, and needs nobody to stand in for it."""
        before = self.session.state.work.generator
        self.session.take(WorkerRefused(message))
        after = self.session.state.work.generator
        if after == before:
            return
        self.links.workers.clear()
        self.children.stop_worker("stand-in")
        self.children.start_worker("main", after)

    def _on_report(self, message: tuple[str, p.WorkerReport]) -> None:
        place, report = message
        self.links.heard_at[place] = time.monotonic()
        match report:
            case p.SectionProgress(job_id, ready_to, done):
                self.session.take(JobProgress(job_id, ready_to, done))
            case p.SectionDone(job_id, work_s, fit):
                known = self.session.state.work.pace
                self.session.take(JobDone(job_id, work_s, fit))
                self._remember(known)
            case p.SectionFailed(job_id, text):
                self.session.take(JobFailed(job_id, text))

    def _remember(self, known: Pace) -> None:
        """Let the next set know how long a slow generator takes here."""
        state = self.session.state
        if not state.work.traits.live and state.work.pace != known:
            remember(state.work.generator, state.work.pace)

    def _on_player_here(self, line: Line) -> None:
        self.links.player_here(line)
        line.open(lambda event: self.inbox.put(("player", event)), lambda: self.inbox.put(("player gone", (line, ""))))
        self.recordings.player_here()

    def _on_player_gone(self, message: tuple[Line | None, str]) -> None:
        """The player died: another goes on from the frame it had reached."""
        line, reason = message
        if line is not self.links.player:
            return
        frame = self.links.player_gone()
        if self.quitting:
            return
        if self.children.player is not None and self.children.player.poll() is None and not reason:
            # It only let go of this connection: it is still playing.
            threading.Thread(target=self._reach_player, daemon=True).start()
            return
        self.recordings.player_gone()
        self.session.tell("warning", "the player stopped and is started again")
        self.children.start_player(frame)
        threading.Thread(target=self._reach_player, daemon=True).start()

    def _on_player(self, event: p.PlayerEvent) -> None:
        match event:
            case p.DeviceOpened():
                self._device(event)
            case p.DeviceLost(name, message):
                self.device = replace(self.device, silent=True) if self.device is not None else None
                self.session.tell("error", f"the device {name} is gone ({message}); the set goes on in silence until it is back")
            case p.RecordingState():
                self.recordings.said(event)
            case p.PlayerHello():
                self.recordings.greeted(event)
                if event.device is not None:
                    self._device(event.device)
        self.session.take(PlayerSaid(event))

    def _device(self, opened: p.DeviceOpened) -> None:
        if self.device is not None and self.device.silent and not opened.silent:
            self.session.tell("info", f"playing on {opened.name}")
        self.device = opened
        if opened.silent:
            why = f" ({opened.message})" if opened.message else ""
            self.session.tell("warning", f"no sound device: the set runs silently in real time{why}")

    def _on_midi(self, _: None) -> None:
        batch = self.midi.drain()
        for command in batch.commands:
            self._on_command(command)
        for notice in batch.notices:
            self.session.tell("info", notice)
        messages = self._midi_view.messages + batch.messages_count
        self._midi_view = p.MidiView(batch.ports, messages, batch.last or self._midi_view.last)

    def _on_command(self, command: p.Command) -> None:
        match command:
            case p.Quit():
                self.quitting = True
            case p.Record(path):
                self.recordings.ask(path)
            case p.UseDevice(device):
                self.links.order(p.OpenDevice(device))
            case _:
                self.session.command(command)
                self.mapping.sync(values_by_target(self.session.state))

    def _on_quit(self, _: None) -> None:
        self.quitting = True

    _sources: Final[dict[Source, Callable[[Any, Any], None]]] = {
        "screen": _on_screen,
        "screen gone": _on_screen_gone,
        "generator": _on_generator,
        "worker gone": _on_worker_gone,
        "worker refused": _on_worker_refused,
        "report": _on_report,
        "player here": _on_player_here,
        "player gone": _on_player_gone,
        "player": _on_player,
        "midi": _on_midi,
        "command": _on_command,
        "done": _on_done,
        "quit": _on_quit,
    }

    # ------------------------------------------------------------ what goes out

    def _show(self) -> None:
        if not self.screens:
            return
        self.mapping.sync(values_by_target(self.session.state))
        self.serial += 1
        shown = snapshot(self.session.state, self._surroundings(), self.serial)
        for screen in self.screens:
            screen.offer(shown)

    def _surroundings(self) -> Surroundings:
        values = self.links.values()
        up = "main" in self.session.state.work.up
        return Surroundings(
            status=values,
            waveforms=self.session.measuring.waveforms,
            words=self.session.words(),
            labels=self.mapping.labels(),
            pickups=self.mapping.pickups(),
            midi=self._midi_view,
            device=self.device,
            recording=self.recordings.path,
            notices=self.session.notices,
            nothing_up=nothing_up(self.session.state.work.traits.live),
            keepers=self.session.keeping.shown,
            generator_state="working" if self.session.state.work.jobs else "ready" if up else "starting",
        )

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        """Fade out, end every process, and leave nothing but logs and recordings behind."""
        self.links.order(p.StopPlayer())
        self.midi.stop()
        self._show()
        self.door.close()
        if self.children.player is not None:
            with contextlib.suppress(Exception):
                self.children.player.wait(3.0)
        self.children.stop()
        self._keeping.finish(KEEPING_S)
        with contextlib.suppress(OSError):
            if (self.folder.parent / CURRENT_FILE).read_text(encoding="utf-8") == self.folder.name:
                (self.folder.parent / CURRENT_FILE).unlink()
        shutil.rmtree(self.children.sections, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
