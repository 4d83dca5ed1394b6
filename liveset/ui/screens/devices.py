"""The output and input devices, for the performer who asked for them: which one the set plays on, and which one it hears."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.protocol import DeviceInfo, ListDevices, RoomView, Snapshot, UseDevice, UseInput
from liveset.ui.link import EngineLink
from liveset.ui.widgets.cells import clean
from liveset.ui.widgets.header import ROOM_CELLS, room_steps

LOOKING: str = "looking for outputs and inputs ..."
NONE: str = "there is no output device: plug one in, then r looks again"
DEFAULT: str = "the system's default"
NOTHING: str = "none: nothing is heard of the room"
TRIMMED: str = 'tab: to the inputs and back · from a command line: --input "NAME", or "NAME=-12" for 12 ms earlier'


class DevicesScreen(ModalScreen[UseDevice | None]):
    """All outputs, the system's default first, and all inputs behind none; the answer is the command to play on one, or None.

    An input is listened to while the list stays open, so that its level is seen.

    Args:
        link: the engine, which finds them.
        shown: which ones play and are heard.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,O,q,ctrl+q,ctrl+c", "leave", "away", show=False),
        Binding("r", "again", "look again", show=False),
    ]

    def __init__(self, link: EngineLink, shown: Snapshot) -> None:
        super().__init__()
        self._link, self._playing = link, shown.audio.device
        self._outputs: tuple[DeviceInfo, ...] | None = None
        self._inputs: tuple[DeviceInfo, ...] | None = None
        self._heard: str | None = None
        """The name of the input that the list is drawn for."""
        self._level = ""

    def compose(self) -> ComposeResult:
        """The lists, and a line about each."""
        with Vertical(id="devices") as box:
            box.border_title = "Outputs and inputs"
            box.border_subtitle = "enter: play on it, or listen to it · r: look again · esc"
            yield OptionList(id="outputs", markup=False, compact=True)
            yield Static(LOOKING, id="devices-note", markup=False)
            yield Static("", id="room-level", markup=False)
            yield OptionList(id="room-inputs", markup=False, compact=True)
            yield Static(TRIMMED, id="room-note", markup=False)

    def on_mount(self) -> None:
        """Ask for them."""
        self.action_again()

    def on_unmount(self) -> None:
        """The engine need not show them any more."""
        self._link.send(ListDevices(False))

    def action_again(self) -> None:
        """Look which there are."""
        self._outputs = self._inputs = None
        for name in ("#outputs", "#room-inputs", "#room-level", "#room-note"):
            self.query_one(name).display = False
        self._note(LOOKING)
        self._link.send(ListDevices(False))
        self._link.send(ListDevices())

    def show(self, shown: Snapshot) -> None:
        """Show what the engine found; None and what is shown already change nothing."""
        if shown.devices is not None and shown.devices != self._outputs:
            self._outputs = shown.devices
            lines = [DEFAULT, *(_line(device, self._playing) for device in self._outputs)]
            playing = [place for place, device in enumerate(self._outputs, 1) if device.name == self._playing]
            options = self._fill("#outputs", lines, playing[0] if playing else 0)
            options.display = bool(self._outputs)
            options.focus()
            self._note("" if self._outputs else NONE)
        if shown.inputs is not None and (shown.inputs != self._inputs or shown.room.where != self._heard):
            self._inputs, self._heard = shown.inputs, shown.room.where
            lines = [NOTHING, *(_line(device, self._heard) for device in self._inputs)]
            heard = [place for place, device in enumerate(self._inputs, 1) if device.name == self._heard]
            at = self.query_one("#room-inputs", OptionList).highlighted  # where the performer looks; nowhere at first
            self._fill("#room-inputs", lines, min(at, len(lines) - 1) if at is not None else heard[0] if heard else 0)
            for name in ("#room-inputs", "#room-level", "#room-note"):
                self.query_one(name).display = bool(self._inputs)
        if (level := _level(shown.room)) != self._level:
            self._level = level
            self.query_one("#room-level", Static).update(level)

    def _fill(self, name: str, lines: list[str], highlighted: int) -> OptionList:
        """Put lines into a list."""
        options = self.query_one(name, OptionList)
        options.clear_options()
        options.add_options([Option(line) for line in lines])
        options.highlighted = highlighted
        return options

    def _note(self, text: str) -> None:
        note = self.query_one("#devices-note", Static)
        note.update(text)
        note.display = bool(text)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        event.stop()
        place = event.option_index
        if event.option_list.id == "outputs":
            assert self._outputs is not None
            self.dismiss(UseDevice(self._outputs[place - 1].key if place else None))
        else:
            assert self._inputs is not None
            self._link.send(UseInput(f"{self._inputs[place - 1].key}=0" if place else None))  # a name may have a = of its own

    def action_leave(self) -> None:
        """Away, with nothing changed."""
        self.dismiss(None)


def _line(device: DeviceInfo, chosen: str | None) -> str:
    """A device, marked where it is the one that plays, or is heard."""
    mark = "▶" if device.name == chosen else " "
    channels = "1 channel" if device.channels == 1 else f"{device.channels} channels"
    return f"{mark} {clean(device.key)}   {channels}, {device.rate:g} Hz{', the default' if device.default else ''}"


def _level(room: RoomView) -> str:
    """Which input is heard, and how loud it is; why it is not."""
    steps = room_steps(room) if room.where else 0
    heard = clean(room.where or room.why or "none")
    return f"Input: {'━' * steps}{'─' * (ROOM_CELLS - steps)} {heard}"
