"""What the perform screen shows: polls one snapshot, hands its slices down, and arranges the blocks by the terminal's size."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from engine.protocol import Notice, RecallScene
from liveset.ui.bindings import STORE_SCENE, Moment
from liveset.ui.controls import Desk
from liveset.ui.link import EngineLink
from liveset.ui.messages import NoticeBoard, NoticesView
from liveset.ui.screens.arrangement import Rows, arrange_columns, arrange_rows, arrange_stage
from liveset.ui.screens.connection import Connection
from liveset.ui.twice import Twice
from liveset.ui.widgets.arc import Arc, ArcView
from liveset.ui.widgets.faders import Macros, MacrosView, Stems, StemsView
from liveset.ui.widgets.footer import Keys, Notices
from liveset.ui.widgets.header import Header, HeaderView
from liveset.ui.widgets.lines import STYLE_CLASSES, LineWidget
from liveset.ui.widgets.meters import Ballistics, Levels, LevelsView, Machine, MachineView, MachineWatch
from liveset.ui.widgets.next import Next, NextSlice
from liveset.ui.widgets.now import Now, NowSlice
from liveset.ui.widgets.outlook import Outlook, OutlookView
from liveset.ui.widgets.prompt_lines import PromptsView, marked
from liveset.ui.widgets.prompts import Prompts
from liveset.ui.widgets.stage import Stage, StageView

SLOW: Final = 3
"""Text is renewed at every third update, ten times a second: faster cannot be read."""

FRESH_S: Final = 10.0
"""Seconds for which a notice stands out."""

DEAF_S: Final = 0.4
"""Seconds after a question during which an open text takes no keys."""

STOP: Final = "stop"

RECALLS: Final = {
    "bring it back": ("Which scene comes back? 1 to 8.", RecallScene(1)),
    "at once": ("Which scene comes back, at once? 1 to 8.", RecallScene(1, "now", 0)),
    "over 4 bars": ("Which scene comes back, over 4 bars? 1 to 8.", RecallScene(1, "bar", 4)),
    "over 16 bars": ("Which scene comes back, over 16 bars? 1 to 8.", RecallScene(1, "bar", 16)),
}
"""The ways of bringing a scene back, in the order of the key, as the set says first: what is asked, and what is sent."""
SCENE: Final = {way: asked for way, (asked, _) in RECALLS.items()} | {STORE_SCENE: "Store as which scene? 1 to 8."}
"""What is said while a scene's number is waited for, by what will be done with the scene."""

LEARNING: Final = "LEARN {}: move a knob, fader, key or pad."
"""What is said while a control is waited for."""

LEARNING_ALONE: Final = "LEARN {}: no controller is connected. Plug one in, then move a control."
"""The same where there is none to move."""

SILENT: Final = Notice("warning", "no sound device: the set runs silently in real time", 0.0)


