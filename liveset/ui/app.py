"""The perform screen as an application: it shows what the engine says and hands it what the performer does."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.filter import LineFilter
from textual.screen import Screen

from engine.protocol import IgnorePort
from liveset.plain import can_show_marks
from liveset.ui.bindings import ROWS
from liveset.ui.link import EngineLink
from liveset.ui.marks import AsciiMarks
from liveset.ui.memory import remember_theme, remembered_theme
from liveset.ui.screens.perform import PerformScreen
from liveset.ui.widgets.cells import clean

Outcome = Literal["stopped", "left", "finished", "ended"]
"""How the screen was closed: the performer stopped the set; it plays on; it had come to its end; it was stopped elsewhere."""

UPDATES_PER_SECOND: Final = 30


class LivesetApp(App[Outcome]):
    """The perform screen.

    Args:
        link: the connection to the engine; it may not be connected yet.
        notice: a line shown from the start.
        record_folder: where recordings started from the screen go; None leaves that to the engine: the music folder.
        updates_per_second: how often the link is asked; 0 leaves it to whoever calls `PerformScreen.update`.
        memory: a file that keeps the theme for the next time; None keeps nothing.
        stage: begin with the stage view.
        in_ascii: draw marks in ASCII; None finds out whether the terminal's character set has them.
    """

    TITLE = "liveset"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        link: EngineLink,
        *,
        notice: str = "",
        record_folder: Path | None = None,
        updates_per_second: float = UPDATES_PER_SECOND,
        memory: Path | None = None,
        stage: bool = False,
        in_ascii: bool | None = None,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self._memory = memory
        plain = not can_show_marks(getattr(sys.__stderr__, "encoding", None)) if in_ascii is None else in_ascii
        self._more_filters = (AsciiMarks(),) if plain else ()
        if (theme := remembered_theme(memory)) in self.available_themes:
            self.theme = theme
        self._perform = PerformScreen(link, notice, record_folder, updates_per_second)
        self._perform.staged = stage

    def on_mount(self) -> None:
        """From now on another theme is remembered."""
        self.theme_changed_signal.subscribe(self, lambda _: remember_theme(self._memory, self.theme))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, then the marks in ASCII where the terminal needs that."""
        return [*super().get_line_filters(), *self._more_filters]

    def get_default_screen(self) -> Screen[Any]:
        """The perform screen is all there is."""
        return self._perform

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The command palette: every key's action by its name, then the themes."""
        if screen is self._perform:
            for row in ROWS:
                if row.palette:
                    does = row.does[:1].upper() + row.does[1:]
                    yield SystemCommand(does, f"key {row.cap}" if row.keys else "", partial(screen.run_action, row.action))
            midi = self._perform.desk.snapshot.midi
            for port in midi.ports:
                ignore = partial(self._perform.link.send, IgnorePort(port))
                yield SystemCommand(f"Ignore MIDI input {clean(midi.called(port))}", "nothing it sends counts", ignore)
            for port in midi.ignored:
                hear = partial(self._perform.link.send, IgnorePort(port, on=False))
                yield SystemCommand(f"Hear MIDI input {clean(midi.called(port))} again", "what it sends counts", hear)
            yield SystemCommand("Theme: choose one of the list (colours, colors)", "all of them", self.action_change_theme)
            for name in sorted(self.available_themes):
                yield SystemCommand(f"Theme: {name}", "colour theme, color theme", partial(setattr, self, "theme", name))

    async def action_quit(self) -> None:
        """Closing always asks what becomes of the set."""
        if self.screen is self._perform:
            self._perform.action_close()

    def action_help_quit(self) -> None:
        """Ctrl-C asks like any other way of closing."""
        if self.screen is self._perform:
            self._perform.action_close()
