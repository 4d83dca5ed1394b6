"""The MIDI inputs, for the performer who asked for them: what each is taken for, what arrives, and which are ignored."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.protocol import LONGEST_PORT, IgnorePort, MidiView, PlayHarmony, RenamePort
from liveset.ui.link import EngineLink
from liveset.ui.widgets.cells import clean

NONE: Final = "there is no MIDI input: plug one in, it appears by itself"
OWN: Final = "its own name"
QUIET: Final = "nothing has come from it yet: turn a knob"
IGNORED: Final = "ignored: nothing it sends counts"


class InputsScreen(ModalScreen[None]):
    """All MIDI inputs; enter ignores one, or hears it again, h has its notes as harmony, r gives it a name.

    Args:
        link: the engine, which listens to them.
        midi: what it shows of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,I,q,ctrl+q,ctrl+c", "leave", "away", show=False),
        Binding("r", "rename", "another name", show=False),
        Binding("h", "harmony", "its notes are harmony", show=False),
    ]

    def __init__(self, link: EngineLink, midi: MidiView) -> None:
        super().__init__()
        self._link, self._midi = link, midi
        self._lines: list[str] = []
        self._renamed = ""

    def compose(self) -> ComposeResult:
        """The list, and a line about the one that is highlighted."""
        with Vertical(id="inputs") as box:
            box.border_title = "MIDI inputs"
            box.border_subtitle = "enter: ignore, or hear again · r: rename · h: notes are harmony · esc"
            yield OptionList(id="ports", markup=False, compact=True)
            yield Input(id="input-name", compact=True, max_length=LONGEST_PORT, placeholder=OWN)
            yield Static(NONE, id="inputs-note", markup=False)

    def on_mount(self) -> None:
        """Show what is known."""
        self._asking.display = False
        self.show(self._midi)

    @property
    def _asking(self) -> Input:
        return self.query_one(Input)

    @property
    def _names(self) -> list[str]:
        return [*self._midi.ports, *(port for port in self._midi.ignored if port not in self._midi.ports)]

    def show(self, midi: MidiView) -> None:
        """Show the inputs as they are now; what is shown already is left as it is."""
        self._midi = midi
        options = self.query_one(OptionList)
        lines = [self._line(name) for name in self._names]
        if lines != self._lines:
            at = options.highlighted or 0
            self._lines = lines
            options.clear_options()
            options.add_options([Option(line) for line in lines])
            options.display = bool(lines)
            options.highlighted = min(at, len(lines) - 1) if lines else None
            if not self._asking.display:
                options.focus()
        self.query_one("#inputs-note", Static).update(self._note())

    def _line(self, name: str) -> str:
        mark = "✗" if name in self._midi.ignored else "✓"
        taken = dict(zip(self._midi.ports, self._midi.taken, strict=False)).get(name, "")
        return f"{mark} {clean(self._midi.called(name))}{f'   {clean(taken)}' if taken else ''}"

    def _note(self) -> str:
        names, at = self._names, self.query_one(OptionList).highlighted
        if not names or at is None:
            return NONE
        if names[at] in self._midi.ignored:
            return IGNORED
        return clean(dict(self._midi.lasts).get(names[at], QUIET))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Another one is looked at."""
        event.stop()
        self.query_one("#inputs-note", Static).update(self._note())

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        event.stop()
        name = self._names[event.option_index]
        self._link.send(IgnorePort(name, name not in self._midi.ignored))

    def action_harmony(self) -> None:
        """The highlighted one's notes are harmony, or controls again."""
        names, at = self._names, self.query_one(OptionList).highlighted
        if names and at is not None:
            self._link.send(PlayHarmony(names[at], names[at] not in self._midi.keyboards))

    def action_rename(self) -> None:
        """Ask what the highlighted one is to be called."""
        names, at = self._names, self.query_one(OptionList).highlighted
        if names and at is not None:
            self._renamed = names[at]
            self._asking.value = self._midi.called(self._renamed)
            self._asking.display = True
            self._asking.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """It was named; with nothing it has its own name again."""
        event.stop()
        self._link.send(RenamePort(self._renamed, event.value))
        self._asked()

    def _asked(self) -> None:
        self._asking.display = False
        self.query_one(OptionList).focus()

    def action_leave(self) -> None:
        """Away; out of a name that is being written first."""
        if self._asking.display:
            self._asked()
        else:
            self.dismiss(None)
