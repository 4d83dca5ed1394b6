"""The perform screen: turns keys, clicks and written lines into commands."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType

from engine.actions import ACTIONS
from engine.command_line import command
from engine.protocol import (
    Keeper,
    Play,
    PlayAgain,
    Quit,
    SetLock,
    Stop,
    ToggleMute,
    TogglePlay,
    ToggleRecord,
    UseDevice,
    VaryNext,
)
from liveset.ui import controls
from liveset.ui.bindings import KEYS
from liveset.ui.controls import COARSE, FINE, Control
from liveset.ui.link import EngineLink
from liveset.ui.screens.closing import Answer, CloseScreen
from liveset.ui.screens.devices import DevicesScreen
from liveset.ui.screens.help import HelpScreen
from liveset.ui.screens.inputs import InputsScreen
from liveset.ui.screens.keepers import KeepersScreen
from liveset.ui.screens.log import LogScreen
from liveset.ui.screens.modes import ModesView
from liveset.ui.screens.moves import MovesScreen
from liveset.ui.screens.plan import PlanScreen
from liveset.ui.screens.takes import TakesScreen
from liveset.ui.screens.view import STOP
from liveset.ui.widgets.dragging import Draggable
from liveset.ui.widgets.faders import Faders, Stems
from liveset.ui.widgets.prompts import Prompts


class PerformScreen(ModesView):
    """Everything a performer sees, and what each key does.

    Args:
        link: the connection to the engine.
        notice: a line shown from the start.
        record_folder: where recordings started here go; None is where the engine puts them.
        updates_per_second: how often the link is asked; 0: only `update_view` does.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding(key.keys, key.action, key.does, show=False) for key in KEYS]

    def __init__(self, link: EngineLink, notice: str, record_folder: Path | None, updates_per_second: float) -> None:
        super().__init__(link, notice, updates_per_second)
        self._record_folder = record_folder

    def update_view(self) -> None:
        """One update, of the list that is open too."""
        super().update_view()
        if isinstance(self.app.screen, KeepersScreen):
            self.app.screen.show(self.desk.snapshot.keepers)
        elif isinstance(self.app.screen, TakesScreen | PlanScreen | MovesScreen | DevicesScreen):
            self.app.screen.show(self.desk.snapshot)
        elif isinstance(self.app.screen, InputsScreen):
            self.app.screen.show(self.desk.snapshot.midi)

    # ------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a prompt is written, keys belong to its text."""
        return not self.prompts.writing or action == "close" or action.startswith("app.")

    def action_send(self, name: str) -> None:
        """A command that needs nothing else."""
        if self._taught(name):
            return
        self.link.send(ACTIONS[name].make(1.0))
        if name.startswith("cue take") and not self.desk.snapshot.headphones.where:
            self.action_takes()  # without headphones their pictures have to do

    def action_play_stop(self) -> None:
        """Play, with a set that is over from its start; stop at the second press."""
        state = self.desk.snapshot.state
        if self._taught("play/stop"):
            return
        if state == "playing":
            self._at_second_press(STOP, "Press space again to stop.", lambda: self.link.send(Stop()))
        else:
            self.link.send(PlayAgain() if state == "finished" else Play() if state == "stopped" else TogglePlay())

    def action_digit(self, number: int) -> None:
        """Select a prompt of the bank under the digits, or name the scene that is asked for."""
        if self.take_scene(number):
            return
        if not self.desk.select_digit(number):
            slot = self.desk.bank * controls.BANK + number
            self._board.tell(f"there is no prompt {slot}: a adds one")
        self._selected()

    def action_bank(self) -> None:
        """The digits reach the other eight prompts."""
        self.desk.select_bank()
        self._selected()

    def action_macro(self, name: str) -> None:
        """Select a macro by name."""
        self._pick(self.desk.macro(name))

    def action_beside(self, step: int) -> None:
        """Select the next control of the column."""
        self._pick(controls.beside(self.desk.selected, self.desk.snapshot, step))

    def action_column(self, step: int) -> None:
        """Go on to another column."""
        self._pick(controls.column(self.desk.selected, self.desk.snapshot, step))

    def action_turn(self, direction: int, coarse: bool = False) -> None:
        """Move the selected control by a step."""
        if self.desk.exists:
            self.link.send(self.desk.turn(self.desk.selected, direction * (COARSE if coarse else FINE)))

    def action_put(self, to: float) -> None:
        """Move the selected control to a value."""
        if self.desk.exists:
            self.link.send(self.desk.put(self.desk.selected, float(to)))

    def action_neutral(self) -> None:
        """Move the selected control to where it does nothing."""
        if self.desk.exists:
            self.action_put(controls.neutral(self.desk.selected, self.desk.snapshot))

    def action_energy(self, direction: int) -> None:
        """Move the energy without selecting it."""
        if (energy := self.desk.macro("energy")) is not None:
            self.link.send(self.desk.turn(energy, direction * FINE))

    def action_mute(self, name: str) -> None:
        """Mute or open a stem by name."""
        if any(stem.name == name for stem in self.desk.snapshot.stems) and not self._taught(f"mute {name}"):
            self.link.send(ToggleMute(name))

    def action_lock(self, what: str) -> None:
        """Lock something, or let it go."""
        if not self._taught(f"lock {what}"):
            self.link.send(SetLock(what))

    def action_mute_selected(self) -> None:
        """Mute or open the selected stem."""
        if (index := self.desk.chosen("stem")) is not None and self.desk.exists:
            self.action_mute(self.desk.snapshot.stems[index].name)

    def action_record(self) -> None:
        """Start recording into a file named after the set and the time, or stop."""
        if self._taught("record"):
            return
        if self._record_folder is None:
            self.link.send(ToggleRecord())
            return
        name = re.sub(r"[^a-z0-9]+", "-", self.desk.snapshot.title.lower()).strip("-")[:40] or "set"
        self.link.send(ToggleRecord(str(self._record_folder / f"{name}-{datetime.now():%Y%m%d-%H%M%S}.flac")))

    def action_theme(self, step: int) -> None:
        """The next colour theme."""
        names = sorted(self.app.available_themes)
        self.app.theme = names[(names.index(self.app.theme) + step) % len(names)]
        self._board.tell(f"theme {self.app.theme}")

    def action_stage(self) -> None:
        """Large type instead of the blocks, or the blocks again."""
        self.staged = not self.staged
        self._arrange()
        self._show_fast()
        self._show_slow()

    def action_log(self) -> None:
        """Show all messages, and what was not understood of the prompts."""
        self.app.push_screen(LogScreen(self._board.log, self.desk.snapshot))

    def action_no_suspend(self) -> None:
        """A word to those who look for a shell."""
        self._say(f"The screen cannot be put aside: q, then l, leaves the set playing; {command('attach')} comes back.")

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen())

    # ------------------------------------------------------------ messages from below

    def on_prompts_picked(self, message: Prompts.Picked) -> None:
        """A prompt was clicked."""
        self._pick(Control("prompt", message.slot))

    def on_draggable_dragged(self, message: Draggable.Dragged) -> None:
        """A weight or a fader was drawn with the mouse."""
        if message.moved.index < controls.count(self.desk.snapshot, message.moved.kind):
            self._pick(message.moved)
            self.link.send(self.desk.put(message.moved, message.value))

    def on_stems_muted(self, message: Stems.Muted) -> None:
        """A stem's level was clicked."""
        if message.index < len(self.desk.snapshot.stems):
            self.action_mute(self.desk.snapshot.stems[message.index].name)

    def on_faders_picked(self, message: Faders.Picked) -> None:
        """A macro or stem was clicked."""
        if message.index < controls.count(self.desk.snapshot, message.kind):
            self._pick(Control(message.kind, message.index))

    # ------------------------------------------------------------ keepers

    def action_keepers(self) -> None:
        """Offer the sections that were kept."""
        self.app.push_screen(KeepersScreen(self.link), self._keeper_chosen)

    def _keeper_chosen(self, keeper: Keeper | None) -> None:
        if keeper is not None:
            self.link.send(VaryNext(keeper=keeper))

    # ------------------------------------------------------------ takes

    def action_takes(self) -> None:
        """Show the takes of the next section."""
        self.app.push_screen(TakesScreen(self.link, self.desk.snapshot))

    # ------------------------------------------------------------ the plan, and the moves

    def action_plan(self) -> None:
        """Show the plan."""
        self.app.push_screen(PlanScreen(self.link, self.desk.snapshot))

    def action_moves(self) -> None:
        """Show the last moves."""
        self.app.push_screen(MovesScreen(self.link, self.desk.snapshot))

    # ------------------------------------------------------------ outputs

    def action_devices(self) -> None:
        """Offer the output and input devices."""
        self.app.push_screen(DevicesScreen(self.link, self.desk.snapshot), self._device_chosen)

    def _device_chosen(self, command: UseDevice | None) -> None:
        if command is not None:
            self.link.send(command)

    # ------------------------------------------------------------ MIDI inputs

    def action_inputs(self) -> None:
        """Offer the MIDI inputs."""
        self.app.push_screen(InputsScreen(self.link, self.desk.snapshot.midi))

    # ------------------------------------------------------------ closing

    def action_close(self) -> None:
        """Ask what becomes of the set; a set that has ended needs no asking."""
        if self.desk.snapshot.state == "finished" and not self.prompts.writing:
            self.app.exit("finished")
        else:
            self.app.push_screen(CloseScreen(), self._answered)

    def _answered(self, answer: Answer | None) -> None:
        if answer == "stop":
            self.link.send(Quit())
            self.app.exit("stopped")
        elif answer == "leave":
            self.app.exit("left")
