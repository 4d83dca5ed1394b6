"""The perform screen: polls one snapshot, hands its slices down, and turns keys into commands."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from engine.actions import ACTIONS
from engine.protocol import MAX_PROMPTS, Keeper, Notice, Quit, Record, RemakeBars, SetPrompt, SetStem, VaryNext
from liveset.ui import controls
from liveset.ui.bindings import KEYS, Moment
from liveset.ui.controls import COARSE, FINE, Control, Desk
from liveset.ui.link import EngineLink
from liveset.ui.screens.arrangement import Rows, arrange_columns, arrange_rows
from liveset.ui.screens.closing import Answer, CloseScreen
from liveset.ui.screens.connection import Connection
from liveset.ui.screens.keepers import KeepersScreen
from liveset.ui.widgets.arc import Arc, ArcView
from liveset.ui.widgets.cells import clean
from liveset.ui.widgets.faders import Faders, Macros, MacrosView, Stems, StemsView
from liveset.ui.widgets.footer import Keys, NoticeBoard, Notices, NoticesView
from liveset.ui.widgets.header import Header, HeaderView
from liveset.ui.widgets.lines import STYLE_CLASSES, LineWidget
from liveset.ui.widgets.meters import Ballistics, Levels, LevelsView, Machine, MachineView, MachineWatch
from liveset.ui.widgets.next import Next, NextSlice
from liveset.ui.widgets.now import Now, NowSlice
from liveset.ui.widgets.outlook import Outlook, OutlookView
from liveset.ui.widgets.prompts import Prompts, PromptsView

SLOW: Final = 3
"""Text is renewed at every third update, ten times a second: faster cannot be read."""

BARS: Final = (5, 8)
"""Bars of the next section that are offered to be made again."""

FRESH_S: Final = 10.0
"""Seconds for which a notice stands out."""

SILENT: Final = Notice("warning", "no sound device: the set runs silently in real time", 0.0)


class PerformScreen(Screen[None]):
    """Everything a performer sees.

    Args:
        link: the connection to the engine.
        notice: a line shown from the start.
        record_folder: where recordings started here go; None is where the engine puts them.
        updates_per_second: how often the link is asked; 0: only `update` does.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(STYLE_CLASSES)
    BINDINGS: ClassVar[list[BindingType]] = [Binding(key.keys, key.action, key.does, show=False) for key in KEYS]
    AUTO_FOCUS = ""  # nothing: None would hand every key to the hidden text field

    def __init__(self, link: EngineLink, notice: str, record_folder: Path | None, updates_per_second: float) -> None:
        super().__init__()
        self.link = link
        self.desk = Desk()
        self._connection = Connection(link, updates_per_second or 30.0)
        self._record_folder = record_folder
        self._adding = False
        self._rate = updates_per_second
        self._updates = 0
        self._board = NoticeBoard(notice, FRESH_S * (updates_per_second or 30.0))
        self._ballistics = Ballistics()
        self._machine_watch = MachineWatch()
        self._arranged: object = None

    # ------------------------------------------------------------ parts

    def compose(self) -> ComposeResult:
        """The blocks from top to bottom."""
        self.header = Header(HeaderView())
        self.arc = Arc(ArcView())
        self.now = Now(NowSlice())
        self.next = Next(NextSlice())
        self.prompts = Prompts(PromptsView())
        self.macros = Macros(MacrosView())
        self.stems = Stems(StemsView())
        self.levels = Levels(LevelsView())
        self.machine = Machine(MachineView())
        self.outlook = Outlook(OutlookView())
        self.notices = Notices(NoticesView())
        self.footer = Keys(Moment())
        self.board = Horizontal(self.prompts, self.macros, self.stems, id="board")
        yield from (self.header, self.arc, self.now, self.next, self.board, self.levels, self.machine, self.outlook)
        self.space = Static(id="space")
        yield from (self.space, self.notices, self.footer)

    def line_widgets(self) -> tuple[LineWidget[object], ...]:
        """Every block that draws lines."""
        return tuple(self.query(LineWidget))

    def on_mount(self) -> None:
        """Show the frame at once, then keep asking."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self._arrange()
        if self._rate:
            self.set_interval(1 / self._rate, self.update_view)

    def _restyle(self) -> None:
        for widget in self.line_widgets():
            widget.restyle()

    # ------------------------------------------------------------ updates

    def update_view(self) -> None:
        """One update: ask the link, look after the connection, hand the slices down."""
        self._connection.step()
        self.desk.tick(self.link.snapshot() or self.desk.snapshot)
        self._arrange()
        self._show_fast()
        if self._updates % SLOW == 0:
            self._show_slow()
        self._updates += 1
        if isinstance(self.app.screen, KeepersScreen):
            self.app.screen.show(self.desk.snapshot.keepers)

    def _show_fast(self) -> None:
        desk, s = self.desk, self.desk.snapshot
        stem = desk.chosen("stem")
        self.now.show(NowSlice.of(s, stem, self.now.size.width))
        self.prompts.show(PromptsView.of(s, desk.chosen("prompt"), desk.bank))
        self.macros.show(MacrosView(s.macros, desk.chosen("macro")))
        self.stems.show(StemsView.of(s, stem))
        self.levels.show(self._ballistics.step(s.meters))
        self.machine.show(self._machine_watch.step(s))

    def _show_slow(self) -> None:
        s = self.desk.snapshot
        self.header.show(HeaderView.of(s, self._connection.lost))
        self.arc.show(ArcView.of(s))
        self.next.show(NextSlice.of(s))
        self.outlook.show(OutlookView.of(s))
        self.notices.show(self._notices())
        self.footer.show(self._moment())

    def _notices(self) -> NoticesView:
        s = self.desk.snapshot
        lost = self._connection.notice(s.state == "finished")
        standing = (*((lost,) if lost else ()), *((SILENT,) if s.audio.silent else ()))
        return self._board.view(s.notices, standing, self._updates)

    def _moment(self) -> Moment:
        s, chosen, exists = self.desk.snapshot, self.desk.selected, self.desk.exists
        names = {"macro": [macro.name for macro in s.macros], "stem": [stem.name for stem in s.stems]}.get(chosen.kind)
        return Moment(
            state=s.state,
            lost=self._connection.lost,
            kind=chosen.kind,
            name=names[chosen.index] if exists and names else "",
            muted=chosen.kind == "stem" and exists and s.stems[chosen.index].muted,
            hold=s.hold,
            recording=s.audio.recording is not None,
            editing=self.prompts.writing,
        )

    # ------------------------------------------------------------ arrangement

    def on_resize(self) -> None:
        """Another size shows more or less."""
        self._arrange()

    def _arrange(self) -> None:
        s = self.desk.snapshot
        marks = sum(1 for prompt in s.prompts if prompt.unknown or prompt.guesses)
        shape = (*self.size, len(s.prompts), marks, len(s.macros), len(s.stems), len(s.arc), self.desk.selected.kind)
        if shape == self._arranged or not self.is_mounted:
            return
        self._arranged = shape
        # Before the first snapshot there is room for a usual set, so that nothing jumps when it comes.
        shown = (len(s.prompts) + marks or 4, len(s.macros) or 6, len(s.stems) or 4, len(s.arc) or 8)
        rows = arrange_rows(self.size.height, *shown)
        self._apply(rows)
        columns = arrange_columns(self.size.width, self.desk.selected.kind)
        for widget, width in ((self.prompts, columns.prompts), (self.macros, columns.macros), (self.stems, columns.stems)):
            widget.display = width > 0
            widget.styles.width = width
            widget.styles.height = rows.board

    def _apply(self, rows: Rows) -> None:
        heights: tuple[tuple[Widget, int], ...] = (
            (self.header, rows.header),
            (self.arc, rows.arc),
            (self.now, rows.now),
            (self.next, rows.next),
            (self.board, rows.board),
            (self.levels, rows.levels),
            (self.machine, rows.machine),
            (self.outlook, rows.outlook),
            (self.space, max(0, self.size.height - rows.used)),
            (self.notices, rows.notices),
            (self.footer, rows.keys),
        )
        for widget, height in heights:
            widget.display = height > 0
            widget.styles.height = height
        for ruled, rule in (
            (self.arc, rows.arc_rule),
            (self.now, rows.now_rule),
            (self.next, rows.next_rule),
            (self.prompts, rows.board_rule),
            (self.macros, rows.board_rule),
            (self.stems, rows.board_rule),
            (self.levels, rows.levels_rule),
            (self.outlook, rows.outlook_rule),
        ):
            ruled.rule(rule)

    # ------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a prompt is written, keys belong to its text."""
        return not self.prompts.writing or action == "close" or action.startswith("app.")

    def action_send(self, name: str) -> None:
        """A command that needs nothing else."""
        self.link.send(ACTIONS[name].make(1.0))

    def _selected(self) -> None:
        """Show another selection at once."""
        self._arrange()
        self._show_fast()
        self.footer.show(self._moment())

    def action_digit(self, number: int) -> None:
        """Select a prompt of the bank under the digits."""
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

    def _pick(self, control: Control | None) -> None:
        if control is not None:
            self.desk.select(control)
            self._selected()

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
        for stem in self.desk.snapshot.stems:
            if stem.name == name:
                self.link.send(SetStem(name, muted=not stem.muted))

    def action_mute_selected(self) -> None:
        """Mute or open the selected stem."""
        if (index := self.desk.chosen("stem")) is not None and self.desk.exists:
            self.action_mute(self.desk.snapshot.stems[index].name)

    def action_record(self) -> None:
        """Start recording into a file named after the set and the time, or stop."""
        if self.desk.snapshot.audio.recording is not None:
            self.link.send(Record(None))
            return
        if self._record_folder is None:
            self.link.send(Record(""))
            return
        name = re.sub(r"[^a-z0-9]+", "-", self.desk.snapshot.title.lower()).strip("-")[:40] or "set"
        self.link.send(Record(str(self._record_folder / f"{name}-{datetime.now():%Y%m%d-%H%M%S}.flac")))

    def action_write(self) -> None:
        """Write the selected prompt's text."""
        if self.desk.chosen("prompt") is None:
            self._pick(Control("prompt", self.desk.last_prompt))
        if (slot := self.desk.chosen("prompt")) is not None:
            self.prompts.edit(slot)
            self.footer.show(self._moment())

    def action_add_prompt(self) -> None:
        """Ask for the text of one more prompt."""
        if len(self.desk.snapshot.prompts) >= MAX_PROMPTS:
            self._board.tell(f"there are {MAX_PROMPTS} prompts already: rewrite one with enter")
        elif self.prompts.ask(""):
            self._adding = True
        else:
            self._board.tell("there is no room to write: make the terminal larger")
        self.footer.show(self._moment())

    def action_remake_bars(self) -> None:
        """Ask which bars of the next section should be made again."""
        bars = self.desk.snapshot.next.bars
        first, last = BARS if bars >= BARS[1] else (1, max(1, bars))
        if not self.prompts.ask(f"re-make bars {first}-{last}"):
            self._board.tell("there is no room to ask for bars: make the terminal larger")
        self.footer.show(self._moment())

    def action_theme(self, step: int) -> None:
        """The next colour theme."""
        names = sorted(self.app.available_themes)
        self.app.theme = names[(names.index(self.app.theme) + step) % len(names)]
        self._board.tell(f"theme {self.app.theme}")

    def action_help(self) -> None:
        """Show all keys."""
        from liveset.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    # ------------------------------------------------------------ messages from below

    def on_prompts_written(self, message: Prompts.Written) -> None:
        """A prompt was edited."""
        if message.text is not None:
            self.link.send(SetPrompt(message.slot, message.text))
        self.footer.show(self._moment())

    def on_prompts_answered(self, message: Prompts.Answered) -> None:
        """Bars were named, or one more prompt was written."""
        adding, self._adding = self._adding, False
        if adding:
            if message.text:
                self.link.send(SetPrompt(len(self.desk.snapshot.prompts), message.text))
        elif message.text is not None:
            numbers = [int(number) for number in re.findall(r"\d{1,4}", message.text)]
            if len(numbers) in (1, 2) and all(numbers):
                self.link.send(RemakeBars(numbers[0], numbers[-1]))
            else:
                self._board.tell(f'"{clean(message.text)[:20]}" names no bars: write them as 5-8')
        self.footer.show(self._moment())

    def on_prompts_picked(self, message: Prompts.Picked) -> None:
        """A prompt was clicked."""
        self._pick(Control("prompt", message.slot))

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

    # ------------------------------------------------------------ closing

    def action_close(self) -> None:
        """Ask what becomes of the set; a set that has ended needs no asking."""
        if self.desk.snapshot.state == "finished":
            self.app.exit("finished")
        else:
            self.app.push_screen(CloseScreen(), self._answered)

    def _answered(self, answer: Answer | None) -> None:
        if answer == "stop":
            self.link.send(Quit())
            self.app.exit("stopped")
        elif answer == "leave":
            self.app.exit("left")
