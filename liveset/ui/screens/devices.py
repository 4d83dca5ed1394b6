"""The output devices, for the performer who asked for them: the set plays on the one that is chosen."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from engine.protocol import DeviceInfo, ListDevices, UseDevice
from liveset.ui.link import EngineLink
from liveset.ui.widgets.cells import clean

LOOKING: str = "looking for outputs ..."
NONE: str = "there is no output device: plug one in, then r looks again"
DEFAULT: str = "the system's default"


class DevicesScreen(ModalScreen[UseDevice | None]):
    """All outputs, the system's default first; the answer is the command to play on one, or None.

    Args:
        link: the engine, which finds them.
        playing: the name of the one that plays.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,O,q,ctrl+q,ctrl+c", "leave", "away", show=False),
        Binding("r", "again", "look again", show=False),
    ]

    def __init__(self, link: EngineLink, playing: str) -> None:
        super().__init__()
        self._link, self._playing = link, playing
        self._shown: tuple[DeviceInfo, ...] | None = None

    def compose(self) -> ComposeResult:
        """The list, and a line about it."""
        with Vertical(id="devices") as box:
            box.border_title = "Outputs"
            box.border_subtitle = "enter: play on it · r: look again · esc"
            yield OptionList(id="outputs", markup=False, compact=True)
            yield Static(LOOKING, id="devices-note", markup=False)

    def on_mount(self) -> None:
        """Ask for them."""
        self.action_again()

    def on_unmount(self) -> None:
        """The engine need not show them any more."""
        self._link.send(ListDevices(False))

    def action_again(self) -> None:
        """Look which there are."""
        self._shown = None
        self.query_one(OptionList).display = False
        self._note(LOOKING)
        self._link.send(ListDevices(False))
        self._link.send(ListDevices())

    def show(self, found: tuple[DeviceInfo, ...] | None) -> None:
        """Show what the engine found; None and what is shown already change nothing."""
        if found is None or found == self._shown:
            return
        self._shown = found
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(DEFAULT), *(Option(self._line(device)) for device in found)])
        playing = [place for place, device in enumerate(found, 1) if device.name == self._playing]
        options.highlighted = playing[0] if playing else 0
        options.display = bool(found)
        options.focus()
        self._note("" if found else NONE)

    def _line(self, device: DeviceInfo) -> str:
        mark = "▶" if device.name == self._playing else " "
        default = ", the default" if device.default else ""
        return f"{mark} {clean(device.key)}   {device.channels} channels, {device.rate:g} Hz{default}"

    def _note(self, text: str) -> None:
        note = self.query_one("#devices-note", Static)
        note.update(text)
        note.display = bool(text)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        event.stop()
        assert self._shown is not None
        self.dismiss(UseDevice(self._shown[event.option_index - 1].key if event.option_index else None))

    def action_leave(self) -> None:
        """Away, with nothing changed."""
        self.dismiss(None)
