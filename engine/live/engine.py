"""The engine in real time: one inbox, one thread that decides, and the links to the other processes."""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from engine import protocol as p
from engine.conductor.events import Restarted
from engine.conductor.pieces import title_at
from engine.conductor.planning.pace import Pace
from engine.conductor.reacting.over import OVER
from engine.conductor.reacting.values import level_params, values_by_target
from engine.conductor.state import State
from engine.live.background import Background
from engine.live.devices import Devices
from engine.live.generators import Generators
from engine.live.links import Links
from engine.live.outside.controllers import Controllers
from engine.live.outside.led import Led, Position, position_of
from engine.live.outside.remote import Remote
from engine.live.outside.saving import Saving
from engine.live.outside.timing import Timing
from engine.live.pace_file import remembered
from engine.live.player import Player
from engine.live.recordings import Recordings
from engine.live.room import RoomInput
from engine.live.screens import ScreenLink
from engine.live.watchdog import Watchdog
from engine.presets import SetList, load_set
from engine.processes.channels import Door, Wire, read_forever
from engine.processes.children import Children
from engine.processes.layout import CURRENT_FILE, ENGINE, sections_folders
from engine.processes.leftovers import sweep
from engine.prompts.mix import nothing_up
from engine.protocol.checking import fits
from engine.session.opening import notes, opening_state
from engine.session.piece_mappings import PieceMappings
from engine.session.saving import load_state, past_files, with_heard_values
from engine.session.session import Session
from engine.session.snapshots import Surroundings, snapshot
from engine.session.written import made_log, set_card

log = logging.getLogger(__name__)

TICK_S: Final = 0.01
SNAPSHOT_S: Final = 1 / 30
WAITING_S: Final = 0.002
"""A tick while a press waits to be one, see `presses.WAIT_S`: short beside it."""

LIGHTS_S: Final = 0.005
"""Between two images of the lights while controls are moved: as much as a few messages to them take."""

CHECK_S: Final = 0.25
LINGER_S: Final = 2.0
"""How long a finished set waits for a screen before its processes end."""

KEEPING_S: Final = 5.0
"""How long a set that is over waits for a keeper to be written."""

MOST_AT_ONCE: Final = 256
"""Messages taken in one turn, so that a flood of them does not keep time from going on."""


def _live_state(chosen: SetList, options: p.SetOptions) -> State:
    """The state before anything happened; nobody waits in silence for a generator that takes its time."""
    state, preset = opening_state(chosen, options), chosen.first
    opens, takes = bool(state.settings.stand_in) and preset.set.opening == "pocket", preset.takes
    parts = ((), *(p.STEM_PARTS.get(stem, ()) for stem in (takes.b, takes.c)))
    settings = replace(state.settings, opens=opens, takes=takes.count, newest=takes.newest, take_parts=parts)
    return replace(state.with_work(pace=Pace() if state.work.traits.live else remembered(settings.loads)), settings=settings)