class PerformView(Screen[None]):
    """Everything a performer sees; `PerformScreen` adds what the keys do.

    Args:
        link: the connection to the engine.
        notice: a line shown from the start.
        updates_per_second: how often the link is asked; 0: only `update_view` does.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(STYLE_CLASSES)
    AUTO_FOCUS = ""  # nothing: None would hand every key to the hidden text field

    def __init__(self, link: EngineLink, notice: str, updates_per_second: float) -> None:
        super().__init__()
        self.link = link
        self.desk = Desk()
        self._connection = Connection(link, updates_per_second or 30.0)
        self._rate = updates_per_second
        self._updates = 0
        self._board = NoticeBoard(notice, FRESH_S * (updates_per_second or 30.0))
        self._ballistics = Ballistics()
        self._machine_watch = MachineWatch()
        self._arranged: object = None
        self._twice = Twice()
        self._deaf_until = 0.0
        self.asks_scene = ""
        self.staged = False

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
        self.stage = Stage(StageView())
        self.notices = Notices(NoticesView())
        self.footer = Keys(Moment())
        self.board = Horizontal(self.prompts, self.macros, self.stems, id="board")
        yield from (self.header, self.arc, self.now, self.next, self.board, self.levels, self.machine, self.outlook)
        self.space = Static(id="space")
        yield from (self.stage, self.space, self.notices, self.footer)

    def line_widgets(self) -> tuple[LineWidget[object], ...]:
        """Every block that draws lines."""
        return tuple(self.query(LineWidget))

    def on_mount(self) -> None:
        """Show the frame at once, then keep asking."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())
        self.app.app_resume_signal.subscribe(self, lambda _: self._repaint())
        self._arrange()
        if self._rate:
            self.set_interval(1 / self._rate, self.update_view)

    def _repaint(self) -> None:
        """Back from the shell: what it wrote over the screen goes."""
        self._restyle()
        self.app.refresh(repaint=True, layout=True)

    def _restyle(self) -> None:
        for widget in self.line_widgets():
            widget.restyle()

    # ------------------------------------------------------------ updates

    def update_view(self) -> None:
        """One update: ask the link, look after the connection, hand the slices down."""
        self._connection.step()
        self._twice.tick(self._now())
        self.desk.tick(self.link.snapshot() or self.desk.snapshot)
        if self._connection.lost and (self.desk.snapshot.closing or self.link.ended()):
            self.app.exit("ended")
        if self._deaf_until and self._updates >= self._deaf_until:
            self._deaf_until = 0.0
            self.prompts.listen()
        self._arrange()
        self._show_fast()
        if self._updates % SLOW == 0:
            self._show_slow()
        self._updates += 1

    def _show_fast(self) -> None:
        desk, s = self.desk, self.desk.snapshot
        if self.staged:
            self.stage.show(StageView.of(s, self._connection.lost, self._now(), desk.said()))
            return
        stem = desk.chosen("stem")
        self.now.show(NowSlice.of(s, stem, self.now.size.width))
        self.prompts.show(PromptsView.of(s, desk.chosen("prompt"), desk.bank))
        self.prompts.words.starred, self.prompts.words.own = s.starred, s.own_words
        self.prompts.words.others = tuple(each.strip() for prompt in s.prompts for each in prompt.text.split(","))
        self.macros.show(MacrosView(s.macros, desk.chosen("macro")))
        self.stems.show(StemsView.of(s, stem))
        self.levels.show(self._ballistics.step(s.meters))
        self.machine.show(self._machine_watch.step(s))

    def _show_slow(self) -> None:
        s = self.desk.snapshot
        self.header.show(HeaderView.of(s, self._connection.lost))
        if not self.staged:
            self.arc.show(ArcView.of(s))
            self.next.show(NextSlice.of(s))
            self.outlook.show(OutlookView.of(s))
        self.notices.show(self._notices())
        self.footer.show(self._moment())

    def _notices(self) -> NoticesView:
        s = self.desk.snapshot
        lost = self._connection.notice(s.state == "finished")
        waits = (LEARNING if s.midi.ports else LEARNING_ALONE).format(s.midi.learning)
        learning = (Notice("info", waits, s.clock_s),) if s.midi.learning else ()
        scene = (Notice("info", SCENE[self.asks_scene], s.clock_s),) if self.asks_scene else ()
        standing = (*learning, *scene, *((lost,) if lost else ()), *((SILENT,) if s.audio.silent else ()))
        return self._board.view(s.notices, standing, self._updates, s.clock_s)

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
            near=self.prompts.near,
            learning=bool(s.midi.learning),
            scene=self.asks_scene,
            takes=bool(s.next.takes),
            stopping=self._twice.waits_for(STOP, self._now()),
        )

    def _per_second(self, seconds: float) -> float:
        """Updates in so many seconds."""
        return seconds * (self._rate or 30.0)

    def _say(self, text: str) -> None:
        """Tell the performer something, at once."""
        self._board.tell(text)
        self.notices.show(self._notices())

    def _now(self) -> float:
        """Seconds that the updates have counted."""
        return self._updates / self._per_second(1.0)

    def _at_second_press(self, what: str, ask: str, then: Callable[[], None]) -> None:
        """Do something once it is asked for twice, see `liveset.ui.twice`; at the first time the performer is told so."""
        if self._twice.press(what, self._now(), then):
            self._say(ask)
        self.footer.show(self._moment())

    def on_screen_resume(self) -> None:
        """A question was closed: keys that were still meant for it do not go into a text that is being written."""
        if self.is_mounted and self.prompts.writing:
            self.set_focus(None)
            self._deaf_until = self._updates + self._per_second(DEAF_S)

    # ------------------------------------------------------------ arrangement

    def on_resize(self) -> None:
        """Another size shows more or less."""
        self._arrange()

    def _arrange(self) -> None:
        s = self.desk.snapshot
        marks = sum(1 for prompt in s.prompts if marked(prompt))
        shape = (self.staged, *self.size, len(s.prompts), marks, len(s.macros), len(s.stems), len(s.arc), self.desk.selected.kind)
        if shape == self._arranged or not self.is_mounted:
            return
        self._arranged = shape
        # Before the first snapshot there is room for a usual set, so that nothing jumps when it comes.
        shown = (len(s.prompts) + marks or 4, len(s.macros) or 6, len(s.stems) or 4, len(s.arc) or 8)
        rows = arrange_stage(self.size.height) if self.staged else arrange_rows(self.size.height, *shown)
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
            (self.stage, rows.stage),
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