class LiveEngine:
    """Everything of the engine's process.

    Raises:
        LivesetError: if the preset or its MIDI table is wrong, or a folder cannot be used.
    """

    def __init__(self, folder: Path, options: p.SetOptions, children: Children, resume: bool, again: int | None = None) -> None:
        self.folder = folder
        self.children = children
        self.inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self.screens: list[ScreenLink] = []
        self.serial = 0
        self.quitting = False
        self.links = Links(folder, children.sections)
        self.watchdog = Watchdog(children, self.links)

        chosen = load_set(options.presets)
        self.mappings = PieceMappings(chosen)
        self.mapping = self.mappings.mapping
        self.resume = resume
        saved = load_state(folder) if resume else None
        state = saved or _live_state(chosen, options)
        if resume:
            state = past_files(with_heard_values(state, self.links.params()), children.sections)
        self.links.frame = state.transport.frame
        self.log = made_log(folder)
        if not resume:
            self.log.begin(set_card(chosen, options, state))
        self.session = Session(state, self.links, self.links, children.sections, self.links.at, log=self.log, save_to=folder)
        self.session.measuring.later = self.session.pictures.later = Background("measure", self.inbox.put)
        arrived, later = lambda: self.inbox.put(self._on_midi), lambda name: Background(name, self.inbox.put)
        self.controllers = Controllers(self.mapping, arrived, self.session.tell, later)
        self.saving = Saving(chosen, Background("presets", self.inbox.put), self.session.tell)
        self.remote = Remote(options, lambda: self.inbox.put(self._on_osc), self.session.tell)
        tell = partial(self.session.tell, "info")
        led = Led(
            state.settings.grid.beats_per_bar,
            self._position,
            lambda: self.session.state.steering.bpm,
            lambda bpm: self.inbox.put(partial(self._on_command, p.SetTempo(bpm, follows=True))),
            lambda pull: self.links.set_params({"pull": pull}),
            lambda: self.inbox.put(partial(self._on_command, p.Play())),
            lambda text: self.inbox.put(partial(tell, text)),
        )
        self.links.timing = self.timing = Timing(options, state.grid.bpm, folder, led)
        self.devices = Devices(Background("devices", self.inbox.put))
        self.session.starring.later = self.session.reading.later = Background("words", self.inbox.put)
        self._keeping = self.session.keeping.later = Background("keep", self.inbox.put)
        self.recordings = Recordings(
            self.links.order,
            self.session.tell,
            state.settings.title,
            None if resume else options.record,
            force=options.force,
            section=self._section,
            later=Background("last-minutes", self.inbox.put),
        )
        self.room = RoomInput(folder, options.input or chosen.first.input.device, self.session, self.inbox.put)
        self.generators = Generators(self.session, self.links, children, self.inbox.put)
        self.player = Player(self.session, self.links, children, self.recordings, self.inbox.put)
        self._show_at = self._check_at = self._unwatched_at = self._lit_at = time.monotonic()
        self._moved = False
        if children.sections != sections_folders(folder)[0]:
            self.session.tell("warning", f"Sections lie in {children.sections.parent}: the cache takes no files.")
        if again is None:
            self._tell_of_the_start(notes(chosen, options), resume, saved is not None)
        else:
            self.session.tell("info", f"The set goes on in bar {state.tempo.bar_at(again) + 1}.")

    def _section(self) -> str:
        """What sounds, by its name in the plan; empty for nothing."""
        now = self.session.state.transport.now
        return p.titled(title_at(self.session.state, now.version.index), now.version.wish.name) if now is not None else ""

    def _tell_of_the_start(self, told: tuple[str, ...], resume: bool, goes_on: bool) -> None:
        if resume:
            self.session.take(Restarted())
        if goes_on:
            self.session.tell("warning", "The engine stopped and was restarted; the music went on.")
        elif resume:
            self.session.tell("warning", "The engine restarted but could not read the saved set: the plan starts again.")
        else:
            for note in told:
                self.session.tell("info", f"{note[0].upper()}{note[1:]}.")

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
        if self.controllers.waiting:
            self._on_midi()
        self.session.turn()
        self.mappings.follow(self.session.state)
        now = time.monotonic()
        if now >= self._show_at:
            self._show_at = max(self._show_at + SNAPSHOT_S, now)
            self._show()
        elif self._moved and now >= self._lit_at + LIGHTS_S:
            self._light()
        self.timing.tempo(self.session.state.tempo, self.session.state.transport.run == "playing")
        if now >= self._check_at:
            self._check_at = now + CHECK_S
            for _ in self.watchdog.look(self.session.state, now):
                self.session.take(Restarted())
            self.session.measuring.look(self.session.state)
            self.session.pictures.look(self.session.state)
            self.controllers.plug()
            self.room.tick()
            if self.screens or (self.session.state.transport.run != "finished" and self.folder.is_dir()):
                self._unwatched_at = now
            elif now - self._unwatched_at > LINGER_S:  # over, or out of everybody's reach: its folder was removed
                self._quit()

    def open(self) -> None:
        """Listen, announce this session, connect the player, start MIDI."""
        self.door = Door(self.folder, ENGINE, self._greeted, hears=True)
        (self.folder.parent / CURRENT_FILE).write_text(self.folder.name, encoding="utf-8")
        signal.signal(signal.SIGTERM, lambda *_: self.inbox.put(self._quit))
        state = self.session.state
        run = state.transport.run
        goes_on = run == "playing" or (self.resume and run == "starting" and self.links.params()["run"] > 0)
        self.links.set_params(
            {
                "bpm": state.grid.bpm,
                "beats_per_bar": state.grid.beats_per_bar,
                "run": float(goes_on),
                **dict(state.steering.macros),
                **dict(level_params(state.steering.levels)),
                "cue_level": state.headphones.level,
                "cue_mix": state.headphones.mix,
            }
        )
        self.mappings.follow(state)
        self.mapping.sync(values_by_target(state))
        self.controllers.start()
        self.player.reach()
        threading.Thread(
            target=sweep, args=(self.folder.parent, self.children.sections.parent), daemon=True, name="sweep"
        ).start()
        if self.resume:
            self.children.start_worker("main", state.settings.loads)
        if state.settings.stand_in:
            self.children.start_worker("stand-in", state.settings.stand_in)

    def _greeted(self, connection: Wire, hello: object) -> None:
        """On the connection's own thread: its first word says who it is."""
        match hello:
            case p.ClientHello(role="screen"):
                self.inbox.put(partial(self._on_screen, connection))
            case p.ClientHello(role="generator"):
                self.inbox.put(partial(self.generators.joined, hello, connection))
            case p.SectionFailed(message=message):
                self.inbox.put(partial(self.generators.refused, message))
                connection.close()
            case _:
                connection.close()

    def _take_waiting(self) -> None:
        """Wait up to a tick for something to do, then do all that waits."""
        wait = WAITING_S if self.controllers.presses_wait else TICK_S
        for _ in range(MOST_AT_ONCE):
            try:
                call = self.inbox.get(timeout=wait)
            except queue.Empty:
                return
            try:
                call()
            except Exception:  # one thing that goes wrong must not end the set
                log.exception("could not be done: %r", call)
            wait = 0.0

    # ------------------------------------------------------------ what comes in

    def _on_screen(self, connection: Wire) -> None:
        screen = ScreenLink(connection)
        self.screens.append(screen)
        read_forever(
            connection,
            lambda command: self.inbox.put(partial(self._heard, command)),
            lambda: self.inbox.put(partial(self._on_screen_gone, screen)),
        )

    def _on_screen_gone(self, screen: ScreenLink) -> None:
        screen.close()
        self.screens = [other for other in self.screens if other is not screen]

    def _on_midi(self) -> None:
        self._moved |= self.controllers.take(self._on_command)

    def _position(self) -> Position:
        """Where the set is as it is heard, from any thread."""
        state = self.session.state
        moves, now = state.transport.run == "playing", time.monotonic()
        return position_of(state.tempo, self.links.place(), moves, now, state.transport.ahead, state.work.traits.live)

    def _on_osc(self) -> None:
        for command in self.remote.drain():
            self._on_command(command)

    def _heard(self, command: object) -> None:
        """From a screen: whoever knows the key may still send nonsense."""
        if fits(command, p.Command):
            self._on_command(command)  # type: ignore[arg-type]
        else:
            log.warning("a command that makes no sense: %.200r", command)

    def _on_command(self, command: p.Command) -> None:
        match command:
            case p.Quit():
                self._quit()
            case p.Record(path) if path is not None and self.session.state.transport.run == "finished":
                self.session.tell("info", OVER)
            case p.Record(path):
                self.recordings.ask(path)
            case p.ToggleRecord(path):
                self.recordings.toggle(path)
            case p.SaveLast(minutes):
                self.recordings.save_last(self.log.folder, minutes)
            case _ if isinstance(command, p.ControllerCommand):
                self.controllers.command(command)
                self._on_midi()  # what counts from now on
            case p.SavePreset(name, force):
                self.saving.save(name, self.session.state, force, self.controllers.taught)
            case p.UseDevice(device):
                self.links.order(p.OpenDevice(device))
            case p.UseInput(device):
                self.room.use(device)
            case p.ListDevices(on):
                self.devices.ask(on)
            case p.TapTempo(None):
                self.session.command(p.TapTempo(time.monotonic()))
            case _:
                self.session.command(command)
                self.mapping.sync(values_by_target(self.session.state))

    def _quit(self) -> None:
        self.quitting = self.player.leaving = True

    # ------------------------------------------------------------ what goes out

    def _show(self) -> None:
        if not (self.screens or self.remote.listeners or self.controllers.lights.wants):
            return
        shown = self._light()
        for screen in self.screens:
            screen.offer(shown)
        self.remote.offer(shown)

    def _light(self) -> p.Snapshot:
        """What a control has moved shows on its light at once; screens keep their step: an eye sees no shorter one."""
        self.mapping.sync(values_by_target(self.session.state))
        self.serial += 1
        shown = snapshot(self.session.state, self._surroundings(), self.serial)
        self.controllers.lights.offer(shown)
        self._moved, self._lit_at = False, time.monotonic()
        return shown

    def _surroundings(self) -> Surroundings:
        values = self.links.values()
        up = "main" in self.session.state.work.up
        return Surroundings(
            status=values,
            waveforms=self.session.measuring.waveforms,
            pictures=self.session.pictures.found,
            words=self.session.words(),
            labels=self.mapping.labels(),
            pickups=self.mapping.pickups(),
            midi=self.controllers.view,
            device=self.player.device,
            recording=self.recordings.path,
            notices=self.session.notices,
            nothing_up=nothing_up(self.session.state.work.traits.live),
            keepers=self.session.keeping.shown,
            kept=self.session.keeping.names,
            starred=self.session.starring.words,
            own_words=self.session.starring.own,
            reading=self.session.reading.shown,
            recordings=self.recordings.ended,
            devices=self.devices.shown,
            inputs=self.devices.inputs,
            closing=self.quitting,
            room=self.room.view(),
            generator_state="working" if self.session.state.work.jobs else "ready" if up else "starting",
        )

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        """Fade out, end every process, and leave nothing but logs and recordings behind."""
        self.links.order(p.StopPlayer())
        self.controllers.stop_listening()
        self.remote.close()
        self.room.close()
        self.timing.close()
        self.controllers.lights.stop()
        self._show()
        self.door.close()
        if self.children.player is not None:
            with contextlib.suppress(Exception):
                self.children.player.wait(3.0)
        self.children.stop()
        self._keeping.finish(KEEPING_S)
        self.log.close()
        with contextlib.suppress(OSError):
            if (self.folder.parent / CURRENT_FILE).read_text(encoding="utf-8") == self.folder.name:
                (self.folder.parent / CURRENT_FILE).unlink()
        shutil.rmtree(self.children.sections, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
